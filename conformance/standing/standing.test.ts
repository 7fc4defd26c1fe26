import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../checks/index.ts';
import type { CheckResult, InvariantResult, LevelId, Size, Standing, Verdict } from '../result.ts';
import { VERDICTS } from '../result.ts';
import { LEVELS } from './levels.ts';
import { sayStanding } from './say.ts';
import { type Judged, standing } from './standing.ts';
import { termsOf } from './terms.ts';

const TERMS = termsOf(CHECKS);
const TRICKLE = { samples: 300, superseded: 0, never: 0, unchanged: 0, p95: { micros: 812_000 } };

type Told = Partial<Record<string, Verdict | Partial<CheckResult>>>;

/** A run in which every check passed but those that are told otherwise. */
const checksWith = (told: Told = {}): CheckResult[] =>
  CHECKS.map((check) => {
    const given = told[check.id];
    const more = typeof given === 'string' ? { verdict: given } : (given ?? {});
    const { verdict = 'pass' } = more;
    const latency = check.measures && verdict === 'pass' ? { latency: TRICKLE } : {};
    const sites = verdict === 'not-applicable' ? [] : [{ site: 'epic', verdict }];
    return {
      ...check,
      reason: 'because',
      cases: { of: 1, passed: 0 },
      sites,
      ...latency,
      ...more,
      verdict,
    } as unknown as CheckResult;
  });

const judgedOf = (told: Told = {}, more: Partial<Judged> = {}): Judged => ({
  checks: checksWith(told),
  invariants: [],
  trips: [{ channel: 'epic/hl7', seen: true }],
  size: 'ci',
  status: 'finished',
  tampered: false,
  defects: 0,
  sites: [{ name: 'epic', vendor: 'epic', reads: ['hl7', 'poll'] }],
  declined: {},
  beside: [],
  ...more,
});
const stand = (told: Told = {}, more: Partial<Judged> = {}): Standing => standing(judgedOf(told, more), TERMS);
const broken = (id: InvariantResult['id'], cohort: string): InvariantResult => ({
  id,
  title: '',
  cohort,
  verdict: 'fail',
  findings: [],
});
const majors = (level: number) => CHECKS.filter((check) => check.severity === 'M' && check.level <= level);
/** The first n majors of a level fail. */
const failing = (level: number, n: number): Told =>
  Object.fromEntries(
    majors(level)
      .slice(0, n)
      .map(({ id }) => [id, 'fail' as const]),
  );
const allowed = (level: number, least: number): number => Math.floor((majors(level).length * (100 - least)) / 100);

describe('level', () => {
  it.each<[string, Told, Partial<Judged>, LevelId | undefined, LevelId | undefined]>([
    ['all passes in ci size', {}, {}, 'L1', 'L3'],
    ['all passes in full size', {}, { size: 'full' }, 'L2', 'L3'],
    ['a blocker of level 1 fails', { 'ID-01': 'fail' }, {}, 'L0', 'L0'],
    ['one is unstable', { 'ID-01': 'unstable' }, {}, 'L0', 'L0'],
    ['one could not be judged', { 'ID-01': 'untestable' }, {}, 'L0', 'L0'],
    ['one broke by our fault', { 'ID-01': 'harness-error' }, {}, 'L0', 'L0'],
    ['one does not apply', { 'ID-04': 'not-applicable' }, {}, 'L1', 'L3'],
    ['a blocker of level 2 fails', { 'IP-04': 'fail' }, { size: 'full' }, 'L1', 'L1'],
    ['a blocker of level 3 fails', { 'OR-05': 'fail' }, { size: 'full' }, 'L2', 'L2'],
    ['a blocker of level 3 could not be judged', { 'OR-05': 'untestable' }, {}, 'L1', 'L2'],
    ['a minor fails', { 'RF-03': 'fail' }, {}, 'L1', 'L3'],
    ['as many majors as level 1 lets fail', failing(1, allowed(1, 90)), {}, 'L1', undefined],
    ['one more', failing(1, allowed(1, 90) + 1), {}, 'L0', 'L0'],
    ['nobody came through a channel', {}, { trips: [{ channel: 'epic/poll', seen: false }] }, undefined, undefined],
    ['no check of identity applies', every('identity', 'not-applicable'), {}, 'L0', 'L0'],
    ['appointments are declined', every('appointments', 'not-applicable'), { declined: { appointments: 'no' } }, 'L0', 'L0'],
    ['reconciliation is declined', {}, { declined: { reconciliation: 'no' } }, 'L1', 'L1'],
    ['an invariant is broken beside a check that passes', {}, { invariants: [broken('G1', 'ID-01/epic')] }, 'L0', 'L0'],
    ['one of level 2', {}, { invariants: [broken('G5', 'IP-04/epic')] }, 'L1', 'L1'],
    [
      'one that its failed major says already',
      { 'DM-03': 'fail' },
      { invariants: [broken('G5', 'DM-03/epic')] },
      'L1',
      undefined,
    ],
    [
      "another patient's value beside a failed major",
      { 'DM-03': 'fail' },
      { invariants: [broken('G2', 'DM-03/epic')] },
      'L0',
      'L0',
    ],
  ])('%s', (_, told, more, level, checksHold) => {
    const { level: is, checksHold: holds } = stand(told, more);
    expect(is).toBe(level);
    if (checksHold) expect(holds).toBe(checksHold);
  });

  const soak = (...lacks: NonNullable<Judged['soak']>['lacks']) => ({ run: 's', words: 'soak of 1h', lacks });
  it.each<[string, Told, Partial<Judged>, LevelId, RegExp]>([
    ['that counts', {}, { soak: soak() }, 'L3', /^level 3 \(Race-proof\), badges .* \(soak of 1h\)$/],
    ['that counts, in ci size', {}, { size: 'ci', soak: soak() }, 'L1', /level 3 \(Race-proof\) in ci size only/],
    ['that counts, and a race that is lost', { 'OR-05': 'fail' }, { soak: soak() }, 'L2', /level 3 \(Race-proof\) lacks 1/],
    [
      'that is none',
      {},
      { soak: soak({ kind: 'unknown', why: 'too short' }) },
      'L2',
      /level 3 \(Race-proof\) but for a soak of one hour \(s is none: too short\)/,
    ],
    ['that failed', {}, { soak: soak({ kind: 'failed', why: '1 lost' }) }, 'L2', /level 3 \(Race-proof\) lacks 1/],
  ])('with a soak %s', (_, told, more, level, says) => {
    const got = stand(told, { size: 'full', ...more });
    expect(got.level).toBe(level);
    expect(sayStanding(got, more.size ?? 'full')).toMatch(says);
  });

  it.each<[string, Partial<Judged>, RegExp]>([
    ['a selection', { checks: checksWith().slice(0, 3) }, /^3 of \d+ checks were run$/],
    ['an interrupted run', { status: 'interrupted' }, /interrupted/],
    ['a subject that called the control API', { tampered: true }, /control API/],
    ['a sandbox that failed', { defects: 1 }, /sandbox failed/],
  ])('%s awards nothing, and says so', (_, more, why) => {
    const got = stand({}, more);
    expect([got.level, got.checksHold]).toEqual([undefined, undefined]);
    expect(got.withheld).toMatch(why);
    expect(got.badges.filter(({ state }) => state === 'earned')).toEqual([]);
    expect(sayStanding(got, 'ci')).toMatch(/^no level is awarded: /);
  });

  it('a run in ci size never holds level 2 or 3, whatever passes', () => {
    const told = fc.dictionary(fc.constantFrom(...CHECKS.map(({ id }) => id)), fc.constantFrom(...VERDICTS));
    fc.assert(
      fc.property(told, (verdicts) => {
        const got = stand(verdicts);
        expect(['L2', 'L3']).not.toContain(got.level);
        expect(sayStanding(got, 'ci')).not.toMatch(/level [23] \([\w-]+\)(?! in ci size only| lacks \d)/);
      }),
      { numRuns: 60 },
    );
  });

  it('never rises when a check that passed does not', () => {
    const ids = CHECKS.map(({ id }) => id);
    const told = fc.dictionary(fc.constantFrom(...ids), fc.constantFrom(...VERDICTS), { maxKeys: 4 });
    const worse = fc.constantFrom<Verdict>('fail', 'untestable', 'unstable', 'harness-error');
    const rank = ({ checksHold }: Standing): number => LEVELS.findIndex(({ id }) => id === checksHold);
    fc.assert(
      fc.property(told, fc.constantFrom(...ids), worse, (verdicts, id, verdict) => {
        fc.pre((verdicts[id] ?? 'pass') === 'pass');
        expect(rank(stand({ ...verdicts, [id]: verdict }))).toBeLessThanOrEqual(rank(stand(verdicts)));
      }),
      { numRuns: 80 },
    );
  });

  it('what is lacking is listed, by name and cause', () => {
    const told: Told = {
      'ID-01': { verdict: 'fail', reason: 'duplicate' },
      'DM-01': { verdict: 'untestable', reason: 'did-not-bite' },
    };
    expect(stand(told).levels[1]).toMatchObject({
      state: 'lacking',
      lacks: [
        { what: 'ID-01', kind: 'failed', why: 'failed: duplicate' },
        { what: 'DM-01', kind: 'unknown', why: 'could not be judged: did-not-bite' },
      ],
    });
    expect(stand(failing(1, majors(1).length)).levels[1]?.lacks.at(-1)).toMatchObject({ what: 'majors', kind: 'failed' });
  });

  it('sub-cases of majors count', () => {
    const many = Object.fromEntries(majors(1).map(({ id }) => [id, { verdict: 'fail' as const, cases: { of: 10, passed: 9 } }]));
    expect(stand(many).levels[1]?.majors).toEqual({ share: 90, least: 90 });
    expect(stand(many).levels[1]?.state).toBe('met');
  });
});

function every(group: string, verdict: Verdict): Told {
  return Object.fromEntries(CHECKS.filter((check) => check.group === group).map(({ id }) => [id, verdict]));
}

describe('badges', () => {
  const states = (told: Told = {}, more: Partial<Judged> = {}) =>
    Object.fromEntries(stand(told, more).badges.map(({ id, state }) => [id, state]));

  it.each<[string, Told, Partial<Judged>, Record<string, string>]>([
    ['all passes', {}, {}, { 'fhir-epic': 'earned', hl7v2: 'earned', consent: 'earned', 'fhir-cerner': 'none', bulk: 'none' }],
    [
      'HL7 is not read',
      {},
      { sites: [{ name: 'epic', vendor: 'epic', reads: ['poll'] }] },
      { hl7v2: 'none', 'fhir-epic': 'earned' },
    ],
    [
      'the API is not read',
      {},
      { sites: [{ name: 'epic', vendor: 'epic', reads: ['hl7'] }] },
      { hl7v2: 'earned', 'fhir-epic': 'none' },
    ],
    ['bulk is read', {}, { sites: [{ name: 'epic', vendor: 'epic', reads: ['bulk'] }] }, { bulk: 'earned' }],
    ['an ack is lost on it', { 'HL-03': 'fail' }, {}, { hl7v2: 'lacking', consent: 'earned' }],
    ['referrals do not apply', every('referrals', 'not-applicable'), {}, { referrals: 'none' }],
    ['one referral could not be judged', { 'RF-01': 'untestable' }, {}, { referrals: 'lacking' }],
    ['no level stands behind them', { 'ID-01': 'fail' }, {}, { consent: 'lacking', hl7v2: 'lacking' }],
  ])('%s', (_, told, more, expected) => expect(states(told, more)).toMatchObject(expected));

  it('goes by the verdict at the sites that it is about', () => {
    const sites = [
      { name: 'epic', vendor: 'epic', reads: ['poll'] },
      { name: 'lakeside', vendor: 'cerner', reads: ['poll'] },
    ];
    const at = (cerner: Verdict) => [
      { site: 'epic', verdict: 'pass' as const },
      { site: 'lakeside', verdict: cerner },
    ];
    const checks = checksWith().map((check) => ({ ...check, sites: at(check.id === 'RS-07' ? 'fail' : 'pass') }));
    expect(states({}, { sites, checks })).toMatchObject({ 'fhir-epic': 'earned', 'fhir-cerner': 'lacking' });
  });

  it('every badge has checks of its own, and every level', () => {
    for (const { id, must } of TERMS.badges) expect([id, must.length > 0]).toEqual([id, true]);
    for (const { id, must } of TERMS.levels.slice(1)) expect([id, must.length > 0]).toEqual([id, true]);
    expect(TERMS.levels.slice(1).map(({ must }) => must.length)).toEqual([35, 29, 7]);
  });
});

describe('latency', () => {
  const of = (micros: number, more: object = {}) => ({ 'LT-02': { latency: { ...TRICKLE, p95: { micros }, ...more } } });
  it.each<[string, Told, object | undefined]>([
    ['the slowest counts', of(11_000_000), { class: 'B', p95Ms: 11_000 }],
    ['10 s are class A', of(10_000_000), { class: 'A' }],
    ['60 s are class B', of(60_000_000), { class: 'B' }],
    ['5 min are class C', of(300_000_000), { class: 'C' }],
    ['more is of no class', of(300_001_000), { p95Ms: 300_001 }],
    ['so is a change that never came', of(2_000_000, { never: 1 }), { p95Ms: 2_000 }],
  ])('%s', (_, told, expected) => {
    const { latency } = stand(told);
    expect(latency).toMatchObject(expected!);
    expect(latency?.class).toBe((expected as { class?: string }).class);
  });

  it('nothing measured is no class', () => {
    const checks = checksWith().map(({ latency: _, ...check }) => check);
    expect(stand({}, { checks }).latency).toBeUndefined();
  });
});

describe('in words', () => {
  const say = (told: Told = {}, more: Partial<Judged> = {}, size: Size = 'ci') =>
    sayStanding(stand(told, { size, ...more }), size);
  it.each<[string, string, RegExp]>([
    ['ci', say(), /^level 1 \(Correct\), badges fhir-epic, hl7v2, .*latency A; level 3 \(Race-proof\) in ci size only$/],
    ['full', say({}, {}, 'full'), /^level 2 \(Resilient\), badges .*; level 3 \(Race-proof\) but for a soak of one hour/],
    ['short of 1', say({ 'ID-01': 'fail' }), /^level 0 \(Connected\), no badge; level 1 \(Correct\) lacks 1$/],
    ['short of 2', say({ 'IP-04': 'fail' }), /^level 1 \(Correct\), badges .*; level 2 \(Resilient\) lacks 1$/],
    ['none', say({}, { trips: [{ channel: 'epic/poll', seen: false }] }), /^no level; level 0 \(Connected\) lacks 1$/],
    ['beside', say({}, { beside: ['TLS off for epic'] }), / \(TLS off for epic\)$/],
  ])('%s', (_, text, expected) => expect(text).toMatch(expected));

  it('a level is never said without its badges', () => {
    const told = fc.dictionary(fc.constantFrom(...CHECKS.map(({ id }) => id)), fc.constantFrom(...VERDICTS), { maxKeys: 3 });
    fc.assert(
      fc.property(told, (verdicts) => {
        expect(say(verdicts)).toMatch(/^no level|^level \d \([\w-]+\), (badges \S|no badge)/);
      }),
    );
  });
});
