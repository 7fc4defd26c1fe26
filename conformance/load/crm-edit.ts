import type { Manifest } from '../manifest/manifest.ts';
import type { DataMap } from '../map/map.ts';
import { Oracle } from '../oracle/oracle.ts';

/** What a CRM user changes of one record. */
export interface CrmEdit {
  type: string;
  key: { field: string; value: string };
  fields: Record<string, string>;
}

/** Values that such a field can take, by what marks it out; each person's take turns. */
const VALUES: readonly [(source: string, type: string) => boolean, readonly string[]][] = [
  [(source) => source.includes('language'), ['es', 'fr']],
  [(_, type) => type === 'phone', ['+12125550199', '+13125550198']],
  [(_, type) => type === 'email', ['edited@mail.example', 'edited@post.example']],
];

/** How a CRM user edits a field of a patient that the CRM owns; undefined where the map has none. */
export function crmEdits(map: DataMap, manifest: Manifest, site: string): ((patient: object, n: number) => CrmEdit) | undefined {
  const oracle = new Oracle(map, manifest.sites);
  for (const object of oracle.objectsFor('Patient'))
    for (const row of map.rows.filter((one) => one.object === object.object && one.owner === 'crm')) {
      const [, values] = VALUES.find(([fits]) => fits(row.source, row.field_type)) ?? [];
      if (!values) continue;
      return (patient, n) => {
        const version = { ref: { sim: 'ehr', tenant: site, type: 'Patient', id: '', version: 1 }, image: patient };
        const truth = { type: 'Patient', tenant: site, versions: [version] };
        const value = oracle.keyOf(object, truth as unknown as Parameters<Oracle['keyOf']>[1]) ?? '';
        return { type: object.object, key: { field: object.key, value }, fields: { [row.field]: values[n % values.length]! } };
      };
    }
  return undefined;
}
