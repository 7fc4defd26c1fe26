import type { Cell, Kernel, Outgoing } from '#kernel';
import { AGAIN, Courier, type LinkSettings, Stopped } from './courier.ts';
import { type Delivery, type LinkCounts, LinkLog } from './link-log.ts';
import type { Queued } from './outbox.ts';
import type { SiteFacts } from './site.ts';

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2000;
const LONGEST_HOLD = 10_000;

/** `sending`: a message is out, or about to go. `waiting`: for the next attempt, or for the one that shall overtake. */
export type LinkState = 'idle' | 'connecting' | 'sending' | 'waiting' | 'stopped';

export interface LinkStatus extends LinkCounts {
  state: LinkState;
  target?: string;
  /** Messages not yet done with. */
  queued: number;
}

/** A message on its way: what faults made of it, and how far it got. */
interface Journey extends Delivery {
  outgoing: Outgoing;
  /** Kept back for the next message about the same person. */
  held: boolean;
}

/** Sends the queue of a site over MLLP: in order, one message in flight, each sent again until it is answered. */
export class LinkOut {
  #kernel: Kernel;
  #facts: SiteFacts;
  #queue: Cell<Queued>;
  #settings: Cell<LinkSettings>;
  #log: LinkLog;
  #courier: Courier;
  #journeys = new Map<string, Journey>();
  #state: 'idle' | 'busy' | 'waiting' = 'idle';
  #ended = new AbortController();
  /** Attempts that failed in a row; sets the length of the pause. */
  #failures = 0;
  /** Ends a pause early when the settings change. */
  #pause = new AbortController();
  #running = false;

  constructor(kernel: Kernel, facts: SiteFacts, queue: Cell<Queued>) {
    this.#kernel = kernel;
    this.#facts = facts;
    this.#queue = queue;
    this.#settings = kernel.cell<LinkSettings>(`hl7.${facts.site}.link`);
    this.#log = new LinkLog(kernel, facts.site);
    this.#courier = new Courier(kernel, facts, this.#log, () => this.settings, this.#ended.signal);
  }

  get settings(): LinkSettings {
    return this.#settings.get('settings') ?? {};
  }

  /** Changes where or how the link sends. What is in flight to an old target is sent again to the new one. */
  configure(change: LinkSettings): void {
    const before = this.settings;
    const after = { ...before, ...change };
    this.#settings.set('settings', after);
    this.#failures = 0;
    if (before.target !== after.target || before.tls !== after.tls || before.ca !== after.ca) this.#courier.disconnect();
    this.#interrupt();
    this.wake();
  }

  status(): LinkStatus {
    const { target } = this.settings;
    const state = this.#ended.signal.aborted || this.settings.paused ? 'stopped' : this.#state;
    return { state: state === 'busy' ? this.#courier.state : state, target, queued: this.#queue.size, ...this.#log.counts };
  }

  /** Looks at the queue again. */
  wake(): void {
    if (this.#running || this.#ended.signal.aborted) return;
    this.#running = true;
    void this.#run();
  }

  stop(): void {
    this.#ended.abort();
    this.#interrupt();
    this.#courier.disconnect();
  }

  async #run(): Promise<void> {
    try {
      for (let entry = this.#next(); entry; entry = this.#next()) {
        this.#state = 'busy';
        await this.#deliver(entry);
      }
    } catch (error) {
      if (!(error instanceof Stopped)) this.#kernel.report(error, { sim: 'hl7', tenant: this.#facts.site });
    }
    this.#state = this.#held().length > 0 ? 'waiting' : 'idle';
    this.#running = false;
  }

  get #mayGo(): boolean {
    const { target, paused } = this.settings;
    return target !== undefined && !paused && !this.#ended.signal.aborted;
  }

  #next(): Queued | undefined {
    if (!this.#mayGo) return undefined;
    for (const entry of this.#queue.values()) if (!this.#journeys.get(entry.control)?.held) return entry;
    return undefined;
  }

  async #deliver(entry: Queued): Promise<void> {
    const journey = this.#journeys.get(entry.control) ?? (await this.#begin(entry));
    if (!journey) return this.#wait();
    const { outgoing } = journey;
    if (outgoing.copies < 1) return this.#drop(entry);
    if (outgoing.holdForNext) {
      outgoing.holdForNext = false;
      // The one that shall overtake is not kept back itself.
      if (!this.#held().some(({ person }) => person === entry.person)) return this.#hold(journey);
    }
    while (journey.copy <= outgoing.copies) {
      const delivery = { copy: journey.copy, attempt: ++journey.attempt };
      // What a fault did to the bytes holds for the first attempt of each copy: the queue keeps the message as it was
      // built, and sends that again.
      const packed = journey.attempt === 1 ? { ...outgoing } : this.#courier.pack(entry);
      const outcome = await this.#courier.attempt(entry, packed, delivery, () => this.#copyDone(entry, journey));
      if (AGAIN[outcome]) {
        await this.#wait();
        if (!this.#mayGo) return;
        continue;
      }
      this.#failures = 0;
      journey.copy++;
      journey.attempt = 0;
    }
  }

  // Once for each message, when it becomes the head. Undefined when a fault severed it.
  async #begin(entry: Queued): Promise<Journey | undefined> {
    const outgoing = this.#courier.pack(entry);
    // Acknowledged before a restart, and only its further copies were missing.
    if (entry.delivered) outgoing.copies = 0;
    else if (!(await this.#courier.introduce(entry, outgoing))) return undefined;
    const journey = { outgoing, copy: 1, attempt: 0, held: false };
    this.#journeys.set(entry.control, journey);
    return journey;
  }

  #copyDone(entry: Queued, { copy, outgoing }: Journey): void {
    if (copy >= outgoing.copies) this.#remove(entry);
    else this.#queue.set(entry.control, { ...entry, delivered: true });
  }

  #drop(entry: Queued): void {
    this.#kernel.database.transaction(() => {
      if (!entry.delivered) this.#log.dropped(entry);
      this.#remove(entry);
    });
  }

  // What was kept back for this message may go now.
  #remove(entry: Queued): void {
    this.#queue.delete(entry.control);
    this.#journeys.delete(entry.control);
    for (const { control, person } of this.#held()) if (person === entry.person) this.#journeys.get(control)!.held = false;
  }

  #held(): Queued[] {
    return [...this.#journeys].flatMap(([control, { held }]) => (held ? [this.#queue.get(control)!] : []));
  }

  #hold(journey: Journey): void {
    journey.held = true;
    void this.#kernel.clock.sleep(LONGEST_HOLD, this.#ended.signal).then(() => {
      journey.held = false;
      this.wake();
    });
  }

  async #wait(): Promise<void> {
    this.#courier.check();
    this.#state = 'waiting';
    const ms = Math.min(FIRST_PAUSE * 2 ** this.#failures++, LONGEST_PAUSE);
    await this.#kernel.clock.sleep(ms, this.#pause.signal);
    this.#courier.check();
    this.#state = 'busy';
  }

  #interrupt(): void {
    this.#pause.abort();
    this.#pause = new AbortController();
  }
}
