import { type Audit, openAudit } from './audit.ts';
import { inBatches } from './crm/batches.ts';
import { openCrm } from './crm/client.ts';
import { watchCrm } from './crm/watch.ts';
import { openWriter } from './crm/writer.ts';
import { exportSite } from './fhir/bulk.ts';
import { type Fhir, openFhir } from './fhir/client.ts';
import { readFeeds } from './fhir/feeds.ts';
import { type Notified, takeNotices } from './fhir/notices.ts';
import { pollSite } from './fhir/poll.ts';
import { openTold, type Told } from './fhir/told.ts';
import { applyInbox, listenFeed, readInbox } from './hl7/feed.ts';
import { sendOutbox } from './hl7/write-back.ts';
import { openHttp } from './http.ts';
import { takeTurns, type Work } from './lease.ts';
import type { Channel, Machine } from './model.ts';
import type { FhirChannel, Settings, Site, WebhookSettings } from './settings.ts';
import type { Steps } from './steps.ts';
import { openStore, type Store } from './store.ts';

/** What an instance has that works or stands by. */
export type Standing = {
  steps: Steps;
  store: Store;
  machine: Machine;
  settings: Settings;
  /** Writes down what was done with data of patients. */
  audit: Audit;
  /** Has the inbox of a site looked at, if it is this instance that works. */
  look(site: Site): void;
  /** Puts something aside for the operator, who hears of it once and without its content. */
  setAside(site: string, reference: string, reason: string): void;
};

/** What every part of the work has. */
export type Context = Standing & {
  /** Fires once, when the work is to end. */
  stop: AbortSignal;
  /** Has these persons' records written to the CRM. */
  wakeWriter(persons: Iterable<string>, channel: Channel): void;
};

export type Sync = {
  /** The ports of the MLLP listeners, by site. */
  ports: Record<string, number>;
  /** Ends all work; what is unfinished is taken up by the next start. */
  stop(): Promise<void>;
};

/** Starts an instance of the sync: it listens to the hospitals, and works when it is its turn. */
export async function startSync(steps: Steps, settings: Settings, given: Machine): Promise<Sync> {
  const log = (line: string): void => {
    const told = steps.report(line);
    if (told !== undefined) given.log(told);
  };
  const machine: Machine = { ...given, log };
  const ending = new AbortController();
  const { instance } = settings;
  const store = openStore(steps.dataOf(settings.dataFolder, instance), settings.survives);
  let working: Context | undefined;
  const standing: Standing = {
    audit: openAudit(settings.auditFolder, instance, steps, machine.now),
    steps,
    store,
    machine,
    settings,
    look: (site) => working && applyInbox(working, site),
    setAside(site, reference, reason) {
      if (store.setAside(site, reference, reason))
        machine.log(`set aside: site=${site} reason="${reason}" total=${store.countFailed()}`);
    },
  };
  const feeds = await Promise.all(settings.sites.map((site) => listenFeed(standing, site)));
  const begin = (): Work => {
    const { context, stop } = startWork(standing);
    working = context;
    const end = async () => {
      working = undefined;
      await stop();
    };
    return { stop: end };
  };
  const holds = () => steps.leads(store, instance, machine.now());
  const turns = takeTurns(holds, begin, { store, machine, instance, stop: ending.signal });

  return {
    ports: Object.fromEntries(settings.sites.flatMap((site, index) => (feeds[index] ? [[site.name, feeds[index].port]] : []))),
    async stop() {
      ending.abort();
      await Promise.all([...feeds.map((feed) => feed?.close()), turns]);
      store.close();
    },
  };
}

/**
 * Starts the work. Four streams meet in the store, and none waits for another: feed and poll say what the EHR holds; the writer
 * makes the CRM hold it; the watch sees what CRM users change; the outbox carries to the hospital what the CRM owns.
 */
function startWork(standing: Standing): Work & { context: Context } {
  const { steps, store, machine, settings, audit } = standing;
  const ending = new AbortController();
  const http = openHttp(settings.httpTimeoutMs, ending.signal);
  const crm = openCrm(settings.crm, steps.heeding(http, machine.now), machine.now, audit);
  const context: Context = {
    ...standing,
    stop: ending.signal,
    wakeWriter: (persons, channel) => writer.wake(persons, channel),
  };
  const { gatherMs } = settings.crm;
  const gathers = gatherMs ? inBatches(crm, () => machine.sleep(gatherMs, ending.signal)) : crm;
  const writer = openWriter(context, gathers);
  const charts: Told[] = [];
  const tellOf = (site: Site, fhir: Fhir): Told => {
    const told = openTold(context, site, fhir);
    charts.push(told);
    return told;
  };
  const notified: Notified[] = [];
  const read: Record<FhirChannel, (site: Site, fhir: Fhir) => Promise<void>> = {
    poll: (site, fhir) => pollSite(context, site, fhir),
    bulk: (site, fhir) => exportSite(context, site, fhir, settings.exportMs),
    changed: (site, fhir) => readFeeds(context, site, fhir, tellOf(site, fhir)),
    // All sites share one listener.
    subscription: async (site, fhir) => void notified.push({ site, fhir, told: tellOf(site, fhir) }),
  };
  const loops: (Promise<void> | undefined)[] = [
    watchCrm(context, crm),
    ...settings.sites.flatMap((site) => {
      const pause = (ms: number) => machine.sleep(ms, ending.signal);
      const fhir = site.fhir && openFhir(site.fhir, steps.heeding(http, machine.now), machine.now, steps, pause, audit);
      const reads = fhir ? (site.fhir?.reads ?? ['poll']) : [];
      return [readInbox(context, site), sendOutbox(context, site, fhir), ...reads.map((how) => read[how](site, fhir!))];
    }),
  ];
  if (notified.length > 0) loops.push(takeNotices(context, settings.webhook as WebhookSettings, notified));
  writer.wake(store.unsavedPersons(), 'start');

  return {
    context,
    async stop() {
      ending.abort();
      await Promise.all([...loops, ...charts.map((told) => told.close()), writer.close()]);
    },
  };
}
