import { describe, expect, it } from 'vitest';
import { heeding, retryAfterMs } from './http.ts';

describe('pauses', () => {
  it.each([
    ['7', 7_000],
    ['Thu, 01 Jan 1970 00:00:09 GMT', 8_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', 0],
    [undefined, 0],
  ])('Retry-After %s', (value, ms) => expect(retryAfterMs(new Headers(value ? { 'retry-after': value } : {}), 1_000)).toBe(ms));

  it('are kept by all who share the service', async () => {
    let now = 0;
    let calls = 0;
    const http = heeding(
      async () => {
        calls += 1;
        return { status: 429, headers: new Headers({ 'retry-after': '5' }), body: undefined };
      },
      () => now,
    );
    await http('x');
    await expect(http('x')).rejects.toMatchObject({ code: 'told-to-wait', retryAfterMs: 5_000 });
    now = 5_000;
    await http('x');
    expect(calls).toBe(2);
  });
});
