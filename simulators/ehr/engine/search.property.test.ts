import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Kernel } from '#kernel';
import { createEhrSite, type Resource, type Stored } from '../index.ts';
import type { Json } from '../test-site.ts';

// A second opinion: every condition written again over the plain resources, without index, SQL or extractors.
type Test = { query: [string, string]; holds: (resource: Json) => boolean };

const FAMILIES = ['Ng', 'Ngo', 'Núñez', 'Nunez', 'Sanders', 'Anders', "O'Brien"];
const SYSTEMS = ['urn:a', 'urn:b', undefined];
const DAYS = ['2026-03-07', '2026-03-08', '2026-03-09', '2026-11-01'];
const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

const patients = fc.record({
  resourceType: fc.constant('Patient'),
  name: fc.array(fc.record({ family: fc.constantFrom(...FAMILIES) }), { minLength: 1, maxLength: 2 }),
  gender: fc.constantFrom('male', 'female', 'other'),
  birthDate: fc.constantFrom('1984-02-29', '1984', '1984-02', '2001-05-06'),
  identifier: fc.array(
    fc
      .record({ system: fc.constantFrom(...SYSTEMS), value: fc.constantFrom('1', '2', '3') })
      .map(({ system, value }) => (system ? { system, value } : { value })),
    { minLength: 1, maxLength: 2 },
  ),
});

const day = (text: string): [number, number] => {
  const [y, m, d] = text.split('-').map(Number) as [number, number?, number?];
  return [Date.UTC(y, (m ?? 1) - 1, d ?? 1), d ? Date.UTC(y, m! - 1, d + 1) : m ? Date.UTC(y, m, 1) : Date.UTC(y + 1, 0, 1)];
};
const dateHolds = (prefix: string, target: [number, number], [low, high]: [number, number]): boolean => {
  const inside = target[0] >= low && target[1] <= high;
  const tests: Record<string, boolean> = {
    eq: inside,
    ne: !inside,
    gt: target[1] > high,
    lt: target[0] < low,
    ge: target[1] > high || inside,
    le: target[0] < low || inside,
    sa: target[0] >= high,
    eb: target[1] <= low,
  };
  return tests[prefix]!;
};

const familyTest = fc
  .tuple(
    fc.constantFrom('', ':exact', ':contains'),
    fc.array(fc.constantFrom('n', 'ng', 'nun', 'Núñez', 'Nunez', 'ander', "o'b"), { minLength: 1, maxLength: 2 }),
  )
  .map(
    ([modifier, texts]): Test => ({
      query: [`family${modifier}`, texts.join(',')],
      holds: (p) =>
        p.name.some(({ family }: { family: string }) =>
          texts.some((text) =>
            modifier === ':exact'
              ? family === text
              : modifier === ':contains'
                ? plain(family).includes(plain(text))
                : plain(family).startsWith(plain(text)),
          ),
        ),
    }),
  );
const identifierTest = fc
  .tuple(
    fc.constantFrom('any', 'pair', 'none', 'system'),
    fc.constantFrom('urn:a', 'urn:b'),
    fc.constantFrom('1', '2'),
    fc.boolean(),
  )
  .map(([form, system, value, not]): Test => {
    const text = { any: value, pair: `${system}|${value}`, none: `|${value}`, system: `${system}|` }[form]!;
    const one = (id: { system?: string; value: string }): boolean =>
      ({
        any: id.value === value,
        pair: id.value === value && id.system === system,
        none: id.value === value && !id.system,
        system: id.system === system,
      })[form]!;
    return { query: [`identifier${not ? ':not' : ''}`, text], holds: (p) => p.identifier.some(one) !== not };
  });
const genderTest = fc.tuple(fc.subarray(['male', 'female', 'other'], { minLength: 1 }), fc.boolean()).map(
  ([codes, not]): Test => ({
    query: [`gender${not ? ':not' : ''}`, codes.join(',')],
    holds: (p) => codes.includes(p.gender) !== not,
  }),
);
const birthTest = fc
  .tuple(
    fc.constantFrom('', 'eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb'),
    fc.constantFrom('1984', '1984-02', '1984-02-29', '1984-02-28', '2001-05-06'),
  )
  .map(
    ([prefix, text]): Test => ({
      query: ['birthdate', `${prefix}${text}`],
      holds: (p) => dateHolds(prefix || 'eq', day(p.birthDate), day(text)),
    }),
  );

const site = async () => {
  const kernel = new Kernel();
  const made = createEhrSite(kernel, { name: 'north', vendor: 'r4', authority: 'urn:x', timeZone: 'UTC' });
  await made.seed();
  return made;
};
const found = (ehr: Awaited<ReturnType<typeof site>>, type: string, tests: Test[]): string[] =>
  ehr
    .find(
      type,
      tests.map(({ query }) => query),
    )
    .map(({ id }) => id);
const create = (ehr: Awaited<ReturnType<typeof site>>, resources: Resource[]) =>
  ehr.commit({
    act: 'register',
    changes: resources.map((resource) => ({ op: 'create', type: resource.resourceType, resource })),
  });

describe('indexed search against a plain filter', () => {
  it('patients', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(patients, { minLength: 1, maxLength: 12 }),
        fc.array(fc.oneof(familyTest, identifierTest, genderTest, birthTest), { minLength: 1, maxLength: 4 }),
        async (people, tests) => {
          const ehr = await site();
          const { resources } = await create(ehr, people as Resource[]);
          const expected = (resources as Stored[]).filter((p) => tests.every(({ holds }) => holds(p))).map(({ id }) => id);
          expect(found(ehr, 'Patient', tests)).toEqual(expected);
        },
      ),
      { numRuns: 120 },
    );
  });

  it('appointments by instant, and encounters by open and closed period, after updates', async () => {
    const hour = fc
      .tuple(fc.constantFrom(...DAYS), fc.integer({ min: 0, max: 23 }))
      .map(([d, h]) => `${d}T${String(h).padStart(2, '0')}:00:00Z`);
    const prefix = fc.constantFrom('eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(hour, fc.option(hour)), { minLength: 1, maxLength: 8 }),
        hour,
        prefix,
        fc.constantFrom(...DAYS),
        fc.tuple(prefix, fc.constantFrom(...DAYS)),
        async (times, moved, how, on, [also, other]) => {
          const ehr = await site();
          const slots = times.map(([start]) => ({
            resourceType: 'Appointment',
            status: 'booked',
            start,
            end: new Date(Date.parse(start) + 1_800_000).toISOString(),
            participant: [{ type: [{ text: 'anybody' }], status: 'accepted' }],
          }));
          const stays = times.map(([start, end]) => ({
            resourceType: 'Encounter',
            status: 'planned',
            class: { code: 'AMB' },
            period: end && end >= start ? { start, end } : { start },
          }));
          const { resources } = await create(ehr, [...slots, ...stays]);
          const first = resources[0]!;
          await ehr.commit({
            act: 'reschedule',
            changes: [
              {
                op: 'update',
                type: 'Appointment',
                id: first.id,
                patch: { start: moved, end: new Date(Date.parse(moved) + 1).toISOString() },
              },
            ],
          });
          const at = (text: string): [number, number] => [Date.parse(text), Date.parse(text) + 1000];
          for (const type of ['Appointment', 'Encounter']) {
            const all = ehr.list(type) as Json[];
            const span = (r: Json): [number, number] =>
              r.start ? at(r.start) : [Date.parse(r.period.start), r.period.end ? at(r.period.end)[1] : Number.POSITIVE_INFINITY];
            const expected = all
              .filter((r) => dateHolds(how, span(r), day(on)) && dateHolds(also, span(r), day(other)))
              .map(({ id }) => id);
            const window: [string, string][] = [
              ['date', `${how}${on}`],
              ['date', `${also}${other}`],
            ];
            expect(ehr.find(type, window).map(({ id }) => id)).toEqual(expected);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('reads change nothing, and nothing that is read can be changed', async () => {
    const ehr = await site();
    const { resources } = await create(ehr, [{ resourceType: 'Patient', name: [{ family: 'Ng' }] }]);
    const before = JSON.stringify(ehr.list('Patient'));
    expect(() => ((resources[0] as Json).name[0].family = 'X')).toThrow(TypeError);
    expect(() => (ehr.find('Patient', { family: 'ng' })[0] as Json).name.push({})).toThrow(TypeError);
    expect(JSON.stringify(ehr.list('Patient'))).toBe(before);
  });
});
