import type { Random } from '#simulators';
import type { Chooser, Decision, Step, Strategy, Why } from './strategy.ts';

/** What is to be done now: an own act, by its place, or a parked call, by the id that it was parked under. */
export type Move = { act: number } | { call: string };

const meet = (a: Step, b: Step): boolean => a.touches.some((one) => b.touches.includes(one));

/**
 * One schedule: the calls of the subject about a few records, and what the judge does to them, in an order that a strategy
 * chooses. Knows no sandbox and no clock: it is told what came and what went, and says what goes next.
 */
export class Lane {
  readonly name: string;
  readonly decisions: Decision[] = [];
  #acts: readonly Step[];
  #next = 0;
  #parked = new Map<string, Step>();
  #counts = new Map<string, number>();
  #choose: Chooser;
  #prunes: boolean;

  constructor(name: string, acts: readonly Step[], strategy: Strategy, random: Random) {
    this.name = name;
    this.#acts = acts;
    this.#choose = strategy.open(name, random);
    this.#prunes = strategy.prunes;
  }

  /** A call arrived and waits. */
  park(id: string, { name, touches }: Step): void {
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    this.#parked.set(id, { name: `${name} #${count}`, touches });
  }

  /** A call went on without being asked. */
  left(id: string, why: 'deadline' | 'gone'): void {
    const step = this.#parked.get(id);
    if (step) this.#decide(step, why, id);
  }

  /** Whether the judge has more to do. */
  get isActing(): boolean {
    return this.#next < this.#acts.length;
  }

  /** Whether no call is there. */
  get isLonely(): boolean {
    return this.#parked.size === 0;
  }

  /** From now on whatever is there is taken: for one that cannot follow its record any more. */
  wander(): void {
    this.#choose = (options) => options[0];
  }

  /** Names of what can be taken now. */
  get options(): string[] {
    return this.#options().map(({ name }) => name);
  }

  /** What goes next, in this order; nothing where the strategy waits, or where there is nothing. */
  next(idle = false): Move[] {
    const moves = this.#prunes ? this.#lone() : [];
    const options = this.#options();
    const [only] = options;
    if (!only) return moves;
    // Who decides about all is asked even where there is no choice.
    const step = options.length > 1 || !this.#prunes ? this.#choose(options, this.decisions, idle) : only;
    if (step) moves.push(this.#decide(step, options.length > 1 ? 'chosen' : 'alone'));
    return moves;
  }

  // Calls that touch nothing in common with anything else that is there or to come: their order makes no difference.
  #lone(): Move[] {
    const ahead = this.#acts.slice(this.#next);
    const calls = [...this.#parked];
    const lone = calls.filter(
      ([id, call]) =>
        ![...calls.filter(([other]) => other !== id).map(([, one]) => one), ...ahead].some((one) => meet(one, call)),
    );
    return lone.map(([id, call]) => this.#decide(call, 'alone', id));
  }

  #options(): Step[] {
    const act = this.#acts[this.#next];
    return [...this.#parked.values(), ...(act ? [act] : [])];
  }

  #decide(step: Step, why: Why, id = [...this.#parked].find(([, one]) => one === step)?.[0]): Move {
    this.decisions.push({ options: this.#options().map(({ name }) => name), took: step.name, why });
    if (id === undefined) return { act: this.#next++ };
    this.#parked.delete(id);
    return { call: id };
  }
}
