import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { files, isTest, ROOT, read } from './source.ts';

/** A folder in which each file defines one thing, and the explicit list of them. */
interface Registry {
  folder: string;
  /** The list, from the root. */
  index: string;
  /** What a file's name says: the property whose value it must equal. */
  property?: 'id' | 'name';
  /** Files of the folder that define nothing, with the reason. */
  helpers?: Record<string, string>;
  /** Listed files that carry no such property, with the reason. */
  unnamed?: Record<string, string>;
}

const REGISTRIES: readonly Registry[] = [
  {
    folder: 'simulators/kernel/faults',
    index: 'simulators/kernel/faults/index.ts',
    property: 'name',
    helpers: { 'no-headers.ts': 'what faults in headers share' },
  },
  { folder: 'simulators/ehr/faults', index: 'simulators/ehr/faults/index.ts', property: 'name' },
  { folder: 'simulators/crm/faults', index: 'simulators/crm/faults/index.ts', property: 'name' },
  {
    folder: 'simulators/hl7/faults',
    index: 'simulators/hl7/faults/index.ts',
    property: 'name',
    helpers: { 'define.ts': 'a fault from its row', 'edit.ts': 'a message taken apart for damage' },
    unnamed: {
      'framing.ts': 'a table: frames and connections',
      'order.ts': 'two tables: order and ids, merges',
      'structure.ts': 'a table: delimiters, character sets, segments',
      'values.ts': 'a table: what fields hold',
    },
  },
  {
    folder: 'simulators/hl7/events',
    index: 'simulators/hl7/events/index.ts',
    helpers: {
      'trigger.ts': 'what a trigger event is',
      'render.ts': 'from a commit to a message',
      'adt.ts': 'what the ADT events share',
      'siu.ts': 'what the SIU events share',
    },
  },
  {
    folder: 'simulators/hl7/dialects',
    index: 'simulators/hl7/dialects/index.ts',
    helpers: { 'dialect.ts': 'what a dialect is' },
  },
  {
    folder: 'simulators/ehr/vendors',
    index: 'simulators/ehr/vendors/index.ts',
    property: 'id',
    helpers: {
      'vendor.ts': 'what a vendor is',
      'accepted.ts': 'writes that the contract suite knows to be taken',
      'bulk.ts': 'what bulk export is at a vendor',
      'samples.ts': 'people of the contract suite',
    },
  },
  { folder: 'conformance/checks', index: 'conformance/checks/index.ts', property: 'id' },
  {
    folder: 'conformance/mutants',
    index: 'conformance/mutants/index.ts',
    property: 'id',
    helpers: {
      'define.ts': 'what a mutant is',
      'main.ts': 'the process of a mutant',
      'null-listener.ts': 'what the nulls share',
      'batches.ts': 'what the lawful variants that write many rows in a call share',
    },
    unnamed: { 'does-nothing.ts': 'a null replaces no step', 'acknowledges-all.ts': 'a null replaces no step' },
  },
  {
    folder: 'fixtures/clinical/oddities',
    index: 'fixtures/clinical/oddities/index.ts',
    property: 'id',
    helpers: { 'oddity.ts': 'what an oddity is' },
  },
  { folder: 'fixtures/clinical/kinds', index: 'fixtures/clinical/kinds/index.ts' },
  { folder: 'scenarios/stories', index: 'scenarios/index.ts', property: 'name' },
  { folder: 'scenarios/load', index: 'scenarios/index.ts', helpers: { shared: 'what all scripts share' } },
  { folder: 'scenarios/plans', index: 'scenarios/index.ts', property: 'name' },
];

const definitions = ({ folder, helpers = {} }: Registry) =>
  (existsSync(`${ROOT}${folder}`) ? readdirSync(`${ROOT}${folder}`, { withFileTypes: true }) : [])
    // A folder beside a file of its name holds what that file is made of.
    .filter((entry, _, all) =>
      entry.isDirectory() ? !all.some(({ name }) => name === `${entry.name}.ts`) : /\.(ts|ya?ml)$/.test(entry.name),
    )
    .filter(({ name }) => name !== 'index.ts' && !isTest(name) && !helpers[name])
    .map(({ name }) => ({
      id: name.replace(/\.(ts|ya?ml)$/, ''),
      file: `${folder}/${name}`,
    }));

const present = REGISTRIES.filter((registry) => definitions(registry).length > 0);

describe.each(present)('$folder', (registry) => {
  const { folder, index, property, helpers = {}, unnamed = {} } = registry;
  const entries = definitions(registry);

  it.each(entries)('$id is listed', ({ id }) => {
    expect(existsSync(`${ROOT}${index}`), `${index} does not exist`).toBe(true);
    expect(read(index)).toMatch(new RegExp(`['"/]${id}(?:\\.ts|\\.ya?ml|/index\\.ts)?['"]`));
  });

  if (property) {
    const named = entries.filter(({ file }) => !unnamed[file.slice(folder.length + 1)]);
    it.each(named)(`$id has the name of its ${property}`, ({ id, file }) => {
      const sources = file.endsWith(`/${id}`) ? files(`${file}/**/*.ts`) : [file];
      const values = sources.flatMap((source) => [
        ...read(source).matchAll(new RegExp(`\\b${property}["']?:\\s*['"]?([\\w-]+)`, 'g')),
      ]);
      expect(values.map(([, value]) => value!.toLowerCase())).toContain(id);
    });
  }

  it('has no stale helper', () => {
    expect(Object.keys({ ...helpers, ...unnamed }).filter((name) => !existsSync(`${ROOT}${folder}/${name}`))).toEqual([]);
  });
});
