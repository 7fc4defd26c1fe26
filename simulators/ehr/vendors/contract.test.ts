import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import { SEARCH_PARAMETERS } from '../engine/parameters.ts';
import { appointment, fetchToken, type Json, register, startSite, type TestSite } from '../test-site.ts';
import { VENDORS } from './index.ts';
import { samples } from './samples.ts';
import { ERROR_NAMES, type Interaction, type TypeCapability } from './vendor.ts';

const types = (vendor: (typeof VENDORS)[number]) =>
  Object.entries(vendor.capability).filter((entry): entry is [string, TypeCapability] => entry[1] !== null);
const METHODS: Record<Exclude<Interaction, 'search'>, (id: string) => [string, string]> = {
  read: (id) => ['GET', `/${id}`],
  vread: (id) => ['GET', `/${id}/_history/1`],
  update: (id) => ['PUT', `/${id}`],
  create: () => ['POST', ''],
};

describe.each(VENDORS)('$id', (vendor) => {
  const clock = new ManualClock();
  let test: TestSite;
  let pairs: Record<string, { a: string; b: string }>;
  beforeAll(async () => {
    test = await startSite({ vendor: vendor.id, clock, tokenSeconds: 86_400 });
    pairs = await samples(test, () => clock.advance(1000));
    await clock.advance(1000);
  });
  afterAll(() => test.close());

  const json = { 'content-type': 'application/fhir+json' };
  const send = (type: string, interaction: Exclude<Interaction, 'search'>) => {
    const [method, path] = METHODS[interaction](pairs[type]!.a);
    const { id, ...rest } = test.site.read(type, pairs[type]!.a) as Json;
    const body =
      method === 'GET'
        ? undefined
        : JSON.stringify(interaction === 'create' ? { ...rest, identifier: undefined } : { id, ...rest });
    return test.call(`/${type}${path}`, { method, body, headers: json });
  };
  // In the vendor's own shape: its raw body, or an OperationOutcome with its code.
  const expectRefusal = async (reply: Response, name: (typeof ERROR_NAMES)[number]): Promise<void> => {
    const row = vendor.errors[name];
    const text = await reply.text();
    expect([reply.status, text]).toEqual([row.status, row.raw ? row.raw.body : expect.stringContaining('"OperationOutcome"')]);
    if (!row.raw && row.code) expect(text).toContain(`"code":"${row.code}"`);
    for (const [header, value] of Object.entries(row.headers ?? {})) expect(reply.headers.get(header)).toBe(value);
  };

  describe.each(types(vendor))('%s', (type, table) => {
    it.each(table.interactions.filter((name) => name !== 'search'))('%s works', async (interaction) => {
      const reply = await send(type, interaction as 'read');
      expect(reply.status).toBe(interaction === 'create' ? 201 : 200);
      const location = reply.headers.get('location')?.split('/').at(-1);
      const shown = interaction === 'create' ? await test.get(`/${type}/${location}`) : await reply.json();
      expect(shown.resourceType).toBe(type);
      expect(Boolean(shown.meta?.versionId)).toBe(vendor.versions === 'shown');
    });

    const lacking = (Object.keys(METHODS) as Exclude<Interaction, 'search'>[]).filter(
      (name) => !table.interactions.includes(name),
    );
    it.each(lacking)('%s is refused', async (interaction) => expectRefusal(await send(type, interaction), 'not-allowed'));
    it.each(['PATCH', 'DELETE'])('%s is refused', async (method) =>
      expectRefusal(await test.call(`/${type}/${pairs[type]!.a}`, { method, body: '{}', headers: json }), 'not-allowed'),
    );

    const declared = Object.keys(table.search).filter((name) => table.search[name]);
    it.each(declared)('finds by %s what matches and nothing else', async (name) => {
      const { a, b } = pairs[type]!;
      const others =
        name === '_id' ? [] : lookup(table, name).map((other) => [other, sampleValue(test, type, a, other)!] as [string, string]);
      const ask = async (id: string): Promise<string[]> => {
        const value = sampleValue(test, type, id, name);
        if (value === undefined) return [];
        const bundle = await test.get(`/${type}?${new URLSearchParams([...others, [name, value]])}`);
        return (bundle.entry ?? [])
          .filter((entry: Json) => entry.search.mode === 'match')
          .map((entry: Json) => entry.resource.id);
      };
      const [first, second] = [await ask(a), await ask(b)];
      expect([first.includes(a), first.includes(b), second.includes(a)]).toEqual([true, false, false]);
    });

    const absent = Object.keys(table.search).filter((name) => table.search[name] === null);
    it.each(absent)('says loudly that %s is missing', async (name) =>
      expectRefusal(await test.call(`/${type}?${name}=1`), 'not-simulated'),
    );

    it('treats an unknown parameter as the table says', async () => {
      const query = new URLSearchParams(
        lookup(table, 'zzz').map((name): [string, string] => [name, sampleValue(test, type, pairs[type]!.a, name)!]),
      );
      const reply = await test.call(`/${type}?${query}&zzz=1`);
      if (table.unknown === 'reject') return expectRefusal(reply, 'unknown-parameter');
      const entries = ((await reply.json()) as Json).entry as Json[];
      expect(entries.map(({ search }) => search.mode)).toEqual(['match', ...(table.unknown === 'note' ? ['outcome'] : [])]);
    });
  });

  it('/metadata declares the table, and nothing that is missing', async () => {
    const { rest } = await test.get('/metadata');
    const declared = Object.fromEntries(
      rest[0].resource.map((item: Json) => [item.type, item.searchParam.map((param: Json) => param.name)]),
    );
    const table = types(vendor).map(([type, { search }]) => [
      type,
      [...Object.keys(search).filter((name) => search[name]), '_count'],
    ]);
    expect(declared).toEqual(Object.fromEntries(table));
  });

  it('refuses types that it does not know, and names those that it lacks here', async () => {
    await expectRefusal(await test.call('/Nonsense/1'), 'unknown-type');
    await expectRefusal(await test.call('/patient/1'), 'unknown-type');
    for (const type of Object.keys(vendor.capability).filter((name) => vendor.capability[name] === null))
      await expectRefusal(await test.call(`/${type}?patient=x`), 'not-simulated');
  });

  it('refuses unknown ids and tokens', async () => {
    await expectRefusal(await test.call('/Patient/none'), 'not-found');
    await expectRefusal(await test.call('/Patient/none', { headers: { authorization: 'Bearer none' } }), 'unauthorized');
    const { access_token } = await fetchToken(test.kernel, test.token, 'syncproof-reference', 'system/Group.read');
    if (vendor.auth.granted === 'requested')
      await expectRefusal(
        await test.call('/Patient/none', { headers: { authorization: `Bearer ${access_token}` } }),
        'forbidden',
      );
  });

  it.each(['not-found', 'unavailable', 'unauthorized', 'forbidden', 'invalid', 'internal'] as const)(
    'renders %s when a rule says so',
    async (error) => {
      const { id } = test.kernel.rules.arm({ fault: 'vendor-error', params: { error } });
      await expectRefusal(await test.call('/metadata'), error);
      expect((await fetch(test.token, { method: 'POST' })).status).toBeGreaterThanOrEqual(400);
      test.kernel.rules.heal(id);
    },
  );

  it('says when to come back', async () => {
    const { id } = test.kernel.rules.arm({ fault: 'throttle', params: { retryAfter: 7 } });
    const reply = await test.call('/metadata');
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([429, '7']);
    test.kernel.rules.heal(id);
  });

  it('has a row for every error, and a source for its oddities', () => {
    expect(Object.keys(vendor.errors).sort()).toEqual([...ERROR_NAMES].sort());
    expect(vendor.sources.length).toBeGreaterThan(0);
  });
});

// A set of parameters with which this vendor lets one search, beside the one under test.
function lookup(table: TypeCapability, tested: string): string[] {
  const sets = table.needs?.anyOf ?? [[]];
  if (sets.some((set) => set.some((name) => name.split('|').includes(tested)) && set.length === 1)) return [];
  const set = sets.find((names) => !names.includes('_id')) ?? sets[0]!;
  return set.map((name) => name.split('|')[0]!).filter((name) => name !== tested);
}

// How one would ask for what the sample has; undefined when it has nothing there (nobody who lives has a day of death).
function sampleValue({ site }: TestSite, type: string, id: string, name: string): string | undefined {
  if (name === '_id') return id;
  const [value] = SEARCH_PARAMETERS[type]![name]!.values(site.read(type, id)!);
  if (value === undefined || typeof value === 'string') return value;
  if ('value' in value) return value.system === undefined ? value.value : `${value.system}|${value.value}`;
  return (value as { start: string }).start.slice(0, 10);
}

describe.each(VENDORS)('$id: pages', (vendor) => {
  it.each([false, true])(
    'visit each resource once, though more come meanwhile and the process restarts: %s',
    async (restarts) => {
      const data = mkdtempSync(join(tmpdir(), 'syncproof-ehr-'));
      let test = await startSite({ vendor: vendor.id, data, accessToken: 'none' });
      const accessToken = (await fetchToken(test.kernel, test.token, 'all')).access_token;
      const restart = async (): Promise<void> => {
        await test.close();
        test = await startSite({ vendor: vendor.id, data, accessToken });
      };
      await restart();
      const patient = await register(test, 'Ng', '1');
      const book = (day: number) =>
        test.site.commit({
          act: 'book',
          changes: [
            {
              op: 'create',
              type: 'Appointment',
              resource: appointment(patient, `2026-03-${String(day).padStart(2, '0')}T15:00:00Z`),
            },
          ],
        });
      for (let day = 1; day <= 11; day++) await book(day);
      const before = truth(test);
      const seen: string[] = [];
      let url: string | undefined = `/Appointment?patient=${patient}&_count=3`;
      for (let page = 0; url !== undefined; page++) {
        if (restarts) await restart();
        const twice = page === 1 ? [await test.get(url), await test.get(url)] : [await test.get(url)];
        expect(twice.at(-1).entry.map((entry: Json) => entry.resource.id)).toEqual(
          twice[0].entry.map((entry: Json) => entry.resource.id),
        );
        seen.push(...twice[0].entry.map((entry: Json) => entry.resource.id));
        if (page === 2) expect(truth(test)).toBe(before);
        if (page === 2) await book(12);
        const next = twice[0].link.find((link: Json) => link.relation === 'next')?.url as string | undefined;
        url = next?.slice(next.indexOf('/Appointment'));
      }
      expect(seen).toEqual(test.site.find('Appointment', {}).map(({ id }) => id));
      await test.close();
      rmSync(data, { recursive: true });
    },
  );
});

const truth = ({ kernel }: TestSite): string => JSON.stringify(kernel.database.sql.prepare('SELECT * FROM ehr_resource').all());
