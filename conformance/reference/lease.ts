import type { Machine } from './model.ts';
import type { Store } from './store.ts';

/** As long as the others wait for one that was killed; one that works says so much more often. */
export const LEASE_MS = 1_500;
const RENEW_MS = 250;

/** Work that can be ended: what is unfinished is taken up by whoever works next. */
export type Work = { stop(): Promise<void> };

/**
 * Of several instances on one store one works, the others stand by: they take messages into custody and nothing else. Whoever
 * holds the lease works until it ends, or somebody else holds it. Runs until `stop`.
 */
export async function takeTurns(
  holds: () => boolean,
  begin: () => Work,
  { store, machine, instance, stop }: { store: Store; machine: Machine; instance: string; stop: AbortSignal },
): Promise<void> {
  let work: Work | undefined;
  while (!stop.aborted) {
    const mine = holds();
    if (mine) work ??= begin();
    else {
      await work?.stop();
      work = undefined;
    }
    await machine.sleep(RENEW_MS, stop);
  }
  await work?.stop();
  store.dropLease(instance);
}
