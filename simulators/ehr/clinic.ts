import type { ChangeRequest } from './engine/changes.ts';
import type { Resource } from './engine/resource.ts';

/** Who works at every site, and where. Invented; identifiers belong to the site alone. */
export const CLINIC = {
  practitioners: [
    { number: '1001', family: 'Okafor', given: 'Adaeze', gender: 'female' },
    { number: '1002', family: 'Lindqvist', given: 'Magnus', gender: 'male' },
    { number: '1003', family: 'Tanaka', given: 'Yumi', gender: 'female' },
  ],
  locations: [
    { number: '201', name: 'Northside Family Clinic', line: '12 Alder Street' },
    { number: '202', name: 'Harbor Cardiology', line: '400 Quay Road' },
  ],
  group: { name: 'All patients' },
} as const;

const practitioner = (system: string, { number, family, given, gender }: (typeof CLINIC.practitioners)[number]): Resource => ({
  resourceType: 'Practitioner',
  identifier: [{ use: 'usual', system, value: number }],
  active: true,
  name: [{ use: 'usual', text: `${given} ${family}`, family, given: [given] }],
  gender,
});

const location = (system: string, { number, name, line }: (typeof CLINIC.locations)[number]): Resource => ({
  resourceType: 'Location',
  identifier: [{ system, value: number }],
  status: 'active',
  name,
  mode: 'instance',
  type: [
    { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code: 'OF', display: 'outpatient facility' }] },
  ],
  address: { use: 'work', line: [line], city: 'Springfield', state: 'IL', postalCode: '62701', country: 'US' },
});

/** The commit with which a site starts its life: practitioners, locations, and the group that lists its patients. */
export function seedChanges(system: string, more: readonly Resource[] = []): ChangeRequest[] {
  const group: Resource = { resourceType: 'Group', active: true, type: 'person', actual: true, name: CLINIC.group.name };
  return [
    ...more,
    ...CLINIC.practitioners.map((one) => practitioner(system, one)),
    ...CLINIC.locations.map((one) => location(system, one)),
    group,
  ].map((resource) => ({ op: 'create', type: resource.resourceType, resource }));
}
