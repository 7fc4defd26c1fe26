import { describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import { contactOf, keyOf, patient } from '../testing/by-hand.ts';
import { JournalBuilder } from '../testing/journal-builder.ts';
import { MAP, manifest } from '../testing/setting.ts';
import { Evidence } from './evidence.ts';
import { Facts } from './facts.ts';
import { type Assessment, Settler, type SettleTerms } from './settle.ts';

const CANARY = 'Begahutogamuw';
const ada = patient('0000000000018', CANARY);
const COHORT = 'ID-01/epic';
const EHR = { sim: 'ehr', tenant: 'epic' };

const TERMS: SettleTerms = {
  site: 'epic',
  reads: ['poll'],
  crmBack: true,
  syncWindow: 3_000,
  pollInterval: 500,
  batchInterval: 0,
  retryWait: 2_000,
  types: ['Patient', 'Appointment'],
  objects: ['Contact', 'Appointment__c'],
};

/** A journal that is written, and folded, as a clock goes by. */
class Play {
  readonly clock = new ManualClock();
  readonly facts = new Facts();
  readonly b = new JournalBuilder(COHORT);
  readonly evidence = new Evidence(this.facts, MAP, manifest());
  readonly settler: Settler;
  readonly terms: SettleTerms;
  from = 0;

  constructor(terms: Partial<SettleTerms> = {}) {
    this.terms = { ...TERMS, ...terms };
    this.settler = new Settler(this.facts, this.clock, (cohort) => this.evidence.asMapped(cohort).length === 0);
    this.b.listener = (event) => this.facts.ingest(event);
    this.b.micros = 0;
    this.b.begin();
    this.b.know(CANARY);
  }

  async wait(ms: number): Promise<void> {
    await this.clock.advance(ms);
    this.b.micros = this.clock.micros();
  }

  get now(): Assessment {
    return this.settler.assess(COHORT, this.terms, this.from);
  }

  get reasons(): string[] {
    return this.evidence.asMapped(COHORT).map((finding) => finding.reason);
  }

  /** Ada is registered and her row written; what the subject was shown is left to the test. */
  arrived() {
    const commit = this.b.register('p1', ada);
    this.b.crm('Contact', '003A', contactOf(ada));
    return commit;
  }

  /** The same, and the poll has shown her. */
  read(): void {
    this.arrived();
    this.polled();
  }

  polled() {
    return this.b.poll(this.b.ref('Patient', 'p1'));
  }
}

/**
 * A history for each condition: at some moment all is as mapped and every other condition holds, so that a judge without
 * this one would pass the subject there; what comes later shows that it would have been wrong.
 */
interface Misjudged {
  condition: string;
  story: string;
  terms?: Partial<SettleTerms>;
  upTo(play: Play): Promise<void>;
  pending: string[];
  later(play: Play): Promise<void>;
  reason: string;
}

const speaking = (code: string) => ({ communication: [{ language: { coding: [{ code }] }, preferred: true }] });

const histories: Misjudged[] = [
  {
    condition: 'nothing is owed on any channel',
    story: 'the poll made the row; the message, answered late, makes a second one',
    terms: { reads: ['hl7', 'poll'] },
    async upTo(play) {
      const commit = play.arrived();
      play.polled();
      await play.wait(1_000);
      play.b.sent(play.b.queue('ADT^A04', commit), 'ADT^A04', commit.records!);
      await play.wait(2_500);
    },
    pending: ['Patient/p1 on hl7'],
    async later({ b }) {
      b.crm('Contact', '003B', { LastName: `Hale-${CANARY}`, Active__c: true });
    },
    reason: 'unexpected-row',
  },
  {
    condition: 'nothing is owed from the CRM',
    story: 'the clerk enters the language that the EHR has already; the sync, which reverts every edit, has not looked yet',
    async upTo(play) {
      play.read();
      play.b.edit('Contact', '003A', { Preferred_Language__c: 'en' });
      await play.wait(2_500);
    },
    pending: ['Contact in the CRM'],
    async later({ b }) {
      b.reply(b.request('crm', 'GET', '/query'), 200, [b.ref('Contact', '003A')]);
      b.crm('Contact', '003A', { Preferred_Language__c: null });
    },
    reason: 'wrong-value',
  },
  {
    condition: 'no call is open',
    story: 'two channels create at once, and the second call hangs',
    async upTo(play) {
      const { b } = play;
      b.request('crm', 'POST', '/sobjects/Contact', contactOf(ada));
      play.read();
      await play.wait(2_500);
    },
    pending: ['1 open calls'],
    async later({ b }) {
      b.crm('Contact', '003B', contactOf(ada));
    },
    reason: 'duplicate',
  },
  {
    condition: 'no retry is due',
    story: 'the create was committed and its answer lost: the retry creates once more',
    terms: { pollInterval: 100 },
    async upTo(play) {
      const { b } = play;
      const request = b.request('crm', 'POST', '/sobjects/Contact', contactOf(ada));
      play.arrived();
      b.reply(request, 'reset');
      play.polled();
      await play.wait(1_500);
    },
    pending: ['a retry is due'],
    async later({ b }) {
      b.request('crm', 'POST', '/sobjects/Contact', contactOf(ada));
      b.crm('Contact', '003B', contactOf(ada));
    },
    reason: 'duplicate',
  },
  {
    condition: 'two poll periods of standing still',
    story: 'the next poll reads an older page and writes it over',
    async upTo(play) {
      play.b.register('p1', ada);
      play.b.ehr('update', 'Patient', 'p1', { gender: 'other' });
      play.b.crm('Contact', '003A', { ...contactOf(ada), Sex__c: 'Other' });
      play.polled();
      await play.wait(900);
    },
    pending: [],
    async later({ b }) {
      b.crm('Contact', '003A', { Sex__c: 'Female' });
    },
    reason: 'stale-value',
  },
  {
    condition: 'the EHR standing still, too',
    story: 'what a clerk changed in the CRM was written to the chart, and is written over there by an older copy',
    async upTo(play) {
      play.read();
      play.b.edit('Contact', '003A', { Preferred_Language__c: 'es' });
      play.b.reply(play.b.request('crm', 'GET', '/query'), 200, [play.b.ref('Contact', '003A')]);
      await play.wait(800);
      play.b.ehr('update-person', 'Patient', 'p1', speaking('es'), { actor: 'link:sync' });
      play.polled();
      await play.wait(900);
    },
    pending: [],
    async later({ b }) {
      b.ehr('update-person', 'Patient', 'p1', speaking('en'), { actor: 'link:sync' });
    },
    reason: 'not-written-back',
  },
  {
    condition: 'no call is parked',
    story: 'a gate holds the second of two creates, which has looked already',
    async upTo(play) {
      const { b } = play;
      play.read();
      const { seq: cause } = b.request('crm', 'POST', '/sobjects/Contact', contactOf(ada));
      b.add({ sim: 'crm', kind: 'gate', cause, data: { gate: 'g1', rule: 'r', hook: 'before-commit', state: 'parked' } });
      await play.wait(2_500);
    },
    pending: ['1 open calls'],
    async later({ b }) {
      b.crm('Contact', '003B', contactOf(ada));
    },
    reason: 'duplicate',
  },
  {
    condition: 'the batch interval of standing still',
    story: 'the batch that is being collected writes an older value',
    terms: { batchInterval: 2_500 },
    async upTo(play) {
      play.b.register('p1', ada);
      play.b.ehr('update', 'Patient', 'p1', { gender: 'other' });
      play.b.crm('Contact', '003A', { ...contactOf(ada), Sex__c: 'Other' });
      play.polled();
      await play.wait(2_400);
    },
    pending: [],
    async later({ b }) {
      b.crm('Contact', '003A', { Sex__c: 'Female' });
    },
    reason: 'stale-value',
  },
  {
    condition: 'the whole window of standing still, while too few effects of messages were seen',
    story: 'the message was taken into custody; what the queue makes of it is a second row',
    terms: { reads: ['hl7'] },
    async upTo(play) {
      play.b.deliver('ADT^A04', play.arrived());
      await play.wait(2_900);
    },
    pending: [],
    async later({ b }) {
      b.crm('Contact', '003B', contactOf(ada));
    },
    reason: 'duplicate',
  },
];

describe('removing a condition would misjudge', () => {
  it.each(histories)('$condition: $story', async ({ terms, upTo, pending, later, reason }) => {
    const play = new Play(terms);
    await upTo(play);
    expect(play.reasons).toEqual([]);
    expect([play.now.by, play.now.pending]).toEqual([undefined, pending]);
    await later(play);
    expect(play.reasons).toContain(reason);
    expect(play.now.by).not.toBe('as-mapped');
  });

  it.each(histories)('$condition: and nothing but that kept it from settling', async ({ terms, upTo }) => {
    const play = new Play(terms);
    await upTo(play);
    const { b } = play;
    // What was waited for comes, and changes nothing.
    const [message] = play.facts.messagesOf('p1');
    if (message && message.acks.length === 0) b.ack(message.control, message.type, message.records);
    b.reply(b.request('crm', 'GET', '/query'), 200, [b.ref('Contact', '003A')]);
    const open = b.events.find(({ kind, data }) => kind === 'request' && data?.method === 'POST');
    if (open) b.reply(open, 200);
    await play.wait(3_000);
    expect(play.now).toMatchObject({ by: 'as-mapped', pending: [] });
  });
});

describe('a failure waits for the window after the last exposure', () => {
  it.each<[string, string, Partial<SettleTerms>, (play: Play) => Promise<void>]>([
    [
      'the wait begins after the commit',
      'the row comes inside the window of the wait',
      {},
      async (play) => {
        play.b.register('p1', ada);
        play.polled();
        await play.wait(2_500);
        play.from = play.clock.micros();
      },
    ],
    [
      'the message is sent long after the commit',
      'the link was busy with others',
      { reads: ['hl7'] },
      async (play) => {
        const commit = play.b.register('p1', ada);
        const control = play.b.queue('ADT^A04', commit);
        await play.wait(2_500);
        play.b.deliver('ADT^A04', commit, { control });
      },
    ],
    [
      'the message is sent again',
      'the first copy never arrived',
      { reads: ['hl7'] },
      async (play) => {
        const commit = play.b.register('p1', ada);
        const control = play.b.deliver('ADT^A04', commit, { acks: ['silent'] });
        await play.wait(2_500);
        play.b.deliver('ADT^A04', commit, { control });
      },
    ],
    [
      'an outage ends',
      'nothing could be read before',
      {},
      async (play) => {
        play.b.register('p1', ada);
        await play.wait(2_500);
        play.b.heal('r1');
        play.polled();
      },
    ],
    [
      'a CRM user edits',
      'the edit is the newest change',
      {},
      async (play) => {
        play.read();
        await play.wait(2_500);
        play.b.edit('Contact', '003A', { MobilePhone: '+12125550199' });
        play.b.reply(play.b.request('crm', 'GET', '/query'), 200, [play.b.ref('Contact', '003A')]);
      },
    ],
  ])('%s: %s', async (_, __, terms, upTo) => {
    const play = new Play(terms);
    await upTo(play);
    await play.wait(2_900);
    // More than a window after the first commit: who counted from there would call this a failure.
    expect(play.reasons).not.toEqual([]);
    expect(play.now.by).toBeUndefined();
    await play.wait(200);
    expect(play.now).toMatchObject({ by: 'window', owed: [] });
  });

  it('names what was never read', async () => {
    const play = new Play({ reads: ['hl7', 'poll'] });
    const commit = play.b.register('p1', ada);
    play.b.queue('ADT^A04', commit);
    await play.wait(3_100);
    expect(play.now).toMatchObject({ by: 'window', owed: ['Patient/p1 on hl7', 'Patient/p1 on poll'] });
  });

  it('waits for open calls, for three more windows', async () => {
    const play = new Play();
    play.b.register('p1', ada);
    play.polled();
    play.b.request('crm', 'POST', '/sobjects/Contact', contactOf(ada));
    await play.wait(11_000);
    expect(play.now.by).toBeUndefined();
    await play.wait(1_100);
    expect(play.now).toMatchObject({ by: 'window', pending: ['1 open calls'] });
  });
});

describe('what owes nothing', () => {
  it.each<[string, Partial<SettleTerms>, (play: Play) => void]>([
    [
      'a channel that is not declared',
      {},
      (play) => {
        play.b.queue('ADT^A04', play.arrived());
        play.polled();
      },
    ],
    [
      'a version that was superseded by one that was read',
      {},
      (play) => {
        play.arrived();
        play.b.ehr('update', 'Patient', 'p1', {});
        play.polled();
      },
    ],
    [
      'a type that the map does not take in',
      {},
      (play) => {
        play.read();
        play.b.ehr('add', 'Coverage', 'c1', {});
      },
    ],
    [
      'a commit that the link has no message for',
      { reads: ['hl7', 'poll'] },
      (play) => {
        play.read();
        const records = [play.b.ref('Patient', 'p1')];
        play.b.add({ sim: 'hl7', tenant: 'epic', kind: 'queue', records, data: { emitted: false, reason: 'none' } });
      },
    ],
    [
      'a message that a fault took away',
      { reads: ['hl7', 'poll'] },
      (play) => {
        const commit = play.arrived();
        play.b.sent(play.b.queue('ADT^A04', commit), 'ADT^A04', commit.records!, { dropped: true });
        play.polled();
      },
    ],
    [
      'an edit in the CRM that nobody reads back',
      { crmBack: false },
      (play) => {
        play.read();
        play.b.edit('Contact', '003A', { Preferred_Language__c: 'en' });
      },
    ],
    [
      'a call about somebody else',
      {},
      (play) => {
        play.read();
        play.b.request('crm', 'POST', '/sobjects/Contact', { LastName: 'Poe' });
      },
    ],
    [
      'a call that failed for good',
      {},
      (play) => {
        play.read();
        play.b.reply(play.b.request('crm', 'POST', '/sobjects/Contact', contactOf(ada)), 400);
      },
    ],
  ])('%s', async (_, terms, upTo) => {
    const play = new Play(terms);
    upTo(play);
    await play.wait(3_100);
    expect(play.now).toMatchObject({ by: 'as-mapped', pending: [] });
  });

  it('a retry that did not come in time', async () => {
    const play = new Play({ pollInterval: 100 });
    play.read();
    play.b.reply(play.b.request('crm', 'PATCH', '/x', contactOf(ada)), 503);
    await play.wait(1_900);
    expect(play.now.by).toBeUndefined();
    await play.wait(200);
    expect(play.now.by).toBe('as-mapped');
  });
});

describe('hold', () => {
  /** So many people, each with a row so many milliseconds after the acknowledgement. */
  const sampled = async (play: Play, effects: number[]) => {
    for (const [i, effect] of effects.entries()) {
      const n = String(i).padStart(4, '0');
      const person = patient(`100000000${n}`, 'Bikanupekelin');
      play.b.cohort = `S-${n}/epic`;
      play.b.deliver('ADT^A04', play.b.register(`p-${n}`, person));
      await play.wait(effect);
      play.b.crm('Contact', `003${n}`, { EHR_Key__c: keyOf(person) });
    }
    play.b.cohort = COHORT;
  };

  it.each<[string, Partial<SettleTerms>, number[], number]>([
    ['two poll periods', {}, [], 1_000],
    ['the batch interval where that is longer', { batchInterval: 2_000 }, [], 2_000],
    ['the window on a push channel that was never seen at work', { reads: ['hl7'] }, [], 3_000],
    ['the window with 29 samples', { reads: ['hl7'] }, Array(29).fill(10), 3_000],
    ['twice what 99 in 100 take with 30', { reads: ['hl7'], pollInterval: 0 }, [...Array(29).fill(10), 400], 800],
    ['two poll periods at least, then too', { reads: ['hl7', 'poll'] }, Array(30).fill(10), 1_000],
    ['the window at most', { reads: ['hl7'] }, [...Array(29).fill(10), 2_500], 3_000],
    ['the window for notifications, whatever messages show', { reads: ['hl7', 'subscription'] }, Array(30).fill(10), 3_000],
    ['two poll periods for a feed', { reads: ['changed'] }, [], 1_000],
  ])('%s', async (_, terms, effects, expected) => {
    const play = new Play(terms);
    await sampled(play, effects);
    expect(Math.round(play.settler.hold(play.terms))).toBe(expected);
  });

  it('is not shortened by messages that changed nothing', async () => {
    const play = new Play({ reads: ['hl7'] });
    const first = play.arrived();
    play.b.deliver('ADT^A04', first);
    for (let i = 0; i < 40; i++) play.b.deliver('ADT^A08', play.b.ehr('update', 'Patient', 'p1', {}));
    expect(play.settler.hold(play.terms)).toBe(3_000);
  });
});

describe('what tells of some types alone', () => {
  it.each(['changed', 'subscription'] as const)('%s owes patients and appointments, and nothing else', async (kind) => {
    const play = new Play({ reads: [kind], types: ['Patient', 'Appointment', 'Encounter'] });
    play.arrived();
    play.b.ehr('visit', 'Encounter', 'v1', { status: 'arrived' });
    expect(play.now.owed).toEqual([`Patient/p1 on ${kind}`]);
    const served = [play.b.ref('Patient', 'p1')];
    if (kind === 'changed') play.b.add({ ...EHR, kind: 'reply', served, data: { operation: 'changed', status: 200 } });
    else play.b.add({ ...EHR, kind: 'notice', served, data: { state: 'taken', status: 204 } });
    expect(play.now.owed).toEqual([]);
  });

  it('a poll shows nothing of what a feed owes, and a notification that was refused comes again', () => {
    const play = new Play({ reads: ['changed', 'subscription'] });
    play.read();
    play.b.add({ ...EHR, kind: 'notice', served: [play.b.ref('Patient', 'p1')], data: { state: 'refused', status: 500 } });
    expect(play.now.owed).toEqual(['Patient/p1 on changed', 'Patient/p1 on subscription']);
  });

  it('a feed may be late by its own setting before the window begins', async () => {
    const play = new Play({ reads: ['changed'], feedDelay: 2_000 });
    play.arrived();
    await play.wait(4_900);
    expect(play.now.by).toBeUndefined();
    await play.wait(200);
    expect(play.now).toMatchObject({ by: 'window', owed: ['Patient/p1 on changed'] });
  });
});

describe('what never comes to rest', () => {
  it('is given up four windows after the last stimulus', async () => {
    const play = new Play();
    play.read();
    for (let i = 0; i < 24; i++) {
      expect([i, play.now.by]).toEqual([i, undefined]);
      await play.wait(500);
      play.b.crm('Contact', '003A', { MobilePhone: i % 2 ? '+12125550199' : '+12125550143' });
    }
    await play.wait(100);
    expect(play.now).toMatchObject({ by: 'never-settled', pending: ['the state still changes'] });
  });

  it('so is an echo between both systems, though each round is a new exposure', async () => {
    const play = new Play({ reads: ['hl7', 'poll'] });
    play.b.deliver('ADT^A04', play.arrived());
    play.polled();
    for (let i = 0; i < 24; i++) {
      await play.wait(500);
      const language = { coding: [{ code: i % 2 ? 'es' : 'fr' }] };
      const echo = play.b.ehr(
        'update-person',
        'Patient',
        'p1',
        { communication: [{ language, preferred: true }] },
        { actor: 'link:sync' },
      );
      play.b.deliver('ADT^A31', echo);
      play.polled();
      play.b.crm('Contact', '003A', { Preferred_Language__c: i % 2 ? 'es' : 'fr' });
    }
    await play.wait(100);
    expect(play.now.by).toBe('never-settled');
  });

  it('a message that is never acknowledged ends the wait as a window, not never', async () => {
    const play = new Play({ reads: ['hl7'] });
    const commit = play.arrived();
    const control = play.b.queue('ADT^A04', commit);
    for (let i = 0; i < 6; i++) {
      play.b.deliver('ADT^A04', commit, { control, acks: ['silent'] });
      await play.wait(2_000);
    }
    await play.wait(100);
    expect(play.now).toMatchObject({ by: 'window', owed: ['Patient/p1 on hl7'] });
  });
});

describe('waiting', () => {
  it('ends when all is as mapped and stood still for the hold, and says how long it took', async () => {
    const play = new Play();
    const waiting = play.settler.wait(COHORT, play.terms);
    await play.wait(700);
    play.read();
    await play.wait(1_300);
    const settled = await waiting;
    expect(settled).toMatchObject({ by: 'as-mapped', pending: [], owed: [] });
    expect(settled.waitedMs).toBeGreaterThanOrEqual(1_700);
    expect(settled.waitedMs).toBeLessThan(2_000);
  });

  it('holds from its own beginning, however long the state stood still before', async () => {
    const play = new Play();
    play.read();
    await play.wait(60_000);
    play.from = play.clock.micros();
    expect(play.now.by).toBeUndefined();
    await play.wait(1_000);
    expect(play.now.by).toBe('as-mapped');
  });
});

describe('a sync that asks every five minutes', () => {
  const MINUTE = 60_000;
  const slow = { pollInterval: 5 * MINUTE, syncWindow: 15 * MINUTE, retryWait: MINUTE };
  const later = (minutes: number) => (play: Play) => play.wait(minutes * MINUTE);

  it.each<[string, (play: Play) => Promise<void>, Partial<Assessment>]>([
    ['is not judged before its first look', later(4.9), { by: undefined, owed: ['Patient/p1 on poll'] }],
    [
      'is not believed at its first look: the next may undo it',
      async (play) => {
        await later(5)(play);
        arrives(play);
        await later(9.9)(play);
      },
      { by: undefined, owed: [] },
    ],
    [
      'passes when two more looks have changed nothing',
      async (play) => {
        await later(5)(play);
        arrives(play);
        await later(10.1)(play);
      },
      { by: 'as-mapped', owed: [] },
    ],
    [
      'may miss a look, as long as its window lasts',
      async (play) => {
        await later(14.9)(play);
        arrives(play);
      },
      { by: undefined, owed: [] },
    ],
    [
      'fails when the window is over, and not before',
      async (play) => {
        await later(5)(play);
        play.polled();
        await later(10.1)(play);
      },
      { by: 'window', owed: [] },
    ],
  ])('%s', async (_, upTo, expected) => {
    const play = new Play(slow);
    play.b.register('p1', ada);
    await upTo(play);
    const { by, owed } = play.now;
    expect({ by, owed }).toEqual(expected);
  });

  const arrives = (play: Play): void => {
    play.b.crm('Contact', '003A', contactOf(ada));
    play.polled();
  };
});
