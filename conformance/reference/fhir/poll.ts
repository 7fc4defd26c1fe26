import { applyFacts } from '../apply.ts';
import { eachOf } from '../lanes.ts';
import type { Change, Fact, Link, Stamp } from '../model.ts';
import { Failure, isRetryable } from '../retry.ts';
import type { Site } from '../settings.ts';
import type { Context } from '../sync.ts';
import type { Fhir, Resource } from './client.ts';
import { identityOf, type Patient, seedOf } from './map.ts';

type Group = Resource & { member?: { entity?: { reference?: string } }[] };

/**
 * Reads the charts of all known patients, over and over: it finds those whom the site's group names, and repairs whatever
 * the feed lost. A pass takes at most half of the time, however many patients there are: the hospital's API also serves its
 * clinicians. Runs until the sync stops.
 */
export async function pollSite(context: Context, site: Site, fhir: Fhir): Promise<void> {
  const { steps, machine, settings, stop } = context;
  for (let attempt = 0; !stop.aborted; ) {
    const started = machine.now();
    const failure = await readCharts(context, site, fhir, started).catch((error: unknown) => error);
    if (stop.aborted) return;
    if (failure && attempt === 0)
      machine.log(`poll failed: site=${site.name} ${failure instanceof Failure ? failure.message : failure}`);
    if (!failure && attempt > 0) machine.log(`poll works again: site=${site.name}`);
    const pause = failure ? steps.backoff(attempt, failure instanceof Failure ? failure.retryAfterMs : 0, machine.random) : 0;
    attempt = failure ? attempt + 1 : 0;
    const took = machine.now() - started;
    await machine.sleep(Math.max(pause ?? settings.pollMs, settings.pollMs - took, took), stop);
  }
}

/** One pass, the longest unread chart first. Throws when the site does not work at all, not when a single chart does not. */
async function readCharts(context: Context, site: Site, fhir: Fhir, started: number): Promise<void> {
  const { steps, store, machine, settings, stop } = context;
  await fhir.connect();
  let read = 0;
  let failures: unknown[] = [];
  const width = steps.lanes().fhir;
  const attend = async (work: () => Promise<void>) => {
    if (stop.aborted || (read === 0 && failures.length >= width)) return;
    await work().then(
      () => {
        read += 1;
      },
      (error) => {
        failures = [...failures, error];
      },
    );
  };
  const newcomers = await findNewcomers(context, site, fhir);
  await eachOf(newcomers, width, (id) => attend(() => readChart(context, site, fhir, () => fhir.read(`Patient/${id}`))));
  await eachOf(store.patientsPolledBefore(site.name, started - settings.pollMs), width, (link) =>
    attend(async () => {
      // Before it is read: a chart that cannot be read goes to the end of the queue like all others.
      store.markPolled(link.key, machine.now(), link.fhirId);
      const find = () => steps.findPatient(fhir, site, String(link.desired.MRN__c?.value));
      await readChart(context, site, fhir, link.fhirId ? () => fhir.read(`Patient/${link.fhirId}`) : find, link);
    }),
  );
  if (read === 0 && failures.length > 0) throw failures[0];
  if (failures.length > 0)
    machine.log(
      `charts not read: site=${site.name} count=${failures.length} ${failures[0] instanceof Failure ? failures[0].message : failures[0]}`,
    );
}

/** FHIR ids of the group's members whom we do not know yet. A site that refuses its group's list is polled for known patients all the same. */
async function findNewcomers({ store, setAside }: Context, site: Site, fhir: Fhir): Promise<string[]> {
  if (!site.fhir?.groupId) return [];
  const group = await fhir.read<Group>(`Group/${site.fhir.groupId}`).catch((error: unknown) => {
    if (isRetryable(error)) throw error;
    setAside(site.name, 'group', 'the list of the group cannot be read');
    return undefined;
  });
  const members = (group?.member ?? []).flatMap((member) => member.entity?.reference?.replace(/^.*Patient\//, '') ?? []);
  return members.filter((id) => !store.hasPatient(site.name, id));
}

async function readChart(
  { steps, store, machine, stop, wakeWriter }: Context,
  site: Site,
  fhir: Fhir,
  ask: () => Promise<Patient | undefined>,
  link?: Link,
): Promise<void> {
  // What is read was true at some time after it was asked for: so it can only replace what is older than the question.
  const asked = (): Stamp => ({ at: machine.now(), seq: '' });
  const patientAsked = asked();
  const patient = await ask();
  if (!patient) return;
  const { current, facts } = await whoIsIt(fhir, site, patient, steps.contactKey, patientAsked, link);
  const identity = current && identityOf(current, site);
  if (current && identity) {
    const key = steps.contactKey(identity);
    const about = (object: Change['object'], key: string, stamp: Stamp, fields: Change['fields'], seed = {}): Change => ({
      object,
      key,
      person: steps.contactKey(identity),
      stamp,
      fields,
      seed,
    });
    facts.unshift(about('Contact', key, patientAsked, steps.mapPatient(current, site, steps), seedOf(current)));
    const listAsked = asked();
    for (const appointment of await steps.changedAppointments(fhir, current.id)) {
      const number = appointment.identifier?.[0]?.value;
      if (!number) continue;
      facts.push(
        about('Appointment__c', steps.appointmentKey(site.authority, number, appointment.start), listAsked, {
          ...steps.mapAppointment(appointment, site, steps),
          Contact__c: key,
        }),
      );
    }
  }
  if (stop.aborted) return;
  const persons = store.transaction(() => {
    const touched = applyFacts(store, site.name, facts, steps);
    if (current && identity) store.markPolled(steps.contactKey(identity), patientAsked.at, current.id);
    return touched;
  });
  wakeWriter(persons);
}

/**
 * Whose chart came back. EHRs answer for a merged-away chart with the survivor's, or with a stub that points to it; either way
 * it is the survivor's chart that is current, and the merge is a fact of its own.
 */
async function whoIsIt(
  fhir: Fhir,
  site: Site,
  patient: Patient,
  contactKey: (identity: { authority: string; mrn: string }) => string,
  stamp: Stamp,
  link?: Link,
): Promise<{ current?: Patient; facts: Fact[] }> {
  const replacedBy = patient.link?.find((one) => one.type === 'replaced-by')?.other?.reference;
  const current = replacedBy ? await fhir.read<Patient>(replacedBy.replace(/^.*(?=Patient\/)/, '')) : patient;
  const identity = identityOf(current, site);
  if (!link || !identity || contactKey(identity) === link.key) return { current, facts: [] };
  return { current, facts: [{ loser: link.key, survivor: contactKey(identity), stamp }] };
}
