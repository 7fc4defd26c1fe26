import { fileURLToPath } from 'node:url';
import { Evidence } from '../facts/evidence.ts';
import { Facts } from '../facts/facts.ts';
import type { Manifest, Promises, SiteManifest } from '../manifest/manifest.ts';
import { loadMap } from '../map/map.ts';
import { AUTHORITY, type JournalBuilder, SITE } from './journal-builder.ts';

/** The default map, as shipped. */
export const MAP = loadMap(fileURLToPath(new URL('../../fixtures/maps/default', import.meta.url))).map;

export const site = (channels: Partial<SiteManifest['channels']> = {}, more: Partial<SiteManifest> = {}): SiteManifest => ({
  name: SITE,
  vendor: 'epic',
  authority: AUTHORITY,
  time_zone: 'America/New_York',
  tls: true,
  channels: { read: [{ kind: 'hl7' }, { kind: 'poll', interval: 500 }], discover: ['hl7'], write_back: 'hl7', ...channels },
  ...more,
});

/** What the subject says that it answers to each class of mistakes. */
export const NEGATIVE_ACKS: Promises['negative_acks'] = {
  missing_segment: 'AE',
  bad_value: 'AE',
  unknown_event: 'AR',
  processing_id: 'AR',
  unparseable: 'AR',
};

/** As much of a manifest as the judge reads. */
export function manifest(
  sites: SiteManifest[] = [site()],
  back: Manifest['crm']['back'] = { kind: 'poll', interval: 500 },
): Manifest {
  const retry = { first_wait: 1_000, max_wait: 60_000, give_up_after: 86_400_000 };
  const clinical = { summaries_per_day: 10, followup_hours: 24, tps: 5, catch_up_factor: 1 };
  const promises = {
    sync_window: 3_000,
    ack_wait: 30_000,
    http_timeout: 10_000,
    batch_interval: 0,
    retry,
    negative_acks: NEGATIVE_ACKS,
    ...clinical,
  };
  return { subject: { name: 'subject', version: '1' }, sites, crm: { tls: true, back }, promises } as unknown as Manifest;
}

export function factsOf(builder: JournalBuilder): Facts {
  const facts = new Facts();
  for (const event of builder.events) facts.ingest(event);
  return facts;
}

export const evidenceOf = (builder: JournalBuilder, judged: Manifest = manifest()): Evidence =>
  new Evidence(factsOf(builder), MAP, judged);
