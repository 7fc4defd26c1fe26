import type { Cell, Kernel, Outgoing } from '#kernel';
import { AckDesk } from './ack-desk.ts';
import { Courier, type Parcel, type Result, Stopped } from './courier.ts';
import { TRIGGERS } from './events/index.ts';
import { type Delivery, type LinkCounts, LinkLog } from './link-log.ts';
import { type Delimiters, delimitersOf } from './message/delimiters.ts';
import type { Outbox, Queued } from './outbox.ts';
import { isKind, peopleIn } from './people-in.ts';
import { senderOf } from './senders.ts';
import { OPENINGS, Sequence, sequenceOf, withSequence } from './sequence.ts';
import { checkTogether, type LinkSettings } from './settings.ts';
import type { SiteFacts } from './site.ts';

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2000;
const LONGEST_HOLD = 10_000;
const MESSAGES = [...new Set(TRIGGERS.map(({ message }) => message))];
// How long those that shall be written at once wait for each other.
const TOGETHER_MS = 1000;

/** `sending`: a message is out, or about to go. `waiting`: for the next attempt, or for the one that shall overtake. */
export type LinkState = 'idle' | 'connecting' | 'sending' | 'waiting' | 'stopped';

export interface LinkStatus extends LinkCounts {
  state: LinkState;
  target?: string;
  /** Messages not yet done with; of a long backlog those that are built, the rest waits in the site's journal. */
  queued: number;
}

/** A message on its way: what faults made of it, and how far it got. */
interface Journey extends Delivery {
  outgoing: Outgoing;
  /** The bytes before any fault. */
  built: Buffer;
  /** Kept back: for the next message about the same person, or for a while. */
  held: false | 'next' | 'while';
}

/** One message in flight at a time; a link has as many lanes as it may have in flight. */
interface Lane {
  courier: Courier;
  state: 'idle' | 'busy' | 'waiting';
  running: boolean;
  /** Attempts that failed in a row; sets the length of the pause. */
  failures: number;
}

/** Sends the queue of a site over MLLP: in order for each person, each message sent again until it is answered. */
export class LinkOut {
  readonly desk: AckDesk;
  #kernel: Kernel;
  #facts: SiteFacts;
  #queue: Cell<Queued>;
  #outbox: Outbox;
  #settings: Cell<LinkSettings>;
  #log: LinkLog;
  #sequence: Sequence;
  #lanes: Lane[] = [];
  /** Those that carry a copy beside the lanes. */
  #extra = new Set<Courier>();
  #journeys = new Map<string, Journey>();
  /** Persons with a message in flight, by its control id. */
  #flying = new Map<string, string>();
  /** Control ids of messages that go out in the write of another. */
  #riding = new Set<string>();
  #delimiters: { text?: string | null; read?: Delimiters } = {};
  #ended = new AbortController();
  /** Ends a pause early when the settings change. */
  #pause = new AbortController();

  constructor(kernel: Kernel, facts: SiteFacts, outbox: Outbox) {
    this.#kernel = kernel;
    this.#facts = facts;
    this.#outbox = outbox;
    this.#queue = outbox.queue;
    this.#settings = kernel.cell<LinkSettings>(`hl7.${facts.site}.link`);
    this.#log = new LinkLog(kernel, facts.site);
    this.#sequence = new Sequence(kernel, facts.site);
    this.desk = new AckDesk(kernel.clock);
    kernel.places.add({
      ...{ sim: 'hl7', tenant: facts.site, kind: 'HL7 out', name: `messages of ${facts.site}` },
      hooks: ['connect', 'message', 'frame', 'ack'],
      operations: () => ['connect', ...MESSAGES],
      knows: (operation, type) => isKind(MESSAGES, operation, type),
      types: () => [...new Set(MESSAGES.map((message) => message.split('^')[0]!))],
      people: ({ text }) => peopleIn(text, facts.authority),
    });
    this.#open();
  }

  get settings(): LinkSettings {
    return this.#settings.get('settings') ?? {};
  }

  /** Delimiters of what is built, where that is a setting. */
  get delimiters(): Delimiters | undefined {
    const { delimiters } = this.settings;
    if (delimiters !== this.#delimiters.text)
      this.#delimiters = { text: delimiters, read: delimiters ? delimitersOf(delimiters) : undefined };
    return this.#delimiters.read;
  }

  /** Changes where or how the link sends. What is in flight to an old target is sent again to the new one. */
  configure(change: LinkSettings): void {
    const before = this.settings;
    const after = { ...before, ...change };
    checkTogether(after);
    this.#settings.set('settings', after);
    for (const lane of this.#lanes) lane.failures = 0;
    const moved = (['target', 'tls', 'ca', 'cert', 'key'] as const).some((key) => before[key] !== after[key]);
    if (moved || change.sequence || (before.paused && !after.paused)) this.#sequence.open = false;
    if (moved) for (const { courier } of this.#lanes) courier.disconnect();
    this.#open();
    this.#interrupt();
    this.wake();
  }

  status(): LinkStatus {
    const { target } = this.settings;
    const stopped = this.#ended.signal.aborted || this.settings.paused;
    return { state: stopped ? 'stopped' : this.#state, target, queued: this.#outbox.size, ...this.#log.counts };
  }

  /** Looks at the queue again. */
  wake(): void {
    if (this.#ended.signal.aborted) return;
    for (const lane of this.#wanted) {
      if (lane.running) continue;
      lane.running = true;
      void this.#run(lane);
    }
  }

  stop(): void {
    this.#ended.abort();
    this.#interrupt();
    for (const courier of [...this.#lanes.map((lane) => lane.courier), ...this.#extra]) courier.end();
    this.#log.keep();
  }

  get #state(): LinkState {
    const busy = this.#lanes.find(({ state }) => state === 'busy');
    if (busy) return busy.courier.state;
    return this.#lanes.some(({ state }) => state === 'waiting') || this.#held().length > 0 ? 'waiting' : 'idle';
  }

  // In release 2 of MLLP the next block waits until the one before is kept.
  get #width(): { connections: number; pipeline: number } {
    const { connections = 1, pipeline = 1, release } = this.settings;
    return { connections, pipeline: release === 2 ? 1 : pipeline };
  }

  // Lanes of one connection share its courier. Those beyond the number that is wanted end when they are done.
  #open(): void {
    const { connections, pipeline } = this.#width;
    while (this.#lanes.length < connections * pipeline) {
      const shared = this.#lanes.length % pipeline > 0 ? this.#lanes.at(-1)!.courier : undefined;
      const courier = shared ?? this.#courier();
      this.#lanes.push({ courier, state: 'idle', running: false, failures: 0 });
    }
  }

  #courier(): Courier {
    return new Courier(this.#kernel, this.#facts, this.#log, () => this.settings, this.#ended.signal, this.desk);
  }

  get #wanted(): Lane[] {
    const { connections, pipeline } = this.#width;
    return this.#lanes.length === connections * pipeline ? this.#lanes : this.#lanes.slice(0, connections * pipeline);
  }

  async #run(lane: Lane): Promise<void> {
    try {
      for (let entry = this.#next(lane); entry; entry = this.#next(lane)) {
        lane.state = 'busy';
        this.#flying.set(entry.person, entry.control);
        await this.#deliver(entry, lane);
        this.#land(entry);
        if (this.settings.gapMs) await this.#kernel.clock.sleep(this.settings.gapMs, this.#pause.signal);
      }
    } catch (error) {
      if (!(error instanceof Stopped)) this.#kernel.report(error, { sim: 'hl7', tenant: this.#facts.site });
    }
    lane.state = 'idle';
    lane.running = false;
  }

  #land({ person, control }: Queued): void {
    if (this.#flying.get(person) === control) this.#flying.delete(person);
    // Another lane may have passed this person's next message over.
    if (this.#lanes.length > 1) this.wake();
  }

  get #mayGo(): boolean {
    const { target, paused } = this.settings;
    return target !== undefined && !paused && !this.#ended.signal.aborted;
  }

  #next(lane?: Lane): Queued | undefined {
    if (!this.#mayGo || (lane && !this.#wanted.includes(lane))) return undefined;
    for (const entry of this.#queue.values())
      if (!this.#journeys.get(entry.control)?.held && !this.#flying.has(entry.person) && !this.#riding.has(entry.control))
        return entry;
    return undefined;
  }

  async #deliver(waiting: Queued, lane: Lane): Promise<void> {
    const numbered = this.#numbering;
    if (numbered && !(await this.#opened(waiting, lane))) return;
    const entry = numbered ? this.#numbered(waiting) : waiting;
    const journey = this.#journeys.get(entry.control) ?? (await this.#begin(entry, lane));
    if (!journey) return this.#wait(lane);
    const { outgoing } = journey;
    if (outgoing.copies < 1) return this.#drop(entry);
    const { holdMs } = outgoing;
    if (holdMs) {
      outgoing.holdMs = 0;
      return this.#hold(journey, 'while', holdMs);
    }
    if (outgoing.holdForNext) {
      outgoing.holdForNext = false;
      // The one that shall overtake is not kept back itself.
      if (!this.#held().some(({ person }) => person === entry.person)) return this.#hold(journey, 'next', LONGEST_HOLD);
    }
    const { batch = 1 } = this.settings;
    if (batch > 1 && !outgoing.abreast && !outgoing.together) return this.#deliverBatch(entry, journey, lane, batch);
    if (outgoing.abreast) await this.#copiesAbreast(entry, journey, lane);
    const riders = outgoing.together && !numbered ? await this.#gather(outgoing.together, lane) : [];
    while (journey.copy <= outgoing.copies) {
      const crew = [this.#parcel(entry, journey, lane), ...riders.splice(0).map(([one, its]) => this.#parcel(one, its, lane))];
      const [result = { outcome: 'closed', action: 'retry' } as Result] = await lane.courier.attempt(crew);
      const { outcome, action, expected } = result;
      for (const { entry: rider } of crew.slice(1)) this.#riding.delete(rider.control);
      if (action === 'stop') {
        this.configure({ paused: true });
        return;
      }
      if (result.told === 'gap' && !(await this.#follow(expected, entry, lane))) return;
      // Refused, and its number is used up all the same.
      const { sequence } = crew[0]!;
      if (action === 'skip' && sequence !== undefined && expected === sequence + 1) this.#sequence.passed(entry, sequence);
      if (action === 'retry') {
        // A fault may want the same socket and the same message at once.
        if (!(outcome === 'silent' && outgoing.patient)) await this.#wait(lane);
        if (!this.#mayGo) return;
        continue;
      }
      lane.failures = 0;
      journey.copy++;
      journey.attempt = 0;
    }
  }

  get #numbering(): boolean {
    return (this.settings.sequence ?? 'off') !== 'off';
  }

  // The number is kept before anything is written: after a kill it tells whether the receiver had the message.
  #numbered(entry: Queued): Queued {
    const { next } = this.#sequence;
    if (entry.sequence === next) return entry;
    const numbered = { ...entry, sequence: next };
    this.#queue.set(entry.control, numbered);
    return numbered;
  }

  // Starts the link by the sequence number protocol, and does what the receiver's number asks for. False: not now.
  async #opened(head: Queued, lane: Lane): Promise<boolean> {
    if (this.#sequence.open) return true;
    const { sequence = 'off' } = this.settings;
    if (sequence === 'off') return true;
    lane.state = 'busy';
    const { outcome, expected } = await this.#once(this.#outbox.opening(OPENINGS[sequence]), lane);
    if (outcome === 'error' || outcome === 'reject') return this.#freeze('the receiver refuses the start of the link', expected);
    if (outcome !== 'positive') {
      await this.#wait(lane);
      return false;
    }
    this.#sequence.open = true;
    lane.failures = 0;
    if (sequence === 'start') return this.#follow(expected, head, lane);
    this.#log.sequence('resynchronised', { expected, next: this.#sequence.next });
    this.#settings.set('settings', { ...this.settings, sequence: 'start' });
    return true;
  }

  async #follow(expected: number | undefined, head: Queued, lane: Lane): Promise<boolean> {
    const step = this.#sequence.decide(expected, head);
    if (step.do === 'freeze') return this.#freeze(step.reason, expected);
    this.#log.sequence(step.do, { expected, next: this.#sequence.next });
    if (step.do === 'count') {
      this.#kernel.database.transaction(() => {
        this.#sequence.passed(head, head.sequence!);
        this.#remove(head);
      });
      return false;
    }
    for (const entry of step.do === 'send-again' ? step.entries : []) {
      const { outcome, expected: then, told } = await this.#once(entry, lane, 2);
      if (outcome === 'positive' && told !== 'gap') continue;
      this.#sequence.open = false;
      if ((outcome === 'error' || outcome === 'reject') && then === entry.sequence)
        return this.#freeze(`the receiver refuses number ${then}, which it expects`, then);
      await this.#wait(lane);
      return false;
    }
    return true;
  }

  // One attempt at what is not, or no longer, in the queue.
  async #once(entry: Queued, { courier }: Lane, attempt = 1): Promise<Result> {
    const outgoing = courier.pack(entry);
    if (entry.sequence !== undefined) outgoing.bytes = withSequence(outgoing.bytes, entry.sequence);
    const built = outgoing.bytes;
    const parcel: Parcel = { entry, outgoing, built, delivery: { copy: 1, attempt }, sequence: entry.sequence, onDone: () => {} };
    const [result] = await courier.attempt([parcel]);
    return result ?? { outcome: 'closed', action: 'retry' };
  }

  // Until somebody looks, and starts the link again or makes the receiver take our numbers.
  #freeze(reason: string, expected: number | undefined): false {
    this.#sequence.open = false;
    this.configure({ paused: true });
    this.#log.sequence('freeze', { expected, next: this.#sequence.next, reason });
    return false;
  }

  // Together with others that wait, in one frame. What is not done with stays in the queue, and goes with the next batch.
  async #deliverBatch(entry: Queued, journey: Journey, lane: Lane, size: number): Promise<void> {
    const crew: [Queued, Journey][] = [[entry, journey], ...(await this.#companions(entry, size - 1, lane))];
    const parcels = crew.map(([one, its]) => this.#parcel(one, its, lane));
    const results = await lane.courier.attempt(parcels, true);
    for (const [at, [one, its]] of crew.entries()) {
      this.#riding.delete(one.control);
      if (at > 0) this.#land(one);
      const { action } = results[at]!;
      if (action !== 'done' && action !== 'skip') continue;
      its.copy++;
      its.attempt = 0;
    }
    if (results.some(({ action }) => action === 'stop')) return this.configure({ paused: true });
    if (results.some(({ action }) => action === 'retry')) return this.#wait(lane);
    lane.failures = 0;
  }

  // Those that come next in the queue, about persons who have nothing in flight but in this batch.
  async #companions(entry: Queued, count: number, lane: Lane): Promise<[Queued, Journey][]> {
    const chosen: Queued[] = [];
    for (const one of this.#queue.values()) {
      if (chosen.length === count) break;
      const flying = this.#flying.has(one.person) && one.person !== entry.person;
      const free = one.control !== entry.control && !flying && !this.#riding.has(one.control);
      if (free && !this.#journeys.get(one.control)?.held) chosen.push(one);
    }
    for (const { control, person } of chosen) {
      this.#riding.add(control);
      if (!this.#flying.has(person)) this.#flying.set(person, control);
    }
    const crew: [Queued, Journey][] = [];
    for (const one of chosen) {
      const journey = this.#journeys.get(one.control) ?? (await this.#begin(one, lane));
      const { copies = 0, holdForNext, holdMs, abreast, together } = journey?.outgoing ?? {};
      // What a fault holds back, drops or sends another way does not go with them.
      if (journey && copies > 0 && !holdForNext && !holdMs && !abreast && !together) crew.push([one, journey]);
      else {
        this.#riding.delete(one.control);
        this.#land(one);
      }
    }
    return crew;
  }

  // Further copies, each over a connection of its own, written together with the message itself; each is tried once.
  async #copiesAbreast(entry: Queued, journey: Journey, { courier }: Lane): Promise<void> {
    const { outgoing, built } = journey;
    const others = Array.from({ length: outgoing.abreast! - 1 }, () => this.#courier());
    outgoing.abreast = undefined;
    // All connections stand before anything is written.
    await Promise.all([courier, ...others].map((each) => each.ready()));
    courier.check();
    for (const [n, other] of others.entries()) {
      const delivery = { copy: outgoing.copies + n + 1, attempt: 1 };
      const ended = other.attempt([{ entry, outgoing: { ...outgoing }, built, delivery, onDone: () => {} }]);
      const done = (): void => {
        this.#extra.delete(other);
        other.end();
      };
      this.#extra.add(other);
      void ended.then(done, done);
    }
  }

  #parcel(entry: Queued, journey: Journey, lane: Lane): Parcel {
    const delivery = { copy: journey.copy, attempt: ++journey.attempt };
    // What a fault did to the bytes holds for the first attempt of each copy: the queue keeps the message as it was
    // built, and sends that again.
    const packed = journey.attempt === 1 ? { ...journey.outgoing } : lane.courier.pack(entry);
    if (!this.#numbering)
      return { entry, outgoing: packed, built: journey.built, delivery, onDone: () => this.#copyDone(entry, journey) };
    // A number that a fault wrote stays.
    const n = entry.sequence!;
    packed.bytes = withSequence(packed.bytes, n);
    return {
      ...{ entry, outgoing: packed, built: withSequence(journey.built, n), delivery, sequence: sequenceOf(packed.bytes) },
      onDone: (action) => {
        if (action === 'done' && n === this.#sequence.next) this.#sequence.passed(entry, n);
        this.#copyDone(entry, journey);
      },
    };
  }

  // Once for each message, when it becomes the head. Undefined when a fault severed it.
  async #begin(entry: Queued, lane: Lane): Promise<Journey | undefined> {
    const outgoing = lane.courier.pack(entry);
    const built = outgoing.bytes;
    // Acknowledged before a restart, and only its further copies were missing.
    if (entry.delivered) outgoing.copies = 0;
    // What a fault itself sends is not met by faults again: it would never end.
    else if (!entry.given?.echo && !(await lane.courier.introduce(entry, outgoing))) return undefined;
    const journey: Journey = { outgoing, built, copy: 1, attempt: 0, held: false };
    this.#journeys.set(entry.control, journey);
    return journey;
  }

  // Those that come next in the queue, about whomever; waited for a while.
  async #gather(count: number, lane: Lane): Promise<[Queued, Journey][]> {
    const deadline = this.#kernel.clock.now() + TOGETHER_MS;
    const head = (): Queued[] => {
      const taken = new Set([...this.#flying.values(), ...this.#riding]);
      const free = [...this.#queue.values()].filter(({ control }) => !taken.has(control) && !this.#journeys.get(control)?.held);
      return free.slice(0, count - 1);
    };
    while (head().length < count - 1 && this.#kernel.clock.now() < deadline)
      await this.#kernel.clock.sleep(20, this.#pause.signal);
    const next = head();
    for (const { control } of next) this.#riding.add(control);
    const riders: [Queued, Journey][] = [];
    for (const entry of next) {
      const journey = await this.#begin(entry, lane);
      const { copies = 0, holdForNext, holdMs } = journey?.outgoing ?? {};
      // What a fault holds back or drops does not ride.
      if (journey && copies > 0 && !holdForNext && !holdMs) riders.push([entry, journey]);
      else this.#riding.delete(entry.control);
    }
    return riders;
  }

  #copyDone(entry: Queued, { copy, outgoing }: Journey): void {
    if (copy < outgoing.copies) return void this.#queue.set(entry.control, { ...entry, delivered: true });
    this.#remove(entry);
    for (const after of outgoing.echoes ?? []) {
      const control = this.#outbox.after(entry, after);
      if (!after.afterNext) continue;
      const echo = this.#lanes[0]!.courier.pack(this.#queue.get(control)!);
      echo.healed = outgoing.healed;
      const journey: Journey = { outgoing: echo, built: echo.bytes, copy: 1, attempt: 0, held: 'next' };
      this.#journeys.set(control, journey);
      this.#hold(journey, 'next', LONGEST_HOLD);
    }
  }

  #drop(entry: Queued): void {
    this.#kernel.database.transaction(() => {
      if (!entry.delivered) this.#log.dropped(entry);
      // Lost on the way: the receiver will miss its number.
      if (this.#numbering && !entry.delivered && entry.sequence !== undefined) this.#sequence.passed(entry, entry.sequence);
      this.#remove(entry);
    });
  }

  // What was kept back for this message may go now.
  #remove(entry: Queued): void {
    this.#queue.delete(entry.control);
    this.#outbox.relieved();
    this.#journeys.delete(entry.control);
    for (const { control, person } of this.#held()) {
      const journey = this.#journeys.get(control)!;
      if (person === entry.person && journey.held === 'next') journey.held = false;
    }
  }

  #held(): Queued[] {
    return [...this.#journeys].flatMap(([control, { held }]) => (held ? (this.#queue.get(control) ?? []) : []));
  }

  // Until then, or until what keeps it back is undone.
  #hold(journey: Journey, why: 'next' | 'while', ms: number): void {
    journey.held = why;
    const over = new AbortController();
    void journey.outgoing.healed?.then(() => over.abort());
    void this.#kernel.clock.sleep(ms, AbortSignal.any([this.#ended.signal, over.signal])).then(() => {
      journey.held = false;
      this.wake();
    });
  }

  async #wait(lane: Lane): Promise<void> {
    lane.courier.check();
    lane.state = 'waiting';
    const { retryMs = senderOf(this.settings.sender).retryMs } = this.settings;
    const ms = retryMs ?? Math.min(FIRST_PAUSE * 2 ** lane.failures++, LONGEST_PAUSE);
    await this.#kernel.clock.sleep(ms, this.#pause.signal);
    lane.courier.check();
    lane.state = 'busy';
  }

  #interrupt(): void {
    this.#pause.abort();
    this.#pause = new AbortController();
  }
}
