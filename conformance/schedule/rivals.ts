import type { Clock, Random } from '#simulators';
import type { Facts, GatedCall } from '../facts/facts.ts';
import type { SandboxClient } from '../world/sandbox-client.ts';

export interface RivalsOptions {
  facts: Facts;
  sandbox: Pick<SandboxClient, 'release'>;
  clock: Clock;
  random: Random;
  /** What the ids of the gates' rules begin with. */
  rules: string;
  /** How long the first one waits for another, in ms. */
  waitMs: number;
  heal(): Promise<void>;
}

const LOOK_MS = 5;
/** How long a call that was let go may take to its next gate. */
const STEP_MS = 200;

/** Calls about one record that are to wait for each other: after each has looked, and before any has written. */
export class Rivals {
  #o: RivalsOptions;

  constructor(options: RivalsOptions) {
    this.#o = options;
  }

  /** Waits until two calls are held at once, or one was in vain; then lets them go on, step by step. Returns how many met. */
  async meet(): Promise<number> {
    const { clock, random, waitMs } = this.#o;
    const until = clock.now() + 2 * waitMs;
    while (this.#held().length < 2 && clock.now() < until && !this.#gaveUp()) await clock.sleep(LOOK_MS);
    const met = this.#held().length;
    // Nobody writes before everybody has looked, however often each looks.
    const isRead = ({ hook }: GatedCall) => hook === 'reply';
    await this.#letGo((held) => (held.filter((call) => !isRead(call)).length > 1 ? undefined : held.find(isRead)));
    await this.#letGo((held) => (held.length > 0 ? random.pick(held) : undefined));
    await this.#o.heal();
    return met;
  }

  // Until there has been nobody to choose for some time.
  async #letGo(choose: (held: GatedCall[]) => GatedCall | undefined): Promise<void> {
    const { clock } = this.#o;
    for (let quiet = clock.now(); clock.now() - quiet < STEP_MS; ) {
      const next = choose(this.#held());
      if (!next) await clock.sleep(LOOK_MS);
      else {
        await this.#release(next);
        quiet = clock.now();
      }
    }
  }

  #calls = (): GatedCall[] => [...this.#o.facts.gated.values()].filter(({ rule }) => rule.startsWith(this.#o.rules));
  #held = (): GatedCall[] => this.#calls().filter(({ by }) => by === undefined);
  #gaveUp = (): boolean => this.#calls().some(({ by }) => by !== undefined);

  async #release(call: GatedCall): Promise<void> {
    await this.#o.sandbox.release(call.process, call.gate, STEP_MS);
    // What was let go is no longer held, whenever that is heard of.
    call.by ??= 'release';
  }
}
