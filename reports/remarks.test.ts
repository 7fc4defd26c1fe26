import { expect, it } from 'vitest';
import type { BaselineRow, RunResult } from '#conformance';
import { remarks } from './remarks.ts';

const known = (more: Partial<BaselineRow>): string => {
  const row = { check: 'DM-01', code: 'wrong-value', owner: 'Ada', reason: 'ticket 7', expires: '2027-01-31', ...more };
  return remarks({ baseline: [row] } as unknown as RunResult)[0]!.lines[0]!;
};

it.each<[string, Partial<BaselineRow>, string]>([
  ['where it is', { state: 'known', channel: 'epic', row: 'Contact.A' }, 'DM-01 (epic, Contact.A) wrong-value: fails as known; '],
  ['the row that it could mean', { state: 'rowless', rows: ['Contact.A'] }, 'that counts (add "row: Contact.A"); Ada'],
  [
    'all of them',
    { state: 'rowless', rows: ['Contact.A', 'Contact.B', 'Contact.C'] },
    '(add "row: Contact.A", and an entry each for Contact.B, Contact.C)',
  ],
])('a known failure says %s', (_, row, says) => expect(known(row)).toContain(says));
