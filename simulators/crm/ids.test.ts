import { describe, expect, test } from 'vitest';
import { digest } from '#kernel';
import { idSuffix, makeId, toId18 } from './ids.ts';

describe('record ids', () => {
  // Ids from Salesforce's documentation.
  test.each([
    ['001D000000IRFma', 'IAH'],
    ['00D000000000001', 'EAA'],
    ['005D0000001cSJF', 'IA2'],
    ['01gRO0000016PIA', 'YA2'],
  ])('%s ends in %s', (id15, suffix) => {
    expect(idSuffix(id15)).toBe(suffix);
  });

  test.each([
    ['15 characters', '001D000000IRFma', '001D000000IRFmaIAH'],
    ['18 characters', '001D000000IRFmaIAH', '001D000000IRFmaIAH'],
    ['letter case lost on the way', '001d000000irfmaiah', '001D000000IRFmaIAH'],
    ['wrong suffix', '001D000000IRFmaIAB', undefined],
    ['16 characters', '001D000000IRFmaI', undefined],
    ['a blank', '001D000000IRFm ', undefined],
  ])('%s', (_, id, expected) => {
    expect(toId18(id)).toBe(expected);
  });

  test('minted ids have the prefix and a right suffix', () => {
    const id = makeId('003', digest('x'));
    expect(id).toMatch(/^003\w{15}$/);
    expect(toId18(id.slice(0, 15))).toBe(id);
  });
});
