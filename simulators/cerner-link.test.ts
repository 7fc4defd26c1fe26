import { expect, it } from 'vitest';
import type { CommitRequest } from '#ehr';
import { startSandbox } from '#sandbox';

it('what a client writes by FHIR at Oracle Health, slot and all, goes out by the link of the site', async () => {
  const site = { name: 'cerner', vendor: 'cerner', authority: '2.16.840.1.113883.3.787.0.0', timeZone: 'America/Chicago' };
  const sandbox = await startSandbox({ parts: ['cerner', 'cerner-hl7'], sites: [site] });
  const { addresses, credentials } = sandbox.parts[0]!.describe();
  const basic = Buffer.from(`${credentials.clientId}:${credentials.clientSecret}`).toString('base64');
  const scope = 'system/Appointment.read system/Appointment.write';
  const grant = await fetch(addresses.token!, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
  });
  const { access_token } = (await grant.json()) as { access_token: string };
  const commit = (sandbox.parts[0] as unknown as { commit(request: CommitRequest): Promise<{ records: { id: string }[] }> })
    .commit;
  const times = { start: '2026-05-01T15:00:00Z', end: '2026-05-01T15:30:00Z' };
  const { records } = await commit.call(sandbox.parts[0], {
    act: 'register',
    changes: [
      { op: 'create', type: 'Patient', resource: { resourceType: 'Patient', name: [{ use: 'official', family: 'Potter' }] } },
      { op: 'create', type: 'Schedule', as: 's', resource: { resourceType: 'Schedule', actor: [{ display: 'Room 1' }] } },
      {
        op: 'create',
        type: 'Slot',
        resource: { resourceType: 'Slot', schedule: { reference: 'urn:uuid:s' }, status: 'free', ...times },
      },
    ],
  });
  const [patient, , slot] = records.map(({ id }) => id);
  const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/fhir+json' };
  const participant = [{ actor: { reference: `Patient/${patient}` }, status: 'accepted' }];
  const made = await fetch(`${addresses.fhir}/Appointment`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ resourceType: 'Appointment', status: 'booked', slot: [{ reference: `Slot/${slot}` }], participant }),
  });
  expect([made.status, made.headers.get('etag')]).toEqual([201, 'W/"0"']);
  const moved = await fetch(made.headers.get('location')!, {
    method: 'PATCH',
    headers: { ...headers, 'content-type': 'application/json-patch+json', 'if-match': 'W/"0"' },
    body: JSON.stringify([{ op: 'replace', path: '/status', value: 'cancelled' }]),
  });
  expect(moved.status).toBe(200);
  const queued = () => sandbox.kernel.journal.read({ kind: 'queue' }).flatMap(({ data }) => data?.message ?? []);
  await expect.poll(queued).toEqual(['ADT^A04', 'SIU^S12', 'SIU^S15']);
  await sandbox.stop();
});
