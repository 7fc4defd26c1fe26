import { ControlError, type RecordRef } from '#kernel';
import { CrmError } from './errors.ts';
import type { Org } from './org.ts';
import { isKey } from './schema.ts';
import { SoqlError } from './soql/error.ts';
import { prepare } from './soql/select.ts';
import { refOf, type Stored } from './store.ts';
import type { Row, Value } from './values.ts';

/** A job of the org that writes to people: it reads what a clinic's own would, and journals each message that it sends. */
export interface SendJob {
  /** Who is written to: a SOQL condition on the object; for reminders on visits, for campaigns on people. */
  where?: string;
  /** Object that is read; Appointment__c or Contact. */
  object?: string;
  /** Lookup from a visit to the person. */
  person?: string;
  /** Field with the time of a visit. */
  start?: string;
  /** Fields of the person with the address, in order of preference. */
  to?: string[];
  /** Fields of the person that forbid to write when true. */
  unless?: string[];
  /** Decisions of the person that forbid to write: rows of an object with that lookup to them for which the condition holds. */
  consent?: { object: string; person: string; forbids: string };
  /** Message; `{Field}` and `{Person.Field}` are filled in. */
  text?: string;
  /** Name of the sender in the journal. */
  name?: string;
  cohort?: string;
}

/** A message that a job wrote. */
export interface Sent {
  /** The record that it is about, and the person. */
  records: RecordRef[];
  to: string;
  text: string;
  /** Journal sequence number. */
  seq: number;
}

const REMINDER: Required<Pick<SendJob, 'object' | 'person' | 'start' | 'to' | 'unless' | 'where' | 'text'>> = {
  object: 'Appointment__c',
  person: 'Contact__c',
  start: 'Start__c',
  to: ['MobilePhone', 'HomePhone', 'Email'],
  unless: ['DoNotCall', 'Deceased__c'],
  where: "Start__c = NEXT_N_DAYS:2 AND Status__c IN ('Pending', 'Booked')",
  text: 'Dear {Person.FirstName} {Person.LastName}, we expect you on {Start__c}.',
};

const OUTREACH: typeof REMINDER = {
  object: 'Contact',
  person: '',
  start: '',
  to: ['Email'],
  unless: ['HasOptedOutOfEmail', 'Deceased__c'],
  where: 'Email != null AND Active__c = true',
  text: 'Dear {Person.FirstName}, it is time for your yearly check-up.',
};

/** Reminds people of their visits: one message for each visit that the condition takes. @throws ControlError */
export const remind = (org: Org, job: SendJob = {}): Promise<{ sent: Sent[]; skipped: number }> =>
  run(org, 'reminder', { ...REMINDER, ...job });

/** Writes to people for a campaign: one message for each person that the condition takes. @throws ControlError */
export const reachOut = (org: Org, job: SendJob = {}): Promise<{ sent: Sent[]; skipped: number }> =>
  run(org, 'outreach', { ...OUTREACH, ...job });

async function run(org: Org, kind: string, job: SendJob & typeof REMINDER): Promise<{ sent: Sent[]; skipped: number }> {
  const rows = await found(org, job);
  const refused = await whoRefused(org, job);
  const sent: Sent[] = [];
  let skipped = 0;
  for (const row of rows) {
    const person = personOf(org, job, row);
    const message = person && !refused.has(person.id) && messageTo(org, job, row, person);
    if (!message) {
      skipped++;
      continue;
    }
    const records = [refOf(org.id, row), ...(person === row ? [] : [refOf(org.id, person)])];
    const { seq } = org.kernel.journal.append({
      sim: 'crm',
      tenant: org.id,
      kind: 'send',
      actor: `user:${job.name ?? kind}`,
      cohort: job.cohort,
      records,
      data: { job: kind, ...message },
    });
    sent.push({ records, ...message, seq });
  }
  return { sent, skipped };
}

async function whoRefused(org: Org, { consent }: SendJob): Promise<Set<unknown>> {
  if (!consent) return new Set();
  const decisions = await found(org, { object: consent.object, where: consent.forbids, start: '' });
  return new Set(decisions.map(({ row }) => row[consent.person]));
}

async function found(org: Org, { object, where, start }: Pick<typeof REMINDER, 'object' | 'where' | 'start'>): Promise<Stored[]> {
  const soql = `SELECT Id FROM ${object} WHERE ${where}${start ? ` ORDER BY ${start}` : ''}`;
  try {
    const running = prepare(soql, org.tools).rows({ deleted: false });
    for (;;) {
      const step = running.next();
      if (step.done) return step.value;
      await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (error) {
    if (error instanceof SoqlError || error instanceof CrmError) throw new ControlError(400, error.message.trim());
    throw error;
  }
}

function personOf(org: Org, { person }: typeof REMINDER, row: Stored): Stored | undefined {
  if (!person) return row;
  const id = row.row[person];
  const stored = id ? org.store.find(String(id)) : undefined;
  return stored && !stored.deleted ? stored : undefined;
}

function messageTo(
  org: Org,
  { to, unless, text }: typeof REMINDER,
  row: Stored,
  person: Stored,
): { to: string; text: string } | undefined {
  if (unless.some((name) => person.row[name] === true) || optedOut(org, person)) return undefined;
  const address = to.map((name) => person.row[name]).find(Boolean);
  if (!address) return undefined;
  const filled = text.replace(/\{(Person\.)?(\w+)\}/g, (_, own: string | undefined, name: string) =>
    shown((own ? person : row).row, name),
  );
  return { to: String(address), text: filled };
}

const shown = (row: Row, name: string): string => String((row[name] as Value | undefined) ?? '');

// The newest consent of the person's Individual decides, where the org keeps consents.
function optedOut(org: Org, { row }: Stored): boolean {
  const type = org.schema.type('ContactPointTypeConsent');
  const party = type?.field('PartyId');
  const individual = row.IndividualId ?? row.PersonIndividualId;
  if (!type || !party || isKey(party) || !individual) return false;
  const consents = org.store
    .byIndex(type, party, individual)
    .filter((one) => one.row.ContactPointType === 'Email' || one.row.ContactPointType === 'Phone');
  const newest = consents.toSorted((a, b) => String(a.row.CaptureDate).localeCompare(String(b.row.CaptureDate))).at(-1);
  return newest?.row.PrivacyConsentStatus === 'OptOut';
}
