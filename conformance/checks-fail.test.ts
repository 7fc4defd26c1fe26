import { describe, expect, it } from 'vitest';
import { CHECKS } from './checks/index.ts';
import { Evidence, type Judged } from './facts/evidence.ts';
import { Facts } from './facts/facts.ts';
import { PERFECT } from './testing/behaviour.ts';
import { play } from './testing/play.ts';
import { MAP, manifest, site } from './testing/setting.ts';
import { WRONG_DATA } from './testing/wrong-data.ts';
import { WRONG_TRAFFIC } from './testing/wrong-traffic.ts';

const reasons = ({ findings }: Judged) => [...new Set(findings.map((finding) => finding.reason))];
const byId = (id: string) => CHECKS.find((check) => check.id === id)!;

const WRONG = [...WRONG_DATA, ...WRONG_TRAFFIC];

describe('each check fails a subject with the fault that it is there for', () => {
  it.each(WRONG)('%s: a subject that %s (%s)', async (id, _, reason, does) => {
    const messagesAlone = manifest([site({ read: [{ kind: 'hl7' }] })]);
    // Forged notifications are judged where no messages come.
    const noMessages = manifest([site({ read: [{ kind: 'poll', interval: 500 }] })]);
    const notified = does.trusts || does.answersForged || does.replays;
    const played = await play(byId(id), does, does.polls === false ? messagesAlone : notified ? noMessages : manifest());
    expect([played.verdict, reasons(played)]).toEqual(['fail', expect.arrayContaining([reason])]);
  });

  it('there is one for every check', () => {
    const ids = WRONG.map(([id]) => id);
    expect(CHECKS.map(({ id }) => id).filter((id) => !ids.includes(id))).toEqual([]);
  });
});

describe('a check whose stimulus did not come about is untestable', () => {
  /** The journal of a perfect run, without some of its events. */
  const without = async (
    id: string,
    drop: (event: { kind: string; data?: Record<string, unknown>; actor?: string }) => boolean,
  ) => {
    const { sandbox } = await play(byId(id), PERFECT);
    const facts = new Facts();
    for (const event of sandbox.b.events) if (!drop(event)) facts.ingest(event);
    const evidence = new Evidence(facts, MAP, manifest());
    evidence.output = () => sandbox.output;
    evidence.audit = () => sandbox.audit.lines;
    return evidence.judge(byId(id), manifest().sites);
  };

  const bitten = CHECKS.filter((check) => /world\.arm\(/.test(check.act.toString())).map(({ id }) => id);
  it.each(bitten)('%s, when no fault hit anything', async (id) => {
    expect(await without(id, ({ kind }) => kind === 'fault')).toMatchObject({ verdict: 'untestable', reason: 'did-not-bite' });
  });

  it('IP-08, when no message was sent again', async () => {
    const judged = await without('IP-08', ({ data }) => data?.key === 'replayed');
    expect(judged).toMatchObject({ verdict: 'untestable', reason: 'did-not-bite' });
  });

  it.each(['OR-03', 'OR-06'])('%s, when nothing was ever chosen', async (id) => {
    const judged = await without(id, ({ data }) => String(data?.key).startsWith('schedule '));
    expect(judged).toMatchObject({ verdict: 'untestable', reason: 'did-not-bite' });
  });

  it.each([
    ['counts it', [0, 1], undefined, 'pass', 'as-required'],
    ['counts nothing', [2, 2], undefined, 'fail', 'not-marked'],
    ['has no such hook', [], undefined, 'pass', 'as-required'],
    ['has one that fails', [], 'hooks.failed did not succeed: HTTP 500', 'untestable', 'no-count'],
  ])('OW-07, where the map has no field for marks and the subject %s', async (_, counts, broken, verdict, reason) => {
    const { sandbox } = await play(byId('OW-07'), { marks: false });
    for (const [i, label] of ['before', 'after'].entries())
      if (counts[i] !== undefined) sandbox.b.note(`failed ${label}`, counts[i]);
    if (broken) sandbox.b.note('failed hook', broken);
    const facts = new Facts();
    for (const event of sandbox.b.events) facts.ingest(event);
    const unmarked = { ...MAP, rows: MAP.rows.filter(({ owner }) => owner !== 'sync') };
    expect(new Evidence(facts, unmarked, manifest()).judge(byId('OW-07'), manifest().sites)).toMatchObject({ verdict, reason });
  });

  it('SE-10, where its owner attests something: marked as that, unless it fails', async () => {
    const attests = { encryption_at_rest: 'AES-256 on all volumes', business_associate_agreement: undefined };
    const judged = { ...manifest(), attests };
    const played = await play(byId('SE-10'), PERFECT, judged);
    expect([played.verdict, played.findings.map(({ message }) => message)]).toEqual([
      'attested',
      ['Attested, not witnessed: AES-256 on all volumes'],
    ]);
    expect(await play(byId('SE-10'), { hardCoded: true }, judged)).toMatchObject({ verdict: 'fail' });
  });

  it.each(['OW-01', 'OW-02'])('%s, when no user edited anything', async (id) => {
    const judged = await without(id, ({ actor }) => actor === 'user:clerk' || actor?.startsWith('link:') === true);
    expect(judged).toMatchObject({ verdict: 'untestable', reason: 'no-edit' });
  });

  it('HL-01, when nothing was acknowledged before the kill', async () => {
    const { sandbox } = await play(byId('HL-01'), PERFECT);
    const facts = new Facts();
    const killed = sandbox.b.events.find(({ data }) => data?.type === 'killed')!;
    for (const event of sandbox.b.events) facts.ingest(event.kind === 'ack' ? { ...event, at: killed.at + 1 } : event);
    const judged = new Evidence(facts, MAP, manifest()).judge(byId('HL-01'), manifest().sites);
    expect(judged).toMatchObject({ verdict: 'untestable', reason: 'did-not-bite' });
  });

  it.each([
    ['gave up before an answer was due', 1_000_000, 'untestable', 'not-waited'],
    ['waited as long as an answer may take', 30_000_000, 'fail', 'frame-lost'],
  ])('HL-04, when the sender %s', async (_, micros, verdict, reason) => {
    const { sandbox } = await play(byId('HL-04'), { hears: (fault) => fault !== 'split-frame' });
    const facts = new Facts();
    for (const event of sandbox.b.events)
      facts.ingest(event.data?.outcome === 'silent' ? { ...event, data: { ...event.data, micros } } : event);
    const { findings } = new Evidence(facts, MAP, manifest()).judge(byId('HL-04'), manifest().sites);
    expect(findings).toContainEqual(expect.objectContaining({ verdict, reason, sub: 'byte by byte' }));
  });

  it.each(['OR-01', 'OR-02'])('%s, when the messages came in order after all', async (id) => {
    const { sandbox } = await play(byId(id), PERFECT);
    const facts = new Facts();
    const held = sandbox.b.events.filter(({ kind, data }) => kind === 'fault' && data?.fault === 'reorder').map(({ seq }) => seq);
    expect(held).toHaveLength(1);
    for (const event of sandbox.b.events) {
      const versions = event.records?.map((ref) => ref.version) ?? [];
      const link = event.kind === 'message' || event.kind === 'ack';
      if (!link || versions[0] !== 1 || event.seq < held[0]!) facts.ingest(event);
    }
    const { findings } = new Evidence(facts, MAP, manifest()).judge(byId(id), manifest().sites);
    expect(findings.map(({ reason, verdict }) => [reason, verdict])).toEqual(
      id === 'OR-01' ? [] : [['did-not-bite', 'untestable']],
    );
  });

  it('what never settles, or is never read, is a failure of the subject', async () => {
    const { sandbox } = await play(byId('DM-01'), { polls: false });
    const verdictOf = (data: Record<string, unknown>) => {
      const facts = new Facts();
      for (const event of sandbox.b.events)
        facts.ingest(event.data?.type === 'settled' ? { ...event, data: { ...event.data, ...data } } : event);
      return new Evidence(facts, MAP, manifest()).judge(byId('DM-01'), manifest().sites);
    };
    expect(verdictOf({ by: 'never-settled' })).toMatchObject({ verdict: 'fail', reason: 'never-settled' });
    // The link is read, the poll never is; what was written is right either way.
    for (const owed of ['Patient/x on poll', 'Contact in the CRM', 'an answer to ADT^A08 on the link'])
      expect(verdictOf({ by: 'window', owed: [owed] })).toMatchObject({ verdict: 'fail', reason: 'not-read' });
    expect(verdictOf({ by: 'window', owed: ['Patient/x on hl7'] })).toMatchObject({ verdict: 'pass' });
    expect(verdictOf({ by: 'window', owed: [] })).toMatchObject({ verdict: 'pass' });
  });
});
