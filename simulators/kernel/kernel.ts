import { type Clock, systemClock } from './clock.ts';
import { Database } from './database.ts';
import { KERNEL_FAULTS } from './faults/index.ts';
import { Gates } from './gates.ts';
import type { Exchange, FaultDefinition } from './hooks.ts';
import type { RecordRef } from './identity.ts';
import { InnerTime } from './inner-time.ts';
import { type Images, Journal } from './journal.ts';
import { Places } from './places.ts';
import { digest, Random } from './random.ts';
import type { ArmedRule } from './rule.ts';
import { RuleEngine } from './rules.ts';
import { type Schedule, Schedules } from './schedules.ts';
import { install } from './snapshots/install.ts';
import { LIFE } from './snapshots/tables.ts';
import { Cell } from './state.ts';

/** What one commit did: aligned lists, null where there was no image. */
export interface Committed extends Images {
  records: RecordRef[];
  /** Journal sequence number of the commit. */
  seq: number;
}

/** A write: `apply` runs inside the transaction, synchronously, and says what changed. A throw there undoes it. */
export interface Change {
  sim: string;
  tenant: string;
  /** What the commit means: `register`, `update`, `book`, `cancel`, … */
  act: string;
  actor?: string;
  cohort?: string;
  data?: Record<string, unknown>;
  /** Sequence number of the event that led to it, where that was no exchange. */
  cause?: number;
  /**
   * The caller's own name for this write. Made again under the same name, it changes nothing and answers the same, so
   * that a caller who lost the answer to a killed process can ask again.
   */
  call?: string;
  apply: () => Omit<Committed, 'seq'>;
}

export interface KernelOptions {
  /** Name of this process in the journal. */
  process?: string;
  seed?: string;
  /** Mixed with the seed into every generated id; another key gives other people to the same subject. */
  runKey?: string;
  clock?: Clock;
  /** Folder that keeps all state across restarts; in memory when absent. */
  data?: string;
  /** What is in memory goes into a temporary file where it becomes much: a million events of a load run. */
  spills?: boolean;
  faults?: readonly FaultDefinition[];
  /** Begins with the state of a snapshot; a data folder loses what it held. */
  from?: {
    /** The file of this process in the snapshot's folder. */
    file: string;
    /** Hash of the snapshot; the start event names it. */
    snapshot: string;
    /** The newest incarnation that wrote to the journal that is put back: none is given twice. */
    incarnation?: number;
  };
}

/** What the simulators of one process share. Names no protocol and no vendor. */
export class Kernel {
  readonly clock: Clock;
  readonly seed: string;
  readonly runKey: string;
  readonly random: Random;
  readonly database: Database;
  readonly journal: Journal;
  readonly gates: Gates;
  /** Where faults can act in this process: each face and link adds itself. */
  readonly places = new Places();
  readonly rules: RuleEngine;
  /** What quotas and outages go by. */
  readonly inner: InnerTime;
  readonly schedules: Schedules;
  readonly faults: readonly FaultDefinition[];
  #counters: Cell<number>;
  /** Sequence number of the commit, by the caller's name for it. */
  #calls: Cell<number>;
  #cells = new Map<string, Cell<unknown>>();

  constructor(options: KernelOptions = {}) {
    this.clock = options.clock ?? systemClock;
    const { data, from, spills } = options;
    if (data && from) install(from.file, data, from.incarnation);
    this.database = new Database(data, from?.file, spills);
    const settings = this.cell<string>('kernel.settings');
    // A sandbox that comes back from its data folder goes on with the seed and key that it was started with.
    this.seed = settings.get('seed') ?? options.seed ?? 'syncproof';
    this.runKey = settings.get('runKey') ?? options.runKey ?? 'local';
    settings.set('seed', this.seed);
    settings.set('runKey', this.runKey);
    this.random = new Random(digest(this.seed, this.runKey));
    const least = Math.max(from?.incarnation ?? 0, this.cell<number>(LIFE).get('incarnation') ?? 0);
    this.journal = new Journal(this.database, this.clock, options.process ?? 'sandbox', least);
    this.gates = new Gates(this.clock, this.journal);
    this.inner = new InnerTime(this.clock, this.cell('kernel.time'));
    this.schedules = new Schedules(this.cell<Schedule>('kernel.schedules'));
    this.faults = options.faults ?? KERNEL_FAULTS;
    this.rules = new RuleEngine({
      faults: this.faults,
      armed: this.cell<ArmedRule>('kernel.rules'),
      attempts: this.cell<number>('kernel.attempts'),
      database: this.database,
      journal: this.journal,
      clock: this.clock,
      inner: this.inner,
      random: this.random.fork('rules'),
      gates: this.gates,
      places: this.places,
    });
    this.#counters = this.cell<number>('kernel.counters');
    this.#calls = this.cell<number>('kernel.calls');
    const { seed, runKey } = this;
    this.journal.append({
      sim: 'kernel',
      kind: 'start',
      data: { seed, runKey, pid: process.pid, ...(from && { snapshot: from.snapshot }) },
    });
  }

  /** The state cell of that name; the same one for the same name. */
  cell<T>(name: string): Cell<T> {
    const known = this.#cells.get(name) ?? new Cell<unknown>(this.database, name);
    this.#cells.set(name, known);
    return known as Cell<T>;
  }

  /**
   * The same kernel as a part sees it whose clock may be wrong: all that the part writes and says is of that clock; the
   * journal keeps the true time.
   */
  with(clock: Clock): Kernel {
    const seen = Object.create(this, { clock: { value: clock } });
    // Methods look into private fields, which the other object lacks.
    for (const name of Object.getOwnPropertyNames(Kernel.prototype) as (keyof Kernel)[])
      if (name !== ('constructor' as keyof Kernel))
        Object.defineProperty(seen, name, { value: (this[name] as () => unknown).bind(this) });
    return seen as Kernel;
  }

  /** Next number of a named series, from 1; survives restarts. */
  count(series: string): number {
    const next = (this.#counters.get(series) ?? 0) + 1;
    this.#counters.set(series, next);
    return next;
  }

  /** Fresh hex digits (64) for an id of the named series: a function of seed, run key, series and count. */
  mint(series: string): string {
    return digest(this.seed, this.runKey, series, this.count(series));
  }

  /** Writes truth: before-commit hook, then state and journal row in one transaction, then after-commit hook. */
  async commit(change: Change, exchange?: Exchange): Promise<Committed> {
    return this.write(change, exchange);
  }

  /** The same, done when it returns where no rule is met: a promise costs more than much of what it would wait for. */
  write(change: Change, exchange?: Exchange): Committed | Promise<Committed> {
    const made = change.call && this.#calls.get(change.call);
    if (made) return this.#committed(made);
    if (exchange && this.rules.meets('before-commit', exchange))
      return this.rules.fire('before-commit', exchange).then(() => this.#write(change, exchange));
    return this.#write(change, exchange);
  }

  #write(change: Change, exchange?: Exchange): Committed | Promise<Committed> {
    const committed = this.database.transaction(() => {
      const { records, before, after, texts } = change.apply();
      const { sim, tenant, act, actor, cohort, data, cause: led } = change;
      const cause = exchange?.id ?? led;
      const draft = { sim, tenant, kind: 'commit' as const, act, actor, cohort, data, cause, records };
      const { seq } = this.journal.append(draft, { before, after, texts });
      if (change.call) this.#calls.set(change.call, seq);
      return { records, before, after, seq };
    });
    if (!exchange) return committed;
    exchange.committed = true;
    exchange.records.push(...committed.records);
    if (!this.rules.meets('after-commit', exchange)) return committed;
    return this.rules.fire('after-commit', exchange).then(() => committed);
  }

  #committed(seq: number): Committed {
    const { records = [], before = [], after = [] } = this.journal.event(seq)!;
    return { records, before, after, seq };
  }

  /** Records a defect of ours; the process goes on. A run that holds one is void for what it touched. */
  report(error: unknown, where: { sim: string; tenant?: string; cause?: number }): void {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.journal.append({ ...where, kind: 'stop', data: { defect: message } });
  }

  /** Writes everything down. */
  settle(): void {
    this.database.settle();
    this.journal.flush();
  }

  close(): void {
    this.journal.append({ sim: 'kernel', kind: 'stop' });
    this.database.close();
  }
}
