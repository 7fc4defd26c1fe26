import { readFileSync, writeFileSync } from 'node:fs';
import { expand, type Terminology } from './definitions/codes.ts';
import { definitionsFolder } from './definitions/folder.ts';
import { type Compiled, compile, type SearchParameter } from './definitions/search.ts';
import { addStructure, type StructureDefinition, type Structures } from './definitions/structure.ts';

const OUT = 'simulators/ehr/engine/definitions.generated.json';
const FOLDER = definitionsFolder();
const LIMIT = 1_200_000;

/** Resource types that the engine holds. */
const TYPES = [
  'Patient',
  'Appointment',
  'Encounter',
  'Condition',
  'Observation',
  'MedicationRequest',
  'Immunization',
  'AllergyIntolerance',
  'ServiceRequest',
  'Coverage',
  'Consent',
  'Communication',
  'Schedule',
  'Slot',
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'Location',
  'RelatedPerson',
  'DocumentReference',
  'Group',
  'Provenance',
];

const bundle = <T>(file: string): T[] =>
  (JSON.parse(readFileSync(`${FOLDER}/${file}.json`, 'utf8')) as { entry: { resource: T }[] }).entry.map(
    ({ resource }) => resource,
  );

const out: Structures = { types: {}, invariants: {}, summary: {}, sets: new Set() };
const structures = new Map(
  [...bundle<StructureDefinition>('profiles-types'), ...bundle<StructureDefinition>('profiles-resources')].map((one) => [
    one.id,
    one,
  ]),
);
for (const type of ['DomainResource', ...TYPES]) addStructure(structures.get(type)!, out);
// Data types, and those that they use in turn.
for (let grown = true; grown; ) {
  grown = false;
  for (const name of Object.values(out.types)
    .flatMap((shape) => Object.values(shape))
    .join(' ')
    .match(/\b[A-Z][A-Za-z]+\b/g)!) {
    const definition = structures.get(name);
    if (name in out.types || definition?.kind !== 'complex-type' || definition.abstract) continue;
    addStructure(definition, out);
    grown = true;
  }
}

const parameters = bundle<SearchParameter>('search-parameters');
const search: Record<string, Record<string, Compiled>> = {};
const left: string[] = [];
for (const type of TYPES) {
  search[type] = {};
  for (const parameter of parameters.filter(({ base }) => base.includes(type) || base.includes('Resource'))) {
    const compiled = compile(type, parameter, parameters, out.types);
    if (compiled) search[type][parameter.code] = compiled;
    else if (parameter.expression) left.push(`${type}.${parameter.code}: ${parameter.expression}`);
  }
}

const { types, invariants, summary } = out;
const codes = expand(out.sets, [...bundle<Terminology>('valuesets'), ...bundle<Terminology>('v3-codesystems')]);
const sections = { types, codes, invariants, summary, search };
// One line for each type or set, so that a difference can be read.
const lines = Object.entries(sections).map(([section, entries]) => {
  const rows = Object.entries(entries).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return ` ${JSON.stringify(section)}: {\n${rows.join(',\n')}\n }`;
});
const text = `{\n${lines.join(',\n')}\n}\n`;
if (text.length > LIMIT) throw new Error(`${OUT} would have ${text.length} bytes; at most ${LIMIT} are wanted`);
writeFileSync(OUT, text);
console.log(`${OUT}: ${text.length} bytes, ${Object.keys(types).length} types, ${Object.keys(codes).length} code lists`);
console.log(`without a compiled path (the engine has a function, or lacks them):\n  ${left.join('\n  ')}`);
