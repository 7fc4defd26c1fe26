import type { Resource } from '../engine/resource.ts';
import type { TestSite } from '../test-site.ts';

const concept = (code: string) => ({ coding: [{ system: 'urn:codes', code }] });

/** Two resources of a type that differ in every element that a search looks at: `a` and `b` of the contract suite. */
export async function samples(test: TestSite, advance: () => Promise<void>): Promise<Record<string, { a: string; b: string }>> {
  const ids: Record<string, { a: string; b: string }> = {};
  const make = async (type: string, of: (v: 'a' | 'b', n: number) => object): Promise<void> => {
    const pair = { a: '', b: '' };
    for (const [v, n] of [
      ['a', 1],
      ['b', 2],
    ] as const) {
      await advance();
      const resource = { resourceType: type, ...of(v, n) } as Resource;
      pair[v] = (await test.site.commit({ act: 'create', changes: [{ op: 'create', type, resource }] })).resources[0]!.id;
    }
    ids[type] = pair;
  };
  const ref = (type: string, v: 'a' | 'b') => ({ reference: `${type}/${ids[type]![v]}` });
  const address = (v: string, n: number) => ({
    use: n === 1 ? 'home' : 'work',
    line: [`${v} Street`],
    city: `${v}ville`,
    state: `${v}S`,
    postalCode: `${v}627`,
    country: `${v}C`,
  });
  const person = (v: string, n: number) => ({
    identifier: [{ system: 'urn:ids', value: `${v}-1` }],
    active: n === 1,
    name: [{ family: `${v}Fam`, given: [`${v}Giv`] }],
    telecom: [
      { system: 'phone', value: `312-555-010${n}` },
      { system: 'email', value: `${v}@mail.example` },
    ],
    gender: n === 1 ? 'female' : 'male',
    address: [address(v, n)],
  });
  await make('Practitioner', person);
  await make('Location', (v, n) => ({
    identifier: [{ system: 'urn:ids', value: `${v}-1` }],
    status: n === 1 ? 'active' : 'suspended',
    name: `${v}Place`,
    type: [concept(v)],
    address: address(v, n),
  }));
  await make('Group', (v, n) => ({
    identifier: [{ system: 'urn:ids', value: v }],
    type: n === 1 ? 'animal' : 'device',
    actual: n === 1,
  }));
  const linked: string[] = [];
  for (const family of ['Lone', 'Alone']) {
    const resource: Resource = { resourceType: 'Patient', name: [{ family }] };
    linked.push(
      (await test.site.commit({ act: 'register', changes: [{ op: 'create', type: 'Patient', resource }] })).resources[0]!.id,
    );
  }
  await make('Patient', (v, n) => ({
    ...person(v, n),
    birthDate: `198${n}-02-0${n}`,
    ...(n === 1 ? { deceasedDateTime: '2025-01-01' } : { deceasedBoolean: false }),
    communication: [{ language: concept(v) }],
    generalPractitioner: [ref('Practitioner', v)],
    link: [{ other: { reference: `Patient/${linked[n - 1]}` }, type: 'seealso' }],
  }));
  await make('Appointment', (v, n) => ({
    identifier: [{ system: 'urn:ids', value: v }],
    status: n === 1 ? 'booked' : 'cancelled',
    start: `2026-03-0${n}T15:00:00Z`,
    end: `2026-03-0${n}T15:30:00Z`,
    appointmentType: concept(v),
    serviceCategory: [concept(v)],
    serviceType: [concept(v)],
    specialty: [concept(v)],
    reasonCode: [concept(v)],
    participant: (['Patient', 'Practitioner', 'Location'] as const).map((type) => ({
      actor: ref(type, v),
      status: n === 1 ? 'accepted' : 'declined',
    })),
  }));
  await make('Encounter', (v, n) => ({
    identifier: [{ system: 'urn:ids', value: v }],
    status: n === 1 ? 'planned' : 'finished',
    class: { system: 'urn:class', code: v },
    type: [concept(v)],
    subject: ref('Patient', v),
    appointment: [ref('Appointment', v)],
    period: { start: `2026-03-0${n}T15:00:00Z`, end: `2026-03-0${n}T15:30:00Z` },
    reasonCode: [concept(v)],
    participant: [{ individual: ref('Practitioner', v) }],
    location: [{ location: ref('Location', v) }],
  }));
  return ids;
}
