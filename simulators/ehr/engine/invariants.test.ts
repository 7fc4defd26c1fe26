import { evalFhirPath } from '@medplum/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFINITIONS } from './definitions.ts';
import { CERTAIN } from './invariants.ts';

const ruled = Object.entries(DEFINITIONS.invariants).flatMap(([type, rules]) =>
  rules.map(([key, , expression]) => ({ type, key, expression })),
);

describe('a rule that holds for certain', () => {
  it.each(Object.keys(CERTAIN))('%s: FHIRPath says so too', (expression) => {
    const rule = ruled.find((one) => one.expression === expression);
    expect(rule).toBeDefined();
    const names = [...new Set([...expression.matchAll(/\b[a-z]\w+\b/g)].map(([name]) => name)), 'abatementString', 'valueString'];
    const concept = fc.record({
      coding: fc.array(
        fc.record({
          system: fc.constantFrom('a', 'http://terminology.hl7.org/CodeSystem/condition-ver-status'),
          code: fc.constantFrom('entered-in-error', 'x'),
        }),
        { minLength: 1, maxLength: 2 },
      ),
    });
    const value = fc.oneof(fc.constantFrom('x', true), concept, fc.array(concept, { minLength: 1, maxLength: 1 }));
    // `abatement` is a choice: no element has that name.
    const elements = names.filter((name) => name !== 'abatement');
    const objects = fc.dictionary(fc.constantFrom(...elements), value, { maxKeys: 4 });
    fc.assert(
      fc.property(objects, (made) => {
        const object = JSON.parse(JSON.stringify(made)) as Record<string, unknown>;
        if (!CERTAIN[expression]!(object)) return;
        const resource = { resourceType: rule!.type.split('.')[0]!, ...object };
        expect((evalFhirPath(expression, { ...resource }) as unknown[])[0] ?? true).not.toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
