import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { exitCode } from '../exit-code.ts';
import type { BaselineEntry, BaselineRow, CheckResult, Finding, InvariantResult, Verdict } from '../result.ts';
import { isWitnessed, rollUp } from '../score.ts';
import { entriesFor, weigh } from './baseline.ts';
import { printBaseline, readBaseline } from './baseline-file.ts';

const bad = (reason: string, more: Partial<Finding> = {}): Finding => ({
  ...{ verdict: 'fail', reason, message: '', evidence: [] },
  ...more,
});
const check = (id: string, ...findings: Finding[]): CheckResult =>
  ({ id, severity: 'B', group: 'identity', level: 1, verdict: rollUp(findings.map((f) => f.verdict)), findings }) as CheckResult;
const invariant = (id: 'G1' | 'G2', cohort: string, ...findings: Finding[]): InvariantResult => ({
  ...{ id, cohort, title: '', verdict: rollUp(findings.map((f) => f.verdict)), findings },
});
const entry = (name: string, code: string, more: Partial<BaselineEntry> = {}): BaselineEntry => ({
  ...{ check: name, code, owner: 'Ada', reason: 'ticket 7', expires: '2027-01-31' },
  ...more,
});

const finished = { status: 'finished' as const, tampered: false, defects: 0 };
function exitOf(entries: BaselineEntry[], checks: CheckResult[], invariants: InvariantResult[] = [], on = '2027-01-31') {
  const { rows, excused, stale } = weigh(entries, checks, invariants, on);
  const verdicts = [...checks, ...invariants].filter((row) => !excused.has(row)).map(({ verdict }) => verdict);
  const code = exitCode({ ...finished, verdicts, witnessed: checks.filter(isWitnessed).length, stale });
  return { exitCode: code, states: rows.map(({ state }) => state) };
}

describe('known failures', () => {
  const pass = check('AP-01');
  const twice = check('IP-04', bad('duplicate', { channel: 'epic' }));
  const both = check('CN-02', bad('wrong-value', { sub: 'sms' }), bad('missing', { sub: 'mail' }));
  const wrong = (row: string): Finding => bad('wrong-value', { row });
  const inA = check('DM-01', wrong('fields.csv:3 Contact.A'));
  const movedA = check('DM-01', wrong('fields.csv:40 Contact.A'));
  const inBoth = check('DM-01', wrong('fields.csv:3 Contact.A'), wrong('fields.csv:4 Contact.B'));
  const AandB = ['Contact.A', 'Contact.B'].map((row) => entry('DM-01', 'wrong-value', { row }));
  test.each<[string, BaselineEntry[], CheckResult[], number, BaselineRow['state'][]]>([
    ['none, and none fails', [], [pass], 0, []],
    ['none, and one fails', [], [twice], 1, []],
    ['the failure is named', [entry('IP-04', 'duplicate')], [twice, pass], 0, ['known']],
    ['with its channel', [entry('IP-04', 'duplicate', { channel: 'epic' })], [twice], 0, ['known']],
    ['on another channel', [entry('IP-04', 'duplicate', { channel: 'cerner' })], [twice], 1, ['otherwise']],
    ['for another reason', [entry('IP-04', 'missing')], [twice], 1, ['otherwise']],
    ['another sub-case', [entry('IP-04', 'duplicate', { sub: 'x' })], [twice], 1, ['otherwise']],
    ['past its day', [entry('IP-04', 'duplicate', { expires: '2027-01-30' })], [twice], 1, ['expired']],
    ['on its last day', [entry('IP-04', 'duplicate', { expires: '2027-01-31' })], [twice], 0, ['known']],
    ['it passes', [entry('AP-01', 'missing')], [pass], 4, ['stale']],
    ['it passes, past its day', [entry('AP-01', 'missing', { expires: '2020-01-01' })], [pass], 4, ['stale']],
    ['it was not run', [entry('AP-02', 'missing')], [pass], 0, ['unjudged']],
    ['it was untestable', [entry('AP-02', 'x')], [pass, check('AP-02', bad('x', { verdict: 'untestable' }))], 0, ['unjudged']],
    ['one of two sub-cases', [entry('CN-02', 'wrong-value', { sub: 'sms' })], [both], 1, ['known']],
    [
      'both sub-cases',
      [entry('CN-02', 'wrong-value', { sub: 'sms' }), entry('CN-02', 'missing', { sub: 'mail' })],
      [both],
      0,
      ['known', 'known'],
    ],
    ['in the row that is named', [entry('DM-01', 'wrong-value', { row: 'Contact.A' })], [inA], 0, ['known']],
    ['the row has moved in the map', [entry('DM-01', 'wrong-value', { row: 'Contact.A' })], [movedA], 0, ['known']],
    ['in another row', [entry('DM-01', 'wrong-value', { row: 'Contact.B' })], [inA], 1, ['otherwise']],
    ['in another row as well', [entry('DM-01', 'wrong-value', { row: 'Contact.A' })], [inBoth], 1, ['known']],
    ['as it was written before rows were named', [entry('DM-01', 'wrong-value')], [inA], 1, ['rowless']],
    ['so written, and named since', [entry('DM-01', 'wrong-value'), ...AandB], [inBoth], 4, ['stale', 'known', 'known']],
    [
      'a row is named, and what fails is about none',
      [entry('IP-04', 'duplicate', { row: 'Contact.A' })],
      [twice],
      1,
      ['otherwise'],
    ],
    [
      'one of two that were known is mended',
      [entry('IP-04', 'duplicate'), entry('IP-04', 'missing')],
      [twice],
      4,
      ['known', 'stale'],
    ],
    ['a new one beside one that is mended', [entry('AP-01', 'missing')], [pass, twice], 1, ['stale']],
    [
      'a harness error is no known failure',
      [entry('IP-04', 'x')],
      [check('IP-04', bad('x', { verdict: 'harness-error' }))],
      5,
      ['unjudged'],
    ],
  ])('%s', (_, entries, checks, exitCode, states) => {
    expect(exitOf(entries, checks)).toEqual({ exitCode, states });
  });

  it('that name no row are told which they could mean', () => {
    const { rows } = weigh([entry('DM-01', 'wrong-value')], [inBoth], [], '2027-01-31');
    expect(rows).toMatchObject([{ state: 'rowless', rows: ['Contact.A', 'Contact.B'] }]);
  });

  it('hide an invariant only for the people that they name', () => {
    const broken = invariant('G1', 'IP-04/epic', bad('duplicate'));
    const other = invariant('G1', 'AP-01/epic', bad('duplicate'));
    const named = entry('G1', 'duplicate', { sub: 'IP-04/epic' });
    const known = entry('IP-04', 'duplicate');
    expect(exitOf([known], [twice], [broken]).exitCode).toBe(1);
    expect(exitOf([known, named], [twice], [broken])).toEqual({ exitCode: 0, states: ['known', 'known'] });
    expect(exitOf([known, named], [twice], [broken, other]).exitCode).toBe(1);
    expect(exitOf([named], [pass], [invariant('G1', 'IP-04/epic')])).toEqual({ exitCode: 4, states: ['stale'] });
  });

  const findings = fc.array(
    fc
      .tuple(
        fc.constantFrom<Verdict>('fail', 'unstable', 'untestable', 'harness-error'),
        fc.constantFrom('missing', 'duplicate'),
        fc.constantFrom(undefined, 'a', 'b'),
        fc.constantFrom('epic', 'cerner'),
        fc.constantFrom(undefined, 'fields.csv:2 Contact.A', 'fields.csv:3 Contact.B'),
      )
      .map(([verdict, reason, sub, channel, row]) => bad(reason, { verdict, channel, ...(sub && { sub }), ...(row && { row }) })),
    { maxLength: 4 },
  );
  const results = fc.tuple(findings, findings).map(([a, b]) => [check('IP-04', ...a), check('AP-01', ...b)]);
  const by = { owner: 'Ada', reason: 'so', expires: '2027-01-31' };

  it('written from a run excuse that run, and nothing that fails in it is left out', () => {
    fc.assert(
      fc.property(results, (checks) => {
        const before = exitOf([], checks).exitCode;
        const { exitCode, states } = exitOf(entriesFor(checks, [], by), checks);
        expect(states.every((state) => state === 'known' || before === 5)).toBe(true);
        expect(exitCode).toBe(before === 1 ? 0 : before);
      }),
    );
  });

  it('of an earlier run hide no failure that it did not have', () => {
    fc.assert(
      fc.property(results, results, (earlier, now) => {
        const entries = entriesFor(earlier, [], by);
        const { excused } = weigh(entries, now, [], '2027-01-01');
        for (const one of now.filter(({ verdict }) => verdict === 'fail' || verdict === 'unstable')) {
          const mine = entriesFor([one], [], by).map((row) => JSON.stringify(row));
          const known = entries.map((row) => JSON.stringify(row));
          expect(excused.has(one)).toBe(mine.every((row) => known.includes(row)));
        }
      }),
    );
  });
});

describe('the file', () => {
  const good = `entries:
  - check: IP-04
    code: duplicate
    owner: Ada
    reason: ticket 7
    expires: 2027-01-31
`;
  const read = (text: string) => readBaseline(text, 'known.yaml', ['IP-04', 'AP-01']);
  const told = (text: string) => read(text).problems.map(({ line, message, fix }) => `${line}: ${message} | ${fix}`);

  it('is read as it is written', () => {
    expect(read(good)).toEqual({ entries: [entry('IP-04', 'duplicate')], problems: [] });
    expect(read(printBaseline([], 'runs/x')).entries).toEqual([]);
  });

  it('comes back as it was, whatever the texts', () => {
    const words = fc.string({ minLength: 1, unit: 'binary' }).filter((text) => /\S/.test(text));
    const maybe = fc.option(words, { nil: undefined });
    fc.assert(
      fc.property(words, words, maybe, maybe, fc.option(fc.constant('Contact.A')), (owner, reason, sub, channel, row) => {
        const more = { ...(sub && { sub }), ...(channel && { channel }), ...(row && { row }) };
        const given = entry('AP-01', 'missing', { owner, reason, ...more });
        expect(read(printBaseline([given], 'runs/x'))).toEqual({ entries: [given], problems: [] });
      }),
    );
  });

  test.each<[string, string, RegExp]>([
    ['no YAML', 'entries: [', /^1: .* \| correct the YAML here/],
    ['no entries', 'known: []', /^1: a baseline has no setting "known" \| /],
    ['a word that there is not', good.replace('owner:', 'ownr:'), /^4: an entry has no setting "ownr" \| did you mean "owner"\?/],
    ['nobody owns it', good.replace(/ +owner: Ada\n/, ''), /^2: an entry lacks "owner" \(who mends it\) \| add "owner:"/],
    ['no day', good.replace('2027-01-31', 'never'), /^6: "never" is no day \| .*2027-01-31/],
    ['a day that there is not', good.replace('01-31', '02-30'), /^6: "2027-02-30" is no day/],
    ['no such check', good.replace('IP-04', 'IP-99'), /^2: there is no check IP-99 \| see "syncproof list checks"/],
    ['no id', good.replace('IP-04', 'everything'), /^2: "everything" is not an id/],
    ['a sentence for a code', good.replace('duplicate', 'Two contacts.'), /^3: "Two contacts\." is not a reason code/],
    ['a line of the map', good.replace('code:', 'row: "9"\n    code:'), /^3: "9" is not an object and its field/],
    ['an invariant for everybody', good.replace('IP-04', 'G1'), /^2: an invariant is put up with .* \| add "sub:"/],
    ['the same twice', `${good}${good.replace('entries:\n', '')}`, /^7: entry 2 says the same as entry 1 \| remove one/],
  ])('%s: line and fix', (_, text, says) => {
    expect(told(text).join('\n')).toMatch(says);
    expect(read(text).entries).toBeUndefined();
  });
});
