import type { Consent, Patient } from '@medplum/fhirtypes';
import { Refusal } from '../message/ack.ts';
import { CLEARED } from '../message/build.ts';
import { hasSegment, type Message, value } from '../message/parse.ts';
import { parseTime } from '../message/time.ts';
import type { SiteChange } from '../site-port.ts';
import type { Intake } from './intake.ts';

/** CON-11, consent status (HL7 table 0498), as far as it is a decision. */
const DECISIONS: Record<string, 'permit' | 'deny'> = { A: 'permit', R: 'deny', X: 'deny' };
/** CON-10, consent mode (table 0497), and what sites add to it. */
const METHODS: Record<string, string> = { T: 'phone', W: 'paper', WEB: 'web' };
const METHOD_SYSTEM = 'http://hospital.example/fhir/consent-method';

/** The fields of CON that are read, and what they are in a FHIR Consent: what the docs show, too. */
export const CONSENT_FIELDS: readonly {
  field: number;
  name: string;
  element: string;
  values?: Readonly<Record<string, string>>;
}[] = [
  { field: 4, name: 'Consent Form Number', element: 'identifier' },
  { field: 7, name: 'Consent Background', element: 'sourceAttachment.title' },
  { field: 10, name: 'Consent Mode', element: `category, system ${METHOD_SYSTEM}`, values: METHODS },
  { field: 11, name: 'Consent Status', element: 'provision.type', values: DECISIONS },
  { field: 13, name: 'Consent Decision Date/Time', element: 'dateTime' },
];

/**
 * What a CON segment (HL7 2.5.1, chapter 9) in an A31 says of a consent that the hospital keeps: found by its number (CON-4), it takes
 * the decision (11), its time (13), how (10) and where (7) it was given. The standard leaves CON in an A31 to agreement
 * between two systems; there is no other message by which a CRM could tell. Nothing when there is none, or nothing new.
 * @throws Refusal
 */
export async function fileConsent(message: Message, patient: Patient, { port, facts }: Intake): Promise<SiteChange[]> {
  if (!hasSegment(message, 'CON')) return [];
  if (message.segments.filter(({ name }) => name === 'CON').length > 1)
    throw new Refusal('AE', 207, 'CON^2', 'one consent in a message');
  const number = value(message, 'CON', 4);
  if (!number) throw new Refusal('AE', 101, 'CON^1^4', 'the number of the consent is needed');
  const type = DECISIONS[value(message, 'CON', 11).toUpperCase()];
  if (!type) throw new Refusal('AE', 103, 'CON^1^11', 'the consent status is A, R or X');
  const dateTime = parseTime(value(message, 'CON', 13), facts.timeZone);
  if (!dateTime) throw new Refusal('AE', 102, 'CON^1^13', 'this is not a time');
  const found = (await port.find('Consent', { patient: patient.id! })) as Consent[];
  const known = found.find(
    (one) => one.patient?.reference === `Patient/${patient.id}` && one.identifier?.some((each) => each.value === number),
  );
  if (!known) throw new Refusal('AE', 204, 'CON^1^4', 'no consent of this patient has this number');
  const [method, source] = [METHODS[value(message, 'CON', 10).toUpperCase()], value(message, 'CON', 7)];
  const others = (known.category ?? []).filter(({ coding = [] }) => !coding.some(({ system }) => system === METHOD_SYSTEM));
  const after = {
    provision: { ...known.provision, type },
    dateTime,
    ...(method && { category: [...others, { coding: [{ system: METHOD_SYSTEM, code: method }] }] }),
    ...(source && { sourceAttachment: source === CLEARED ? null : { title: source } }),
  };
  const patch = Object.fromEntries(
    Object.entries(after).filter(([name, one]) => JSON.stringify(known[name as keyof Consent] ?? null) !== JSON.stringify(one)),
  );
  return Object.keys(patch).length > 0 ? [{ op: 'update', type: 'Consent', id: known.id!, patch }] : [];
}
