import { readFileSync } from 'node:fs';
import type { Machine } from './model.ts';
import { readSettings } from './settings.ts';
import { referenceSteps, type Steps } from './steps.ts';
import { startSync } from './sync.ts';

// The only file that reads the environment, the clock and chance, and that sets timers.

const machine: Machine = {
  now: Date.now,
  random: Math.random,
  log: (line) => console.log(`${new Date().toISOString()} ${line}`),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const timer = setTimeout(done, ms);
      function done() {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      }
      signal?.addEventListener('abort', done);
    }),
};

/** How long an orderly end may take before the process just ends; nothing is lost then either. */
const GRACE_MS = 1_800;

/** Runs a sync with these steps until the process is told to end. */
export async function main(steps: Steps): Promise<void> {
  const settings = readSettings(process.env);
  steps.trust(settings.caFile && readFileSync(settings.caFile, 'utf8'));
  const sync = await startSync(steps, settings, machine);
  machine.log(`sync started: sites=${settings.sites.map((site) => site.name).join(',')}`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      setTimeout(() => process.exit(0), GRACE_MS).unref();
      void sync.stop().then(() => process.exit(0));
    });
  }
}

if (import.meta.main) {
  await main(referenceSteps).catch((error: unknown) => {
    console.error(`The sync cannot start: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  });
}
