import type { Cancel, Clock } from './clock.ts';
import type { Gates } from './gates.ts';
import type { Exchange, FaultDefinition, Hook } from './hooks.ts';
import type { Journal } from './journal.ts';
import type { FaultPlace, Places, Undo } from './places.ts';
import type { Random } from './random.ts';
import type { Cell } from './state.ts';

/** Whom a rule hits; every key that is given must match. */
export interface RuleWhere {
  sim?: string;
  /** Site name or organisation id. */
  tenant?: string;
  /** `read`, `create`, `ADT^A08`, …; several separated by `|`. */
  operation?: string;
  /** Resource or object type. */
  type?: string;
  method?: string;
  /** Beginning of the path. */
  path?: string;
  client?: string;
  /** Text that must occur in URL, body or message: an MRN, a name, an id; of several, one of them. */
  text?: string | readonly string[];
}

/** A fault plus whom it hits, when, how often. Plain JSON: the same in a check, a plan, a k6 script and `curl`. */
export interface Rule {
  /** Given by the engine when absent. */
  id?: string;
  fault: string;
  params?: Record<string, unknown>;
  where?: RuleWhere;
  when?: {
    /** Only the n-th match, from 1. */
    nth?: number;
    /** Every n-th match. */
    every?: number;
    /** Chance of each match, from the seed. */
    probability?: number;
    /** Milliseconds after arming, and for how long. */
    after?: number;
    during?: number;
  };
  /** How often it may fire; unlimited when absent. */
  times?: number;
}

export interface ArmedRule extends Rule {
  id: string;
  armedAt: number;
  matched: number;
  fired: number;
}

/** A rule that cannot be armed: says what is wrong and what would be right. */
export class RuleError extends Error {}

const WHERE_KEYS = ['sim', 'tenant', 'operation', 'type', 'method', 'path', 'client', 'text'];
const WHEN_KEYS = ['nth', 'every', 'probability', 'after', 'during'];
const RULE_KEYS = ['id', 'fault', 'params', 'where', 'when', 'times'];

/** Holds the armed rules and decides, at each hook, which faults act. Faults say what happens, this says to whom and when. */
export class RuleEngine {
  #faults: ReadonlyMap<string, FaultDefinition>;
  #armed: Cell<ArmedRule>;
  #journal: Journal;
  #clock: Clock;
  #random: Random;
  #gates: Gates;
  #places: Places;
  #count = 0;
  /** What standing faults have pulled, by rule: undone on healing. */
  #pulled = new Map<string, Promise<Undo[]>>();
  #windows = new Map<string, Cancel[]>();
  #waiting = new Map<string, (() => void)[]>();
  // Which rules act on an exchange is decided once, at the first hook that matches, and holds for its later hooks.
  #decisions = new WeakMap<Exchange, Map<string, boolean>>();

  constructor(options: {
    faults: readonly FaultDefinition[];
    armed: Cell<ArmedRule>;
    journal: Journal;
    clock: Clock;
    random: Random;
    gates: Gates;
    places: Places;
  }) {
    this.#faults = new Map(options.faults.map((fault) => [fault.name, fault]));
    this.#armed = options.armed;
    this.#journal = options.journal;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#gates = options.gates;
    this.#places = options.places;
  }

  /** Whether any rule is armed. */
  get any(): boolean {
    return this.#armed.size > 0;
  }

  list(): ArmedRule[] {
    return [...this.#armed.values()];
  }

  /** Arms a rule. Throws RuleError, naming the mistake and the nearest right word. */
  arm(rule: Rule): ArmedRule {
    const fault = this.#validate(rule);
    const defaults = Object.fromEntries(Object.entries(fault.params).map(([name, param]) => [name, param.default]));
    const id = rule.id ?? `rule-${this.#clock.micros()}-${++this.#count}`;
    const armed: ArmedRule = {
      ...rule,
      id,
      params: { ...defaults, ...rule.params },
      armedAt: this.#clock.now(),
      matched: 0,
      fired: 0,
    };
    this.#armed.set(id, armed);
    this.#journal.append({ sim: 'kernel', kind: 'rule', data: { rule: armed } });
    if (fault.lever) this.#stand(armed);
    return armed;
  }

  /** Resolves when every standing fault that is due stands. @throws RuleError of the one that could not; it is healed. */
  async effective(): Promise<void> {
    for (const [id, pulled] of [...this.#pulled]) {
      try {
        await pulled;
      } catch (error) {
        const { fault } = this.#armed.get(id) ?? { fault: id };
        this.heal(id);
        throw new RuleError(`${fault}: ${(error as Error).message}`);
      }
    }
  }

  /** Pulls the levers of standing faults that were armed before this process started. */
  resume(): Promise<void> {
    for (const rule of this.list()) if (this.#faults.get(rule.fault)?.lever) this.#stand(rule);
    return this.effective();
  }

  // The window of a standing fault begins and ends by the clock, whoever calls.
  #stand(rule: ArmedRule): void {
    const { after = 0, during } = rule.when ?? {};
    const age = this.#clock.now() - rule.armedAt;
    const timers: Cancel[] = [];
    if (age < after) timers.push(this.#clock.after(after - age, () => this.#pull(rule)));
    else if (during === undefined || age < after + during) this.#pull(rule);
    if (during !== undefined && age < after + during) {
      timers.push(this.#clock.after(after + during - age, () => this.#letGo(rule.id)));
    }
    this.#windows.set(rule.id, timers);
  }

  #pull(rule: ArmedRule): void {
    const { lever, idle } = this.#faults.get(rule.fault)!;
    const { sim, tenant } = rule.where ?? {};
    rule.matched++;
    if (idle?.(rule.params ?? {})) return;
    rule.fired++;
    this.#armed.set(rule.id, rule);
    const places = this.#places.of({ sim, tenant }).filter((place) => place.levers?.[lever!]);
    const pulling = (async () => Promise.all(places.map((place) => place.levers![lever!]!(rule.params ?? {}))))();
    pulling.catch(() => {}); // told by `effective`
    this.#pulled.set(rule.id, pulling);
    for (const place of places) {
      const data = { rule: rule.id, fault: rule.fault, lever, n: rule.fired };
      this.#journal.append({ sim: place.sim, tenant: place.tenant, kind: 'fault', data });
    }
  }

  #letGo(id: string): void {
    for (const cancel of this.#windows.get(id) ?? []) cancel();
    this.#windows.delete(id);
    const pulled = this.#pulled.get(id);
    this.#pulled.delete(id);
    pulled?.then(
      (undos) => {
        for (const undo of undos.reverse()) undo();
      },
      () => {},
    );
  }

  /** Heals one rule, or all. Everything that it kept waiting goes on. */
  heal(id?: string): number {
    const healed = id === undefined ? this.list() : this.list().filter((rule) => rule.id === id);
    for (const rule of healed) {
      this.#armed.delete(rule.id);
      this.#letGo(rule.id);
      this.#gates.releaseRule(rule.id);
      for (const resolve of this.#waiting.get(rule.id) ?? []) resolve();
      this.#waiting.delete(rule.id);
      this.#journal.append({ sim: 'kernel', kind: 'heal', data: { rule: rule.id, fault: rule.fault, fired: rule.fired } });
    }
    return healed.length;
  }

  /** Lets every armed rule that matches act at this hook, in the order of arming. */
  async fire(hook: Hook, exchange: Exchange): Promise<void> {
    if (!this.any) return;
    for (const rule of this.list()) {
      const fault = this.#faults.get(rule.fault);
      const act = fault?.hooks[hook];
      if (!act || !this.#chosen(rule, exchange, hook) || fault.idle?.(rule.params ?? {})) continue;
      await act(exchange, rule.params ?? {}, {
        clock: this.#clock,
        random: this.#random.fork(`${rule.id}/${rule.fired}`),
        park: (at, deadlineMs) => this.#gates.park(rule.id, at, exchange, deadlineMs),
        untilHealed: () => this.#untilHealed(rule.id),
      });
    }
  }

  #untilHealed(id: string): Promise<void> {
    if (!this.#armed.has(id)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), resolve]));
  }

  #chosen(rule: ArmedRule, exchange: Exchange, hook: Hook): boolean {
    const decided = this.#decisions.get(exchange) ?? new Map<string, boolean>();
    this.#decisions.set(exchange, decided);
    const known = decided.get(rule.id);
    if (known !== undefined) return known;
    if (!matches(rule.where ?? {}, exchange)) return false;
    if (this.#faults.get(rule.fault)?.applies?.(exchange, rule.params ?? {}, hook) === false) return false;
    const chosen = this.#advance(rule);
    decided.set(rule.id, chosen);
    if (chosen) {
      this.#journal.append({
        sim: exchange.sim,
        tenant: exchange.tenant,
        kind: 'fault',
        cause: exchange.id,
        records: [...exchange.records],
        data: { rule: rule.id, fault: rule.fault, hook, n: rule.fired, operation: exchange.operation },
      });
    }
    return chosen;
  }

  // State advances at the match, before anything that the fault does (a latency, say) can take time.
  #advance(rule: ArmedRule): boolean {
    const { nth, every, probability, after = 0, during } = rule.when ?? {};
    const age = this.#clock.now() - rule.armedAt;
    if (age < after || (during !== undefined && age >= after + during)) return false;
    if (rule.times !== undefined && rule.fired >= rule.times) return false;
    rule.matched++;
    const due =
      (nth === undefined || rule.matched === nth) &&
      (every === undefined || rule.matched % every === 0) &&
      (probability === undefined || this.#random.fork(`${rule.id}#${rule.matched}`).chance(probability));
    if (due) rule.fired++;
    this.#armed.set(rule.id, rule);
    return due;
  }

  #validate(rule: Rule): FaultDefinition {
    if (typeof rule !== 'object' || rule === null) throw new RuleError('a rule is an object with at least "fault"');
    unknownKey('rule', rule, RULE_KEYS);
    unknownKey('where', rule.where ?? {}, WHERE_KEYS);
    unknownKey('when', rule.when ?? {}, WHEN_KEYS);
    const fault = this.#faults.get(rule.fault);
    if (!fault)
      throw new RuleError(`no fault is called ${JSON.stringify(rule.fault)}; there are: ${[...this.#faults.keys()].join(', ')}`);
    if (rule.id !== undefined && this.#armed.has(rule.id))
      throw new RuleError(`a rule with the id ${JSON.stringify(rule.id)} is armed already`);
    unknownKey(`params of ${fault.name}`, rule.params ?? {}, Object.keys(fault.params));
    for (const [name, param] of Object.entries(fault.params)) {
      const value = rule.params?.[name] ?? param.default;
      if (value === undefined) throw new RuleError(`${fault.name} needs the parameter "${name}": ${param.doc}`);
      if (typeof value !== param.type)
        throw new RuleError(`${fault.name}.${name} must be a ${param.type}, not ${JSON.stringify(value)}`);
      if (param.oneOf && !param.oneOf.includes(String(value)))
        throw new RuleError(`${fault.name}.${name} must be one of ${param.oneOf.join(', ')}, not ${JSON.stringify(value)}`);
      if (param.range && (Number(value) < param.range[0] || Number(value) > param.range[1]))
        throw new RuleError(`${fault.name}.${name} must lie between ${param.range[0]} and ${param.range[1]}, not ${value}`);
    }
    this.#possible(fault, rule);
    return fault;
  }

  // A rule that no exchange can ever meet would be a fault that somebody believes in.
  #possible(fault: FaultDefinition, { where = {}, when = {}, times }: Rule): void {
    const here = this.#places.of(where);
    if (this.#places.list().length === 0) return;
    if (here.length === 0) {
      const known = [...new Set(this.#places.list().map(({ sim, tenant }) => `${sim}/${tenant}`))].join(', ');
      throw new RuleError(`no part of this process is ${where.sim ?? '*'}/${where.tenant ?? '*'}; there are: ${known}`);
    }
    if (fault.lever) {
      const odd = [
        ...Object.keys(where).filter((key) => key !== 'sim' && key !== 'tenant'),
        ...Object.keys(when).filter((key) => key !== 'after' && key !== 'during'),
        ...(times === undefined ? [] : ['times']),
      ];
      if (odd.length > 0)
        throw new RuleError(`${fault.name} stands for a while and hits a whole place: leave out ${odd.join(', ')}`);
      if (!here.some(({ levers }) => levers?.[fault.lever!]))
        throw new RuleError(
          `${fault.name} cannot act there: ${this.#elsewhere(({ levers }) => levers?.[fault.lever!] !== undefined)}`,
        );
      return;
    }
    const acts = Object.keys(fault.hooks);
    const able = here.filter(({ sim, hooks }) => !fault.notIn?.[sim] && hooks.some((hook) => acts.includes(hook)));
    if (able.length === 0) {
      const why = here.map(({ sim }) => fault.notIn?.[sim]).find((reason) => reason !== undefined);
      const elsewhere = this.#elsewhere(({ sim, hooks }) => !fault.notIn?.[sim] && hooks.some((hook) => acts.includes(hook)));
      throw new RuleError(`${fault.name} cannot act there${why ? ` (${why})` : ''}: ${elsewhere}`);
    }
  }

  #elsewhere(able: (place: FaultPlace) => boolean): string {
    const places = this.#places.list().filter(able);
    const names = places.map(({ sim, tenant, name }) => `${sim}/${tenant} (${name})`);
    return places.length === 0 ? 'no part of this process can suffer it' : `it can at ${names.join(', ')}`;
  }
}

function matches(where: RuleWhere, exchange: Exchange): boolean {
  return (
    (where.sim === undefined || where.sim === exchange.sim) &&
    (where.tenant === undefined || where.tenant === exchange.tenant) &&
    (where.operation === undefined || where.operation.split('|').includes(exchange.operation)) &&
    (where.type === undefined || where.type === exchange.type) &&
    (where.method === undefined || where.method === exchange.method) &&
    (where.path === undefined || (exchange.path ?? '').startsWith(where.path)) &&
    (where.client === undefined || where.client === exchange.client) &&
    (where.text === undefined || [where.text].flat().some((text) => exchange.text.includes(text)))
  );
}

function unknownKey(what: string, value: object, known: string[]): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      throw new RuleError(`${what}: unknown key ${JSON.stringify(key)}; known: ${known.join(', ') || 'none'}`);
  }
}
