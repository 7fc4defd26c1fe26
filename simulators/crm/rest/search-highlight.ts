import type { SObjectType } from '../schema.ts';
import type { Term } from './search-term.ts';

/** Marked terms in what a search shows: SOQL and SOSL Reference, "WITH HIGHLIGHT". */

const STANDARD = ['Account', 'Campaign', 'Contact', 'Lead', 'Opportunity', 'Quote', 'User'];
const TYPES = ['string', 'textarea', 'email'];
/** Records of one object that are marked. */
const MOST = 25;

/** What is marked of a term: words and phrases that must be there, but for those with a wildcard. */
function marked(term: Term): string[] {
  if ('text' in term) return /(?<!\\)[*?]/.test(term.text) ? [] : [term.text.replace(/\\(.)/gs, '$1')];
  if (term.kind === 'any') return term.of.flatMap(marked);
  return [...marked(term.left), ...(term.kind === 'and not' ? [] : marked(term.right))];
}

/** Adds to each record its fields with the terms of the search marked, as far as it shows such fields. */
export function highlight(records: readonly Record<string, unknown>[], type: SObjectType, term: Term): void {
  const words = marked(term).map((word) => word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  if (words.length === 0 || !(STANDARD.includes(type.name) || type.name.endsWith('__c'))) return;
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.join('|')})(?![\\p{L}\\p{N}])`, 'giu');
  for (const record of records.slice(0, MOST)) {
    const names = Object.keys(record).filter((name) => TYPES.includes(type.field(name)?.type ?? ''));
    for (const name of names.sort()) {
      const text = record[name];
      const shown = typeof text === 'string' ? text.replace(pattern, '<mark>$&</mark>') : text;
      if (shown !== text) record[`highlight.${name}`] = shown;
    }
  }
}
