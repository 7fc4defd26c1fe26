import { describe, expect, it } from 'vitest';
import { appointment, contactOf, keyOf, patient, visitOf } from '../testing/by-hand.ts';
import { JournalBuilder, ORG, SITE } from '../testing/journal-builder.ts';
import { factsOf } from '../testing/setting.ts';
import { Facts, imageAt, wordsOf } from './facts.ts';

const MRN = '0000000000018';
const CANARY = 'Begahutogamuw';
const ada = patient(MRN, CANARY);
const COHORT = 'ID-01/epic';

const rows = (facts: Facts, cohort = COHORT) => facts.crmOf(cohort).map((row) => row.versions[0]!.ref.id);
const story = (facts: Facts, b: JournalBuilder, cohort = COHORT) =>
  (facts.story.get(cohort) ?? []).map((id) => b.events[Number(id.split(':')[1]) - 1]!.kind);

describe('words by which people are recognised', () => {
  it.each([
    ['Smith-Begahutogamuw', ['Smith-Begahutogamuw', 'Smith', 'Begahutogamuw']],
    ['1.2.3.4|0000000000018', ['1.2.3.4', '0000000000018']],
    ['MRN 0000000000018.', ['0000000000018.', '0000000000018']],
    ['eab-x.Y_z', ['eab-x.Y_z']],
    ['Ada Poe', []],
  ])('%s', (text, words) => {
    expect(wordsOf(text).filter((word) => word.length >= 5)).toEqual(words);
  });
});

describe('folds', () => {
  it('keeps each version of truth and of CRM rows, and what was deleted as null', () => {
    const b = new JournalBuilder();
    b.register('p1', ada);
    b.ehr('update', 'Patient', 'p1', { gender: 'male' });
    const middle = b.micros;
    b.ehr('delete', 'Patient', 'p1', null);
    b.crm('Contact', '003A', contactOf(ada));
    b.crm('Contact', '003A', null);
    const facts = factsOf(b);
    const truth = facts.truth.get(`ehr/${SITE}/Patient/p1`);
    expect(truth?.versions.map(({ act, actor, ref }) => [act, actor, ref.version])).toEqual([
      ['register', 'user:clinic', 1],
      ['update', 'user:clinic', 2],
      ['delete', 'user:clinic', 3],
    ]);
    expect(imageAt(truth, middle)?.gender).toBe('male');
    expect(imageAt(truth)).toBeNull();
    expect(imageAt(truth, 0)).toBeNull();
    // The recycle bin keeps the image; for the judge the row is gone.
    expect(imageAt(facts.crm.get(`crm/${ORG}/Contact/003A`))).toBeNull();
  });

  it('knows a feed as read from its first answer, also where that tells of nothing', () => {
    const b = new JournalBuilder();
    expect(factsOf(b).reads(`${SITE}/changed`)).toBe(false);
    const reply = { sim: 'ehr', tenant: SITE, kind: 'reply' } as const;
    b.add({ ...reply, data: { operation: 'changed', status: 403 } });
    expect(factsOf(b).reads(`${SITE}/changed`)).toBe(false);
    b.add({ ...reply, served: [], data: { operation: 'changed', status: 200 } });
    expect(factsOf(b).reads(`${SITE}/changed`)).toBe(true);
  });

  it('keeps what became of a message: queued, sent, answered, or dropped', () => {
    const b = new JournalBuilder();
    const first = b.register('p1', ada);
    b.deliver('ADT^A04', first, { acks: ['refused', 'silent', 'positive'] });
    const second = b.ehr('update', 'Patient', 'p1', { gender: 'male' });
    b.sent(b.queue('ADT^A08', second), 'ADT^A08', second.records!, { dropped: true });
    b.add({ sim: 'hl7', tenant: SITE, kind: 'ack', data: { outcome: 'stale' } });
    b.add({ sim: 'hl7', tenant: SITE, kind: 'queue', records: second.records, data: { emitted: false, reason: 'none' } });
    const messages = factsOf(b).messagesOf('p1');
    expect(messages.map(({ type, sent, acks, dropped }) => [type, sent.length, acks.map((a) => a.outcome), dropped])).toEqual([
      ['ADT^A04', 2, ['refused', 'silent', 'positive'], undefined],
      ['ADT^A08', 0, [], true],
    ]);
  });

  it('keeps of a load run what is owed, and none of what only checks ask for', () => {
    const b = new JournalBuilder();
    b.add({ sim: 'judge', kind: 'run', data: { type: 'begin', load: {}, checks: [] } });
    b.add({ sim: 'judge', kind: 'check', cohort: COHORT, data: { type: 'begin', seed: '1' } });
    const first = b.register('p1', ada);
    b.deliver('ADT^A04', first, { acks: ['silent'] });
    const second = b.ehr('update', 'Patient', 'p1', { gender: 'male' });
    b.deliver('ADT^A08', second, { acks: ['positive'] });
    const facts = factsOf(b);
    expect(facts.messagesOf('p1').map(({ type, text }) => [type, text])).toEqual([['ADT^A04', undefined]]);
    expect(facts.messages.size).toBe(1);
    expect(facts.toldAt.get(SITE)).toBeGreaterThan(second.at);
    expect(facts.servedAt(second.records![0]!, `${SITE}/hl7`)).toBeGreaterThan(second.at);
    expect([facts.calls.length, facts.story.size]).toEqual([0, 0]);
  });

  it('takes a message in for none of the link out', () => {
    const b = new JournalBuilder();
    const { records } = b.register('p1', ada);
    b.add({ sim: 'hl7', tenant: SITE, kind: 'message', records, data: { direction: 'in', control: '9', type: 'ADT^A31' } });
    expect(factsOf(b).messagesOf('p1')).toEqual([]);
  });

  it('keeps faults, heals, intruders and defects; a stop without a defect is none', () => {
    const b = new JournalBuilder();
    b.fault('r1', 'outage', b.request('ehr', 'GET', '/x'));
    b.heal('r1');
    b.add({ sim: 'kernel', kind: 'intruder' });
    b.add({ sim: 'kernel', kind: 'stop', data: { defect: 'boom\n at x' } });
    b.add({ sim: 'kernel', kind: 'stop' });
    b.add({ sim: 'judge', kind: 'subject', data: { what: 'died', how: 'by SIGSEGV' } });
    const { fired, healed, intruders, defects, subject } = factsOf(b);
    expect({ fired: fired.map((f) => [f.rule, f.fault, f.request]), healed: healed.map((h) => h.rule) }).toEqual({
      fired: [['r1', 'outage', 'sandbox:1']],
      healed: ['r1'],
    });
    expect([intruders, defects, subject[0]?.what]).toEqual([
      ['sandbox:4'],
      [{ event: 'sandbox:5', message: 'boom\n at x' }],
      'died',
    ]);
  });

  it('keeps what the judge wrote about a check, and forgets what no check began', () => {
    const b = new JournalBuilder();
    b.note('lost', 1);
    b.begin();
    b.note('rule lost', 'r1');
    b.settled('arrived', 'window', ['Patient/p1 on hl7']);
    b.check({ type: 'error', message: 'boom' });
    b.end();
    const log = factsOf(b).checks.get(COHORT)!;
    expect([...log.notes]).toEqual([['rule lost', 'r1']]);
    expect(log.marks.get('arrived')).toMatchObject({ by: 'window', waitedMs: 10, owed: ['Patient/p1 on hl7'] });
    expect([log.seed, log.error, log.endedAt]).toEqual(['seed', 'boom', b.micros]);
  });

  it('merges what the run says at its beginning and at its end', () => {
    const b = new JournalBuilder();
    b.add({ sim: 'judge', kind: 'run', data: { type: 'begin', id: 'r', checks: [] } });
    b.add({ sim: 'judge', kind: 'run', data: { type: 'end', status: 'finished' } });
    expect(factsOf(b).run).toMatchObject({ id: 'r', status: 'finished' });
  });
});

describe('whose a CRM row is', () => {
  const start = () => {
    const b = new JournalBuilder();
    b.begin();
    b.know(CANARY);
    b.register('ePat.0001-x', ada);
    return b;
  };

  it.each<[string, object, string[]]>([
    ['by its key', { EHR_Key__c: keyOf(ada) }, ['003A']],
    ['by the canary in a name', { LastName: `Hale-${CANARY}` }, ['003A']],
    ['by the MRN in a field outside the map', { Description: `MRN ${MRN}, see chart` }, ['003A']],
    ['by the id of the EHR record', { Source__c: 'Patient/ePat.0001-x' }, ['003A']],
    ['by nothing', { LastName: 'Hale' }, []],
  ])('%s', (_, fields, expected) => {
    const b = start();
    b.crm('Contact', '003A', fields);
    expect(rows(factsOf(b))).toEqual(expected);
  });

  it('by the id of its parent row', () => {
    const b = start();
    b.crm('Contact', '003A000000000001AA', contactOf(ada));
    b.crm('Task', '00TA000000000001AA', { WhoId: '003A000000000001AA' });
    expect(rows(factsOf(b))).toEqual(['003A000000000001AA', '00TA000000000001AA']);
  });

  it('is known late: a row that gets its key afterwards counts with all its versions', () => {
    const b = start();
    b.crm('Contact', '003A', { LastName: 'Hale' });
    const before = factsOf(b);
    b.crm('Contact', '003A', { EHR_Key__c: keyOf(ada) });
    const after = factsOf(b);
    expect([rows(before), rows(after)]).toEqual([[], ['003A']]);
    expect(after.crmOf(COHORT)[0]?.versions).toHaveLength(2);
  });

  it('stays with the first: two checks do not share a row', () => {
    const b = start();
    b.crm('Contact', '003A', contactOf(ada));
    b.cohort = 'ID-02/epic';
    b.register('p2', patient('0000000000026', 'Bikanupekelin'));
    b.crm('Contact', '003A', { LastName: 'Hale-Bikanupekelin', EHR_Key__c: '1.2.3.4|0000000000026' });
    const facts = factsOf(b);
    expect([rows(facts), rows(facts, 'ID-02/epic')]).toEqual([['003A'], []]);
  });
});

describe('what the subject was shown', () => {
  const b = new JournalBuilder();
  const v1 = b.register('p1', ada);
  const v2 = b.ehr('update', 'Patient', 'p1', { gender: 'male' });
  const v3 = b.ehr('update', 'Patient', 'p1', { gender: 'other' });
  const polled = b.poll(...v2.records!);
  b.poll(...v1.records!); // a stale answer takes nothing back
  b.reply(b.request('ehr', 'GET', '/Patient/p1'), 'reset', v3.records!); // severed: nothing was shown
  b.deliver('ADT^A08', v3, { acks: ['silent', 'error'] });
  const row = b.crm('Contact', '003A', contactOf(ada));
  b.reply(b.request('crm', 'GET', '/query'), 200, row.records);
  const facts = factsOf(b);

  it.each([
    ['an earlier version counts as shown', v1, 'epic/poll', polled.at],
    ['the version itself', v2, 'epic/poll', polled.at],
    ['a later one is not', v3, 'epic/poll', undefined],
    ['nothing on a link without a positive answer', v3, 'epic/hl7', undefined],
    ['a CRM row', row, 'crm', b.micros],
    ['not on another channel', row, 'epic/poll', undefined],
  ])('%s', (_, commit, channel, at) => {
    expect(facts.servedAt(commit.records![0]!, channel)).toBe(at);
  });

  it('a positive answer shows what the message carried', () => {
    const link = new JournalBuilder();
    const commit = link.register('p1', ada);
    link.deliver('ADT^A04', commit);
    expect(factsOf(link).servedAt(commit.records![0]!, 'epic/hl7')).toBe(link.micros);
  });
});

describe('open calls and due retries', () => {
  const start = () => {
    const b = new JournalBuilder();
    b.begin();
    b.know(CANARY);
    b.register('p1', ada);
    return b;
  };
  const state = (b: JournalBuilder) => {
    const facts = factsOf(b);
    return [facts.openCalls(COHORT), facts.retryDueSince(COHORT) !== undefined];
  };

  it.each<[string, 'GET' | 'POST', string, string | object | undefined, number]>([
    ['the MRN in a URL', 'GET', `/Patient?identifier=urn:oid:1.2.3.4%7C${MRN}`, undefined, 1],
    ['the MRN in a form', 'POST', '/Patient/_search', `identifier=urn%3Aoid%3A1.2.3.4%7C${MRN}`, 1],
    ['the canary in a body', 'POST', '/Contact', { LastName: `Hale-${CANARY}` }, 1],
    ['a URL that cannot be decoded', 'GET', `/x?100%&name=${CANARY}`, undefined, 1],
    ['nobody', 'GET', '/Patient?_lastUpdated=gt2026', undefined, 0],
  ])('a call that names %s', (_, method, url, body, open) => {
    const b = start();
    b.request('ehr', method, url, body);
    expect(state(b)).toEqual([open, false]);
  });

  it.each<[number | 'reset', boolean]>([
    [200, false],
    [400, false],
    [422, false],
    [401, true],
    [429, true],
    [503, true],
    ['reset', true],
  ])('%s closes it; a retry is then due: %s', (status, due) => {
    const b = start();
    b.reply(b.request('crm', 'POST', '/Contact', contactOf(ada)), status);
    expect(state(b)).toEqual([0, due]);
  });

  it('the next call about the same people to the same system is the retry', () => {
    const b = start();
    b.reply(b.request('crm', 'POST', '/Contact', contactOf(ada)), 'reset');
    b.poll(b.ref('Patient', 'p1'));
    b.reply(b.request('ehr', 'GET', `/Patient?identifier=${MRN}`), 200);
    expect(state(b)).toEqual([0, true]);
    b.request('crm', 'POST', '/Contact', contactOf(ada));
    expect(state(b)).toEqual([1, false]);
  });

  it('a restart of the process forgets what was open in it: a retry is then due, and the world healed', () => {
    const b = start();
    b.request('crm', 'POST', '/Contact', contactOf(ada));
    b.add({ sim: 'kernel', kind: 'start', incarnation: 2, process: 'other' });
    expect(state(b)).toEqual([1, false]);
    b.add({ sim: 'kernel', kind: 'start', incarnation: 2 });
    expect(state(b)).toEqual([0, true]);
    expect(factsOf(b).healed.at(-1)).toEqual({ at: b.micros, rule: 'sandbox was away' });
  });
});

describe('the story of a check', () => {
  it('tells what touched its people, in order, each event once, reads only where they failed', () => {
    const b = new JournalBuilder();
    b.begin();
    b.know(CANARY);
    const commit = b.register('p1', ada);
    b.deliver('ADT^A04', commit);
    const refused = b.request('crm', 'POST', '/Contact', contactOf(ada));
    b.fault('r1', 'throttle', refused);
    b.reply(refused, 429);
    b.crm('Contact', '003A', contactOf(ada));
    b.reply(b.request('crm', 'GET', `/query?q=${MRN}`), 200, [b.ref('Contact', '003A')]);
    b.poll(...commit.records!);
    b.poll(...commit.records!);
    b.book('a1', appointment('100000001', 'p1'));
    b.crm('Appointment__c', 'a0A', visitOf(b.image('Appointment', 'a1'), '003A'));
    b.end();
    // biome-ignore format: one line reads as the sequence that it is
    expect(story(factsOf(b), b)).toEqual([
      'check', 'check', 'commit', 'queue', 'message', 'ack', 'request', 'fault', 'reply', 'commit', 'reply', 'reply', 'commit', 'commit', 'check',
    ]);
  });

  it('changes of state are dated, reads are not changes', () => {
    const b = new JournalBuilder();
    b.register('p1', ada);
    const changed = b.crm('Contact', '003A', contactOf(ada));
    b.poll(b.ref('Patient', 'p1'));
    expect(factsOf(b).changedAt.get(COHORT)).toBe(changed.at);
  });
});

describe('a sandbox that stayed up', () => {
  const run = { sim: 'judge', kind: 'run' } as const;

  it('holds earlier runs, of which only the records count, whichever journal is heard first', () => {
    const b = new JournalBuilder();
    b.add({ ...run, data: { type: 'begin', id: 'first', status: 'finished' } });
    b.begin();
    b.register('p1', ada);
    b.crm('Contact', '003A', contactOf(ada));
    b.add({ sim: 'control', kind: 'intruder' });
    b.add({ sim: 'ehr', tenant: SITE, kind: 'token', data: { scope: 'a', requestedScope: 'a b' } });
    b.know('Bafikilitizil');
    b.request('crm', 'GET', '/query?q=Bafikilitizil');
    b.poll(b.ref('Patient', 'p1'));
    b.check({ type: 'killed' });
    const late = b.events.length;
    b.add({ ...run, data: { type: 'begin', id: 'second' } });
    b.begin();
    const other = b.register('p2', patient('0000000000026', 'Otherwise'));
    b.add({ sim: 'kernel', kind: 'heal', data: { rule: 'r1' } });
    const inOrder = b.events;
    const recordsLast = [...b.events.slice(late), ...b.events.slice(0, late).filter(({ kind }) => kind === 'commit')];
    for (const events of [inOrder, recordsLast]) {
      const facts = new Facts();
      for (const event of events) facts.ingest(event);
      expect(facts.run).toEqual({ type: 'begin', id: 'second' });
      expect([facts.intruders.length, facts.healed.length, facts.checks.size]).toEqual([0, 1, 1]);
      expect([facts.tokens, facts.exposed, facts.downs, facts.reads(`${SITE}/poll`)]).toEqual([[], [], [], false]);
      expect(facts.truthOf(COHORT).map(({ key }) => key)).toEqual([`ehr/${SITE}/Patient/p2`]);
      expect(rows(facts)).toEqual([]);
      expect(imageAt(facts.truth.get(`ehr/${SITE}/Patient/p1`))).toMatchObject({ id: 'p1' });
      expect(facts.changedAt.get(COHORT)).toBe(other.at);
    }
  });
});
