import { openCrm } from './crm/client.ts';
import { watchCrm } from './crm/watch.ts';
import { openWriter } from './crm/writer.ts';
import { exportSite } from './fhir/bulk.ts';
import { type Fhir, openFhir } from './fhir/client.ts';
import { readFeeds } from './fhir/feeds.ts';
import { type Notified, takeNotices } from './fhir/notices.ts';
import { pollSite } from './fhir/poll.ts';
import { openTold, type Told } from './fhir/told.ts';
import { listenFeed } from './hl7/feed.ts';
import { sendOutbox } from './hl7/write-back.ts';
import { openHttp } from './http.ts';
import type { Channel, Machine } from './model.ts';
import type { FhirChannel, Settings, Site, WebhookSettings } from './settings.ts';
import type { Steps } from './steps.ts';
import { openStore, type Store } from './store.ts';

/** What every part works with. */
export type Context = {
  steps: Steps;
  store: Store;
  machine: Machine;
  settings: Settings;
  /** Fires once, when the sync is to end. */
  stop: AbortSignal;
  /** Has these persons' records written to the CRM. */
  wakeWriter(persons: Iterable<string>, channel: Channel): void;
  /** Puts something aside for the operator, who hears of it once and without its content. */
  setAside(site: string, reference: string, reason: string): void;
};

export type Sync = {
  /** The ports of the MLLP listeners, by site. */
  ports: Record<string, number>;
  /** Ends all work; what is unfinished is taken up by the next start. */
  stop(): Promise<void>;
};

/**
 * Starts the sync. Four streams meet in the store, and none waits for another:
 * feed and poll say what the EHR holds; the writer makes the CRM hold it; the watch sees what CRM users change; the outbox
 * carries to the hospital what the CRM owns.
 */
export async function startSync(steps: Steps, settings: Settings, given: Machine): Promise<Sync> {
  const log = (line: string): void => {
    const told = steps.report(line);
    if (told !== undefined) given.log(told);
  };
  const machine: Machine = { ...given, log };
  const ending = new AbortController();
  const store = openStore(settings.dataFolder, settings.survives);
  const http = openHttp(settings.httpTimeoutMs, ending.signal);
  const crm = openCrm(settings.crm, steps.heeding(http, machine.now), machine.now);
  const context: Context = {
    steps,
    store,
    machine,
    settings,
    stop: ending.signal,
    wakeWriter: (persons, channel) => writer.wake(persons, channel),
    setAside(site, reference, reason) {
      if (store.setAside(site, reference, reason))
        machine.log(`set aside: site=${site} reason="${reason}" total=${store.countFailed()}`);
    },
  };
  const writer = openWriter(context, crm);
  const feeds = await Promise.all(settings.sites.map((site) => listenFeed(context, site)));
  const charts: Told[] = [];
  const tellOf = (site: Site, fhir: Fhir): Told => {
    const told = openTold(context, site, fhir);
    charts.push(told);
    return told;
  };
  const notified: Notified[] = [];
  const read: Record<FhirChannel, (site: Site, fhir: Fhir) => Promise<void>> = {
    poll: (site, fhir) => pollSite(context, site, fhir),
    bulk: (site, fhir) => exportSite(context, site, fhir, settings.pollMs),
    changed: (site, fhir) => readFeeds(context, site, fhir, tellOf(site, fhir)),
    // All sites share one listener.
    subscription: async (site, fhir) => void notified.push({ site, fhir, told: tellOf(site, fhir) }),
  };
  const loops: (Promise<void> | undefined)[] = [
    watchCrm(context, crm),
    ...settings.sites.flatMap((site) => {
      const pause = (ms: number) => machine.sleep(ms, ending.signal);
      const fhir = site.fhir && openFhir(site.fhir, steps.heeding(http, machine.now), machine.now, steps, pause);
      const reads = fhir ? (site.fhir?.reads ?? ['poll']) : [];
      return [sendOutbox(context, site, fhir), ...reads.map((how) => read[how](site, fhir!))];
    }),
  ];
  if (notified.length > 0) loops.push(takeNotices(context, settings.webhook as WebhookSettings, notified));
  writer.wake(store.unsavedPersons(), 'start');

  return {
    ports: Object.fromEntries(settings.sites.flatMap((site, index) => (feeds[index] ? [[site.name, feeds[index].port]] : []))),
    async stop() {
      ending.abort();
      await Promise.all([...feeds.map((feed) => feed?.close()), ...loops, ...charts.map((told) => told.close()), writer.close()]);
      store.close();
    },
  };
}
