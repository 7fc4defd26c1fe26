import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock, type Rule } from '#kernel';
import { type Json, patient, register, startSite, type TestSite } from '../test-site.ts';

let test: TestSite;
let clock: ManualClock;
afterEach(() => test.close());

interface Face {
  vendor: string;
  title: string;
  read: (id: string) => Promise<Response>;
  search: () => Promise<Response>;
  /** Names found in a search, and the one that a read shows. */
  names: (body: Json) => string[];
}

const fhirNames = (body: Json): string[] =>
  (body.resourceType === 'Bundle' ? (body.entry ?? []).map(({ resource }: Json) => resource) : [body])
    .filter(({ resourceType }: Json) => resourceType === 'Patient')
    .map(({ name }: Json) => name[0].family)
    .sort();
const fhir = (vendor: string): Face => ({
  ...{ vendor, title: `${vendor}, FHIR`, names: fhirNames },
  read: (id) => test.call(`/Patient/${id}`),
  search: () => test.call('/Patient?family=Lovelace&given=Ada&birthdate=1984-02-29'),
});
const v1 = (path: string) => test.call(`${test.site.describe().addresses.v1}/195900/patients${path}`);
const FACES: Face[] = [
  ...['r4', 'epic', 'cerner'].map(fhir),
  {
    ...{ vendor: 'athena', title: 'athena, FHIR', names: fhirNames },
    read: (id) => test.call(`/Patient/${id}`),
    search: () => test.call('/Patient?family=Lovelace&birthdate=1984-02-29'),
  },
  {
    ...{ vendor: 'athena', title: 'athena, v1' },
    read: (id) => v1(`/${id.replace(/^.*E-/, '')}`),
    search: () => v1('?dob=02/29/1984&lastname=Lovelace'),
    names: (body) => (body.patients ?? body).map(({ lastname }: Json) => lastname).sort(),
  },
];

const rename = (id: string, family: string, actor?: string) =>
  test.site.commit({
    act: 'update',
    ...(actor ? { actor } : {}),
    changes: [{ op: 'update', type: 'Patient', id, patch: { name: patient(family).name } }],
  });

async function open(vendor: string): Promise<string> {
  clock = new ManualClock();
  test = await startSite({ vendor, clock, tokenSeconds: 86_400 });
  const ada = await register(test, 'Lovelace', '203713');
  await clock.advance(60_000);
  return ada;
}
const arm = (rule: Rule) => test.kernel.rules.arm({ where: { sim: 'ehr' }, ...rule });
const fired = () => test.kernel.rules.list()[0]!.fired;
const shown = () =>
  test.kernel.journal
    .read({ kind: 'reply' })
    .at(-1)!
    .served?.map(({ version }) => version);

describe.each(FACES)('$title', ({ vendor, read, search, names }) => {
  const body = async (reply: Promise<Response>): Promise<string[]> => names(await (await reply).json());

  it('stale-read: the version before, as long as the replica lags, and not a version that is older', async () => {
    const ada = await open(vendor);
    arm({ fault: 'stale-read', params: { ms: 5000 } });
    expect([await body(read(ada)), await body(search()), fired()]).toEqual([['Lovelace'], ['Lovelace'], 0]);
    await rename(ada, 'Byron');
    expect(await body(read(ada))).toEqual(['Lovelace']);
    expect([shown(), fired()]).toEqual([[1], 1]);
    await clock.advance(3000);
    await rename(ada, 'King');
    await clock.advance(3000);
    expect([await body(read(ada)), shown()]).toEqual([['Byron'], [2]]);
    await clock.advance(3000);
    expect([await body(read(ada)), shown(), fired()]).toEqual([['King'], [3], 2]);
  });

  it('stale-read: searches find what was there before, and nothing of what was not', async () => {
    const ada = await open(vendor);
    arm({ fault: 'stale-read', params: { ms: 5000 } });
    const bob = await register(test, 'Lovelace', '7');
    expect([await body(search()), fired()]).toEqual([['Lovelace'], 1]);
    expect((await read(bob)).status).toBe(404);
    expect((await read(ada)).status).toBe(200);
    await clock.advance(5001);
    expect(await body(search())).toEqual(['Lovelace', 'Lovelace']);
    expect(fired()).toBe(2);
  });

  it('a look into the past leaves the present as it is', async () => {
    const ada = await open(vendor);
    arm({ fault: 'stale-read', params: { ms: 5000 } });
    await rename(ada, 'Byron');
    const { sql } = test.kernel.database;
    const there = sql.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'ehr_%'").all();
    expect(there.length).toBeGreaterThan(3);
    const all = () => there.map(({ name }) => JSON.stringify(sql.prepare(`SELECT * FROM ${name}`).all()));
    const before = all();
    await (await read(ada)).text();
    await (await search()).text();
    expect([all(), fired() > 0]).toEqual([before, true]);
    test.kernel.rules.heal();
    expect(await body(read(ada))).toEqual(['Byron']);
  });

  it.each([
    ['client:all', ['Lovelace'], 1],
    ['user:clerk', ['Byron'], 0],
  ])('own-writes-late: what %s wrote', async (actor, expected, times) => {
    const ada = await open(vendor);
    arm({ fault: 'own-writes-late', params: { ms: 5000 } });
    await rename(ada, 'Byron', actor);
    expect([await body(read(ada)), fired()]).toEqual([expected, times]);
    await clock.advance(5001);
    expect(await body(read(ada))).toEqual(['Byron']);
  });

  it('goes-back: new, old, new, old; what was never shown is shown at once', async () => {
    const ada = await open(vendor);
    arm({ fault: 'goes-back', params: { ms: 5000 } });
    await rename(ada, 'Byron');
    const told: string[] = [];
    for (let n = 0; n < 4; n++) told.push(...(await body(read(ada))));
    expect([told, fired()]).toEqual([['Byron', 'Lovelace', 'Byron', 'Lovelace'], 2]);
    await clock.advance(5001);
    expect(await body(read(ada))).toEqual(['Byron']);
  });

  it.each([
    ['error', 500],
    ['broken-body', 200],
  ])('poison-record: %s for whatever reads it, and nothing for others', async (how, status) => {
    const ada = await open(vendor);
    const bob = await register(test, 'Byron', '7');
    arm({ fault: 'poison-record', params: { how }, where: { record: `Patient/${ada}` } });
    for (const way of [() => read(ada), search, () => read(ada)]) {
      const reply = await way();
      expect(reply.status).toBe(status);
      const text = await reply.text();
      if (how === 'broken-body') expect(() => JSON.parse(text)).toThrow();
      else expect(text).not.toContain('Lovelace');
    }
    expect(await body(read(bob))).toEqual(['Byron']);
    expect(shown()).toEqual([1]);
  });
});
