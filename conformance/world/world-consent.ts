import { toConsent } from '#fixtures';

/** One decision of a patient: about one purpose, by one channel. */
export interface Decision {
  purpose: 'reminders' | 'marketing';
  channel: 'sms' | 'email' | 'phone';
  decision: 'permit' | 'deny';
  /** Epoch ms; systems keep whole seconds of it. */
  at: number;
  method: 'web' | 'phone' | 'paper';
  /** Where it was given, word for word. */
  source: string;
}

const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
const PURPOSES = { reminders: 'PATADMIN', marketing: 'HMARKT' } as const;
/** FHIR has no element for how a consent was taken down: hospitals use a category of their own. */
export const METHOD_SYSTEM = 'http://hospital.example/fhir/consent-method';

/** The elements of a Consent that a later decision changes. */
export function decisionPatch(
  { decision, at, method, source }: Omit<Decision, 'purpose' | 'channel'>,
  held: object,
): Record<string, unknown> {
  const { provision, category } = held as { provision: object; category: { coding?: { system?: string }[] }[] };
  const others = category.filter(({ coding = [] }) => !coding.some(({ system }) => system === METHOD_SYSTEM));
  return {
    provision: { ...provision, type: decision },
    dateTime: `${new Date(at).toISOString().slice(0, 19)}Z`,
    category: [...others, { coding: [{ system: METHOD_SYSTEM, code: method }] }],
    sourceAttachment: { title: source },
  };
}

/** A decision as a hospital keeps it: a Consent for each purpose and channel, with a number of its own. */
export function consentOf(patientRef: string, number: string, decision: Decision): Record<string, unknown> {
  const { purpose, channel } = decision;
  const made = toConsent({ patientRef, decision: decision.decision, about: 'messages', by: [channel] });
  const provision = { ...made.provision, purpose: [{ system: ACT_REASON, code: PURPOSES[purpose] }] };
  const held = { ...made, identifier: [{ value: number }], provision };
  return { ...held, ...decisionPatch(decision, held) };
}
