import type { Exchange, Hook } from './hooks.ts';
import type { ArmedRule, RuleWhere } from './rule.ts';
import { TextIndex } from './text-index.ts';
import { matches, nameOf, type People, personIn } from './where.ts';

/** Which of the plain keys a rule gives, as bits: rules that give the same ones are looked up together. */
const KEYS = { sim: 1, tenant: 2, operation: 4, type: 8, client: 16 } as const;

/** Rules that give the same plain keys the same values. */
interface Group {
  plain: ArmedRule[];
  /** By the text that must occur: their own, their record's name, their person's number. */
  byText?: TextIndex<ArmedRule>;
  byRecord?: Map<string, ArmedRule[]>;
  byPerson?: Map<string, ArmedRule[]>;
}

interface Pattern {
  mask: number;
  groups: Map<string, Group>;
}

/** Finds the armed rules that hit an exchange at a hook, at a price that grows with what hits, not with what is armed. */
export class RuleIndex {
  #hooks = new Map<Hook, Pattern[]>();
  #order = new Map<ArmedRule, number>();
  #count = 0;
  #peopleOf: (exchange: Exchange) => People;

  constructor(peopleOf: (exchange: Exchange) => People) {
    this.#peopleOf = peopleOf;
  }

  get size(): number {
    return this.#order.size;
  }

  add(rule: ArmedRule, hooks: readonly Hook[]): void {
    this.#order.set(rule, ++this.#count);
    this.#each(rule, hooks, (group) => put(group, rule));
  }

  /** The same hooks as it was added for. */
  remove(rule: ArmedRule, hooks: readonly Hook[]): void {
    if (this.#order.delete(rule)) this.#each(rule, hooks, (group) => drop(group, rule));
  }

  /** The rules that hit, in the order of arming; undefined for none. */
  at(hook: Hook, exchange: Exchange): ArmedRule[] | undefined {
    const patterns = this.#hooks.get(hook);
    if (!patterns) return undefined;
    let found: ArmedRule[] | undefined;
    let people: People | undefined;
    const who = (): People => {
      people ??= this.#peopleOf(exchange);
      return people;
    };
    const take = (rule: ArmedRule): void => {
      if (found?.includes(rule) || !matches(rule.where ?? {}, exchange, who)) return;
      found ??= [];
      found.push(rule);
    };
    for (const { mask, groups } of patterns) {
      const group = groups.get(keyOf(mask, exchange));
      if (!group) continue;
      for (const rule of group.plain) take(rule);
      group.byText?.find(exchange.text, take);
      if (group.byRecord)
        for (const ref of touched(exchange)) for (const rule of group.byRecord.get(nameOf(ref)) ?? []) take(rule);
      if (group.byRecord && exchange.names)
        for (const name of exchange.names()) for (const rule of group.byRecord.get(name) ?? []) take(rule);
      if (group.byPerson)
        for (const words of who()) for (const word of words) for (const rule of group.byPerson.get(word) ?? []) take(rule);
    }
    if (found && found.length > 1) found.sort((a, b) => this.#order.get(a)! - this.#order.get(b)!);
    return found;
  }

  #each(rule: ArmedRule, hooks: readonly Hook[], visit: (group: Group) => void): void {
    const { mask, keys } = keysOf(rule.where ?? {});
    for (const hook of hooks) {
      const patterns = this.#hooks.get(hook) ?? [];
      this.#hooks.set(hook, patterns);
      let pattern = patterns.find((one) => one.mask === mask);
      if (!pattern) {
        pattern = { mask, groups: new Map() };
        patterns.push(pattern);
      }
      for (const key of keys) {
        const group = pattern.groups.get(key) ?? { plain: [] };
        pattern.groups.set(key, group);
        visit(group);
        if (isEmpty(group)) pattern.groups.delete(key);
      }
      if (pattern.groups.size === 0) patterns.splice(patterns.indexOf(pattern), 1);
      if (patterns.length === 0) this.#hooks.delete(hook);
    }
  }
}

const touched = ({ records, reply }: Exchange) => (reply?.served ? [...records, ...reply.served] : records);

const keyOf = (
  mask: number,
  { sim, tenant, operation, type = '', client = '' }: Pick<Exchange, 'sim' | 'tenant' | 'operation' | 'type' | 'client'>,
): string =>
  `${mask & KEYS.sim ? sim : ''} ${mask & KEYS.tenant ? tenant : ''} ${mask & KEYS.operation ? operation : ''} ${
    mask & KEYS.type ? type : ''
  } ${mask & KEYS.client ? client : ''}`;

// One key for each of the operations and types that it names.
function keysOf(where: RuleWhere): { mask: number; keys: Set<string> } {
  const { sim = '', site, tenant = site, operation, type, client = '' } = where;
  const mask =
    (where.sim === undefined ? 0 : KEYS.sim) |
    (tenant === undefined ? 0 : KEYS.tenant) |
    (operation === undefined ? 0 : KEYS.operation) |
    (type === undefined ? 0 : KEYS.type) |
    (where.client === undefined ? 0 : KEYS.client);
  const keys = new Set<string>();
  for (const one of (operation ?? '').split('|'))
    for (const other of (type ?? '').split('|'))
      keys.add(keyOf(mask, { sim, tenant: tenant ?? '', operation: one, type: other, client }));
  return { mask, keys };
}

const isEmpty = ({ plain, byText, byRecord, byPerson }: Group): boolean =>
  plain.length === 0 && !byText && !byRecord && !byPerson;

const append = (map: Map<string, ArmedRule[]>, key: string, rule: ArmedRule): void => {
  const rules = map.get(key) ?? [];
  rules.push(rule);
  map.set(key, rules);
};

function put(group: Group, rule: ArmedRule): void {
  const { record, person } = rule.where ?? {};
  const words = wordsOf(rule);
  if (words.length === 0) {
    group.plain.push(rule);
    return;
  }
  group.byText ??= new TextIndex();
  for (const word of words) group.byText.add(word, rule);
  if (person !== undefined) {
    group.byPerson ??= new Map();
    append(group.byPerson, words[0]!, rule);
  } else if (record !== undefined) {
    group.byRecord ??= new Map();
    append(group.byRecord, record, rule);
  }
}

function drop(group: Group, rule: ArmedRule): void {
  const words = wordsOf(rule);
  if (words.length === 0) {
    group.plain.splice(group.plain.indexOf(rule), 1);
    return;
  }
  for (const word of words) group.byText?.remove(word, rule);
  if (group.byText?.size === 0) group.byText = undefined;
  for (const kind of ['byPerson', 'byRecord'] as const) {
    const rules = group[kind]?.get(words[0]!);
    if (!rules?.includes(rule)) continue;
    rules.splice(rules.indexOf(rule), 1);
    if (rules.length === 0) group[kind]!.delete(words[0]!);
    if (group[kind]!.size === 0) group[kind] = undefined;
  }
}

// The words that lead to a rule: without one of them in the text, or among the names of what is touched, it does not hit.
function wordsOf({ where: { person, record, text } = {} }: ArmedRule): readonly string[] {
  if (person !== undefined) return [personIn(person).mrn];
  return record === undefined ? [text ?? []].flat() : [record];
}
