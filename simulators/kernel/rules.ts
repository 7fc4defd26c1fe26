import type { Cancel, Clock } from './clock.ts';
import type { Database } from './database.ts';
import type { Gates } from './gates.ts';
import { defaultsOf, type Exchange, type FaultDefinition, type Hook } from './hooks.ts';
import type { Journal, JournalEvent } from './journal.ts';
import type { Places, Undo } from './places.ts';
import { readPlan } from './plan.ts';
import { impossible } from './possible.ts';
import type { Random } from './random.ts';
import { type ArmedRule, type Mistake, type Plan, type Rule, RuleError } from './rule.ts';
import { RuleIndex } from './rule-index.ts';
import { planSchema, ruleSchema } from './rule-schema.ts';
import { mistakesIn, type Schema } from './schema.ts';
import type { Cell } from './state.ts';
import { attemptOf, isEvent } from './where.ts';

/** The first rule of several that cannot be armed, by its place among them. */
interface Refused extends Mistake {
  elsewhere: boolean;
}

// Records whose attempts a rule counts; the oldest is forgotten.
const MOST_ATTEMPTED = 10_000;
const DONE = Promise.resolve();

/** Holds the armed rules and decides, at each hook, which faults act. Faults say what happens, this says to whom and when. */
export class RuleEngine {
  #faults: ReadonlyMap<string, FaultDefinition>;
  #armed: Cell<ArmedRule>;
  /** How often each record was tried, by rule and record. */
  #attempts: Cell<number>;
  #database: Database;
  #journal: Journal;
  #clock: Clock;
  /** What windows go by. */
  #inner: Clock;
  #random: Random;
  #gates: Gates;
  #places: Places;
  #count = 0;
  /** The rules that may hit something now. */
  #index: RuleIndex;
  #schemas: { rule: Schema; plan: Schema };
  /** What standing faults have pulled, by rule: undone on healing. */
  #pulled = new Map<string, Promise<Undo[]>>();
  #windows = new Map<string, Cancel[]>();
  /** What ends when a rule is healed. */
  #waiting = new Map<string, Set<() => void>>();
  /** Rules whose window opens or closes by a journal event. */
  #watching = new Set<ArmedRule>();
  #unwatch?: () => void;
  // Which rules act on an exchange is decided once, at the first hook that matches, and holds for its later hooks.
  #decisions = new WeakMap<Exchange, Map<ArmedRule, boolean>>();
  /** Rules whose counters are not written yet; of a database in memory only. */
  #unwritten = new Set<ArmedRule>();

  constructor(options: {
    faults: readonly FaultDefinition[];
    armed: Cell<ArmedRule>;
    attempts: Cell<number>;
    database: Database;
    journal: Journal;
    clock: Clock;
    inner?: Clock;
    random: Random;
    gates: Gates;
    places: Places;
  }) {
    this.#faults = new Map(options.faults.map((fault) => [fault.name, fault]));
    this.#armed = options.armed;
    this.#attempts = options.attempts;
    this.#database = options.database;
    this.#journal = options.journal;
    this.#clock = options.clock;
    this.#inner = options.inner ?? options.clock;
    this.#random = options.random;
    this.#gates = options.gates;
    this.#places = options.places;
    this.#index = new RuleIndex((exchange) => this.#places.peopleOf(exchange));
    this.#database.beforeCopy(() => this.#write());
    this.#schemas = { rule: ruleSchema(options.faults), plan: planSchema(options.faults) };
    for (const rule of this.#armed.values()) if (!this.#faults.get(rule.fault)?.lever) this.#open(rule);
  }

  /** Whether any rule is armed. */
  get any(): boolean {
    return this.#armed.size > 0;
  }

  /** The forms of a rule and of a plan about the faults that there are. */
  get schemas(): { rule: Schema; plan: Schema } {
    return this.#schemas;
  }

  list(): ArmedRule[] {
    return [...this.#armed.values()];
  }

  /** Arms a rule. @throws RuleError naming the mistake and the nearest right word. */
  arm(rule: Rule): ArmedRule {
    return this.armAll([rule])[0]!;
  }

  /** Arms several rules, or none where one has a mistake. @throws RuleError */
  armAll(rules: readonly Rule[], plan?: string): ArmedRule[] {
    const [first] = this.#refused(rules, plan);
    if (first) throw new RuleError(told(first, rules.length > 1), first.elsewhere);
    return rules.map((rule) => this.#arm(rule, plan));
  }

  /**
   * The same in a process of several: rules that only another one may have a place for are left out, and told.
   * @throws RuleError for any other mistake; nothing is armed then.
   */
  armSome(rules: readonly Rule[], plan?: string): { armed: ArmedRule[]; elsewhere: { index: number; error: string }[] } {
    const refused = this.#refused(rules, plan);
    const wrong = refused.find((one) => !one.elsewhere);
    if (wrong) throw new RuleError(told(wrong, rules.length > 1));
    const elsewhere = refused.map((one) => ({ index: Number(one.path[0]), error: told(one, false) }));
    const kept = rules.filter((_, index) => !elsewhere.some((one) => one.index === index));
    return { armed: kept.map((rule) => this.#arm(rule, plan)), elsewhere };
  }

  /** All that is wrong with a plan: in its form, and with what its well-formed rules say; empty when it can be armed. */
  mistakes(plan: unknown): Refused[] {
    const found = mistakesIn(this.#schemas.plan, plan).map((one) => ({ ...one, elsewhere: false }));
    const { name, rules } = (plan ?? {}) as Plan;
    if (found.length === 0 && this.list().some((rule) => rule.plan === name))
      found.push({
        path: ['name'],
        message: `the plan ${JSON.stringify(name)} is armed already: heal it first`,
        elsewhere: false,
      });
    // What is said of the form of a rule is not said again.
    const malformed = new Set(found.flatMap(({ path }) => (path[0] === 'rules' ? [path[1]] : [])));
    for (const { path, ...rest } of Array.isArray(rules) ? this.#refused(rules, name) : [])
      if (!malformed.has(path[0])) found.push({ path: ['rules', ...path], ...rest });
    return found;
  }

  /**
   * Arms a plan, YAML or JSON. @param source what messages call it. @throws RuleError naming every mistake with its line;
   * nothing is armed then.
   * @param partial leaves out, and tells, rules that only another process may have a place for.
   */
  armPlan(text: string, source: string, partial = false): { armed: ArmedRule[]; elsewhere?: { index: number; error: string }[] } {
    const { name, rules } = readPlan(text, source, (plan) => this.mistakes(plan).filter((one) => !partial || !one.elsewhere));
    return partial ? this.armSome(rules, name) : { armed: this.armAll(rules, name) };
  }

  #refused(rules: readonly Rule[], plan?: string): Refused[] {
    const ids = new Set<string>();
    return rules.flatMap((rule, index): Refused[] => {
      const wrong = (path: readonly (string | number)[], message: string, elsewhere = false): Refused[] => [
        { path: [index, ...path], message, elsewhere },
      ];
      const [mistake] = mistakesIn(this.#schemas.rule, rule);
      if (mistake) return wrong(mistake.path, mistake.message);
      const { id, where: { site, tenant } = {} } = rule;
      if (site !== undefined && tenant !== undefined && site !== tenant)
        return wrong(['where', 'site'], `site and tenant are two names of one thing, and differ: ${site}, ${tenant}`);
      if (id !== undefined && (this.#armed.has(idIn(plan, id)) || ids.has(id)))
        return wrong(['id'], `a rule with the id ${JSON.stringify(id)} is armed already`);
      if (id !== undefined) ids.add(id);
      const never = impossible(this.#places, this.#faults.get(rule.fault)!, rule);
      return never ? wrong(never.path, never.message, never.elsewhere) : [];
    });
  }

  #arm(rule: Rule, plan?: string): ArmedRule {
    const fault = this.#faults.get(rule.fault)!;
    const armed: ArmedRule = {
      ...rule,
      id: rule.id === undefined ? `rule-${this.#clock.micros()}-${++this.#count}` : idIn(plan, rule.id),
      ...(plan === undefined ? {} : { plan }),
      params: { ...defaultsOf(fault), ...rule.params },
      armedAt: this.#inner.now(),
      matched: 0,
      fired: 0,
    };
    this.#armed.set(armed.id, armed);
    this.#journal.append({ sim: 'kernel', kind: 'rule', data: { state: 'armed', rule: armed } });
    this.#open(armed);
    return armed;
  }

  // Armed, or armed before this process started: from now on it hits, or waits for the event from which on it does.
  #open(rule: ArmedRule): void {
    if (rule.spent) return;
    const { between } = rule.when ?? {};
    const opened = !between?.from || rule.openedAt !== undefined;
    if (between && (!opened || between.to)) this.#watch(rule);
    if (!opened) return;
    const fault = this.#faults.get(rule.fault);
    if (fault?.lever) this.#stand(rule);
    else if (fault) this.#index.add(rule, hooksOf(fault));
  }

  #watch(rule: ArmedRule): void {
    this.#watching.add(rule);
    this.#unwatch ??= this.#journal.subscribe((event) => this.#hear(event));
  }

  #hear(event: JournalEvent): void {
    // What opens now is not closed by the same event.
    for (const rule of [...this.#watching]) {
      const { from, to } = rule.when!.between!;
      if (from && rule.openedAt === undefined) {
        if (!isEvent(from, event)) continue;
        rule.openedAt = this.#inner.now();
        this.#watching.delete(rule);
        this.#tell(rule, 'opened', event);
        this.#open(rule);
      } else if (to && isEvent(to, event)) this.#spend(rule, 'closed', event);
    }
    if (this.#watching.size > 0) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  // Nothing is left for it to do but to be listed, with its counters.
  #spend(rule: ArmedRule, why: 'closed' | 'consumed', cause: Pick<JournalEvent, 'sim' | 'tenant' | 'seq'>): void {
    if (rule.spent) return;
    rule.spent = true;
    this.#watching.delete(rule);
    this.#index.remove(rule);
    if (why === 'closed') this.#letGo(rule.id);
    this.#tell(rule, why, cause);
  }

  #tell(rule: ArmedRule, state: string, { sim, tenant, seq }: Pick<JournalEvent, 'sim' | 'tenant' | 'seq'>): void {
    this.#keep(rule);
    const { id, fault, fired } = rule;
    this.#journal.append({ sim, tenant, kind: 'rule', cause: seq, data: { state, rule: { id, fault }, fired } });
  }

  /**
   * Resolves when every standing fault that is due stands, or of some rules those. @throws RuleError of the one that could
   * not; it is healed.
   */
  async effective(rules: readonly { id: string }[] = this.list()): Promise<void> {
    for (const { id } of rules) {
      const pulled = this.#pulled.get(id);
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
    for (const rule of this.list()) {
      const fault = this.#faults.get(rule.fault);
      if (fault?.lever && !(fault.once && rule.fired > 0)) this.#open(rule);
    }
    return this.effective();
  }

  // The window of a standing fault begins and ends by the clock, whoever calls.
  #stand(rule: ArmedRule): void {
    const { after = 0, during } = rule.when ?? {};
    const age = this.#ageOf(rule);
    const timers: Cancel[] = [];
    if (age < after) timers.push(this.#inner.after(after - age, () => this.#pull(rule)));
    else if (during === undefined || age < after + during) this.#pull(rule);
    if (during !== undefined && age < after + during) {
      timers.push(this.#inner.after(after + during - age, () => this.#letGo(rule.id)));
    }
    this.#windows.set(rule.id, timers);
  }

  #ageOf({ openedAt, armedAt }: ArmedRule): number {
    return this.#inner.now() - (openedAt ?? armedAt);
  }

  #pull(rule: ArmedRule): void {
    const { lever, idle } = this.#faults.get(rule.fault)!;
    const { sim, site, tenant = site } = rule.where ?? {};
    rule.matched++;
    const stands = !idle?.(rule.params ?? {});
    if (stands) rule.fired++;
    this.#keep(rule);
    if (!stands) return;
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

  /** Heals one rule, all rules of one plan, or all. Everything that they kept waiting goes on. */
  heal(id?: string | { plan: string }): number {
    const is = (rule: ArmedRule): boolean =>
      typeof id === 'object' ? rule.plan === id.plan : id === undefined || rule.id === id;
    const healed = this.list().filter(is);
    for (const rule of healed) {
      this.#armed.delete(rule.id);
      this.#unwritten.delete(rule);
      this.#watching.delete(rule);
      this.#index.remove(rule);
      this.#letGo(rule.id);
      this.#gates.releaseRule(rule.id);
      for (const end of this.#waiting.get(rule.id) ?? []) end();
      this.#waiting.delete(rule.id);
      if (rule.where?.attempt !== undefined) this.#forget(rule);
      this.#journal.append({ sim: 'kernel', kind: 'heal', data: { rule: rule.id, fault: rule.fault, fired: rule.fired } });
    }
    return healed.length;
  }

  /** Lets every armed rule that matches act at this hook, in the order of arming. */
  fire(hook: Hook, exchange: Exchange): Promise<void> {
    const rules = this.#meeting(hook, exchange);
    return rules ? this.#act(rules, hook, exchange) : DONE;
  }

  /** Whether `fire` would do anything: spares a caller the turns of promises where it would not. */
  meets(hook: Hook, exchange: Exchange): boolean {
    return this.#meeting(hook, exchange) !== undefined;
  }

  // Those that hit it here, and those that hit it at an earlier hook, whatever became of them since.
  #meeting(hook: Hook, exchange: Exchange): ArmedRule[] | undefined {
    if (!this.any && !this.#decisions.has(exchange)) return undefined;
    const found = this.#index.at(hook, exchange);
    const decided = this.#decisions.get(exchange);
    if (!decided) return found;
    const more = [...decided].flatMap(([rule, acts]) => (acts && !found?.includes(rule) ? rule : []));
    return more.length > 0 ? [...more, ...(found ?? [])] : found;
  }

  async #act(rules: readonly ArmedRule[], hook: Hook, exchange: Exchange): Promise<void> {
    for (const rule of rules) {
      const fault = this.#faults.get(rule.fault)!;
      const act = fault.hooks[hook];
      if (!act || !this.#armed.has(rule.id) || !this.#chosen(rule, exchange, hook)) continue;
      const waits: Cancel[] = [];
      const had = exchange.reply?.delivery;
      const onHeal = (end: () => void): Cancel => {
        const cancel = this.#onHeal(rule.id, end);
        waits.push(cancel);
        return cancel;
      };
      try {
        await act(exchange, rule.params ?? {}, {
          clock: healing(this.#clock, onHeal),
          random: this.#random.fork(`${rule.id}/${rule.fired}`),
          park: (at, deadlineMs) => this.#gates.park(rule.id, at, exchange, deadlineMs),
          untilHealed: () => new Promise((resolve) => onHeal(resolve)),
        });
      } finally {
        for (const cancel of waits) cancel();
      }
      const delivery = exchange.reply?.delivery;
      if (delivery && delivery !== had) delivery.onHeal = also(had?.onHeal, (end) => this.#onHeal(rule.id, end));
      const { outgoing } = exchange;
      if (outgoing && (outgoing.holdForNext || outgoing.holdMs || outgoing.echoes || outgoing.later || outgoing.cuts))
        outgoing.healed ??= new Promise((resolve) => this.#onHeal(rule.id, resolve));
    }
  }

  // At once where it is healed by now.
  #onHeal(id: string, end: () => void): Cancel {
    if (!this.#armed.has(id)) {
      end();
      return () => {};
    }
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(end));
    return () => void waiting.delete(end);
  }

  #chosen(rule: ArmedRule, exchange: Exchange, hook: Hook): boolean {
    const known = this.#decisions.get(exchange)?.get(rule);
    if (known !== undefined) return known;
    const { applies, operations } = this.#faults.get(rule.fault)!;
    if (applies?.(exchange, rule.params ?? {}, hook) === false || operations?.test(exchange.operation) === false) return false;
    const chosen = this.#database.inMemory
      ? this.#advance(rule, exchange, hook)
      : this.#database.transaction(() => this.#advance(rule, exchange, hook));
    const decided = this.#decisions.get(exchange) ?? new Map<ArmedRule, boolean>();
    this.#decisions.set(exchange, decided.set(rule, chosen));
    return chosen;
  }

  // State advances at the match, before anything that the fault does (a latency, say) can take time.
  #advance(rule: ArmedRule, exchange: Exchange, hook: Hook): boolean {
    const { when: { nth, every, probability, after = 0, during } = {}, times } = rule;
    const age = this.#ageOf(rule);
    if (age < after || (during !== undefined && age >= after + during)) return false;
    if (rule.spent || (times !== undefined && rule.fired >= times) || !this.#isAttempt(rule, exchange)) return false;
    rule.matched++;
    this.#keep(rule);
    const due =
      (nth === undefined || rule.matched === nth) &&
      (every === undefined || rule.matched % every === 0) &&
      (probability === undefined || this.#random.fork(`${rule.id}#${rule.matched}`).chance(probability)) &&
      !this.#faults.get(rule.fault)!.idle?.(rule.params ?? {});
    if (due) {
      rule.fired++;
      const { sim, tenant, id, operation } = exchange;
      const data = { rule: rule.id, fault: rule.fault, hook, n: rule.fired, operation };
      this.#journal.append({ sim, tenant, kind: 'fault', cause: id, records: [...exchange.records], data });
    }
    if ((times !== undefined && rule.fired >= times) || (nth !== undefined && rule.matched >= nth))
      this.#spend(rule, 'consumed', { sim: exchange.sim, tenant: exchange.tenant, seq: exchange.id });
    return due;
  }

  #isAttempt(rule: ArmedRule, exchange: Exchange): boolean {
    const { attempt } = rule.where ?? {};
    if (attempt === undefined) return true;
    const key = `${rule.id}\n${attemptOf(exchange)}`;
    const n = (this.#attempts.get(key) ?? 0) + 1;
    // The newest last.
    this.#attempts.delete(key);
    this.#attempts.set(key, n);
    if (this.#attempts.size > MOST_ATTEMPTED) this.#attempts.delete(this.#attempts.keys().next().value!);
    return n === attempt;
  }

  #forget({ id }: ArmedRule): void {
    for (const key of [...this.#attempts.keys()]) if (key.startsWith(`${id}\n`)) this.#attempts.delete(key);
  }

  // In memory nothing outlives the process but a copy: counters are written when one is made.
  #keep(rule: ArmedRule): void {
    if (this.#database.inMemory) this.#unwritten.add(rule);
    else if (this.#armed.has(rule.id)) this.#armed.set(rule.id, rule);
  }

  #write(): void {
    for (const rule of this.#unwritten) this.#armed.set(rule.id, rule);
    this.#unwritten.clear();
  }
}

const hooksOf = (fault: FaultDefinition): Hook[] => Object.keys(fault.hooks) as Hook[];

// Rules of two plans may have the same id.
const idIn = (plan: string | undefined, id: string): string => (plan === undefined ? id : `${plan}/${id}`);

/** `where.operation: …`; of several rules, which one. */
function told({ path, message }: Mistake, several: boolean): string {
  const [index, ...rest] = path;
  return [...(several ? [`rule ${Number(index) + 1}`] : []), ...(rest.length > 0 ? [rest.join('.')] : []), message].join(': ');
}

type OnHeal = (end: () => void) => Cancel;

// Of two that shaped an answer, either's end is the end.
const also =
  (before: OnHeal | undefined, own: OnHeal): OnHeal =>
  (end) => {
    const cancels = [before?.(end), own(end)];
    return () => {
      for (const cancel of cancels) cancel?.();
    };
  };

function healing(clock: Clock, onHeal: (end: () => void) => Cancel): Clock {
  return {
    now: () => clock.now(),
    micros: () => clock.micros(),
    after: (ms, fn) => clock.after(ms, fn),
    sleep: async (ms, signal) => {
      const healed = new AbortController();
      const cancel = onHeal(() => healed.abort());
      await clock.sleep(ms, signal ? AbortSignal.any([signal, healed.signal]) : healed.signal);
      cancel();
    },
  };
}
