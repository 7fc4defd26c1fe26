import { describe, expect, it } from 'vitest';
import { files, imports, isTest, read, resolveFrom } from './source.ts';

/** Who may import whom. A unit is the folder whose files import each other by relative path. */
interface Unit {
  folder: string;
  /** Its face, as others name it. */
  alias?: string;
  /** Aliases that it may import. */
  may: string[];
  /** Aliases of which it may import types only. */
  mayTypes?: string[];
  /** Other units that it may reach by relative path. */
  mayEnter?: string[];
  /** Packages from npm that it may import; all when left out. */
  packages?: RegExp;
}

const ALL = ['#kernel', '#ehr', '#hl7', '#crm', '#sandbox', '#simulators', '#conformance', '#fixtures', '#scenarios', '#reports'];

// Most special folder first: a file belongs to the first unit that it lies in.
const UNITS: readonly Unit[] = [
  { folder: 'simulators/kernel/', alias: '#kernel', may: [] },
  { folder: 'simulators/ehr/', alias: '#ehr', may: ['#kernel'] },
  { folder: 'simulators/hl7/', alias: '#hl7', may: ['#kernel'] },
  { folder: 'simulators/crm/', alias: '#crm', may: ['#kernel'] },
  { folder: 'simulators/', alias: '#simulators', may: ['#kernel', '#ehr', '#hl7', '#crm', '#fixtures', '#scenarios'] },
  { folder: 'conformance/reference/', may: [], packages: /^node:/ },
  {
    folder: 'conformance/',
    alias: '#conformance',
    may: ['#simulators', '#fixtures', '#scenarios'],
    mayEnter: ['conformance/reference/'],
  },
  { folder: 'fixtures/', alias: '#fixtures', may: [] },
  { folder: 'scenarios/load/', may: [], packages: /^k6(\/|$)/ },
  { folder: 'scenarios/', alias: '#scenarios', may: [] },
  { folder: 'reports/', alias: '#reports', may: [], mayTypes: ['#kernel', '#conformance'] },
  { folder: 'bin/', may: [] },
  // A package of its own knows no alias of ours: it enters by path, through the faces.
  {
    folder: 'clients/',
    may: [],
    mayEnter: ['simulators/kernel/', 'simulators/ehr/', 'simulators/hl7/', 'simulators/crm/', 'fixtures/'],
  },
  { folder: 'scripts/', may: ALL },
  // cli.ts and cli/
  { folder: '', may: ALL, mayEnter: ['scripts/'] },
];

/** Single imports against the arrows, each with a reason. One that no longer occurs fails the test. */
const EXCEPTIONS: readonly { file: string; specifier: string; reason: string }[] = [];

const unitOf = (file: string): Unit => UNITS.find(({ folder }) => file.startsWith(folder))!;

function complaint(file: string, specifier: string, typesOnly: boolean): string | undefined {
  const unit = unitOf(file);
  if (specifier.startsWith('.')) {
    const target = unitOf(resolveFrom(file, specifier));
    if (target === unit || unit.mayEnter?.includes(target.folder)) return undefined;
    return `crosses into ${target.folder || 'the root'} by path${target.alias ? `: import ${target.alias}` : ''}`;
  }
  if (specifier.startsWith('#')) {
    if (specifier === unit.alias) return 'imports its own face: use the path';
    if (unit.may.includes(specifier) || (typesOnly && unit.mayTypes?.includes(specifier))) return undefined;
    return `no arrow from ${unit.folder || 'the root'} to ${specifier}${unit.mayTypes?.includes(specifier) ? ' but for types' : ''}`;
  }
  return !unit.packages || unit.packages.test(specifier) ? undefined : `${unit.folder} may not import ${specifier}`;
}

describe('import arrows', () => {
  const used = new Set<string>();
  const sources = files('**/*.{ts,js}');

  it.each(sources)('%s', (file) => {
    const complaints = imports(read(file)).flatMap(({ specifier, typesOnly }) => {
      // Tests may look into any other face, and judge it by its whole; paths across folders stay forbidden to them, too.
      if (isTest(file) && !specifier.startsWith('.')) return [];
      const text = complaint(file, specifier, typesOnly);
      if (!text) return [];
      const exception = EXCEPTIONS.find((entry) => entry.file === file && entry.specifier === specifier);
      if (exception) used.add(`${file} ${specifier}`);
      return exception ? [] : [`${specifier}: ${text}`];
    });
    expect(complaints).toEqual([]);
  });

  it('has no stale exception', () => {
    expect(EXCEPTIONS.filter(({ file, specifier }) => !used.has(`${file} ${specifier}`))).toEqual([]);
  });
});
