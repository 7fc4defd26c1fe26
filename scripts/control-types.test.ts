import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CONTROL_TYPES, type ControlDocument, controlTypes } from './control-types.ts';

test('the committed types are those of the document that is served: else npm run generate-control', () => {
  expect(readFileSync(CONTROL_TYPES, 'utf8')).toBe(controlTypes());
});

test('from forms to types', () => {
  const answer = (schema: object) => ({ responses: { 200: { content: { 'application/json': { schema } } } }, parameters: [] });
  const document = {
    components: {
      schemas: {
        Lamp: {
          type: 'object',
          description: 'One lamp.',
          properties: { on: { type: 'boolean' }, 'a-b': { anyOf: [{ type: 'integer' }, { type: 'null' }] } },
          required: ['on'],
        },
      },
    },
    paths: {
      '/v1/lamps/{id}': { get: { operationId: 'lamp', summary: 'A lamp.', ...answer({ $ref: '#/components/schemas/Lamp' }) } },
      '/v1/lamps': { get: { operationId: 'lamps', summary: 'All.', ...answer({ type: 'array', items: { enum: ['a', 'b'] } }) } },
    },
  };
  const types = controlTypes(document as unknown as ControlDocument);
  expect(types).toContain("/** One lamp. */\nexport interface Lamp {\n  on: boolean;\n  'a-b'?: number | null;\n}");
  expect(types).toContain('    answer: Lamp;');
  expect(types).toContain("    answer: ('a' | 'b')[];");
  expect(types).toContain("  lamps: ['GET', '/v1/lamps'],");
});
