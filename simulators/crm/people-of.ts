import type { Exchange, People } from '#kernel';
import type { Org } from './org.ts';
import type { Stored } from './store.ts';

const ID = /\b[a-zA-Z0-9]{18}\b/g;
const MOST_TEXT = 65_536;

/**
 * Who is concerned by a call: the records that it names, read or wrote, and those that they look up to, each by all its short
 * texts. Which field of an org holds a hospital's number, and which its authority, is the org's own affair.
 */
export function peopleOf(org: Org, { text, records, reply }: Exchange): People {
  const ids = new Set([...(text.slice(0, MOST_TEXT).match(ID) ?? [])]);
  for (const ref of [...records, ...(reply?.served ?? [])]) if (ref.sim === 'crm') ids.add(ref.id);
  const rows = [...ids].flatMap((id) => org.store.find(id) ?? []);
  const parents = rows.flatMap(({ row }) =>
    textsOf({ row }).flatMap((value) => (/^[a-zA-Z0-9]{18}$/.test(value) ? (org.store.find(value) ?? []) : [])),
  );
  return [...rows, ...parents].map((row) => new Set(textsOf(row)));
}

const textsOf = ({ row }: Pick<Stored, 'row'>): string[] =>
  Object.values(row).filter((value): value is string => typeof value === 'string' && value.length <= 255);
