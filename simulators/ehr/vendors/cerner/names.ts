import type { HumanName } from '@medplum/fhirtypes';
import type { Resource } from '../../engine/resource.ts';
import { foldString } from '../../engine/sql-tests.ts';
import type { Given } from '../vendor.ts';

const PARTS: Readonly<Record<string, (name: HumanName) => (string | undefined)[]>> = {
  family: ({ family }) => [family],
  given: ({ given = [] }) => given,
  name: ({ family, given = [], prefix = [], suffix = [], text }) => [family, ...given, ...prefix, ...suffix, text],
};
const isCurrent = ({ use, period }: HumanName): boolean => use !== 'old' && use !== 'maiden' && period?.end === undefined;

/** "name, family and given search current names only" (Patient page): a former name finds nobody. */
export function sift(type: string, given: readonly Given[]): ((resource: Resource) => boolean) | undefined {
  const asked = given.filter(({ name }) => name in PARTS);
  if (type !== 'Patient' || asked.length === 0) return undefined;
  return (resource) => {
    const current = ((resource.name ?? []) as HumanName[]).filter(isCurrent);
    return asked.every(({ name, modifier, value }) =>
      current.flatMap(PARTS[name]!).some((part) => {
        if (part === undefined) return false;
        return modifier === 'exact' ? part === value : foldString(part).startsWith(foldString(value));
      }),
    );
  };
}
