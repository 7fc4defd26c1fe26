import { expect, test } from 'vitest';
import { Breaker } from './breaker.ts';
import type { Verdict } from './result.ts';

const [H, U, P, F] = ['harness-error', 'untestable', 'pass', 'fail'] as const;
test.each<[string, Verdict[], number | undefined]>([
  ['three in a row', [H, H, H], 3],
  ['whatever came before', [P, F, H, H, H], 5],
  ['a pass between them', [H, H, P, H, H], undefined],
  ['a failure between them', [H, H, F, H, H], undefined],
  ['what is untestable never counts', [U, U, U, U], undefined],
  ['and breaks the row', [H, H, U, H], undefined],
  ['no harness error', [P, F, P, F], undefined],
])('%s', (_, verdicts, endsAt) => {
  const breaker = new Breaker();
  const ends = verdicts.map((verdict, i) => breaker.ended(`C-${i}`, verdict));
  const at = ends.findIndex(Boolean);
  expect(at < 0 ? undefined : at + 1).toBe(endsAt);
  if (endsAt !== undefined) expect(ends[at]).toEqual([endsAt - 3, endsAt - 2, endsAt - 1].map((i) => `C-${i}`));
});
