import type { Clock } from '#simulators';
import { formatDuration } from '../manifest/duration.ts';
import type { Hook } from '../manifest/manifest.ts';
import { accepts } from '../manifest/ports.ts';
import type { Binds } from '../manifest/settings.ts';
import { type Phase, SubjectError } from './subject-error.ts';
import { callHook } from './subject-hooks.ts';

export interface ReadyOptions {
  clock: Clock;
  timeoutMs: number;
  binds: Binds;
  attached: boolean;
  hook?: { ready: Hook; variables: Record<string, string>; cwd: string; environment: Record<string, string> };
  onPhase(phase: Phase): void;
  /** @throws SubjectError when the subject is no longer there. */
  mustLive(phase: Phase): void;
  /** Resolves when the subject ends; never for an attached one. */
  ended: Promise<unknown>;
  tail(): readonly string[];
}

const RETRY_MS = 25;
/** Time in which a process that has nothing to listen on shows that it can run at all. */
const LIVES_MS = 300;

/**
 * Waits until the subject is ready: alive, its listeners accept, its own hook succeeds. Only what happens now counts;
 * lines in a log may be those of an earlier start.
 * @throws SubjectError naming the phase, at the deadline or when the subject ends.
 */
export async function untilReady(options: ReadyOptions): Promise<void> {
  const { clock, timeoutMs, binds, attached, hook, onPhase, mustLive, ended, tail } = options;
  const deadline = clock.micros() + timeoutMs * 1000;
  const within = formatDuration(timeoutMs);

  /** Asks again until nothing is wrong any more. */
  const until = async (phase: Phase, wrong: () => Promise<[message: string, fix: string] | undefined>): Promise<void> => {
    for (;;) {
      const found = await wrong();
      mustLive(phase);
      if (!found) return;
      if (clock.micros() > deadline) throw new SubjectError(phase, ...found, tail());
      await Promise.race([clock.sleep(RETRY_MS), ended]);
    }
  };

  const listeners = listenersOf(binds);
  if (listeners.length > 0) onPhase('listening');
  for (const [name, address] of listeners)
    await until('listening', async () => {
      if (await accepts(address)) return undefined;
      const fix = attached ? `start it, listening on ${address}` : `let it listen on the address that ${name} says`;
      return [`nothing accepts connections at ${address} (${name}) within ${within}`, fix];
    });
  if (hook) {
    onPhase('ready-hook');
    await until('ready-hook', async () => {
      const answer = await callHook(hook.ready, hook);
      const fix = 'call it by hand, and correct hooks.ready in the manifest';
      return answer.ok ? undefined : [`the ready hook did not succeed within ${within}: ${answer.detail}`, fix];
    });
  }
  if (listeners.length === 0 && !hook && !attached) await Promise.race([ended, clock.sleep(LIVES_MS)]);
  mustLive('starting');
  onPhase('ready');
}

function listenersOf({ mllp, webhook }: Binds): [setting: string, address: string][] {
  const sites = Object.entries(mllp).map(([site, address]): [string, string] => [
    `SYNCPROOF_${site.toUpperCase()}_MLLP_BIND`,
    address,
  ]);
  return webhook ? [...sites, ['SYNCPROOF_WEBHOOK_BIND', webhook]] : sites;
}
