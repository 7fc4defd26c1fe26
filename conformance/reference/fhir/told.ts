import { openLanes } from '../lanes.ts';
import { askedToWait, isRetryable, nameOf } from '../retry.ts';
import type { Site } from '../settings.ts';
import type { Context } from '../sync.ts';
import { readChart } from './chart.ts';
import type { Fhir } from './client.ts';
import type { Appointment } from './map.ts';

/** What the EHR told us that something happened to, in custody until its chart was read. */
export type Told = {
  /** Keeps references (`Patient/…`, `Appointment/…`) and has their charts read. When this returns, no kill undoes it. */
  keep(references: string[]): void;
  close(): Promise<void>;
};

/** Whether a reference is done with, after its chart was read or (`failure`) could not be: an outage ends, a refusal does not. */
export const isDone = (failure: unknown): boolean => failure === undefined || !isRetryable(failure);

/** Reads the charts that the EHR told of: some at once, one that fails again and again, ever more slowly, in nobody's way. */
export function openTold(context: Context, site: Site, fhir: Fhir): Told {
  const { steps, store, machine, stop, setAside } = context;
  const attempts = new Map<string, number>();
  const lanes = openLanes(steps.lanes().fhir, work);

  async function work(reference: string): Promise<void> {
    const told = store.toldOf(site.name, reference);
    if (told === undefined || stop.aborted) return;
    const failure = await readTold(context, site, fhir, reference).catch((error: unknown) => error ?? 'error');
    if (stop.aborted) return;
    if (steps.isDone(failure)) {
      attempts.delete(reference);
      // Told again meanwhile, it has another number, and is read again.
      store.dropTold(told);
      if (failure !== undefined) setAside(site.name, reference, `chart cannot be read: ${nameOf(failure)}`);
      return;
    }
    const attempt = attempts.get(reference) ?? 0;
    attempts.set(reference, attempt + 1);
    const pause = steps.backoff(attempt, askedToWait(failure), machine.random);
    if (pause !== undefined) void machine.sleep(pause, stop).then(() => !stop.aborted && lanes.wake([reference]));
  }

  lanes.wake(store.allTold(site.name));
  return {
    keep(references) {
      store.transaction(() => {
        for (const reference of references) store.keepTold(site.name, reference);
      });
      lanes.wake(references);
    },
    close: lanes.close,
  };
}

async function readTold(context: Context, site: Site, fhir: Fhir, reference: string): Promise<void> {
  const { store } = context;
  const fhirId = reference.startsWith('Patient/') ? idIn(reference) : await patientOf(fhir, idIn(reference));
  if (!fhirId) return;
  const key = store.patientWith(site.name, fhirId);
  // Nothing else will read this chart soon: all of it, then.
  if (key) store.hint([key]);
  await readChart(context, site, fhir, { link: key === undefined ? undefined : store.link('Contact', key), fhirId, pass: 0 });
}

/** Whose appointment it is. FHIR finds an appointment at athenahealth by its id alone. */
async function patientOf(fhir: Fhir, id: string): Promise<string | undefined> {
  const [appointment] = await fhir.search<Appointment>(`Appointment?_id=${id}`, 'Appointment');
  const patient = appointment?.participant?.map(({ actor }) => actor?.reference ?? '').find((one) => /(^|\/)Patient\//.test(one));
  return patient && idIn(patient);
}

const idIn = (reference: string): string => reference.replace(/^.*\//, '');
