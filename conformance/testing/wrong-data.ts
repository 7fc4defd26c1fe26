import type { Behaviour, Image } from './behaviour.ts';
import { summaryOf } from './fake-chart.ts';

/** Check, what its subject does, the reason by which it fails, and how the model does that. */
export type WrongSubject = [check: string, does: string, reason: string, how: Behaviour];

const late = (act: string) => !['register', 'add', 'book'].includes(act);

const isFine = (one: Image): Image => (one.resourceType === 'Encounter' ? { ...one, status: 'finished' } : one);
const isActive = (one: Image): Image =>
  one.resourceType === 'Condition'
    ? {
        ...one,
        clinicalStatus: { coding: [{ code: 'active' }] },
        verificationStatus: { coding: [{ code: 'confirmed' }] },
      }
    : one;

/** Ms between rounds of polling for who is not to put right by one what was wrong before. */
const SELDOM = 600_000;

/** Subjects that are wrong in what they write: identity, fields, appointments, who owns what. */
export const WRONG_DATA: WrongSubject[] = [
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
  ['OW-01', 'lets every edit stand', 'wrong-value', { rounds: SELDOM, edit: () => ({ revert: [], writeBack: [] }) }],
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
  ['ID-04', 'writes nobody whose number it knows already', 'missing', { polls: false, write: () => undefined }],
  ['ID-05', 'knows no merges', 'still-live', { polls: false, takes: (type) => type !== 'ADT^A40' }],
  [
    'ID-05',
    'leaves the visits with the retired chart',
    'wrong-value',
    { rounds: SELDOM, write: (_, f, act) => (act === 'relink' ? undefined : f) },
  ],
  [
    'ID-06',
    'takes a late message for a sign of life',
    'still-live',
    { rounds: SELDOM, write: (_, f, act) => (act === 'given' ? { ...f, Active__c: true } : f) },
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
    { rounds: SELDOM, write: (_, f, act) => (act === 'given' ? { MobilePhone: null, MailingCity: null, ...f } : f) },
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
  ['EN-01', 'never shows a visit', 'wrong-value', { summary: () => ({}) }],
  [
    'EN-02',
    'sets the follow-up again with each look',
    'set-again',
    { write: (o, f, act) => (o === 'Contact' && act !== 'poll' ? { ...f, Follow_Up_By__c: null } : f) },
  ],
  ['EN-03', 'counts visits that were mistakes', 'stale-value', { summary: (chart) => summaryOf(chart.map(isFine)) }],
  ['EN-04', 'takes the visit that it heard of last', 'wrong-value', { summary: (_, news) => summaryOf([news]) }],
  [
    'CS-01',
    'copies notes',
    'note-copied',
    {
      summary: (chart, { note }) => ({
        ...summaryOf(chart),
        Description: note ? (note as { text: string }[])[0]!.text : undefined,
      }),
    },
  ],
  ['CS-02', 'flags what was ever recorded', 'stale-value', { summary: (chart) => summaryOf(chart.map(isActive)) }],
  [
    'CS-03',
    'counts what is excluded',
    'trace',
    {
      summary: (chart) => ({
        ...summaryOf(chart),
        Problem_Count__c: chart.filter((one) => one.resourceType === 'Condition').length || null,
      }),
    },
  ],
  [
    'CS-03',
    'tells everybody of a flag',
    'role-sees',
    { summary: (chart) => ({ ...summaryOf(chart), ...(summaryOf(chart).Diabetes__c === true && { Title: 'see chart' }) }) },
  ],
  [
    'CS-04',
    'writes something for each reading',
    'noise',
    { summary: (chart, { id }) => ({ ...summaryOf(chart), Description: String(id) }) },
  ],
  [
    'CS-05',
    'keeps the flag for good',
    'stale-value',
    {
      write: (o, f, act) =>
        o === 'Contact' && act === 'poll' && f.HbA1c_Due__c === false && f.Diabetes__c === true
          ? { ...f, HbA1c_Due__c: true }
          : f,
    },
  ],
  ['CS-06', 'lets every edit stand', 'stale-value', { rounds: SELDOM, edit: () => ({ revert: [], writeBack: [] }) }],
  ['CS-06', 'writes every edit to the EHR', 'written-back', { edit: (f) => ({ revert: [], writeBack: Object.keys(f) }) }],
  ['RF-01', 'makes no task', 'missing', { write: (o, f) => (o === 'Referral__c' ? undefined : f) }],
  [
    'RF-02',
    'takes called off for done',
    'wrong-value',
    { write: (_, f) => (f.Status__c === 'Not Done' ? { ...f, Status__c: 'Completed' } : f) },
  ],
  ['RF-02', 'keeps what was a mistake', 'still-live', { keepsMistakes: true }],
  [
    'RF-03',
    'closes what is overdue',
    'out-of-sight',
    { write: (o, f) => (o === 'Referral__c' ? { ...f, Status__c: 'Completed' } : f) },
  ],
  [
    'DQ-05',
    'takes pounds for kilograms',
    'wrong-value',
    { write: (_, f) => (f.Weight_kg__c === 81.6 ? { ...f, Weight_kg__c: 180 } : f) },
  ],
  [
    'DQ-06',
    'believes everything',
    'wrong-value',
    { write: (_, f) => (f.Weight_Note__c === 'Implausible' ? { ...f, Weight_kg__c: 7.3, Weight_Note__c: null } : f) },
  ],
  ['DQ-07', 'drops what has no code', 'missing', { write: (_, f) => (f.Substance__c === 'Unmapped' ? undefined : f) }],
  [
    'RC-03',
    'keeps what was a mistake',
    'still-live',
    { write: (o, f) => (o === 'Appointment__c' ? { ...f, Status__c: 'Booked' } : f) },
  ],
  ['SV-04', 'takes nothing where something is refused', 'stale-value', { polls: true, takes: () => false, needsAll: true }],
  ['SV-03', 'drops cancellations', 'stale-value', { polls: false, takes: (type) => type !== 'SIU^S15' }],
  ['RS-07', 'takes half an answer for all of it', 'stale-value', { takes: () => false, losesFiles: true }],
  ['BV-05', 'goes on without a file', 'missing', { takes: () => false, losesFiles: true }],
  ['BV-02', 'loses one', 'missing', { polls: false, reads: ({ id }) => !String(id).endsWith('-77') }],
  [
    'OW-06',
    'writes again with each look at the EHR',
    'repeated-writes',
    { write: (o, f, act) => (o === 'Contact' ? { ...f, Title: act } : f) },
  ],
  [
    'OW-03',
    'writes the whole row with each change of the EHR',
    'wrong-value',
    { write: (o, f, act) => (o === 'Contact' && act === 'update' ? { ...f, Preferred_Language__c: 'en' } : f) },
  ],
  ['OW-07', 'tries again and again', 'tried-often', { attempts: 5 }],
  ['OW-07', 'tells nobody', 'not-marked', { marks: false }],
  ['OW-07', 'lets everything wait behind a refusal', 'not-written-back', { stalls: true }],
  ['OW-04', 'lets what the CRM says count', 'wrong-winner', { edit: (f) => ({ revert: [], writeBack: Object.keys(f) }) }],
  ['OW-04', 'leaves each system its own', 'split-brain', { rounds: SELDOM, edit: () => ({ revert: [], writeBack: [] }) }],
  ['OW-05', 'writes what it read before', 'lost-update', { staleWrites: true }],
  [
    'CN-01',
    'keeps the decisions of the call centre to itself',
    'not-written-back',
    { edit: () => ({ revert: [], writeBack: [] }) },
  ],
  [
    'CN-02',
    'makes one flag of all channels',
    'wrong-value',
    { write: (_, f) => ({ ...f, ...('Channel__c' in f && { Channel__c: 'SMS' }) }) },
  ],
  ['CN-02', 'writes all decisions with each', 'collateral-change', { write: writesAllOnceOneIsRevoked() }],
  ['CN-03', 'learns of no revocation', 'sent-after-revocation', { write: (_, f) => (f.Status__c === 'OptOut' ? undefined : f) }],
  [
    'CN-04',
    'names itself as the source',
    'wrong-value',
    { write: (_, f) => ({ ...f, ...('Source__c' in f && { Source__c: 'sync' }) }) },
  ],
  ['CN-05', 'lets whatever comes last count', 'opt-out-undone', { edit: (f) => ({ revert: [], writeBack: Object.keys(f) }) }],
  [
    'CN-06',
    'knows no quiet hours',
    'wrong-value',
    { write: (_, f) => ({ ...f, ...('Quiet_Hours__c' in f && { Quiet_Hours__c: null }) }) },
  ],
  [
    'DM-06',
    'writes whoever is in the CRM over the one to call',
    'wrong-value',
    { write: (_, f) => ({ ...f, ...(f.Emergency_Contact__c ? { Emergency_Contact__c: 'Webform' } : {}) }) },
  ],
  ['ID-08', 'takes a lead for the chart', 'lead-overwritten', { leads: ({ FirstName }) => ({ FirstName }) }],
  ['ID-08', 'adds to a lead that is not its own', 'lead-touched', { leads: () => ({ Description: 'a patient' }) }],
  ['AP-06', 'drops cancellations', 'reminded-of-cancelled', { polls: false, takes: (type) => type !== 'SIU^S15' }],
  [
    'AP-09',
    'keeps what the call centre notes to itself',
    'not-written-back',
    { rounds: SELDOM, edit: () => ({ revert: [], writeBack: [] }) },
  ],
  ['AP-09', 'writes a note twice', 'written-often', { edit: () => ({ revert: [], writeBack: ['Note__c', 'Note__c'] }) }],
  [
    'AP-09',
    'writes what came back',
    'echoed',
    { polls: true, write: (_, f, act) => (act === 'modify' ? { ...f, Type__c: 'Changed' } : f) },
  ],
  [
    'DQ-08',
    'leaves out what is too long',
    'wrong-value',
    { write: (_, f) => (f.MailingCity && String(f.MailingCity).endsWith('…') ? { ...f, MailingCity: null } : f) },
  ],
  ['DQ-08', 'says nothing of whom it could not write', 'not-reported', { reports: false }],
  ['RC-02', 'lets what was loaded stand', 'wrong-value', { rounds: SELDOM, edit: () => ({ revert: [], writeBack: [] }) }],
  ['SV-05', 'says nothing of what no longer fits', 'not-reported', { reports: false }],
  [
    'SV-05',
    'empties what no longer fits',
    'value-lost',
    { write: (_, f) => ({ ...f, ...(f.MailingCity === 'New Rochelle Heights' && { MailingCity: null }) }) },
  ],
  [
    'OW-03',
    'writes the whole person to the EHR with each edit',
    'collateral-change',
    { edit: (f) => ({ revert: [], writeBack: [...Object.keys(f), 'MobilePhone'] }) },
  ],
];

function writesAllOnceOneIsRevoked(): NonNullable<Behaviour['write']> {
  let isRevoked = false;
  return (_, fields) => {
    isRevoked ||= fields.Purpose__c === 'Reminders' && fields.Channel__c === 'SMS' && fields.Status__c === 'OptOut';
    return isRevoked && fields.Purpose__c ? { ...fields, Title: 'again' } : fields;
  };
}
