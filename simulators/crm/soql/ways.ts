import type { SObjectType } from '../schema.ts';
import type { Store, Stored } from '../store.ts';
import type { Plan } from './plan.ts';

// Rows read between two breaths: less than 5 ms of work.
const SLICE = 200;

/** In which order the rows are wanted, as far as a way can give it. */
export interface WantedOrder {
  /** The one field; undefined for order of creation. */
  field?: string;
  down: boolean;
  /** More than one field, or a function. */
  complex: boolean;
}

/** Slices of candidate rows, and whether they come in the order that was asked for. */
export interface Way {
  slices: Iterable<Stored[]>;
  ordered: boolean;
}

/** What is wanted of the rows: their order, how many are enough, and whether deleted ones are among them. */
export interface Wants {
  order: WantedOrder;
  wanted: number;
  deleted: boolean;
}

/** The way to the rows of a plan. */
export function wayOf(planned: Plan, type: SObjectType, store: Store, { order, wanted, deleted }: Wants): Way {
  const byCreation = order.field === undefined && !order.complex;
  // A short LIMIT is mostly met by as many rows; where a condition drops some, further slices grow.
  const first = Math.min(SLICE, Math.max(wanted, 1));
  if (planned && 'ids' in planned) {
    const rows = [...planned.ids].flatMap(([id, stored]) => stored ?? store.find(id) ?? []).sort((a, b) => a.n - b.n);
    // Indexes hold what is live: any deleted record of the type may be meant as well.
    if (deleted) return { slices: withGone(store, type, rows, planned.ids), ordered: false };
    return { slices: chunked(rows), ordered: byCreation };
  }
  const byStamp = order.field === 'SystemModstamp' && !order.complex;
  if (planned || byStamp) {
    const edges = planned ?? { from: -1, to: Number.MAX_SAFE_INTEGER };
    // What is written while we walk lies beyond the newest stamp of now, and is left to the next query.
    const bounded = { from: edges.from, to: Math.min(edges.to, store.head + 1) };
    const down = byStamp && order.down;
    return { slices: stampSlices(store, type, bounded, down, byStamp ? first : SLICE), ordered: byStamp };
  }
  const created = order.field === 'CreatedDate' && !order.down && !order.complex;
  const ordered = byCreation || created;
  return { slices: scanSlices(store, type, ordered ? first : SLICE), ordered };
}

function* chunked(rows: Stored[]): Generator<Stored[]> {
  for (let i = 0; i < rows.length; i += SLICE) yield rows.slice(i, i + SLICE);
}

function* withGone(store: Store, type: SObjectType, rows: Stored[], known: { has(id: string): boolean }): Generator<Stored[]> {
  yield* chunked(rows);
  for (let after = 0; ; ) {
    const slice = store.gone(type, { after, limit: SLICE });
    yield slice.filter(({ id }) => !known.has(id));
    if (slice.length < SLICE) return;
    after = slice.at(-1)!.n;
  }
}

function* scanSlices(store: Store, type: SObjectType, first: number): Generator<Stored[]> {
  let after = 0;
  for (let limit = first; ; limit = Math.min(SLICE, limit * 2)) {
    const slice = store.scan(type, { after, limit, deleted: true });
    yield slice;
    if (slice.length < limit) return;
    after = slice.at(-1)!.n;
  }
}

function* stampSlices(
  store: Store,
  type: SObjectType,
  edges: { from: number; to: number },
  down: boolean,
  first: number,
): Generator<Stored[]> {
  let { from, to } = edges;
  for (let limit = first; ; limit = Math.min(SLICE, limit * 2)) {
    const slice = store.byStamp(type, { from, to, limit, down });
    yield slice;
    if (slice.length < limit) return;
    if (down) to = slice.at(-1)!.stamp;
    else from = slice.at(-1)!.stamp;
  }
}
