import type { Fields, Value } from '../model.ts';
import { Failure } from '../retry.ts';
import type { Steps } from '../steps.ts';
import { stated } from '../values.ts';
import type { Fhir } from './client.ts';

/** What of a FHIR R4 Consent is read here: one decision of a patient, about one purpose by one channel. */
export type Consent = {
  resourceType: 'Consent';
  id: string;
  identifier?: { value?: string }[];
  dateTime?: string;
  category?: { coding?: { system?: string; code?: string }[] }[];
  sourceAttachment?: { title?: string };
  provision?: { type?: string; purpose?: { code?: string }[]; code?: { coding?: { code?: string }[] }[] };
};

/** All that a patient decided. Not every vendor shows consents at all: a site that has none is not asked again. */
export async function consentsOf(fhir: Fhir, patientId: string): Promise<Consent[]> {
  if (shows.get(fhir) === false || fhir.listVisits) return [];
  try {
    return await fhir.search<Consent>(`Consent?patient=${encodeURIComponent(patientId)}`, 'Consent');
  } catch (error) {
    if (!(error instanceof Failure && NONE.includes(error.status))) throw error;
    shows.set(fhir, false);
    return [];
  }
}

const shows = new WeakMap<Fhir, boolean>();
/** Not found, not supported, not in our scopes. */
const NONE = [403, 404, 501];

const PURPOSES: Record<string, Value> = { PATADMIN: 'Reminders', HMARKT: 'Marketing' };
const CHANNELS: Record<string, Value> = { sms: 'SMS', email: 'Email', phone: 'Phone' };
const STATUS: Record<string, Value> = { permit: 'OptIn', deny: 'OptOut' };
const METHODS: Record<string, Value> = { web: 'Web', phone: 'Phone', paper: 'Paper' };
const METHOD_SYSTEM = 'http://hospital.example/fhir/consent-method';

/** The fields of a decision; nothing where a part of it is not understood: half a decision is none. */
export function mapConsent({ provision, dateTime, category, sourceAttachment }: Consent, steps: Steps): Fields {
  const purpose = PURPOSES[provision?.purpose?.[0]?.code ?? ''];
  const channel = CHANNELS[provision?.code?.[0]?.coding?.[0]?.code ?? ''];
  const status = STATUS[provision?.type ?? ''];
  const at = Date.parse(dateTime ?? '');
  if (!purpose || !channel || !status || Number.isNaN(at)) return {};
  const method = category?.flatMap(({ coding = [] }) => coding).find(({ system }) => system === METHOD_SYSTEM)?.code;
  return stated(
    {
      Purpose__c: purpose,
      Channel__c: channel,
      Status__c: status,
      Captured__c: new Date(at).toISOString(),
      Method__c: method === undefined ? null : METHODS[method],
      Source__c: sourceAttachment?.title ?? null,
    },
    steps,
  );
}
