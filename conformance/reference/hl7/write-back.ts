import { randomBytes } from 'node:crypto';
import { isOutdated } from '../crm/edits.ts';
import { readChart } from '../fhir/chart.ts';
import type { Fhir } from '../fhir/client.ts';
import { patchPatient } from '../fhir/write-back.ts';
import { type Desired, type Fields, type Link, NEVER } from '../model.ts';
import type { Site } from '../settings.ts';
import type { Outgoing } from '../store.ts';
import type { Context } from '../sync.ts';
import { decodeMessage, NULL, segment, timestamp, value } from './message.ts';
import { sendMllp } from './mllp.ts';

const ACK_WAIT_MS = 10_000;

/**
 * The message that carries a CRM user's edit into the EHR: an ADT^A31 for a person, with a CON segment for what they decided, an SIU^S14
 * with the note for an appointment. It
 * names whom it is about and holds what was edited; all other fields stay empty, which files nothing.
 */
export function writeBack(link: Link, edit: Fields, site: Site, now: number, patient: Link = link): string {
  const of = (name: string) => escaped(edit[name] ?? patient.desired[name]?.value ?? '');
  const authority = /^[\d.]+$/.test(site.authority) ? `&${site.authority}&ISO` : `&${escaped(site.authority)}&URI`;
  const mrn = escaped(link.person.slice(site.authority.length + 1));
  const pid: Record<number, string> = {
    1: '1',
    3: `${mrn}^^^${site.name.toUpperCase()}${authority}^MR`,
    5: `${of('LastName')}^${of('FirstName')}^^^^^L`,
    15: 'Preferred_Language__c' in edit ? escaped(edit.Preferred_Language__c ?? NULL) : '',
  };
  const person = ['PID', ...Array.from({ length: 15 }, (_, index) => pid[index + 1] ?? '')];
  const at = timestamp(now);
  const update = [header('ADT^A31^ADT_A05', site, at), ['EVN', 'A31', at], person, ['PV1', '1', 'N']];
  const number = () => escaped(link.key.slice(site.authority.length + 1));
  const carriers: Partial<Record<Link['object'], () => string[][]>> = {
    Communication_Consent__c: () => [...update, decision(number(), edit)],
    Appointment__c: () => [
      header('SIU^S14^SIU_S12', site, at),
      ['SCH', '', number(), '', '', '', '^Note of the call centre'],
      ['NTE', '1', '', escaped(edit.Note__c ?? NULL)],
      person,
      ['RGS', '1', 'U'],
    ],
  };
  const segments = carriers[link.object]?.() ?? update;
  return segments.map((fields) => `${fields.join('|')}\r`).join('');
}

const MODES: Record<string, string> = { Web: 'WEB', Phone: 'T', Paper: 'W' };

/** CON: which consent (4), where it was given (7), how (10), whether it stands (11) and since when (13). */
function decision(number: string, edit: Fields): string[] {
  const con: Record<number, string> = {
    1: '1',
    4: number,
    7: escaped(edit.Source__c ?? NULL),
    10: MODES[String(edit.Method__c)] ?? '',
    11: edit.Status__c === 'OptOut' ? 'R' : 'A',
    13: timestamp(Date.parse(String(edit.Captured__c))),
  };
  return ['CON', ...Array.from({ length: 13 }, (_, index) => con[index + 1] ?? '')];
}

function header(type: string, site: Site, at: string): string[] {
  const receiver = (site.mllp?.sender ?? '^').split('^');
  const control = randomBytes(10).toString('hex');
  const rest = [site.mllp?.processingId ?? 'P', '2.5.1', '', '', '', '', '', 'UNICODE UTF-8'];
  return ['MSH', '^~\\&', 'SYNC', 'CRM', ...receiver, at, '', type, control, ...rest];
}

/** Whether a message that was refused so often is put aside: a second try is due, as some say AE for "busy", and no third. */
export const isHopeless = (refusals: number): boolean => refusals >= 2;

/** Whether a decision that waits to be told is older than the one that the hospital took meanwhile. */
export const isOvertaken = (decided: string, known: Desired): boolean => isOutdated({ Captured__c: decided }, known);

/** What the contact shows of a refused edit: the names of the fields, and nothing of what stands in them. */
export const refusalMark = (fields: string): Fields => ({ Write_Back_Error__c: `The hospital refused ${fields}` });

/** Shows in the contact, or no longer, that the hospital refused something; the last outcome counts. */
export function markContact({ store, wakeWriter }: Context, person: string, mark: Fields): void {
  const link = store.link('Contact', person);
  const changed = Object.entries(mark).filter(([name, value]) => link && value !== (link.desired[name]?.value ?? null));
  if (!link || changed.length === 0) return;
  const marks = changed.map(([name, value]) => [name, { value, stamp: NEVER }]);
  store.putLink({ ...link, desired: { ...link.desired, ...Object.fromEntries(marks) }, revision: link.revision + 1 });
  wakeWriter([person], 'crm');
}

type Outcome = 'accepted' | 'refused' | 'unknown' | 'overtaken';

const UNMARKED: Fields = { Write_Back_Error__c: null };

/** Sends what waits for a site, one message at a time, each until the hospital took it. Runs until the sync stops. */
export async function sendOutbox(context: Context, site: Site, fhir?: Fhir): Promise<void> {
  const { steps, store, machine, setAside, stop, audit } = context;
  const to = site.sendTo;
  if (!to && !site.patches) return;
  let attempt = 0;
  let refusals = 0;
  while (!stop.aborted) {
    const next = store.nextMessage(site.name);
    const outcome =
      next && (await (site.patches ? patch(next) : next.decided === null ? send(next.text) : sendDecision(next, next.decided)));
    if (stop.aborted) return;
    if (outcome === 'refused') refusals += 1;
    const isRefused = outcome === 'refused' && steps.isHopeless(refusals);
    if (next && (outcome === 'accepted' || outcome === 'overtaken' || isRefused)) {
      if (isRefused) setAside(site.name, next.text, 'write-back refused by the hospital');
      if (outcome !== 'refused') tellOf(next, outcome);
      store.transaction(() => {
        if (outcome !== 'overtaken') markContact(context, next.person, isRefused ? steps.refusalMark(next.fields) : UNMARKED);
        store.dropMessage(next.id);
      });
      attempt = 0;
      refusals = 0;
    } else {
      // Nothing to send, or to be sent again: the same control id lets the hospital see that it is the same message.
      await machine.sleep(next ? (steps.backoff(attempt, 0, machine.random) ?? ACK_WAIT_MS) : 100, stop);
      attempt = next ? attempt + 1 : 0;
    }
  }

  // Also of what the hospital need not hear any more: a decision that lost stays on record.
  function tellOf({ person, edit }: Outgoing, outcome: Outcome | undefined): void {
    const { what, before, after } = JSON.parse(edit) as { what: string; before: Fields; after: Fields };
    const id = store.link('Contact', person)?.fhirId;
    const about = [...(id ? [`Patient/${id}`] : []), what];
    if (outcome === 'accepted') audit({ who: site.fhir?.clientId ?? 'SYNC', action: 'update', what: about, before, after });
    else audit({ who: site.fhir?.clientId ?? 'SYNC', action: 'discard', what: about, before: after, after: {} });
  }

  async function patch({ text, person }: Outgoing): Promise<Outcome> {
    const link = store.link('Contact', person);
    return fhir && link ? patchPatient(fhir, site, link, JSON.parse(text) as Fields, steps) : 'unknown';
  }

  // A message says nothing of what it replaces: the hospital may have taken a later decision meanwhile, and would lose it.
  async function sendDecision({ text, person, key }: Outgoing, decided: string): Promise<Outcome> {
    const link = store.link('Contact', person);
    try {
      store.hint([person]);
      if (fhir && link) await readChart(context, site, fhir, { link, fhirId: link.fhirId, pass: 0 });
    } catch {
      return 'unknown';
    }
    const known = store.link('Communication_Consent__c', key)?.desired ?? {};
    return steps.isOvertaken(decided, known) ? 'overtaken' : send(text);
  }

  async function send(text: string): Promise<Outcome> {
    const enough = new AbortController();
    const waiting = AbortSignal.any([stop, enough.signal]);
    void machine.sleep(ACK_WAIT_MS, waiting).then(() => enough.abort());
    try {
      const reply = decodeMessage((await sendMllp(to as NonNullable<typeof to>, Buffer.from(text), waiting)).toString());
      const msa = segment(reply, 'MSA');
      if (value(msa, 2) !== decodeMessage(text).control) return 'unknown';
      return /^[AC]A$/.test(value(msa, 1)) ? 'accepted' : 'refused';
    } catch {
      return 'unknown';
    } finally {
      enough.abort();
    }
  }
}

const ESCAPES: Record<string, string> = { '|': '\\F\\', '^': '\\S\\', '~': '\\R\\', '\\': '\\E\\', '&': '\\T\\' };

// A line break would be the end of the segment.
const escaped = (text: unknown): string =>
  String(text)
    .replace(/[|^~\\&]/g, (char) => ESCAPES[char] as string)
    .replace(/\r\n?|\n/g, '\\.br\\');
