import { describe, expect, it } from 'vitest';
import { manifest } from '../testing/setting.ts';
import { LEVELS } from './levels.ts';
import { heldUp, type Soak } from './soak.ts';

const HOUR = 3_600_000;
const { subject, promises } = manifest();
const SOAKED: Soak = {
  ...{ run: 'load-1', subject, map: 'm', forMs: HOUR, gapMs: 300, changes: 36_000, p99Ms: 800, growth: 4, exitCode: 0 },
  ...{ why: [], seals: { 'sandbox.jsonl': 'abc' } },
};
const held = (more: Partial<Soak> = {}, digest?: string) => {
  const of = { manifest: { subject: { ...subject, ...(digest && { digest }) }, promises }, map: 'm' };
  return heldUp({ ...SOAKED, ...more }, of, { levels: LEVELS });
};

describe('a soak', () => {
  it('of an hour counts, and says how much it was', () => {
    expect(held()).toEqual({ run: 'load-1', words: 'soak of 1h at 10 changes a second', lacks: [] });
    expect(held({ growth: undefined }).words).toMatch(/, its memory not measured$/);
  });

  it.each<[string, Partial<Soak>, 'unknown' | 'failed', RegExp]>([
    ['of ten minutes', { forMs: 600_000 }, 'unknown', /^its changes came for 10m, and 1h are asked for$/],
    ['of nothing', { forMs: 0, changes: 0 }, 'unknown', /came for 0/],
    ['with a pause', { gapMs: 120_000 }, 'unknown', /^no change came for 2m of it$/],
    ['of fewer changes than are promised', { changes: 360 }, 'unknown', /^it offered 0\.1 changes a second, and 5 are promised$/],
    ['of another sync', { subject: { name: 'other', version: '1' } }, 'unknown', /^it was of other 1, not of /],
    ['of another build', { subject: { ...subject, digest: 'sha256:ab' } }, 'unknown', /^it was of .* sha256:ab, not of /],
    ['by another map', { map: 'n' }, 'unknown', /another data map/],
    ['that is void', { exitCode: 3, why: ['97 % of the target was offered'] }, 'unknown', /came to nothing: 97 %/],
    ['that broke', { exitCode: 5 }, 'unknown', /exit code 5/],
    ['in which one was lost', { exitCode: 1, why: ['1 lost'] }, 'failed', /^failed: 1 lost$/],
    ['that was late, by a limit that was taken away', { p99Ms: promises.sync_window + 1 }, 'failed', /p99 was \d+ ms/],
    ['of which a hundredth never showed', { p99Ms: undefined }, 'failed', /never seen/],
    ['that leaked, by a limit that was taken away', { growth: 26 }, 'failed', /grew by 26 %, over 25 %$/],
  ])('%s does not', (_, more, kind, why) => {
    const { lacks } = held(more);
    expect(lacks[0]).toMatchObject({ kind, why: expect.stringMatching(why) });
    expect(new Set(lacks.map((one) => one.kind)).size).toBe(1);
  });

  it('that says no digest is none of a sync that does', () =>
    expect(held({}, 'sha256:ab').lacks).toMatchObject([{ kind: 'unknown' }]));
});
