import type { Exchange } from './hooks.ts';
import type { RecordRef } from './identity.ts';
import type { JournalEvent } from './journal.ts';
import { digest } from './random.ts';
import type { EventMatch, RuleWhere } from './rule.ts';

/** For each record that an exchange touches, the words by which its person may be known: an MRN, its authority, both. */
export type People = readonly ReadonlySet<string>[];

/** Whether an exchange is among those that a rule hits; `attempt` aside, which needs a count. */
export function matches(where: RuleWhere, exchange: Exchange, people: () => People): boolean {
  const { person, record } = where;
  return (
    (where.sim === undefined || where.sim === exchange.sim) &&
    (where.tenant === undefined || where.tenant === exchange.tenant) &&
    (where.site === undefined || where.site === exchange.tenant) &&
    (where.operation === undefined || isOneOf(where.operation, exchange.operation)) &&
    (where.type === undefined || (exchange.type !== undefined && isOneOf(where.type, exchange.type))) &&
    (where.method === undefined || where.method === exchange.method) &&
    (where.path === undefined || (exchange.path ?? '').startsWith(where.path)) &&
    (where.client === undefined || where.client === exchange.client) &&
    (where.text === undefined || [where.text].flat().some((text) => exchange.text.includes(text))) &&
    (record === undefined || touchesRecord(record, exchange)) &&
    (person === undefined || touchesPerson(person, exchange, people))
  );
}

const isOneOf = (words: string, word: string): boolean =>
  words === word || (words.includes('|') && words.split('|').includes(word));

/** Identity of a record as rules name it. */
export const nameOf = ({ type, id }: Pick<RecordRef, 'type' | 'id'>): string => `${type}/${id}`;

// So long an id is one record's alone, wherever it stands: a query may name it without its type.
const UNIQUE = 12;

/** What occurs in the text of whatever names a record: its id, or with its type where the id alone could be anything's. */
export function wordOf(name: string): string {
  const id = name.slice(name.lastIndexOf('/') + 1);
  return id.length >= UNIQUE ? id : name;
}

function touchesRecord(name: string, { records, reply, text }: Exchange): boolean {
  const is = (ref: RecordRef): boolean => nameOf(ref) === name;
  return records.some(is) || reply?.served?.some(is) === true || occurs(wordOf(name), text);
}

/** A person as a rule names it: the part behind the last `|`, and what stands before it. */
export function personIn(name: string): { mrn: string; authority?: string } {
  const at = name.lastIndexOf('|');
  return at < 0 ? { mrn: name } : { mrn: name.slice(at + 1), authority: name.slice(0, at) };
}

function touchesPerson(name: string, { text }: Exchange, people: () => People): boolean {
  const { mrn, authority } = personIn(name);
  if (occurs(mrn, text) && (authority === undefined || text.includes(authority))) return true;
  return people().some((words) => words.has(name) || (words.has(mrn) && (authority === undefined || words.has(authority))));
}

const PART_OF_A_NAME = /[\w.-]/;

// As a word of its own: MRN 17 does not occur in 1742.
function occurs(word: string, text: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const [before, after] = [text[at - 1] ?? ' ', text[at + word.length] ?? ' '];
    if (!PART_OF_A_NAME.test(before) && !PART_OF_A_NAME.test(after)) return true;
  }
  return false;
}

const ADDRESSED = ['PUT', 'PATCH', 'DELETE'];

/** What attempts have in common: the address that is written to, or else the whole of what is asked or told. */
export const attemptOf = ({ sim, tenant, operation, method, path = '', text }: Exchange): string =>
  ADDRESSED.includes(method ?? '')
    ? `${sim}/${tenant} ${method} ${path}`
    : `${sim}/${tenant} ${operation} ${digest(method ?? '', text).slice(0, 32)}`;

/** Whether a journal event is the one meant. */
export function isEvent(match: EventMatch, event: JournalEvent): boolean {
  const { operation, act, record, type, text } = match;
  const refs = (): RecordRef[] => [...(event.records ?? []), ...(event.served ?? [])];
  return (
    (match.kind === undefined || match.kind === event.kind) &&
    (match.sim === undefined || match.sim === event.sim) &&
    (match.tenant === undefined || match.tenant === event.tenant) &&
    (match.site === undefined || match.site === event.tenant) &&
    (match.actor === undefined || match.actor === event.actor) &&
    (act === undefined || (event.act !== undefined && isOneOf(act, event.act))) &&
    (operation === undefined || isOneOf(operation, String(event.data?.operation ?? event.data?.type ?? ''))) &&
    (type === undefined || refs().some((ref) => isOneOf(type, ref.type))) &&
    (record === undefined || refs().some((ref) => nameOf(ref) === record)) &&
    (text === undefined || JSON.stringify(event).includes(text))
  );
}
