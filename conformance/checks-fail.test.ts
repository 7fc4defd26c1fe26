import { describe, expect, it } from 'vitest';
import { CHECKS } from './checks/index.ts';
import { Evidence, type Judged } from './evidence.ts';
import { Facts } from './facts.ts';
import { type Behaviour, PERFECT } from './testing/behaviour.ts';
import { play } from './testing/play.ts';
import { MAP, manifest, site } from './testing/setting.ts';

const reasons = ({ findings }: Judged) => [...new Set(findings.map((finding) => finding.reason))];
const byId = (id: string) => CHECKS.find((check) => check.id === id)!;

const late = (act: string) => !['register', 'add', 'book'].includes(act);

/** Check, what its subject does, the reason by which it fails, and how the model does that. */
const WRONG: [string, string, string, Behaviour][] = [
  ['ID-01', 'misses people without a visit', 'missing', { polls: false, takes: (type) => type !== 'ADT^A28' }],
  [
    'ID-02',
    'links an update to a new row',
    'duplicate',
    { polls: false, creates: (object, act) => object === 'Contact' && late(act) },
  ],
  [
    'ID-03',
    'writes one name for both',
    'wrong-value',
    { write: (_, fields) => ({ ...fields, ...('FirstName' in fields && { FirstName: 'Anna' }) }) },
  ],
  [
    'DM-01',
    'moves leap days',
    'wrong-value',
    { write: (_, f) => ({ ...f, ...(String(f.Birthdate).endsWith('02-29') && { Birthdate: '1960-02-28' }) }) },
  ],
  [
    'DM-02',
    'empties the mail address with each update',
    'wrong-value',
    { polls: false, write: (o, f, act) => (o === 'Contact' && late(act) ? { ...f, Email: null } : f) },
  ],
  [
    'DM-02',
    'takes the language away with each update',
    'collateral-change',
    { polls: false, write: (o, f, act) => (o === 'Contact' ? { ...f, Preferred_Language__c: late(act) ? null : 'en' } : f) },
  ],
  [
    'AP-01',
    'forgets whose the appointment is',
    'wrong-value',
    { write: (o, f) => (o === 'Contact' ? f : { ...f, Contact__c: null }) },
  ],
  ['AP-02', 'drops cancellations', 'stale-value', { polls: false, takes: (type) => type !== 'SIU^S15' }],
  [
    'AP-03',
    'books a moved appointment anew',
    'duplicate',
    { polls: false, creates: (o, act) => o !== 'Contact' && act === 'reschedule' },
  ],
  [
    'AP-07',
    'takes the day of UTC',
    'wrong-value',
    { write: (o, f) => (o === 'Contact' ? f : { ...f, Local_Date__c: String(f.Start__c).slice(0, 10) }) },
  ],
  ['OW-01', 'lets every edit stand', 'wrong-value', { edit: () => ({ revert: [], writeBack: [] }) }],
  [
    'OW-01',
    'writes every edit to the EHR',
    'ehr-overwritten',
    { edit: (fields) => ({ revert: [], writeBack: Object.keys(fields) }) },
  ],
  ['OW-02', 'takes every edit back', 'not-written-back', { edit: (fields) => ({ revert: Object.keys(fields), writeBack: [] }) }],
  [
    'OW-02',
    'writes an edit twice',
    'written-often',
    { edit: (f) => ({ revert: [], writeBack: Object.keys(f).flatMap((name) => [name, name]) }) },
  ],
  ['IP-01', 'refuses copies', 'copy-refused', { ack: (_, copy) => (copy === 1 ? 'positive' : 'error') }],
  [
    'IP-01',
    'makes a row for each copy',
    'duplicate',
    { polls: false, creates: () => true, write: (_, f) => ({ ...f, Title: 'again' }) },
  ],
  [
    'OR-02',
    'revives what was cancelled',
    'stale-value',
    { polls: false, write: (_, f, act) => (act === 'book' ? { ...f, Status__c: 'Booked' } : f) },
  ],
  [
    'HL-03',
    'refuses the second copy',
    'resend-refused',
    { ack: (type, copy) => (type === 'SIU^S12' && copy === 2 ? 'error' : 'positive') },
  ],
  [
    'RS-01',
    'never takes what was queued',
    'stale-value',
    { polls: false, takes: (type) => type !== 'SIU^S15', ack: (type) => (type === 'SIU^S15' ? 'error' : 'positive') },
  ],
  ['ID-05', 'knows no merges', 'still-live', { polls: false, takes: (type) => type !== 'ADT^A40' }],
  [
    'ID-05',
    'leaves the visits with the retired chart',
    'wrong-value',
    { write: (_, f, act) => (act === 'relink' ? undefined : f) },
  ],
  [
    'ID-06',
    'takes a late message for a sign of life',
    'still-live',
    { write: (_, f, act) => (act === 'given' ? { ...f, Active__c: true } : f) },
  ],
  ['ID-07', 'makes a contact of nobody', 'made-nobody', { refuses: () => undefined }],
  [
    'ID-07',
    'acknowledges what names nobody',
    'not-refused',
    { refuses: () => undefined, write: (_, f, a) => (a === 'given' ? undefined : f) },
  ],
  [
    'DM-03',
    'never clears a field',
    'stale-value',
    { write: (_, f) => Object.fromEntries(Object.entries(f).filter(([, value]) => value !== null)) },
  ],
  [
    'DM-04',
    'takes absent for cleared',
    'wrong-value',
    { write: (_, f, act) => (act === 'given' ? { MobilePhone: null, MailingCity: null, ...f } : f) },
  ],
  [
    'DM-05',
    'takes the first address that it finds',
    'wrong-value',
    { write: (o, f) => (o === 'Contact' ? { ...f, MailingCity: 'Formerly' } : f) },
  ],
  ['DM-07', 'guesses', 'wrong-value', { write: (_, f) => ({ ...f, ...(f.Sex__c === 'Unknown' && { Sex__c: 'Female' }) }) }],
  [
    'DQ-01',
    'drops extensions',
    'wrong-value',
    { write: (o, f) => (o === 'Contact' ? { ...f, MobilePhone: String(f.MobilePhone).split(' ')[0] } : f) },
  ],
  [
    'DQ-02',
    'takes placeholders for numbers',
    'wrong-value',
    { write: (o, f) => (o === 'Contact' ? { ...f, MobilePhone: f.MobilePhone ?? '999-999-9999' } : f) },
  ],
  [
    'DQ-03',
    'reads dates as instants',
    'wrong-value',
    { write: (_, f) => ({ ...f, ...(f.Birthdate === '1900-01-01' && { Birthdate: '1899-12-31' }) }) },
  ],
  [
    'DQ-04',
    'completes dates',
    'invented-value',
    { write: (o, f) => (o === 'Contact' ? { ...f, Birthdate: f.Birthdate ?? '1957-01-01' } : f) },
  ],
  [
    'AP-04',
    'takes a missed visit for a completed one',
    'wrong-value',
    { write: (_, f) => ({ ...f, ...(f.Status__c === 'No-Show' && { Status__c: 'Completed' }) }) },
  ],
  [
    'AP-05',
    'knows no arrivals',
    'stale-value',
    { write: (_, f) => ({ ...f, ...(f.Status__c === 'Arrived' && { Status__c: 'Booked' }) }) },
  ],
  [
    'AP-08',
    'drops visits of people whom it does not know yet',
    'missing',
    { polls: false, write: (o, f) => (o !== 'Contact' && !f.Contact__c ? undefined : f) },
  ],
  [
    'AP-08',
    'leaves an early visit without its person',
    'wrong-value',
    { polls: false, write: (_, f, act) => (act === 'relink' ? undefined : f) },
  ],
  ['HL-01', 'forgets what it acknowledged', 'missing', { polls: false, keepsLater: true }],
  ['HL-02', 'takes everything', 'not-refused', { refuses: () => undefined }],
  ['HL-02', 'refuses otherwise than it declares', 'not-refused', { refuses: (mistake) => mistake && 'reject' }],
  [
    'HL-05',
    'leaves escapes as they are',
    'wrong-value',
    { write: (_, f) => ({ ...f, ...(f.MailingCity ? { MailingCity: String(f.MailingCity).replace('&', '\\T\\') } : {}) }) },
  ],
  [
    'HL-06',
    'reads bytes as Latin-1',
    'wrong-value',
    { write: (o, f) => (o === 'Contact' ? { ...f, LastName: Buffer.from(String(f.LastName)).toString('latin1') } : f) },
  ],
  ['HL-07', 'refuses old versions', 'refused', { refuses: (_, text) => (/\|2\.3\|/.test(text) ? 'reject' : undefined) }],
  [
    'IP-02',
    'takes a change of an appointment for a new one',
    'duplicate',
    { polls: false, creates: (o, act) => o !== 'Contact' && act === 'modify' },
  ],
  ['IP-06', 'creates again what it did not hear of', 'duplicate', { polls: false, creates: (_, act) => act === 'register' }],
  [
    'OW-06',
    'writes again with each look at the EHR',
    'repeated-writes',
    { write: (o, f, act) => (o === 'Contact' ? { ...f, Title: act } : f) },
  ],
  ['IP-04', 'creates again what it did not hear of', 'duplicate', { polls: false, creates: (_, act) => act === 'retry' }],
  ['OR-01', 'lets what arrives last count', 'stale-value', { polls: false, lastWins: true }],
  ['RS-02', 'gives up when the CRM is away', 'missing', { polls: false, catchesUp: false }],
  ['RS-08', 'acknowledges poison', 'not-refused', { refuses: () => undefined }],
  ['RS-08', 'never answers poison', 'not-answered', { refuses: (mistake) => mistake && 'silent' }],
  ['RS-09', 'forgets edits that were made while it was down', 'not-written-back', { catchesUp: false }],
  ['RC-01', 'polls, and makes nothing of it', 'stale-value', { write: (_, f, act) => (act === 'poll' ? undefined : f) }],
  ['SE-01', 'asks for everything', 'excess-scope', { scopes: 'system/*.read' }],
  [
    'SE-04',
    'looks people up by name',
    'phi-in-address',
    { asks: ({ LastName }) => `/query?q=${encodeURIComponent(`SELECT Id FROM Contact WHERE LastName = '${LastName}'`)}` },
  ],
  ['SE-05', 'prints what it could not write', 'phi-in-output', { prints: (f) => `503: ${JSON.stringify(f)}` }],
  ['BV-01', 'gives up on some', 'missing', { write: (_, f) => (/[05]$/.test(String(f.EHR_Key__c)) ? undefined : f) }],
];

describe('each check fails a subject with the fault that it is there for', () => {
  it.each(WRONG)('%s: a subject that %s (%s)', async (id, _, reason, does) => {
    const messagesAlone = manifest([site({ read: [{ kind: 'hl7' }] })]);
    const played = await play(byId(id), does, does.polls === false ? messagesAlone : manifest());
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
    return evidence.judge(byId(id), manifest().sites);
  };

  it.each(['IP-01', 'IP-04', 'IP-06', 'AP-08', 'OR-01', 'OR-02', 'RS-01', 'RS-02', 'RC-01', 'HL-03', 'SE-05'])(
    '%s, when no fault hit anything',
    async (id) => {
      expect(await without(id, ({ kind }) => kind === 'fault')).toMatchObject({ verdict: 'untestable', reason: 'did-not-bite' });
    },
  );

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
