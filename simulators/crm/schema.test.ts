import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSchema } from './schema.ts';

const withFiles = (files: Record<string, unknown>): (() => void) => {
  const folder = mkdtempSync(join(tmpdir(), 'schema-'));
  for (const [name, value] of Object.entries(files)) {
    writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
  }
  return () => {
    try {
      loadSchema(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
};
const lead = (fields: unknown[]) => ({ name: 'Lead', label: 'Lead', labelPlural: 'Leads', keyPrefix: '00Q', fields });

describe('a schema of the user', () => {
  test('User comes by itself', () => {
    const schema = loadSchema([{ name: 'Lead', label: 'Lead', labelPlural: 'Leads', keyPrefix: '00Q', fields: [] }]);
    expect(schema.types.map((type) => type.name)).toEqual(['Lead', 'User']);
    expect(schema.type('LEAD')?.field('systemmodstamp')?.type).toBe('datetime');
  });

  test.each([
    ['an empty folder', {}, 'holds no <object>.json'],
    ['text that is no JSON', { 'lead.json': '{' }, 'lead.json: '],
    ['an object without prefix', { 'lead.json': { name: 'Lead', label: 'Lead', fields: [] } }, 'keyPrefix (three characters)'],
    [
      'an unknown type',
      { 'lead.json': lead([{ name: 'A', label: 'A', type: 'text' }]) },
      'field "A" needs name, label and one of the types',
    ],
    [
      'a lookup to nowhere',
      { 'lead.json': lead([{ name: 'A', label: 'A', type: 'reference', reference: 'B' }]) },
      'Lead.A refers to B, which has no schema',
    ],
  ])('%s is told with its file', (_, files, message) => {
    expect(withFiles(files)).toThrow(message);
  });

  test('a folder that is not there', () => {
    expect(() => loadSchema('/nowhere')).toThrow('the folder of the CRM schema does not exist: /nowhere');
  });
});

describe('a field that an administrator changes while another definition is held over its object', () => {
  const field = (name: string) => ({ name, label: name, type: 'string' as const, length: 80 });
  const open = () => loadSchema([{ ...lead([]), fields: [field('A'), field('B')] }]);
  const required = (schema: ReturnType<typeof open>) => schema.type('Lead')!.required.map(({ name }) => name);

  test.each([
    ['another field', 'shorter', { object: 'Lead', field: 'B', length: 5 }, 'A'],
    ['itself', 'shorter', { object: 'Lead', field: 'A', length: 5 }, 'A'],
    ['itself under its name of now', 'renamed', { object: 'Lead', field: 'A', to: 'Z' }, 'Z'],
  ])('stays changed when that is let go: over %s', (_, name, params, altered) => {
    const schema = open();
    expect(required(schema)).toEqual([]);
    const undo = schema.drift(name, params);
    schema.alter('lead', altered, { nillable: false });
    expect(required(schema)).toEqual([altered]);
    undo();
    expect(required(schema)).toEqual(['A']);
  });
});
