import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { CRM_DEFAULTS } from '#crm';
import { type JournalEvent, systemClock } from '#kernel';
import { ehrSites, populate, type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts';
import { Listener } from './testing/listener.ts';

const SITES = [
  { name: 'epic', vendor: 'epic', authority: '1.2.840.114350.1.13.999.2.7.5.737384.14', timeZone: 'America/New_York' },
  { name: 'cerner', vendor: 'cerner', authority: '2.16.840.1.113883.3.13.6', timeZone: 'America/Chicago' },
  { name: 'athena', vendor: 'athena', authority: '1.2.999.195900', timeZone: 'America/New_York' },
  { name: 'plain', vendor: 'r4', authority: 'https://plain.example', timeZone: 'UTC' },
];

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'restore-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

async function open(options: Partial<SandboxOptions> = {}, people = 0): Promise<Sandbox> {
  const sandbox = await startSandbox({ sites: SITES, snapshots: folder(), ...options });
  onTestFinished(() => sandbox.stop());
  if (people > 0) await populate(sandbox, SITES, { people, years: 1 });
  return sandbox;
}

async function control<T = Record<string, unknown>>(sandbox: Sandbox, method: string, path: string, body?: unknown): Promise<T> {
  const reply = await fetch(sandbox.controlUrl + path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  const value = (await reply.json()) as T & { error?: string };
  if (!reply.ok) throw new Error(`${reply.status} ${value.error}`);
  return value;
}
const snapshot = (sandbox: Sandbox, name: string) =>
  control<{ snapshot: string; folder: string }>(sandbox, 'POST', '/v1/snapshots', { name });
const restore = (sandbox: Sandbox, name: string) => control<{ snapshot: string }>(sandbox, 'POST', '/v1/restore', { name });
const addresses = (sandbox: Sandbox) => sandbox.parts.map((part) => part.describe().addresses);
const lead = (sandbox: Sandbox, LastName: string) =>
  control<{ records: { id: string }[] }>(sandbox, 'POST', '/v1/crm/commits', {
    changes: [{ op: 'create', type: 'Contact', fields: { LastName } }],
  });
const names = async (sandbox: Sandbox): Promise<unknown[]> =>
  (await control<{ rows: { LastName: string }[] }>(sandbox, 'GET', '/v1/crm/records/Contact')).rows.map((row) => row.LastName);

async function crmToken(sandbox: Sandbox): Promise<string> {
  const { login } = sandbox.parts.find(({ name }) => name === 'crm')!.describe().addresses;
  const reply = await fetch(`${login}/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: CRM_DEFAULTS.clientId,
      client_secret: CRM_DEFAULTS.clientSecret,
    }),
  });
  return ((await reply.json()) as { access_token: string }).access_token;
}
const limits = async (sandbox: Sandbox, token: string): Promise<number> => {
  const { instance } = sandbox.parts.find(({ name }) => name === 'crm')!.describe().addresses;
  return (await fetch(`${instance}/services/data/v60.0/limits`, { headers: { authorization: `Bearer ${token}` } })).status;
};

describe.each([
  ['in memory', false],
  ['with a data folder', true],
])('%s', (_, kept) => {
  test('every part goes back, under the same addresses, and again', async () => {
    const sandbox = await open(kept ? { data: folder() } : {}, 2);
    await lead(sandbox, 'Before');
    const [one, where] = [await snapshot(sandbox, 'one'), addresses(sandbox)];
    for (const time of [1, 2]) {
      await lead(sandbox, `After ${time}`);
      for (const [site] of ehrSites(sandbox, SITES)) {
        const [patient] = site.find('Patient', [], 1);
        await site.commit({
          act: 'update',
          changes: [{ op: 'update', type: 'Patient', id: patient!.id, patch: { gender: 'other' } }],
        });
      }
      expect((await snapshot(sandbox, `changed ${time}`.replace(' ', '-'))).snapshot).not.toBe(one.snapshot);
      expect((await restore(sandbox, 'one')).snapshot).toBe(one.snapshot);
      expect(addresses(sandbox)).toEqual(where);
      expect(await names(sandbox)).toEqual(['Before']);
      expect((await snapshot(sandbox, `again-${time}`)).snapshot).toBe(one.snapshot);
    }
    const { events } = await control<{ events: JournalEvent[] }>(sandbox, 'GET', '/v1/journal?kind=start');
    expect(events.map(({ incarnation, data }) => [incarnation, data?.snapshot])).toEqual([
      [1, undefined],
      [3, one.snapshot],
    ]);
  });
});

test('forks start from a folder on other ports, and each goes on by itself', async () => {
  const sandbox = await open({}, 1);
  await lead(sandbox, 'Both');
  const one = await snapshot(sandbox, 'one');
  await lead(sandbox, 'First only');
  const forks = [await open({ from: one.folder }), await open({ from: one.folder, data: folder() })];
  await lead(forks[0]!, 'Second only');
  expect(await Promise.all([sandbox, ...forks].map(names))).toEqual([['Both', 'First only'], ['Both', 'Second only'], ['Both']]);
  expect((await snapshot(forks[1]!, 'one')).snapshot).toBe(one.snapshot);
  expect(
    new Set([sandbox, ...forks].flatMap(addresses).flatMap((each) => Object.values(each).map((url) => /:\d+/.exec(url)![0])))
      .size,
  ).toBe(3 * (2 + 4 * 3));
});

describe('what a restore does to', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ sites: SITES.slice(0, 1), snapshots: mkdtempSync(join(tmpdir(), 'restore-')) });
    return () => sandbox.stop();
  });

  test('tokens: those of the snapshot are good again, later ones are not', async () => {
    const before = await crmToken(sandbox);
    await snapshot(sandbox, 'tokens');
    const after = await crmToken(sandbox);
    await control(sandbox, 'DELETE', '/v1/crm/sessions');
    expect([await limits(sandbox, before), await limits(sandbox, after)]).toEqual([401, 401]);
    await restore(sandbox, 'tokens');
    expect([await limits(sandbox, before), await limits(sandbox, after)]).toEqual([200, 401]);
  });

  test('connections: they end; the one that asked for it goes on', async () => {
    await snapshot(sandbox, 'sockets');
    const { instance } = sandbox.parts[0]!.describe().addresses;
    const { mllpIn } = sandbox.parts.find(({ name }) => name === 'epic-hl7')!.describe().addresses;
    const ended = [new URL(instance!).port, mllpIn!.split(':')[1]!].map(
      (port) =>
        new Promise((resolve) => {
          const socket = connect(Number(port), '127.0.0.1');
          socket.on('close', resolve).on('error', () => {});
        }),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    await restore(sandbox, 'sockets');
    await Promise.all(ended);
    expect(await control(sandbox, 'GET', '/v1/health')).toMatchObject({ status: 'ok' });
  });

  test('rules: armed as they were, with their counts; parked calls end with their connections', async () => {
    const [rule] = (
      await control<{ rules: { id: string }[] }>(sandbox, 'POST', '/v1/rules', {
        fault: 'gate',
        where: { sim: 'crm', path: '/services/data' },
      })
    ).rules;
    await snapshot(sandbox, 'rules');
    const call = limits(sandbox, await crmToken(sandbox)).catch(() => 'ended');
    await expect.poll(async () => (await control<{ parked: unknown[] }>(sandbox, 'GET', '/v1/gates')).parked.length).toBe(1);
    await control(sandbox, 'POST', '/v1/rules', { fault: 'latency', params: { ms: 1 } });
    await restore(sandbox, 'rules');
    expect(await call).toBe('ended');
    expect(await control(sandbox, 'GET', '/v1/gates')).toEqual({ parked: [] });
    expect(await control(sandbox, 'GET', '/v1/rules')).toMatchObject({ rules: [{ id: rule!.id, matched: 0, fired: 0 }] });
    await control(sandbox, 'DELETE', '/v1/rules');
  });

  test.each(['refused', 'no-accept', 'tls-certificate'])('a standing fault (%s): it stands again, or no more', async (fault) => {
    const { instance, instanceTls } = sandbox.parts.find(({ name }) => name === 'crm')!.describe().addresses;
    const port = (url: string): number => Number(new URL(url).port);
    // A connection of its own each time: one that is open already is not accepted anew.
    const peer = (): Promise<string> =>
      new Promise((resolve) => {
        const done = (what: string): void => {
          socket.destroy();
          resolve(what);
        };
        const ask = (): void => void socket.write('GET /services/data/ HTTP/1.1\r\nhost: x\r\n\r\n');
        const socket =
          fault === 'tls-certificate'
            ? connectTls(
                { port: port(instanceTls!), host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false },
                () => done(Date.parse(socket.getPeerCertificate().valid_to) < systemClock.now() ? 'does not' : 'answers'),
              )
            : (connect(port(instance!), '127.0.0.1', ask) as TLSSocket);
        socket.on('data', () => done('answers')).on('error', () => done('does not'));
        socket.setTimeout(700, () => done('does not'));
      });
    await snapshot(sandbox, `without-${fault}`);
    await control(sandbox, 'POST', '/v1/rules', { fault, where: { sim: 'crm' } });
    await snapshot(sandbox, `with-${fault}`);
    expect(await peer()).toBe('does not');
    await restore(sandbox, `without-${fault}`);
    expect(await peer()).toBe('answers');
    await restore(sandbox, `with-${fault}`);
    expect(await peer()).toBe('does not');
    await control(sandbox, 'DELETE', '/v1/rules');
    expect(await peer()).toBe('answers');
  });

  test('records that somebody holds, fields that were altered, calls that were counted', async () => {
    const { records } = await lead(sandbox, 'Held');
    const length = async (): Promise<unknown> => {
      const { before } = await control<{ before: { length: number } }>(sandbox, 'POST', '/v1/crm/fields', {
        ...{ object: 'Contact', field: 'MailingCity', length: 40 },
      });
      return before.length;
    };
    await control(sandbox, 'POST', '/v1/crm/settings', { lockWaitMs: 0 });
    await control(sandbox, 'POST', '/v1/crm/locks', { name: 'batch', records: [{ type: 'Contact', id: records[0]!.id }] });
    await limits(sandbox, await crmToken(sandbox));
    await snapshot(sandbox, 'setup');
    await control(sandbox, 'DELETE', '/v1/crm/locks/batch');
    const was = await length();
    await restore(sandbox, 'setup');
    expect(await length()).toBe(was);
    const change = { op: 'update', type: 'Contact', id: records[0]!.id, fields: { LastName: 'Free' } };
    await expect(control(sandbox, 'POST', '/v1/crm/commits', { changes: [change] })).rejects.toThrow(/UNABLE_TO_LOCK_ROW/);
    expect(await control(sandbox, 'DELETE', '/v1/crm/locks/batch')).toEqual({ freed: true });
  });

  test('wall time: it goes on', async () => {
    await snapshot(sandbox, 'clock');
    await restore(sandbox, 'clock');
    await lead(sandbox, 'Later');
    const { events } = await control<{ events: JournalEvent[] }>(sandbox, 'GET', '/v1/journal?kind=commit&limit=10000');
    expect(Math.abs(Date.parse(events.at(-1)!.wall) - systemClock.now())).toBeLessThan(5_000);
  });
});

test('a link: what waited in the snapshot is sent, what was committed since is not', async () => {
  const listener = new Listener();
  const target = await listener.listen();
  const sandbox = await open({ sites: SITES.slice(0, 1) });
  const register = (family: string) =>
    control(sandbox, 'POST', '/v1/sites/epic/commits', {
      act: 'register',
      changes: [{ op: 'create', type: 'Patient', resource: { resourceType: 'Patient', name: [{ use: 'official', family }] } }],
    });
  await control(sandbox, 'POST', '/v1/sites/epic/link', { target });
  await register('Sent');
  await expect.poll(() => listener.got.length).toBe(1);
  await control(sandbox, 'POST', '/v1/sites/epic/link', { paused: true });
  await register('Waiting');
  const one = await snapshot(sandbox, 'one');
  await register('Since');
  await restore(sandbox, 'one');
  expect((await snapshot(sandbox, 'again')).snapshot).toBe(one.snapshot);
  await control(sandbox, 'POST', '/v1/sites/epic/link', { paused: false });
  await expect.poll(() => listener.got.length).toBe(2);
  await register('Later');
  await expect.poll(() => listener.got.length).toBe(3);
  expect(listener.got.map((text) => /\|(Sent|Waiting|Since|Later)\^/i.exec(text)?.[1])).toEqual(['Sent', 'Waiting', 'Later']);
  listener.close();
});

test('a snapshot that cannot be used changes nothing', async () => {
  const snapshots = folder();
  const sandbox = await open({ sites: SITES.slice(0, 1), snapshots });
  const other = await open({ sites: SITES.slice(3), snapshots });
  await snapshot(other, 'other');
  await snapshot(sandbox, 'own');
  await lead(sandbox, 'Here');
  const { incarnation } = sandbox.kernel.journal;
  const { processes } = await control<{ processes: { file: string }[] }>(sandbox, 'GET', '/v1/snapshots/own');
  writeFileSync(join(snapshots, 'own', processes[0]!.file), 'no database');
  await expect(restore(sandbox, 'own')).rejects.toThrow(/422 .* is damaged: 11 bytes/);
  await expect(restore(sandbox, 'other')).rejects.toThrow(
    /422 the snapshot other is of another sandbox: it has .*plain.*; this process runs/,
  );
  await expect(restore(sandbox, 'none')).rejects.toThrow(/404 there is no snapshot none; there are other, own/);
  await expect(restore(sandbox, '../x')).rejects.toThrow(/400 name: must be a name of letters, digits, dots and dashes/);
  expect([await names(sandbox), sandbox.kernel.journal.incarnation]).toEqual([['Here'], incarnation]);
  await expect(open({ sites: SITES.slice(0, 1), from: join(snapshots, 'own') })).rejects.toThrow(/is damaged/);
  await expect(open({ sites: SITES.slice(0, 1), from: join(snapshots, 'other') })).rejects.toThrow(/of another sandbox/);
});

test('a split sandbox goes to one folder, its links before its sites, and back as a whole', async () => {
  const token = 'of-this-test';
  const [epic] = SITES;
  const site = await open({ process: 'epic', sites: [epic!], parts: ['epic'], controlToken: token });
  const links = await open({
    ...{ process: 'links', sites: [epic!], parts: ['epic-hl7'], controlToken: token, follow: { epic: site.controlUrl } },
  });
  const crm = await open({ process: 'crm', sites: [], parts: ['crm'], controlToken: token });
  const call = async (sandbox: Sandbox, method: string, path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${token}` };
    const reply = await fetch(sandbox.controlUrl + path, { method, headers, body: body && JSON.stringify(body) } as RequestInit);
    return (await reply.json()) as { processes: { process: string; state: string }[]; snapshot: string; folder: string };
  };
  const peers = [site.controlUrl, links.controlUrl];
  const taken = await call(crm, 'POST', '/v1/snapshots', { name: 'whole', peers });
  expect(taken.processes.map((one) => one.process)).toEqual(['links', 'epic', 'crm']);
  await call(crm, 'POST', '/v1/crm/commits', { changes: [{ op: 'create', type: 'Contact', fields: { LastName: 'Late' } }] });
  const register = {
    act: 'register',
    changes: [{ op: 'create', type: 'Patient', resource: { resourceType: 'Patient', gender: 'other' } }],
  };
  await call(site, 'POST', '/v1/sites/epic/commits', register);
  expect((await call(crm, 'POST', '/v1/restore', { name: 'whole', peers })).snapshot).toBe(taken.snapshot);
  expect((await call(crm, 'POST', '/v1/snapshots', { name: 'again', peers })).snapshot).toBe(taken.snapshot);
  // Each process of a fork takes its own file out of the one folder.
  const fork = await open({ process: 'crm', sites: [], parts: ['crm'], from: taken.folder });
  expect(fork.kernel.journal.read({ kind: 'start' }).at(-1)!.data).toMatchObject({ snapshot: taken.snapshot });
  await expect(open({ sites: SITES.slice(0, 1), from: taken.folder })).rejects.toThrow(
    /it has epic-hl7 \| epic \| crm; this process runs/,
  );
});
