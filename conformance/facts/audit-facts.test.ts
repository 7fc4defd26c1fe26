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
      'must not tell of a look at the contact in place of one at the chart',
      {
        lines: (lines) => {
          const { what } = JSON.parse(lines.find((line) => line.includes('"Contact/'))!) as { what: string[] };
          return lines.map((line) => (line.includes('"read"') ? JSON.stringify({ ...JSON.parse(line), what }) : line));
        },
      },
      ['fail', 'not-audited'],
    ],
    [
      'may tell of more than is asked, such as what was overruled',
      { lines: (lines) => [...lines, JSON.stringify({ ...JSON.parse(lines.at(-1)!), action: 'discard' })] },
      ['pass', 'as-required'],
    ],
  ])('%s', async (_, change, expected) => {
    expect(await judged(change)).toEqual(expected);
  });

  const both = manifest();
  both.promises.audited_reads = 'both';
  const looked = (operation: string, tells: boolean) => {
    const answered = { kind: 'reply', sim: 'crm', data: { operation } };
    return async () => {
      const { sandbox } = await play(se06!, PERFECT, both);
      const { events } = sandbox.b;
      const ends = events.findIndex(({ data }) => data?.label === 'changed');
      const row = events.find(({ kind, records }) => kind === 'commit' && records?.[0]?.type === 'Contact')!.records![0]!;
      const { at, wall } = events[ends]!;
      events.splice(ends, 0, {
        ...events[ends]!,
        ...answered,
        seq: 99_999,
        served: [row],
        records: [],
      } as (typeof events)[number]);
      const facts = new Facts();
      for (const event of events) facts.ingest(event);
      const evidence = new Evidence(facts, MAP, both);
      const told = JSON.stringify({ at: wall, who: 'sync', action: 'read', what: [`Contact/${row.id}`] });
      evidence.audit = () => (tells ? [...sandbox.audit.lines, told] : sandbox.audit.lines);
      expect(at).toBeGreaterThan(0);
      return evidence.judge(se06!, both.sites);
    };
  };
  it.each<[string, string, boolean, string]>([
    ['a query that it tells of', 'query', true, 'as-required'],
    ['a query that it does not tell of', 'query', false, 'not-audited'],
    ['what a stream brought by itself', 'stream', false, 'as-required'],
    ['the answer to a write', 'upsert', false, 'as-required'],
  ])('that is said to tell of the CRM, too, is held to it: %s', async (_, operation, tells, reason) =>
    expect(await looked(operation, tells)()).toMatchObject({ reason }),
  );

  it('is asked of nobody who declines to keep one', () => {
    const declined = { ...manifest(), capabilities: { audit: { no: 'the platform does it' } } } as ReturnType<typeof manifest>;
    const evidence = new Evidence(new Facts(), MAP, declined);
    expect(evidence.judge(se06!, [])).toMatchObject({
      verdict: 'not-applicable',
      message: expect.stringContaining('the platform does it'),
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
