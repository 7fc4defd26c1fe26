import type { Clock } from '#simulators';
import type { Evidence } from '../facts/evidence.ts';
import { recordsBehind } from '../facts/latency.ts';
import type { SettleTerms } from '../facts/settle.ts';
import { type RecordOptions, record } from '../recorder.ts';
import { settleTerms } from '../run.ts';

/** What was asked for: written into the first event, so that the result can be judged against it. */
export interface LoadTarget {
  scenario: string;
  site: string;
  cohort: string;
  /** Commits that each schedule of the script owes. */
  schedules: Record<string, number>;
  /** As the user put it: `50 people at once, then 20/s for 10s`. */
  words: string;
}

/** How the script ended. */
export interface ScriptEnd {
  exitCode: number;
  /** Hash of its own summary, kept among the inputs. */
  summary?: string;
}

export interface LoadOptions extends Omit<RecordOptions, 'header'> {
  target: LoadTarget;
  /** Words that belong to the cohort's people before anything is committed. */
  words: string[];
  /** Runs the script to its end. */
  drive: () => Promise<ScriptEnd>;
}

/** Runs a load script against a subject and leaves a run folder from which latency can be folded. */
export async function runLoad(options: LoadOptions): Promise<void> {
  const { folder, sandbox, target, clock, signal, say } = options;
  const { cohort } = target;
  const note = (data: Record<string, unknown>) => sandbox.note([{ sim: 'judge', kind: 'check', cohort, data }]);
  const header = { load: target, checks: [], checkSet: folder.keep('[]') };
  await record({ ...options, header }, async (recorder) => {
    await note({ type: 'begin', seed: options.seed });
    await note({ type: 'know', words: options.words });
    if (signal?.aborted) return;
    const script = await options.drive();
    await sandbox.note([{ sim: 'judge', kind: 'run', data: { type: 'script', script } }]);
    await recorder.caughtUp(sandbox);
    say?.('waiting until nothing more comes');
    const site = options.manifest.sites.find(({ name }) => name === target.site)!;
    const terms = settleTerms(site, options.manifest, options.map);
    const outcome = await untilShown(recorder.evidence, cohort, terms, clock, signal);
    await note({ type: 'settled', label: 'end', ...outcome });
    await note({ type: 'end' });
  });
}

/** When to look again, in ms: a look costs a fold over all records, on the machine that the subject runs on, too. */
const LOOK_EVERY = 250;

/**
 * Waits until the CRM shows the newest version of every record and has then stood still for the hold (two poll periods, or
 * the batch interval; at least a second, in which a duplicate would come). What is behind is given up once a sync window
 * has gone by without any change since it could last be had, or four windows after that. Simpler than the
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
  const hold = Math.max(2 * terms.pollInterval, terms.batchInterval, 1000) * 1000;
  for (;;) {
    const now = clock.micros();
    const end = (by: string, owed: string[]) => ({ by, waitedMs: Math.round((now - from) / 1000), owed });
    const behind = recordsBehind(evidence, cohort);
    const changed = evidence.facts.changedAt.get(cohort) ?? from;
    const exposed = lastExposed(evidence, terms.site);
    if (behind.length === 0 && now - changed >= hold) return end('as-mapped', []);
    if (behind.length > 0 && now - Math.max(changed, exposed, from) >= window) return end('window', behind);
    if (now - Math.max(exposed, from) >= 4 * window) return end(behind.length > 0 ? 'window' : 'never-settled', behind);
    if (signal?.aborted) return end('interrupted', behind);
    await clock.sleep(LOOK_EVERY, signal);
  }
}

// When a message first went out last: until then the subject could not know. Its repetitions are the subject's doing.
function lastExposed({ facts }: Evidence, site: string): number {
  let last = 0;
  for (const message of facts.messages.values()) if (message.tenant === site) last = Math.max(last, message.sent[0]?.at ?? 0);
  return last;
}
