import { describe, expect, it } from 'vitest';
import { backoff, Failure, isRetryable, ofFurtherPage } from './retry.ts';

describe('tries', () => {
  it.each([
    ['no answer', new Failure(0, 'ECONNRESET'), true],
    ['an outage', new Failure(503, 'crm-503'), true],
    ['a limit', new Failure(403, 'REQUEST_LIMIT_EXCEEDED'), true],
    ['a row in use', new Failure(400, 'UNABLE_TO_LOCK_ROW'), true],
    ['an ended session', new Failure(401, 'INVALID_SESSION_ID'), true],
    ['refused content', new Failure(400, 'STRING_TOO_LONG'), false],
    ['a missing right', new Failure(403, 'fhir-403'), false],
    ['an error of our own', new TypeError('x'), false],
  ])('after %s: again %s', (_, error, again) => expect(isRetryable(error)).toBe(again));

  it('wait longer each time, up to a bound, and never give up', () => {
    const waits = [0, 1, 2, 3, 4, 5, 50, 5000].map((attempt) => backoff(attempt, 0, () => 1));
    expect(waits).toEqual([100, 200, 400, 800, 1600, 2000, 2000, 2000]);
    expect(backoff(0, 0, () => 0)).toBe(50);
    expect(backoff(0, 9_000, () => 0)).toBe(9_000);
  });
});

describe('a further page that cannot be had', () => {
  it.each([
    ['its cursor has ended', new Failure(404, 'fhir-404'), true],
    ['it lies elsewhere', new Failure(400, 'foreign-link'), false],
    ['the server is away', new Failure(503, 'fhir-503'), true],
  ])('is asked for again or not where %s', (_, error, again) => expect(isRetryable(ofFurtherPage(error))).toBe(again));
});
