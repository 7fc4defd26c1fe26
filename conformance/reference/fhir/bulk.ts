import { applyFacts } from '../apply.ts';
import type { Fact, Stamp } from '../model.ts';
import { askedToWait, Failure, nameOf } from '../retry.ts';
import type { Site } from '../settings.ts';
import type { Context } from '../sync.ts';
import type { Export, Fhir, Resource } from './client.ts';
import { appointmentFact, patientFact, present } from './facts.ts';
import type { Appointment, Patient } from './map.ts';

const TYPES = 'Patient,Appointment';

/**
 * Exports the site's group over and over, each time what changed since the last export that was had whole. Runs until the sync
 * stops. A file that is gone, broken off or left out makes the export worth nothing: it is done again from the same moment.
 */
export async function exportSite(context: Context, site: Site, fhir: Fhir, everyMs: number): Promise<void> {
  const { steps, store, machine, stop } = context;
  const cursor = `bulk ${site.name}`;
  for (let attempt = 0; !stop.aborted; ) {
    try {
      const done = await steps.takeExport(
        fhir,
        `Group/${site.fhir?.groupId}/$export?_type=${TYPES}${since(store.cursor(cursor))}`,
      );
      if (stop.aborted) return;
      await takeIn(context, site, done);
      if (stop.aborted) return;
      store.setCursor(cursor, done.at);
      if (attempt > 0) machine.log(`export works again: site=${site.name}`);
      attempt = 0;
      await machine.sleep(everyMs, stop);
    } catch (error) {
      if (stop.aborted) return;
      if (attempt === 0) machine.log(`export fails: site=${site.name} ${nameOf(error)}`);
      const pause = steps.backoff(attempt, askedToWait(error), machine.random);
      attempt += 1;
      await machine.sleep(pause ?? everyMs, stop);
    }
  }
}

const since = (at: string | undefined): string => (at === undefined ? '' : `&_since=${encodeURIComponent(at)}`);

/** One export with all its files. Throws where one of them cannot be had, or the server says that it left something out. */
export async function takeExport(fhir: Fhir, path: string): Promise<Export> {
  const { at, files, errors } = await fhir.startExport(path);
  if (errors > 0) throw new Failure(0, 'export-incomplete');
  return { at, files: downloads(fhir, files) };
}

/** The files of an export, each had when it is wanted. */
export async function* downloads(fhir: Fhir, files: string[]): AsyncGenerator<Resource[]> {
  for (const file of files) yield await fhir.download(file);
}

/** Resources that are taken in at a time: messages are answered in between, however large the hospital. */
const AT_ONCE = 100;

async function takeIn(context: Context, site: Site, { at, files }: Export): Promise<void> {
  const { machine, stop } = context;
  // An export shows the state of its own moment: what was said since is newer.
  const stamp: Stamp = { at: Date.parse(at), seq: '' };
  for await (const resources of files)
    for (let from = 0; from < resources.length; from += AT_ONCE) {
      if (stop.aborted) return;
      takeSome(context, site, resources.slice(from, from + AT_ONCE), stamp);
      await machine.sleep(0, stop);
    }
}

function takeSome(context: Context, site: Site, resources: Resource[], stamp: Stamp): void {
  const { steps, store, wakeWriter } = context;
  const persons = store.transaction(() => {
    const facts: Fact[] = [];
    const keys = new Map<string, string>();
    for (const one of resources) {
      if (one.resourceType === 'Patient') {
        const patient = one as Patient;
        const told = patientFact(patient, site, steps, stamp);
        if (told) keys.set(patient.id, told.key);
        facts.push(...present(told));
      } else if (one.resourceType === 'Appointment') {
        const id = patientIdOf(one as Appointment) ?? '';
        const person = keys.get(id) ?? store.patientWith(site.name, id);
        if (person) facts.push(...present(appointmentFact(one as Appointment, person, site, steps, stamp)));
      }
    }
    const changed = applyFacts(context, site.name, facts);
    for (const [id, key] of keys) store.keepFhirId(key, id);
    return changed;
  });
  wakeWriter(persons, 'api');
}

const patientIdOf = ({ participant }: Appointment): string | undefined =>
  participant?.map(({ actor }) => /(?:^|\/)Patient\/(.*)$/.exec(actor?.reference ?? '')?.[1]).find((id) => id !== undefined);
