import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../checks/index.ts';
import { type Behaviour, PERFECT } from '../testing/behaviour.ts';
import { play } from '../testing/play.ts';
import { MAP, manifest } from '../testing/setting.ts';
import { Evidence } from './evidence.ts';
import { Facts } from './facts.ts';

const [se06, se07] = ['SE-06', 'SE-07'].map((id) => CHECKS.find((check) => check.id === id)!);

/** A perfect run judged with another trail, or with something more in the journal. */
async function judged(change: { does?: Behaviour; lines?: (lines: string[]) => string[] | undefined; rewritten?: boolean }) {
  const { sandbox } = await play(se06!, change.does ?? PERFECT);
  if (change.rewritten) sandbox.b.add({ sim: 'judge', kind: 'subject', data: { what: 'audit-rewritten', source: 'a' } });
  const facts = new Facts();
  for (const event of sandbox.b.events) facts.ingest(event);
  const evidence = new Evidence(facts, MAP, manifest());
  const lines = change.lines ? change.lines(sandbox.audit.lines) : sandbox.audit.lines;
  if (lines) evidence.audit = () => lines;
  const { verdict, reason } = evidence.judge(se06!, manifest().sites);
  return [verdict, reason];
}

const sha256 = (value: unknown): unknown =>
  value === null ? null : `sha256:${createHash('sha256').update(String(value)).digest('hex')}`;
const hashed = (fields?: Record<string, unknown>) =>
  fields && Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, sha256(value)]));

describe('an audit trail', () => {
  it.each<[string, Parameters<typeof judged>[0], [verdict: string, reason: string]]>([
    ['that nobody names cannot be judged', { lines: () => undefined }, ['untestable', 'no-audit']],
    ['that is named and empty fails', { lines: () => [] }, ['fail', 'not-audited']],
    ['in which something was changed fails', { rewritten: true }, ['fail', 'rewritten']],
    ['that is no JSON fails', { lines: (lines) => [...lines, '{'] }, ['fail', 'unreadable']],
    [
      'may hold digests in place of values',
      { does: { audits: (entry) => ({ ...entry, before: hashed(entry.before), after: hashed(entry.after) }) } },
      ['pass', 'as-required'],
    ],
    [
      'must not hold digests of something else',
      { does: { audits: (entry) => ({ ...entry, after: hashed({ ...entry.after, Email: 'x', MobilePhone: 'x' }) }) } },
      ['fail', 'wrong-values'],
    ],
    [
      'may tell of what did not come about, said as that',
      {
        lines: (lines) => [
          ...lines,
          JSON.stringify({ ...JSON.parse(lines.findLast((line) => line.includes('"update"'))!), outcome: 'failure' }),
        ],
      },
      ['pass', 'as-required'],
    ],
    [
      'may tell of more than is asked, such as what was overruled',
      { lines: (lines) => [...lines, JSON.stringify({ ...JSON.parse(lines.at(-1)!), action: 'discard' })] },
      ['pass', 'as-required'],
    ],
  ])('%s', async (_, change, expected) => {
    expect(await judged(change)).toEqual(expected);
  });

  it('is asked of nobody who declines to keep one', () => {
    const declined = { ...manifest(), capabilities: { audit: { no: 'the platform does it' } } } as ReturnType<typeof manifest>;
    const evidence = new Evidence(new Facts(), MAP, declined);
    expect(evidence.judge(se06!, [])).toMatchObject({
      verdict: 'not-applicable',
      message: 'the manifest declines audit: the platform does it',
    });
  });
});

describe('where a record is from', () => {
  it('is asked of nobody whose map names no field for it', () => {
    const map = { ...MAP, rows: MAP.rows.filter(({ transform }) => !transform.startsWith('provenance:')) };
    expect(new Evidence(new Facts(), map, manifest()).judge(se07!, [])).toMatchObject({
      verdict: 'not-applicable',
      message: 'the map has no row that says where a record is from (transform provenance:…)',
    });
  });

  it('is asked of every object, where the map names it for some', async () => {
    const { sandbox } = await play(se07!, PERFECT);
    const facts = new Facts();
    for (const event of sandbox.b.events) facts.ingest(event);
    const rows = MAP.rows.filter(({ object, transform }) => object === 'Contact' || !transform.startsWith('provenance:'));
    const judged = new Evidence(facts, { ...MAP, rows }, manifest()).judge(se07!, manifest().sites);
    expect(judged).toMatchObject({ verdict: 'fail', reason: 'not-mapped' });
  });
});
