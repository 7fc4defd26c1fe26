import { describe, expect, it } from 'vitest';
import { notApplicable } from './applicable.ts';
import { CHECKS } from './checks/index.ts';
import type { Manifest } from './manifest/manifest.ts';
import { settleTerms } from './run.ts';
import { PERFECT } from './testing/behaviour.ts';
import { play } from './testing/play.ts';
import { MAP, manifest, site } from './testing/setting.ts';

const byId = (id: string) => CHECKS.find((check) => check.id === id)!;
/** A hook that counts, or fails. */
const hook = (why?: string) => {
  const asked = { times: 0 };
  const call = async (): Promise<void> => {
    asked.times++;
    if (why) throw new Error(why);
  };
  return { asked, call };
};

describe('a subject that reconciles when it is told to', () => {
  it.each([
    ['RC-01', 1],
    ['RC-02', 1],
    ['RC-04', 2],
  ])('is told by %s', async (id, times) => {
    const { asked, call } = hook();
    expect((await play(byId(id), PERFECT, manifest(), { hooks: { reconcileNow: call } })).verdict).toBe('pass');
    expect(asked.times).toBe(times);
  });

  it.each(['RC-01', 'RC-02', 'RC-04'])('and does not, leaves %s open', async (id) => {
    const { call } = hook('hooks.reconcile_now did not succeed: HTTP 500');
    const played = await play(byId(id), PERFECT, manifest(), { hooks: { reconcileNow: call } });
    expect(played).toMatchObject({ verdict: 'untestable', reason: 'hook-failed' });
    expect(played.message).toContain('HTTP 500');
  });

  it('is judged by RC-02 where its own window is too long to wait for', () => {
    const nightly = (hooks?: object) =>
      ({
        ...manifest([site()], { kind: 'none' }),
        promises: { sync_window: 3_000, reconcile_window: 86_400_000 },
        hooks,
      }) as unknown as Manifest;
    expect(notApplicable(byId('RC-02'), site(), nightly(), MAP)).toMatch(
      /too long to wait for \(hooks\.reconcile_now would do\)/,
    );
    expect(notApplicable(byId('RC-02'), site(), nightly({ reconcile_now: true }), MAP)).toBeUndefined();
  });
});

describe('a subject that polls when it is told to', () => {
  it('is told as long as it is waited for, and no longer', async () => {
    const { asked, call } = hook();
    const { evidence } = await play(byId('ID-01'), PERFECT, manifest(), { hooks: { pollNow: call } });
    const [log] = evidence.facts.checks.values();
    const waited = [...log!.marks.values()].reduce((sum, { waitedMs }) => sum + waitedMs, 0);
    expect(asked.times).toBeGreaterThanOrEqual(Math.floor(waited / 1_000));
    expect(asked.times).toBeLessThanOrEqual(Math.floor(waited / 1_000) + 2 * log!.marks.size);
  });

  it('and does not, is waited for all the same; that is noted once', async () => {
    const { call } = hook('hooks.poll_now did not succeed: no');
    const { verdict, evidence } = await play(byId('ID-01'), PERFECT, manifest(), { hooks: { pollNow: call } });
    expect(verdict).toBe('pass');
    expect([...evidence.facts.checks.values()][0]!.notes.get('poll hook')).toBe('hooks.poll_now did not succeed: no');
  });

  it('needs to stand still for two of those rounds, not for two of its own', () => {
    const slow = site({ read: [{ kind: 'poll', interval: 300_000 }] });
    const terms = (pokes: boolean) => settleTerms(slow, manifest([slow]), MAP, pokes).pollInterval;
    expect([terms(false), terms(true)]).toEqual([300_000, 1_000]);
  });
});
