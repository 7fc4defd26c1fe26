import { evalFhirPath } from '@medplum/core';
import { describe, expect, it } from 'vitest';
import { Sample, type Variant, waysOf } from '../vendors/samples.ts';
import { DEFINITIONS, RESOURCE_TYPES } from './definitions.ts';
import { parametersOf } from './parameters.ts';
import { parsePath, valuesAt } from './paths.ts';

const pointer = (type: string, v: Variant): string => `${type}/${v}`;

describe('paths against the FHIRPath that they were made of', () => {
  const cases = RESOURCE_TYPES.flatMap((type) =>
    Object.values(parametersOf(type))
      .filter(({ paths, name }) => paths.length > 0 && DEFINITIONS.search[type]?.[name])
      .map((parameter) => [`${type}.${parameter.name}`, type, parameter] as const),
  );
  it.each(cases)('%s', (_name, type, parameter) => {
    const { expression } = DEFINITIONS.search[type]![parameter.name]!;
    for (const way of waysOf(type, parameter)) {
      const sample = new Sample(type, pointer);
      way(sample, 'a');
      way(sample, 'b');
      const resource = { id: 'x', ...sample.finish() };
      const walked = parameter.paths.flatMap((path) => valuesAt(resource, parsePath(path)));
      // `resolve()` needs a server; which types a reference may point at is asked when one searches.
      const plain = expression.replace(/\.where\(resolve\(\) is \w+\)/g, '').replaceAll('Resource.', `${type}.`);
      const fits = (evalFhirPath(plain, resource) as unknown[]).filter(
        (one) => walked.length === 0 || typeof one === typeof walked[0],
      );
      expect(JSON.stringify(walked)).toBe(JSON.stringify(fits));
      expect(walked.length).toBeGreaterThan(0);
    }
  });
});
