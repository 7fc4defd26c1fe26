import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import { RESOURCE_TYPES } from '../engine/definitions.ts';
import { parameterOf } from '../engine/parameters.ts';
import type { Resource } from '../engine/resource.ts';
import { appointment, fetchToken, type Json, register, startSite, type TestSite } from '../test-site.ts';
import { ACCEPTED, asked, WRITING } from './accepted.ts';
import { VENDORS } from './index.ts';
import { Sample, type Variant, waysOf } from './samples.ts';
import { ERROR_NAMES, errorRow, type Interaction, refusals, TROUBLE_NAMES, type TypeCapability } from './vendor.ts';

const types = (vendor: (typeof VENDORS)[number]) =>
  Object.entries(vendor.capability).filter((entry): entry is [string, TypeCapability] => entry[1] !== null);
const METHODS: Record<Exclude<Interaction, 'search'>, (id: string) => [string, string]> = {
  read: (id) => ['GET', `/${id}`],
  vread: (id) => ['GET', `/${id}/_history/1`],
  'history-instance': (id) => ['GET', `/${id}/_history`],
  'history-type': () => ['GET', '/_history'],
  update: (id) => ['PUT', `/${id}`],
  patch: (id) => ['PATCH', `/${id}`],
  create: () => ['POST', ''],
  delete: (id) => ['DELETE', `/${id}`],
};
const NAMES = Object.keys(METHODS) as Exclude<Interaction, 'search'>[];

describe.each(VENDORS)('$id', (vendor) => {
  const clock = new ManualClock();
  let test: TestSite;
  const pointers = new Map<string, string>();
  const pointer = (type: string, v: Variant): string => pointers.get(`${type} ${v}`)!;
  beforeAll(async () => {
    test = await startSite({ vendor: vendor.id, clock, tokenSeconds: 86_400 });
    // Something of each type to point at, the ones that others need first.
    for (const type of ['Patient', 'Practitioner', 'Organization', 'Location', 'Schedule', ...RESOURCE_TYPES])
      for (const v of ['a', 'b'] as const)
        if (!pointers.has(`${type} ${v}`))
          pointers.set(`${type} ${v}`, `${type}/${await store(new Sample(type, pointer).finish())}`);
    await clock.advance(1000);
  });
  afterAll(() => test.close());

  const store = async (resource: Resource): Promise<string> => {
    const { resourceType: type } = resource;
    return (await test.site.commit({ act: 'create', changes: [{ op: 'create', type, resource }] })).resources[0]!.id;
  };
  const json = { 'content-type': 'application/fhir+json' };
  const send = async (type: string, interaction: (typeof NAMES)[number], table: TypeCapability) => {
    const own = WRITING.includes(interaction) ? ACCEPTED[vendor.id]?.writes?.(type, pointer) : undefined;
    const id = await store(own?.target ?? new Sample(type, pointer).finish());
    const [method, path] = METHODS[interaction](id);
    const { id: _, meta: _meta, ...rest } = test.site.read(type, id) as Json;
    const bodies: Partial<Record<typeof interaction, object>> = {
      create: own?.create ?? rest,
      update: { ...rest, id },
      patch: own?.patch?.operations ?? [{ op: 'add', path: '/language', value: 'en' }],
    };
    const match = table.mustMatch ? { 'if-match': `W/"${(await test.get(`/${type}/${id}`)).meta?.versionId}"` } : {};
    const headers = { ...(interaction === 'patch' ? { 'content-type': 'application/json-patch+json' } : json), ...match };
    const reply = await test.call(`/${type}${path}`, {
      method,
      body: bodies[interaction] === undefined ? undefined : JSON.stringify(bodies[interaction]),
      headers,
    });
    return { reply, id, shows: own?.patch?.shows ?? { language: 'en' } };
  };
  // In the vendor's own shape: its raw body, or an OperationOutcome with its code.
  const expectRefusal = async (reply: Response, name: string): Promise<void> => {
    const row = errorRow(vendor, name)!;
    const text = await reply.text();
    expect([reply.status, text]).toEqual([row.status, row.raw ? row.raw.body : expect.stringContaining('"OperationOutcome"')]);
    if (!row.raw && row.code) expect(text).toContain(`"code":"${row.code}"`);
    for (const [header, value] of Object.entries(row.headers ?? {})) expect(reply.headers.get(header)).toBe(value);
  };
  const ask = (type: string, name: string, value: string): [string, string][] => asked(vendor.id, type, name, value);
  const STATUS: Partial<Record<Interaction, number>> = { create: 201, delete: 204 };

  describe.each(types(vendor))('%s', (type, table) => {
    it.each(table.interactions.filter((name) => name !== 'search'))('%s works', async (interaction) => {
      const { reply, id, shows } = await send(type, interaction as 'read', table);
      expect(reply.status).toBe(STATUS[interaction] ?? 200);
      if (interaction === 'delete') return expectRefusal(await test.call(`/${type}/${id}`), 'deleted');
      const location = reply.headers.get('location')?.split('/').at(-1);
      const shown: Json =
        interaction === 'read' || interaction === 'vread' ? await reply.json() : await test.get(`/${type}/${location ?? id}`);
      expect(shown.resourceType).toBe(type);
      if (interaction === 'patch') expect(shown).toMatchObject(shows);
      if (interaction.startsWith('history'))
        expect(((await reply.json()) as Json).entry[0]).toMatchObject({ resource: { id }, request: { method: 'POST' } });
      expect(Boolean(shown.meta?.versionId)).toBe(vendor.versions === 'shown');
    });

    const lacking = NAMES.filter((name) => !table.interactions.includes(name));
    it.each(lacking)('%s is refused', async (interaction) =>
      expectRefusal((await send(type, interaction, table)).reply, 'not-allowed'),
    );

    if (!table.interactions.includes('search'))
      it('search is refused', async () => expectRefusal(await test.call(`/${type}?_id=x`), 'no-search'));

    const declared = Object.keys(table.search).filter(
      (name) =>
        table.search[name] &&
        table.search[name] !== 'house' &&
        name !== '_id' &&
        name !== '_lastUpdated' &&
        name !== '_lastupdated',
    );
    const ways = declared.flatMap((name) =>
      waysOf(type, parameterOf(type, name)!).map((way, i) => [`${name}${i > 0 ? ` (${i + 1})` : ''}`, name, way] as const),
    );
    it.each(ways)('finds by %s what matches and nothing else', async (_title, name, way) => {
      const others = lookup(table, name).filter((other) => other !== '_id');
      const byId = lookup(table, name).includes('_id');
      const pair = await Promise.all(
        (['a', 'b'] as const).map(async (v) => {
          const sample = new Sample(type, pointer);
          const query = [
            ...others.flatMap((other) => ask(type, other, waysOf(type, parameterOf(type, other)!)[0]!(sample, 'a'))),
            ...ask(type, name, way(sample, v)),
          ];
          return { id: await store(sample.finish()), query };
        }),
      );
      // Some are asked for by id alone: the other parameter then only narrows.
      const ids: [string, string][] = byId ? [['_id', pair.map(({ id }) => id).join(',')]] : [];
      const find = async (query: [string, string][]): Promise<string[]> =>
        matches(await test.get(`/${type}?${new URLSearchParams([...ids, ...query, ['_count', '1000']])}`));
      const [first, second] = [await find(pair[0]!.query), await find(pair[1]!.query)];
      const [a, b] = pair.map(({ id }) => id) as [string, string];
      expect([first.includes(a), first.includes(b), second.includes(a)]).toEqual([true, false, false]);
    });

    if (table.search._id)
      it('finds by _id what matches and nothing else', async () => {
        const [a] = [await store(new Sample(type, pointer).finish()), await store(new Sample(type, pointer).finish())];
        expect(matches(await test.get(`/${type}?_id=${a}`))).toEqual([a]);
      });

    const updated = Object.keys(table.search).find((name) => name.toLowerCase() === '_lastupdated' && table.search[name]);
    if (updated)
      it(`finds by ${updated} what matches and nothing else`, async () => {
        const made: string[] = [];
        const others = lookup(table, updated);
        let query: [string, string][] = [];
        for (let i = 0; i < 2; i++) {
          await clock.advance(60_000);
          const sample = new Sample(type, pointer);
          query = others.flatMap((other) => ask(type, other, waysOf(type, parameterOf(type, other)!)[0]!(sample, 'a')));
          made.push(await store(sample.finish()));
        }
        const since = (test.site.read(type, made[1]!) as Json).meta.lastUpdated;
        const found = matches(await test.get(`/${type}?${new URLSearchParams([...query, [updated, `ge${since}`]])}`));
        expect([found.includes(made[0]!), found.includes(made[1]!)]).toEqual([false, true]);
      });

    const chains = table.chains === true ? (type === 'Appointment' ? ['patient.family'] : []) : (table.chains ?? []);
    it.each(chains)('finds by %s what matches and nothing else', async (chain) => {
      const [reference = '', inner = ''] = chain.split('.');
      const parameter = parameterOf(type, reference)!;
      const target = parameter.targets.find((one) => parameterOf(one, inner))!;
      const others = lookup(table, chain);
      const pair: { id: string; query: [string, string][] }[] = [];
      for (const v of ['a', 'b'] as const) {
        const pointed = new Sample(target, pointer);
        const value = waysOf(target, parameterOf(target, inner)!)[0]!(pointed, v);
        const at = `${target}/${await store(pointed.finish())}`;
        const sample = new Sample(type, (one, w) => (one === target ? at : pointer(one, w)));
        sample.put(parameter.paths[0]!, v, [target]);
        const query = others.flatMap((other) => ask(type, other, waysOf(type, parameterOf(type, other)!)[0]!(sample, 'a')));
        pair.push({ id: await store(sample.finish()), query: [...query, [chain, value]] });
      }
      const find = async ({ query }: { query: [string, string][] }) =>
        matches(await test.get(`/${type}?${new URLSearchParams([...query, ['_count', '1000']])}`));
      const [a, b] = pair as [(typeof pair)[0], (typeof pair)[0]];
      const [first, second] = [await find(a), await find(b)];
      expect([first.includes(a.id), first.includes(b.id), second.includes(a.id)]).toEqual([true, false, false]);
    });

    const absent = Object.keys(table.search).filter((name) => table.search[name] === null);
    it.each(absent)('says loudly that %s is missing', async (name) =>
      expectRefusal(await test.call(`/${type}?${name}=1`), 'not-simulated'),
    );

    const searches = table.interactions.includes('search');
    // What has no search has no parameter to be unknown.
    if (!searches) return;
    it('treats an unknown parameter as the table says', async () => {
      const sample = new Sample(type, pointer);
      const names = lookup(table, 'zzz');
      const id = names.includes('_id') ? await store(sample.finish()) : '';
      const query = names.flatMap((name) =>
        ask(type, name, name === '_id' ? id : waysOf(type, parameterOf(type, name)!)[0]!(sample, 'a')),
      );
      if (id === '') await store(sample.finish());
      const reply = await test.call(`/${type}?${new URLSearchParams(query)}&zzz=1`);
      if (table.unknown === 'reject') return expectRefusal(reply, 'unknown-parameter');
      const modes = new Set((((await reply.json()) as Json).entry as Json[]).map(({ search }) => search.mode));
      // Beside _id nothing else is looked at.
      expect([...modes]).toEqual(['match', ...(table.unknown === 'note' && !names.includes('_id') ? ['outcome'] : [])]);
    });
  });

  it('/metadata declares the table, and nothing that is missing', async () => {
    const { rest } = await test.get('/metadata');
    const declared = Object.fromEntries(
      rest[0].resource.map((item: Json) => [item.type, item.searchParam.map((param: Json) => param.name)]),
    );
    const table = types(vendor).map(([type, { search, chains, has, interactions }]) => [
      type,
      [
        ...Object.keys(search).filter((name) => search[name]),
        ...(chains === true ? [] : (chains ?? [])),
        ...(has ? ['_has'] : []),
        ...(interactions.includes('search') ? ['_count'] : []),
      ],
    ]);
    expect(declared).toEqual(Object.fromEntries(table));
  });

  it('refuses types that it does not know, and names those that it lacks here', async () => {
    await expectRefusal(await test.call('/Nonsense/1'), 'unknown-type');
    await expectRefusal(await test.call('/patient/1'), 'unknown-type');
    await expectRefusal(await test.call('/constructor/1'), 'unknown-type');
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

  it.each(refusals(vendor).filter((name) => !errorRow(vendor, name)!.oauth))('renders %s when a rule says so', async (error) => {
    const { id } = test.kernel.rules.arm({ fault: 'vendor-error', params: { error }, where: { sim: 'ehr' } });
    await expectRefusal(await test.call('/metadata'), error);
    const token = await fetch(test.token, { method: 'POST' });
    expect(token.status).toBeGreaterThanOrEqual(400);
    expect(await token.text()).not.toContain('OperationOutcome');
    test.kernel.rules.heal(id);
  });

  it('has none of the errors that it is not known to have, and says which it has', () => {
    const lacks = TROUBLE_NAMES.filter((name) => !vendor.troubles[name]);
    for (const error of [...lacks, 'nonsense', 'no-results', 'not-simulated'])
      expect(() => test.kernel.rules.arm({ fault: 'vendor-error', params: { error }, where: { tenant: 'north' } })).toThrow(
        new RegExp(`ehr/north has no error "${error}"; .*: .*throttled.*unavailable`),
      );
  });

  it.each([
    ['seconds', () => '7'],
    ['date', () => new Date(clock.now() + 7000).toUTCString()],
    ['none', () => null],
  ])('says when to come back: %s', async (form, expected) => {
    const { id } = test.kernel.rules.arm({ fault: 'throttle', params: { retryAfter: 7, form } });
    const reply = await test.call('/metadata');
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([429, expected()]);
    test.kernel.rules.heal(id);
  });

  it('has a row for every error, and a source for its oddities', () => {
    expect(Object.keys(vendor.errors).sort()).toEqual([...ERROR_NAMES].sort());
    expect(vendor.sources.length).toBeGreaterThan(0);
  });
});

// A set of parameters with which this vendor lets one search, beside the one under test.
function lookup(table: TypeCapability, tested: string): string[] {
  const names = (table.needs ?? []).flatMap(({ anyOf }) => {
    if (anyOf.some((set) => set.length === 1 && set[0]!.split('|').includes(tested))) return [];
    const set = anyOf.find((one) => !one.includes('_id')) ?? anyOf[0]!;
    return set.filter((name) => !name.split('|').includes(tested)).map((name) => name.split('|')[0]!);
  });
  return [...new Set(names)].filter((name) => name !== tested && table.search[name] !== 'house');
}

const matches = (bundle: Json): string[] =>
  (bundle.entry ?? []).filter((entry: Json) => entry.search.mode === 'match').map((entry: Json) => entry.resource.id);

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
      // A vendor that has no list of someone's appointments has one of their visits.
      const type = vendor.capability.Appointment?.search.patient ? 'Appointment' : 'Encounter';
      const made = (start: string): Resource =>
        type === 'Appointment'
          ? appointment(patient, start)
          : {
              resourceType: type,
              status: 'planned',
              class: { code: 'AMB' },
              subject: { reference: `Patient/${patient}` },
              period: { start },
            };
      const book = (day: number) => {
        const resource = made(`2026-03-${String(day).padStart(2, '0')}T15:00:00Z`);
        return test.site.commit({ act: 'book', changes: [{ op: 'create', type, resource }] });
      };
      for (let day = 1; day <= 11; day++) await book(day);
      const before = truth(test);
      const seen: string[] = [];
      let url: string | undefined = `/${type}?patient=${patient}&date=ge2026-01-01T00:00:00Z&_count=3`;
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
        url = next?.slice(next.indexOf(`/${type}?`));
      }
      expect(seen).toEqual(test.site.find(type, {}).map(({ id }) => id));
      await test.close();
      rmSync(data, { recursive: true });
    },
  );
});

const truth = ({ kernel }: TestSite): string => JSON.stringify(kernel.database.sql.prepare('SELECT * FROM ehr_resource').all());
