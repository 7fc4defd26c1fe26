import { applyFacts } from '../apply.ts';
import type { Fact, Link, Stamp } from '../model.ts';
import { Failure } from '../retry.ts';
import type { Site } from '../settings.ts';
import type { Context } from '../sync.ts';
import type { Fhir } from './client.ts';
import { clinicalFacts, together } from './clinical.ts';
import type { Clinical } from './clinical-types.ts';
import type { Consent } from './consent.ts';
import { type Witness, withoutElements } from './elements.ts';
import { appointmentFact, lastUpdated, patientFact, present } from './facts.ts';
import type { Patient } from './map.ts';

/** A patient to look up: by the EHR's own id where we know it, by MRN where we do not; both when we knew them before. */
export type Chart = {
  link?: Link;
  fhirId: string | null;
  /** Counts the passes over all charts. */
  pass: number;
  /** Where charts are read over and over: what others show of an element that this one lacks. */
  witness?: Witness;
};

/** Of the charts without a visit, or a decision, one in so many is asked for one in each pass. */
const TURNS = 3;

/** Whether more than the patient and the appointments is read this time: always where there is more; to find the first can wait a little. */
function isTurn({ pass, isHinted }: Chart & { isHinted: boolean }, key: string, has: boolean): boolean {
  return has || isHinted || (pass + Number(key.at(-1)?.charCodeAt(0))) % TURNS === 0;
}

/** Reads one patient with all appointments and the clinical chart, and takes in what they say. */
export async function readChart(context: Context, site: Site, fhir: Fhir, chart: Chart): Promise<void> {
  const { steps, store, machine, stop, wakeWriter } = context;
  // What is read was true at some time after it was asked for: so it can only replace what is older than the question.
  const asked = (): Stamp => ({ at: machine.now(), seq: '' });
  const stamp = asked();
  const found = await lookUp(context, site, fhir, chart);
  const patient = found && (await followMerge(fhir, found));
  const told = patient && patientFact(patient, site, steps, stamp);
  if (!patient || !told) return;

  const { key } = told;
  const gone = steps.goneElements(patient, store.link('Contact', key)?.desired);
  const doubtful = chart.witness?.doubts(key, patient, gone, stamp.at, chart.pass) ?? [];
  const turn = { ...chart, isHinted: store.takeHint(key) };
  const facts: Fact[] = [{ ...told, fields: withoutElements(told.fields, doubtful) }];
  // We asked for one person and were given another: they are the same one now.
  if (chart.link && chart.link.key !== key) facts.push({ loser: chart.link.key, survivor: key, stamp });
  const listStamp = asked();
  const ids = [patient.id, ...replaced(patient)];
  for (const id of ids)
    for (const appointment of await steps.changedAppointments(fhir, id))
      facts.push(...present(appointmentFact(appointment, key, site, steps, listStamp)));
  const consentStamp = asked();
  const hasDecided = store.recordsOf(key).some(({ object }) => object === 'Communication_Consent__c');
  const consents: Consent[] = [];
  if (isTurn(turn, key, hasDecided)) for (const id of ids) consents.push(...(await steps.consentsOf(fhir, id)));
  for (const consent of consents) {
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
      updatedAt: lastUpdated([consent]),
    });
  }
  if (stop.aborted) return;
  wakeWriter(
    store.transaction(() => {
      const persons = applyFacts(context, site.name, facts);
      store.markPolled(key, stamp.at, patient.id);
      return persons;
    }),
    'api',
  );
  // Read and taken in apart: a hospital that refuses it keeps nobody's telephone number from being right.
  if (!isTurn(turn, key, chart.link?.desired.Problem_Count__c !== undefined)) return;
  const clinicalStamp = asked();
  const charts: (Clinical | undefined)[] = [];
  for (const id of ids) charts.push(await steps.clinicalChart(fhir, id));
  const clinical = together(charts.filter((one) => one !== undefined));
  if (clinical && !stop.aborted)
    wakeWriter(
      store.transaction(() => applyFacts(context, site.name, clinicalFacts(context, site, key, clinical, clinicalStamp))),
      'api',
    );
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

/** Charts that were merged into this one: an EHR may leave with them whatever was recorded there. */
const replaced = ({ link = [] }: Patient): string[] =>
  link.flatMap(({ type, other }) => (type === 'replaces' ? (other?.reference?.replace(/^.*Patient\//, '') ?? []) : []));

/** The chart that is in use: an EHR answers for a merged-away one with a stub that points to the survivor, or with the survivor's. */
async function followMerge(fhir: Fhir, patient: Patient): Promise<Patient> {
  const survivor = patient.link?.find((one) => one.type === 'replaced-by')?.other?.reference;
  return survivor ? fhir.read<Patient>(survivor.replace(/^.*(?=Patient\/)/, '')) : patient;
}
