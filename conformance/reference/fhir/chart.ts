import { applyFacts } from '../apply.ts';
import type { Fact, Link, Stamp } from '../model.ts';
import { Failure } from '../retry.ts';
import type { Site } from '../settings.ts';
import type { Context } from '../sync.ts';
import type { Fhir } from './client.ts';
import { clinicalFacts } from './clinical.ts';
import type { Consent } from './consent.ts';
import { identityOf, type Patient, seedOf, seedOfAppointment } from './map.ts';

/** A patient to look up: by the EHR's own id where we know it, by MRN where we do not; both when we knew them before. */
export type Chart = {
  link?: Link;
  fhirId: string | null;
  /** Counts the passes over all charts. */
  pass: number;
};

/** Of the charts without a visit one in so many is asked for visits in each pass. */
const TURNS = 3;

/** Whether the clinical chart is read this time: always where there is one; for the others finding the first visit can wait a little. */
function isTurn({ link, pass }: Chart, key: string): boolean {
  const hasVisits = link?.desired.Problem_Count__c !== undefined;
  return hasVisits || (pass + Number(key.at(-1)?.charCodeAt(0))) % TURNS === 0;
}

/** Reads one patient with all appointments and the clinical chart, and takes in what they say. */
export async function readChart(context: Context, site: Site, fhir: Fhir, chart: Chart): Promise<void> {
  const { steps, store, machine, stop, wakeWriter } = context;
  // What is read was true at some time after it was asked for: so it can only replace what is older than the question.
  const asked = (): Stamp => ({ at: machine.now(), seq: '' });
  const stamp = asked();
  const found = await lookUp(context, site, fhir, chart);
  const patient = found && (await followMerge(fhir, found));
  const identity = patient && identityOf(patient, site);
  if (!patient || !identity) return;

  const key = steps.contactKey(identity);
  const facts: Fact[] = [
    { object: 'Contact', key, person: key, stamp, fields: steps.mapPatient(patient, site, steps), seed: seedOf(patient) },
  ];
  // We asked for one person and were given another: they are the same one now.
  if (chart.link && chart.link.key !== key) facts.push({ loser: chart.link.key, survivor: key, stamp });
  const listStamp = asked();
  for (const appointment of await steps.changedAppointments(fhir, patient.id)) {
    const number = appointment.identifier?.[0]?.value;
    if (!number) continue;
    const fields = { ...steps.mapAppointment(appointment, site, steps), Contact__c: key };
    facts.push({
      object: 'Appointment__c',
      key: steps.appointmentKey(site.authority, number, appointment.start),
      person: key,
      stamp: listStamp,
      fields,
      seed: seedOfAppointment(appointment, steps),
    });
  }
  const consentStamp = asked();
  for (const consent of await decisionsDue(context, fhir, patient.id)) {
    const number = consent.identifier?.[0]?.value;
    const fields = steps.mapConsent(consent, steps);
    if (!number || Object.keys(fields).length === 0) continue;
    facts.push({
      object: 'Communication_Consent__c',
      key: `${site.authority}|${number}`,
      person: key,
      stamp: consentStamp,
      fields: { ...fields, Contact__c: key },
      seed: {},
    });
  }
  if (stop.aborted) return;
  wakeWriter(
    store.transaction(() => {
      const persons = applyFacts(context, site.name, facts);
      store.markPolled(key, stamp.at, patient.id);
      return persons;
    }),
  );
  // Read and taken in apart: a hospital that refuses it keeps nobody's telephone number from being right.
  if (!isTurn(chart, key)) return;
  const clinicalStamp = asked();
  const clinical = await steps.clinicalChart(fhir, patient.id);
  if (clinical && !stop.aborted)
    wakeWriter(
      store.transaction(() => applyFacts(context, site.name, clinicalFacts(context, site, key, clinical, clinicalStamp))),
    );
}

/** Decisions are few and change seldom: each chart is asked for them every so often, and not with each look. */
const DECISIONS_EVERY_MS = 1_000;
const askedAt = new WeakMap<Fhir, Map<string, number>>();

async function decisionsDue({ steps, machine }: Context, fhir: Fhir, patientId: string): Promise<Consent[]> {
  const known = askedAt.get(fhir) ?? new Map<string, number>();
  askedAt.set(fhir, known);
  const now = machine.now();
  if (now - (known.get(patientId) ?? Number.NEGATIVE_INFINITY) < DECISIONS_EVERY_MS) return [];
  const found = await steps.consentsOf(fhir, patientId);
  known.set(patientId, now);
  return found;
}

async function lookUp(
  { steps, store, machine }: Context,
  site: Site,
  fhir: Fhir,
  { link, fhirId }: Chart,
): Promise<Patient | undefined> {
  if (!fhirId) return link && steps.findPatient(fhir, site, String(link.desired.MRN__c?.value));
  try {
    return await fhir.read<Patient>(`Patient/${fhirId}`);
  } catch (error) {
    // The EHR forgot this id (after a merge, say): next time the MRN is looked up again.
    if (link && error instanceof Failure && (error.status === 404 || error.status === 410))
      store.markPolled(link.key, machine.now(), null);
    throw error;
  }
}

/** The chart that is in use: an EHR answers for a merged-away one with a stub that points to the survivor, or with the survivor's. */
async function followMerge(fhir: Fhir, patient: Patient): Promise<Patient> {
  const survivor = patient.link?.find((one) => one.type === 'replaced-by')?.other?.reference;
  return survivor ? fhir.read<Patient>(survivor.replace(/^.*(?=Patient\/)/, '')) : patient;
}
