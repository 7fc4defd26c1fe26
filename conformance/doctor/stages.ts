import type { JournalEvent } from '#simulators';
import { type Manifest, readsHl7, type SiteManifest } from '../manifest/manifest.ts';

/** One step of the way between the sync and a part of the sandbox, which an event of the journal shows to be taken. */
export interface Stage {
  /** What was reached, for the one who watches. */
  done: string;
  taken(event: JournalEvent): boolean;
  /** What it means when it was not: the end of a sentence that begins with the part's name. */
  missing: string;
  fix: string;
}

/** A part of the sandbox, with the steps to it in their order. */
export interface Way {
  part: string;
  stages: readonly Stage[];
}

const called: Stage = {
  done: 'called',
  taken: ({ kind, data }) =>
    kind === 'request' || (kind === 'connection' && (data?.state === 'secured' || data?.state === 'failed')),
  missing: 'was never called',
  fix: 'let the sync call the address of the settings; if it calls by another name, see that this leads to the sandbox and not to the real one',
};
const spokenTo: Stage = {
  done: 'spoken to',
  taken: ({ kind }) => kind === 'request',
  missing: 'was connected to over TLS and left without a call: its certificate is not trusted, or is for other names',
  fix: 'trust the CA of SYNCPROOF_CA_FILE, and call by the name or address that the settings give',
};
const letIn: Stage = {
  done: 'logged in',
  taken: ({ kind }) => kind === 'token',
  missing: 'was called, and never asked for a token',
  fix: 'get a token first, at the token or login URL of the settings',
};
const read: Stage = {
  done: 'read',
  taken: ({ kind, served = [] }) => kind === 'reply' && served.length > 0,
  missing: 'let the sync in, which then read nothing',
  fix: 'let the sync poll as the manifest says; its interval decides how long this takes',
};
const written: Stage = {
  done: 'written to',
  taken: ({ kind, actor }) => kind === 'commit' && actor?.startsWith('client:') === true,
  missing: 'let the sync in, which then wrote nothing',
  fix: 'its output may say what it waits for, or what the CRM refused',
};
const connected: Stage = {
  done: 'connected',
  taken: ({ kind, data }) => kind === 'connection' && data?.state === 'open' && data.direction === 'out',
  missing: 'cannot connect to the listener of the sync',
  fix: 'listen at SYNCPROOF_<SITE>_MLLP_BIND, and go on listening',
};
const acknowledged: Stage = {
  done: 'acknowledged',
  taken: ({ kind, data }) => kind === 'ack' && data?.outcome === 'positive',
  missing: 'has no message acknowledged',
  fix: 'answer each message with MSA|AA and its control id',
};
const notified: Stage = {
  done: 'notified',
  taken: ({ kind, data }) => kind === 'notice' && data?.state === 'taken',
  missing: 'has no subscription of the sync, or none that takes its notifications',
  fix: 'subscribe when the sync starts, with an endpoint at SYNCPROOF_WEBHOOK_BIND',
};

const API: readonly Stage[] = [called, spokenTo, letIn];

function waysOfSite(site: SiteManifest): Way[] {
  const kinds = site.channels.read.map(({ kind }) => kind);
  const asks = kinds.some((kind) => kind === 'poll' || kind === 'bulk' || kind === 'changed');
  const told = kinds.includes('subscription');
  const ways: Way[] = [];
  if (asks || told) ways.push({ part: site.name, stages: [...API, ...(asks ? [read] : []), ...(told ? [notified] : [])] });
  if (readsHl7(site)) ways.push({ part: `${site.name}-hl7`, stages: [connected, acknowledged] });
  return ways;
}

/** The ways that a manifest declares, the CRM's last: nothing is written before something was read. */
export const declaredWays = ({ sites }: Pick<Manifest, 'sites'>): Way[] => [
  ...sites.flatMap(waysOfSite),
  { part: 'crm', stages: [...API, written] },
];
