/**
 * Writes a vendor's table from a CapabilityStatement: what it declares, without prose.
 *
 *   node scripts/import-capability.ts <statement.json> simulators/ehr/vendors/<vendor>/capability.json "<source, licence>"
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface Declared {
  type: string;
  searchParam?: { name: string; type: string }[];
  interaction?: { code: string }[];
  operation?: { name: string }[];
  [element: string]: unknown;
}

const [from, to, source] = process.argv.slice(2);
if (!from || !to || !source)
  throw new Error('usage: import-capability <statement.json> <out.json> "<where it comes from, and its licence>"');

const KEEP = [
  'readHistory',
  'updateCreate',
  'conditionalCreate',
  'conditionalRead',
  'conditionalUpdate',
  'conditionalDelete',
  'searchInclude',
  'searchRevInclude',
];
const statement = JSON.parse(readFileSync(from, 'utf8')) as {
  fhirVersion: string;
  patchFormat?: string[];
  rest: { interaction?: { code: string }[]; resource: Declared[] }[];
};
const { interaction = [], resource } = statement.rest[0]!;
const lines = resource.map(({ type, ...declared }) => {
  const kept = Object.fromEntries(KEEP.flatMap((name) => (declared[name] === undefined ? [] : [[name, declared[name]]])));
  const { searchParam = [], operation = [] } = declared;
  return JSON.stringify({
    type,
    interaction: (declared.interaction ?? []).map(({ code }) => ({ code })),
    ...kept,
    ...(searchParam.length > 0 ? { searchParam: searchParam.map(({ name, type: kind }) => ({ name, type: kind })) } : {}),
    ...(operation.length > 0 ? { operation: operation.map(({ name }) => ({ name })) } : {}),
  });
});
const head = JSON.stringify({
  resourceType: 'CapabilityStatement',
  copyright: source,
  status: 'active',
  kind: 'instance',
  fhirVersion: statement.fhirVersion,
});
const rest = `{"mode":"server","interaction":${JSON.stringify(interaction.map(({ code }) => ({ code })))},"resource":[\n${lines.join(',\n')}\n]}`;
writeFileSync(to, `${head.slice(0, -1)},"rest":[${rest}]}\n`);
console.log(`${to}: ${lines.length} resource types`);
