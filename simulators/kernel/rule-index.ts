import type { Exchange, Hook } from './hooks.ts';
import type { ArmedRule, RuleWhere } from './rule.ts';
import { TextIndex } from './text-index.ts';
import { matches, type People, personIn, wordOf } from './where.ts';

/** The plain keys that a rule may give, as bits: rules that give the same ones are looked up together. */
const PLAIN = ['sim', 'tenant', 'operation', 'type', 'client'] as const;
type Plain = readonly [sim: string, tenant: string, operation: string, type: string, client: string];
const CLIENT = PLAIN.indexOf('client');
const BY_CLIENT = 1 << CLIENT;
/** Values of one key that have a number; five of them make an exact one. */
const MOST_VALUES = 1024;

/** Rules that give the same plain keys the same values. */
interface Group {
  plain: Set<ArmedRule>;
  /** By the number of the person that they are about. */
  byPerson: Map<string, Set<ArmedRule>>;
}

/** What is known of an exchange whatever it goes on to touch: holds for all its hooks. */
interface Standing {
  readonly exchange: Exchange;
  readonly edition: number;
  /** Rules that hit it by its address and text. */
  readonly rules: ArmedRule[];
  /** Rules that hit it if it touches their person. */
  readonly byPerson: Group['byPerson'][];
}

/** Finds the armed rules that hit an exchange at a hook, at a price that grows with what hits, not with what is armed. */
export class RuleIndex {
  #order = new Map<ArmedRule, { n: number; hooks: ReadonlySet<Hook> }>();
  #count = 0;
  /** Changes with every rule that comes or goes. */
  #edition = 0;
  /** Numbers of the values that rules give to plain keys. */
  #values = PLAIN.map(() => new Map<string, number>());
  #patterns = new Map<number, Map<number, Group>>();
  /** By the words without which they do not hit; how many of them a simulator has, or any (empty). */
  #byText = new TextIndex<ArmedRule>();
  #textsOf = new Map<string, number>();
  /** By the id of their record. */
  #byRecord = new Map<string, Set<ArmedRule>>();
  /** How many rules act at a hook. */
  #acting = new Map<Hook, number>();
  /** Mostly all hooks of an exchange are passed in one turn. */
  #last?: Standing;
  #peopleOf: (exchange: Exchange) => People;

  constructor(peopleOf: (exchange: Exchange) => People) {
    this.#peopleOf = peopleOf;
  }

  add(rule: ArmedRule, hooks: readonly Hook[]): void {
    if (this.#order.has(rule)) return;
    this.#order.set(rule, { n: ++this.#count, hooks: new Set(hooks) });
    this.#edition++;
    for (const hook of hooks) this.#acting.set(hook, (this.#acting.get(hook) ?? 0) + 1);
    const { record, person, sim = '' } = rule.where ?? {};
    const words = wordsOf(rule);
    for (const word of words) this.#byText.add(word, rule);
    if (words.length > 0) this.#textsOf.set(sim, (this.#textsOf.get(sim) ?? 0) + 1);
    if (record !== undefined) append(this.#byRecord, idIn(record), rule);
    if (person === undefined && words.length > 0) return;
    const { mask, keys } = this.#keysOf(rule.where ?? {});
    const pattern = this.#patterns.get(mask) ?? new Map<number, Group>();
    this.#patterns.set(mask, pattern);
    for (const key of keys) {
      const group = pattern.get(key) ?? { plain: new Set(), byPerson: new Map() };
      pattern.set(key, group);
      if (person === undefined) group.plain.add(rule);
      else append(group.byPerson, personIn(person).mrn, rule);
    }
  }

  remove(rule: ArmedRule): void {
    const known = this.#order.get(rule);
    if (!known) return;
    this.#order.delete(rule);
    this.#edition++;
    for (const hook of known.hooks) this.#acting.set(hook, this.#acting.get(hook)! - 1);
    const { record, person, sim = '' } = rule.where ?? {};
    const words = wordsOf(rule);
    for (const word of words) this.#byText.remove(word, rule);
    if (words.length > 0) this.#textsOf.set(sim, this.#textsOf.get(sim)! - 1);
    if (record !== undefined) drop(this.#byRecord, idIn(record), rule);
    if (person === undefined && words.length > 0) return;
    const { mask, keys } = this.#keysOf(rule.where ?? {});
    const pattern = this.#patterns.get(mask);
    for (const key of keys) {
      const group = pattern?.get(key);
      group?.plain.delete(rule);
      if (group && person !== undefined) drop(group.byPerson, personIn(person).mrn, rule);
      if (group?.plain.size === 0 && group.byPerson.size === 0) pattern!.delete(key);
    }
    if (pattern?.size === 0) this.#patterns.delete(mask);
  }

  /** The rules that hit, in the order of arming; undefined for none. */
  at(hook: Hook, exchange: Exchange): ArmedRule[] | undefined {
    if (!this.#acting.get(hook)) return undefined;
    const standing = this.#standing(exchange);
    return this.#mayHit(standing) ? this.#hitting(hook, standing) : undefined;
  }

  // Mostly nothing does, and that is known without anything being made.
  #mayHit({ exchange, rules, byPerson }: Standing): boolean {
    const { client, records, reply } = exchange;
    if (rules.length > 0 || byPerson.length > 0) return true;
    if (client !== undefined && this.#values[CLIENT]!.has(client)) return true;
    if (this.#byRecord.size === 0) return false;
    for (const { id } of records) if (this.#byRecord.has(id)) return true;
    if (reply?.served) for (const { id } of reply.served) if (this.#byRecord.has(id)) return true;
    return false;
  }

  #hitting(hook: Hook, standing: Standing): ArmedRule[] | undefined {
    const { exchange } = standing;
    let found: ArmedRule[] | undefined;
    let people: People | undefined;
    const who = (): People => {
      people ??= this.#peopleOf(exchange);
      return people;
    };
    const take = (rule: ArmedRule): void => {
      if (!this.#order.get(rule)!.hooks.has(hook) || found?.includes(rule) || !matches(rule.where ?? {}, exchange, who)) return;
      found ??= [];
      found.push(rule);
    };
    for (const rule of standing.rules) take(rule);
    if (exchange.client !== undefined) this.#ofClient(exchange, take);
    if (this.#byRecord.size > 0) this.#ofRecords(exchange, take);
    for (const rules of standing.byPerson)
      for (const words of who()) for (const word of words) for (const rule of rules.get(word) ?? []) take(rule);
    return found && found.length > 1 ? found.sort((a, b) => this.#order.get(a)!.n - this.#order.get(b)!.n) : found;
  }

  #standing(exchange: Exchange): Standing {
    if (this.#last?.exchange === exchange && this.#last.edition === this.#edition) return this.#last;
    const standing: Standing = { exchange, edition: this.#edition, rules: [], byPerson: [] };
    const plain = this.#plainOf(exchange);
    for (const [mask, groups] of this.#patterns) {
      const group = mask & BY_CLIENT ? undefined : groups.get(this.#key(mask, plain));
      if (!group) continue;
      standing.rules.push(...group.plain);
      if (group.byPerson.size > 0) standing.byPerson.push(group.byPerson);
    }
    // A text may be long: it is not made where no rule asks for it.
    if (this.#textsOf.get('') || this.#textsOf.get(exchange.sim))
      this.#byText.find(exchange.text, (rule) => standing.rules.push(rule));
    this.#last = standing;
    return standing;
  }

  // Rules that name the one who asks: who that is becomes known on the way.
  #ofClient(exchange: Exchange, take: (rule: ArmedRule) => void): void {
    if (!this.#values[CLIENT]!.has(exchange.client!)) return;
    const plain = this.#plainOf(exchange);
    for (const [mask, groups] of this.#patterns) {
      const group = mask & BY_CLIENT ? groups.get(this.#key(mask, plain)) : undefined;
      if (!group) continue;
      for (const rule of group.plain) take(rule);
      for (const rules of group.byPerson.values()) for (const rule of rules) take(rule);
    }
  }

  #ofRecords(exchange: Exchange, take: (rule: ArmedRule) => void): void {
    const { records, reply } = exchange;
    const look = (id: string): void => {
      const rules = this.#byRecord.get(id);
      if (rules) for (const rule of rules) take(rule);
    };
    for (const { id } of records) look(id);
    for (const { id } of reply?.served ?? []) look(id);
  }

  #plainOf({ sim, tenant, operation, type = '', client = '' }: Exchange): number[] {
    const plain = [sim, tenant, operation, type, client];
    return plain.map((value, at) => this.#values[at]!.get(value) ?? -1);
  }

  // -1, which no rule has, where it has a value that no rule names.
  #key(mask: number, plain: readonly number[]): number {
    let key = 0;
    for (let at = 0; at < PLAIN.length; at++) {
      const value = mask & (1 << at) ? plain[at]! : 0;
      if (value < 0) return -1;
      key = key * MOST_VALUES + value;
    }
    return key;
  }

  // One key for each of the operations and types that it names. A value beyond those that can have a number stands for none.
  #keysOf({ sim, site, tenant = site, operation, type, client }: RuleWhere): { mask: number; keys: Set<number> } {
    const given = [sim, tenant, operation, type, client];
    const mask = given.reduce((bits, value, at) => {
      if (value === undefined) return bits;
      const values = this.#values[at]!;
      const words = PLAIN[at] === 'operation' || PLAIN[at] === 'type' ? value.split('|') : [value];
      for (const word of words) if (!values.has(word) && values.size < MOST_VALUES) values.set(word, values.size);
      return words.every((word) => values.has(word)) ? bits | (1 << at) : bits;
    }, 0);
    const number = (at: number, value = ''): number => this.#values[at]!.get(value) ?? 0;
    const keys = (operation ?? '').split('|').flatMap((one) =>
      (type ?? '').split('|').map((other) => {
        const plain: Plain = [sim ?? '', tenant ?? '', one, other, client ?? ''];
        return this.#key(
          mask,
          plain.map((value, at) => number(at, value)),
        );
      }),
    );
    return { mask, keys: new Set(keys) };
  }
}

/** The id in `Type/id`; the whole where it is none. */
const idIn = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

// Without one of these words in its text, or among the names of what it touches, an exchange is not hit.
function wordsOf({ where: { person, record, text } = {} }: ArmedRule): readonly string[] {
  if (person !== undefined) return [personIn(person).mrn];
  return record === undefined ? [text ?? []].flat() : [wordOf(record)];
}

function append(map: Map<string, Set<ArmedRule>>, key: string, rule: ArmedRule): void {
  map.set(key, (map.get(key) ?? new Set()).add(rule));
}

function drop(map: Map<string, Set<ArmedRule>>, key: string, rule: ArmedRule): void {
  const rules = map.get(key);
  rules?.delete(rule);
  if (rules?.size === 0) map.delete(key);
}
