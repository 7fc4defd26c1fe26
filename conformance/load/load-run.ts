import type { Clock } from '#simulators';
import type { Evidence } from '../facts/evidence.ts';
import { Behind } from '../facts/latency.ts';
import type { SettleTerms } from '../facts/settle.ts';
import { type RecordOptions, record } from '../recorder.ts';
import { settleTerms } from '../run.ts';
import { usageOf } from './usage.ts';

/** What was asked for: written into the first event, so that the result can be judged against it. */
export interface LoadTarget {
  scenario: string;
  site: string;
  cohort: string;
  /** Offers that each schedule of the script owes. */
  schedules: Record<string, number>;
  /** Those of them that read and commit nothing. */
  reads: string[];
  /** People who were at the site before the subject was started. */
  residents: number;
  /** False: the sandbox was loaded without one. */
  subject: boolean;
  /** What the run is held to, by name. */
  limits: Record<string, string>;
  /** As whom the simulators' processes are measured. */
  simulators: string[];
  /** As the user put it: `50 people at once, then 20/s for 10s`. */
  words: string;
}

/** How the script ended. */
export interface ScriptEnd {
  exitCode: number;
  /** Hash of its own summary, kept among the inputs. */
  summary?: string;
  /** Offers by schedule, as it counted them. */
  offers?: Record<string, number>;
  /** Offers that it could not begin in time, and so never. */
  dropped?: number;
  /** Its thresholds that were crossed. */
  missed?: string[];
}

/** Whose processor time and memory are measured. */
export type Watch = (name: string, pids: readonly number[]) => void;

export interface LoadOptions extends Omit<RecordOptions, 'header'> {
  target: LoadTarget;
  /** Words that belong to the cohort's people before anything is committed. */
  words: string[];
  /** Puts people into the site before the subject is started. */
  settleIn?: () => Promise<void>;
  /** The simulators' processes by name, where they can be measured from here. */
  simulators?: Readonly<Record<string, number>>;
  /** Runs the script to its end, or until the signal stops it. */
  drive: (signal: AbortSignal, watch: Watch) => Promise<ScriptEnd>;
}

/** How often the judge hears what happened (ms): each event by itself would be a thousand awakenings a second, of it and of the simulators. */
const HEAR_EVERY = 100;

/** How often is measured what everybody uses (ms). */
const MEASURE_EVERY = 1000;

/** Runs a load script against a subject and leaves a run folder from which latency can be folded. */
export async function runLoad(options: LoadOptions): Promise<void> {
  const { folder, sandbox, target, clock, say } = options;
  const { cohort } = target;
  const note = (data: Record<string, unknown>) => sandbox.note([{ sim: 'judge', kind: 'check', cohort, data }]);
  const runNote = (data: Record<string, unknown>) => sandbox.note([{ sim: 'judge', kind: 'run', data }]);
  const header = { load: target, checks: [], checkSet: folder.keep('[]') };
  // Stopped by its user, or because there is nobody left to load.
  const stopping = new AbortController();
  options.signal?.addEventListener('abort', () => stopping.abort(), { once: true });
  if (options.signal?.aborted) stopping.abort();
  const startSubject: LoadOptions['startSubject'] = async (log) => {
    if (options.settleIn) {
      say?.(`settling ${target.residents} people in`);
      await options.settleIn();
      say?.('starting the subject');
    }
    return options.startSubject((what, data) => {
      log(what, data);
      if (what !== 'died') return;
      say?.(`the subject ${data.how}: the load is broken off`);
      stopping.abort();
    });
  };
  await record({ ...options, startSubject, header, pace: HEAR_EVERY }, async (recorder, subject) => {
    await note({ type: 'begin', seed: options.seed });
    await note({ type: 'know', words: options.words });
    if (stopping.signal.aborted) return;
    recorder.onBroken = () => stopping.abort();
    const watched = new Map(Object.entries(options.simulators ?? {}).map(([name, pid]) => [name, () => [pid]]));
    watched.set('judge', () => [process.pid]);
    watched.set('subject', () => subject.pids?.() ?? []);
    const measuring = new AbortController();
    const measured = (async () => {
      while (!measuring.signal.aborted) {
        const used = [...watched].flatMap(([name, pids]) => {
          const usage = usageOf(pids(), name === 'judge');
          return usage ? [[name, usage] as const] : [];
        });
        await runNote({ type: 'usage', of: Object.fromEntries(used) }).catch(() => {});
        await clock.sleep(MEASURE_EVERY, measuring.signal);
      }
    })();
    try {
      const script = await options.drive(stopping.signal, (name, pids) => watched.set(name, () => [...pids]));
      await runNote({ type: 'script', script });
      await recorder.caughtUp(sandbox);
      if (stopping.signal.aborted) return;
      say?.('waiting until nothing more comes');
      const site = options.manifest.sites.find(({ name }) => name === target.site)!;
      const terms = settleTerms(site, options.manifest, options.map);
      const outcome = target.subject
        ? await untilShown(recorder.evidence, cohort, terms, clock, stopping.signal)
        : { by: 'no-subject', waitedMs: 0, owed: [] };
      // Thousands that are behind are told of one by one where they are judged.
      await note({ type: 'settled', label: 'end', ...outcome, owed: outcome.owed.slice(0, 100) });
      await note({ type: 'end' });
    } finally {
      measuring.abort();
      await measured;
    }
  });
}

/** When to look again, and how long at a time (ms): it is done on the machine that the subject runs on, too. */
const LOOK_EVERY = 250;
const LOOK_FOR = 200;
const NEXT_LOOK = 20;
/** So many times as long as the last look took. */
const LOOK_SHARE = 2;

/**
 * Waits until the CRM shows the newest version of every record and has then stood still for the hold (two poll periods, or
 * the batch interval; at least a second, in which a duplicate would come). What is behind is given up once a sync window
 * has gone by without any change since it could last be had, or four windows after fewer were behind. Simpler than the
 * Settler, which asks of each record whether it was read: under load the state itself tells, and what is behind is waited for.
 */
export async function untilShown(
  evidence: Evidence,
  cohort: string,
  terms: SettleTerms,
  clock: Clock,
  signal?: AbortSignal,
): Promise<{ by: string; waitedMs: number; owed: string[] }> {
  const from = clock.micros();
  const window = terms.syncWindow * 1000;
  let [fewest, fewerAt] = [Number.POSITIVE_INFINITY, from];
  // Whoever promises to have shown a change within a window does not wait for a poll that is to come later.
  const hold = Math.max(Math.min(2 * terms.pollInterval, terms.syncWindow), terms.batchInterval, 1000) * 1000;
  const records = new Behind(evidence, cohort, clock);
  let lookedAgain: number | undefined;
  for (;;) {
    const now = clock.micros();
    const end = (by: string) => ({ by, waitedMs: Math.round((now - from) / 1000), owed: records.keys });
    const { behind, unseen } = records.look(LOOK_FOR);
    const left = behind + unseen;
    const tookMs = (clock.micros() - now) / 1000;
    if (left < fewest) [fewest, fewerAt] = [left, fewest === Number.POSITIVE_INFINITY ? fewerAt : now];
    const changed = evidence.facts.changedAt.get(cohort) ?? from;
    // Until a message first went out the subject could not know.
    const exposed = evidence.facts.toldAt.get(terms.site) ?? 0;
    if (left === 0 && now - changed >= hold) {
      if (lookedAgain === changed) return end('as-mapped');
      lookedAgain = changed;
      [fewest, fewerAt] = [Number.POSITIVE_INFINITY, now];
      records.again();
      continue;
    }
    if (behind > 0 && unseen === 0 && now - Math.max(changed, exposed, from) >= window) return end('window');
    if (now - Math.max(exposed, fewerAt) >= Math.max(4 * window, 2 * hold)) return end(left > 0 ? 'window' : 'never-settled');
    if (signal?.aborted) return end('interrupted');
    // What was never looked at has to be: the longer that takes, the later the run ends.
    await clock.sleep(unseen > 0 ? NEXT_LOOK : Math.max(LOOK_EVERY, LOOK_SHARE * tookMs), signal);
  }
}
