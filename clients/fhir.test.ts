import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client } from 'fhir-kit-client';
import fhirclient from 'fhirclient';
import { backendToken } from './epic-login.ts';
import { AUTHORITY, type Sandbox, startSandbox } from './sandbox.ts';

// Three pages of ten. Epic wants family, given name and birth date in a search by name; names match from their start.
const PEOPLE = 25;

interface Bundle {
  resourceType: 'Bundle';
  entry?: { resource: { resourceType: string; id: string } }[];
  link?: { relation: string; url: string }[];
}

const patients = (bundle: Bundle) =>
  (bundle.entry ?? []).map(({ resource }) => resource).filter((resource) => resource.resourceType === 'Patient');

describe('FHIR clients, unmodified, on the Epic face', () => {
  let sandbox: Sandbox;
  let baseUrl: string;
  let token: string;
  const ids: string[] = [];

  before(async () => {
    sandbox = await startSandbox();
    const epic = sandbox.part('epic');
    baseUrl = epic.addresses.fhir!;
    for (let n = 0; n < PEOPLE; n++)
      ids.push(await sandbox.register({ mrn: `F${1000 + n}`, family: 'Fhirclient', given: `Person${n}` }));
    token = await backendToken(epic);
  });
  after(() => sandbox.stop());

  describe('fhir-kit-client', () => {
    const client = () => new Client({ baseUrl, bearerToken: token });

    it('finds the token endpoint and the capability statement', async () => {
      const smart = await client().smartAuthMetadata();
      assert.equal(String(smart.tokenUrl), sandbox.part('epic').addresses.token);
      const metadata = (await client().capabilityStatement()) as unknown as { fhirVersion: string };
      assert.match(metadata.fhirVersion, /^4\.0\./);
    });

    it('reads a patient', async () => {
      const patient = await client().read({ resourceType: 'Patient', id: ids[0]! });
      assert.equal(patient.id, ids[0]);
    });

    it('gets an OperationOutcome for a patient that is not there', async () => {
      await assert.rejects(
        client().read({ resourceType: 'Patient', id: 'nobody' }),
        (error: { response: { status: number; data: { resourceType: string } } }) => {
          assert.deepEqual([error.response.status, error.response.data.resourceType], [404, 'OperationOutcome']);
          return true;
        },
      );
    });

    it('searches by identifier', async () => {
      const bundle = (await client().search({
        resourceType: 'Patient',
        searchParams: { identifier: `urn:oid:${AUTHORITY}|F1003` },
      })) as unknown as Bundle;
      assert.deepEqual(
        patients(bundle).map(({ id }) => id),
        [ids[3]],
      );
    });

    it('visits every patient once, page by page', async () => {
      const seen: string[] = [];
      let bundle = (await client().search({
        resourceType: 'Patient',
        searchParams: { family: 'Fhirclient', given: 'Person', birthdate: '1980-02-29', _count: 10 },
      })) as unknown as Bundle | undefined;
      while (bundle) {
        seen.push(...patients(bundle).map(({ id }) => id));
        bundle = (await client().nextPage({ bundle: bundle as never })) as unknown as Bundle | undefined;
      }
      assert.deepEqual(seen.sort(), [...ids].sort());
    });
  });

  describe('fhirclient', () => {
    const client = () =>
      fhirclient({} as never, {} as never).client({ serverUrl: baseUrl, tokenResponse: { access_token: token } });

    it('reads a patient', async () => {
      const patient = await client().request<{ id: string }>(`Patient/${ids[1]}`);
      assert.equal(patient.id, ids[1]);
    });

    it('collects all pages', async () => {
      const all = await client().request<{ id: string; resourceType: string }[]>(
        'Patient?family=Fhirclient&given=Person&birthdate=1980-02-29&_count=10',
        { pageLimit: 0, flat: true },
      );
      const found = all.filter(({ resourceType }) => resourceType === 'Patient').map(({ id }) => id);
      assert.deepEqual(found.sort(), [...ids].sort());
    });
  });
});
