import { eachOf } from '../lanes.ts';
import { askedToWait, isRetryable, nameOf } from '../retry.ts';
import type { Site } from '../settings.ts';
import type { Context } from '../sync.ts';
import { readChart } from './chart.ts';
import type { Fhir, Resource } from './client.ts';
import { openWitness, type Witness } from './elements.ts';

type Group = Resource & { member?: { entity?: { reference?: string } }[] };

/**
 * Reads the charts of all known patients, over and over: it finds those whom the site's group names, and repairs whatever
 * the feed lost. A pass takes at most half of the time, however many patients there are: the hospital's API also serves its
 * clinicians. Runs until the sync stops.
 */
export async function pollSite(context: Context, site: Site, fhir: Fhir): Promise<void> {
  const { steps, machine, settings, stop, setAside } = context;
  const witness = openWitness((element, isGone) => {
    machine.log(
      `${element} ${isGone ? 'is shown by no chart any more, what it told is kept' : 'is shown again'}: site=${site.name}`,
    );
    if (isGone) setAside(site.name, `${element} ${machine.now()}`, `no chart shows ${element}`);
  });
  for (let [attempt, pass] = [0, 0]; !stop.aborted; pass += 1) {
    const started = machine.now();
    const failure = await readCharts(context, site, fhir, { started, pass, witness }).catch((error: unknown) => error);
    if (stop.aborted) return;
    if (failure && attempt === 0) machine.log(`poll fails: site=${site.name} ${nameOf(failure)}`);
    if (!failure && attempt > 0) machine.log(`poll works again: site=${site.name}`);
    const pause = failure ? steps.backoff(attempt, askedToWait(failure), machine.random) : 0;
    attempt = failure ? attempt + 1 : 0;
    const took = machine.now() - started;
    await machine.sleep(Math.max(pause ?? settings.pollMs, settings.pollMs - took, took), stop);
  }
}

/**
 * One pass: newcomers, then the charts that are due, the longest unread first. Throws when the site asks for a pause or not a
 * single chart could be read. One that fails alone is read again in the next pass, and holds up no other.
 */
async function readCharts(
  context: Context,
  site: Site,
  fhir: Fhir,
  { started, pass, witness }: { started: number; pass: number; witness: Witness },
): Promise<void> {
  const { steps, store, machine, settings, stop, setAside } = context;
  await fhir.connect();
  const width = steps.lanes().fhir;
  const failures: unknown[] = [];
  let read = 0;
  const attempt = async (chart: string, work: () => Promise<void>) => {
    if (stop.aborted || (read === 0 && failures.length >= width)) return;
    try {
      await work();
      read += 1;
    } catch (error) {
      if (stop.aborted) return;
      failures.push(error);
      if (!isRetryable(error)) setAside(site.name, chart, `chart cannot be read: ${nameOf(error)}`);
    }
  };
  await eachOf(await findNewcomers(context, site, fhir), width, (id) =>
    attempt(id, () => readChart(context, site, fhir, { fhirId: id, pass, witness })),
  );
  await eachOf(store.patientsPolledBefore(site.name, started - settings.pollMs), width, (link) => {
    // Marked before it is read: a chart that cannot be read goes to the end of the queue like all others.
    store.markPolled(link.key, machine.now(), link.fhirId);
    return attempt(link.key, () => readChart(context, site, fhir, { link, fhirId: link.fhirId, pass, witness }));
  });
  const pause = failures.find((failure) => askedToWait(failure) > 0);
  if (pause || (read === 0 && failures.length > 0)) throw pause ?? failures[0];
}

/** FHIR ids of the group's members whom we do not know yet. A site that refuses its list is polled for known patients all the same. */
async function findNewcomers({ store, setAside }: Context, site: Site, fhir: Fhir): Promise<string[]> {
  if (!site.fhir?.groupId) return [];
  const group = await fhir.read<Group>(`Group/${site.fhir.groupId}`).catch((error: unknown) => {
    if (isRetryable(error)) throw error;
    setAside(site.name, 'group', 'the list of the group cannot be read');
    return undefined;
  });
  const members = (group?.member ?? []).flatMap((member) => member.entity?.reference?.replace(/^.*Patient\//, '') ?? []);
  return members.filter((id) => store.patientWith(site.name, id) === undefined);
}
