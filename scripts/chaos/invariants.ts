import { isDeepStrictEqual } from 'node:util';
import { type JournalEvent, recordKey } from '#kernel';
import { marks, type Seen } from './log.ts';

/** Something that must never be, whatever faults do to a simulator's surroundings. */
export interface Violation {
  invariant: 'journal' | 'versions' | 'torn' | 'lost' | 'state' | 'defect' | 'healed';
  what: string;
}

// What may show a client something that never was: it is their purpose.
const MAY_LIE = ['in-doubt', 'content', 'reading', 'paging', 'schema', 'message'];

/** Sequence numbers without holes, and no effect before its cause. */
export function journalHoles(events: readonly JournalEvent[]): Violation[] {
  return events.flatMap((event, at): Violation[] => {
    const odd = event.seq !== at + 1 ? `event ${at + 1} has the number ${event.seq}` : undefined;
    const early =
      event.cause !== undefined && event.cause >= event.seq ? `${event.seq} has ${event.cause} as its cause` : undefined;
    return [odd, early].flatMap((what) => (what === undefined ? [] : { invariant: 'journal', what }));
  });
}

/** Defects of ours that were reported. */
export const defects = (events: readonly JournalEvent[]): Violation[] =>
  events.flatMap(({ kind, data }) => (kind === 'stop' && data?.defect ? { invariant: 'defect', what: String(data.defect) } : []));

/** The newest image of each record by its commits; versions count up by one, and each begins where the one before ended. */
export function foldOf(events: readonly JournalEvent[]): {
  state: Map<string, { version: number; image: unknown }>;
  violations: Violation[];
} {
  const state = new Map<string, { version: number; image: unknown }>();
  const violations: Violation[] = [];
  for (const { seq, kind, records = [], before = [], after = [] } of events) {
    if (kind !== 'commit') continue;
    records.forEach((ref, n) => {
      const key = recordKey(ref);
      const known = state.get(key);
      if (ref.version !== (known?.version ?? 0) + 1)
        violations.push({
          invariant: 'versions',
          what: `commit ${seq}: ${key} goes from ${known?.version ?? 0} to ${ref.version}`,
        });
      if (!isDeepStrictEqual(before[n] ?? null, known?.image ?? null))
        violations.push({
          invariant: 'versions',
          what: `commit ${seq}: ${key} does not begin as version ${known?.version ?? 0} ended`,
        });
      if (new Set(marksIn(after[n])).size > 1)
        violations.push({ invariant: 'torn', what: `commit ${seq}: ${key} holds ${marksIn(after[n]).join(' and ')}` });
      state.set(key, { version: ref.version, image: after[n] ?? null });
    });
  }
  return { state, violations };
}

/** The marks in a record's names, whichever system it is of. */
export function marksIn(image: unknown): string[] {
  const { name, FirstName, LastName } = (image ?? {}) as Record<string, unknown>;
  const [official] = Array.isArray(name) ? (name as { family?: string; given?: string[] }[]) : [];
  return marks.of(official?.given?.[0], official?.family, FirstName as string, LastName as string);
}

/** What clients saw, held against the journal: no acknowledged write is lost, and no reply shows a record that never was. */
export function clientViolations(
  events: readonly JournalEvent[],
  seen: readonly Seen[],
  familyOf: (fault: string) => string | undefined,
): Violation[] {
  const committed = new Set(
    events.flatMap(({ kind, after = [] }) => (kind === 'commit' ? after.flatMap((image) => marksIn(image)) : [])),
  );
  const asked = new Map<string, number>();
  const unchanged = new Set<number>();
  const lied = new Set<number>();
  for (const { seq, kind, data, cause = 0, actor } of events) {
    if (kind === 'request') asked.set(String(data?.agent), seq);
    if (kind === 'message' && data?.direction === 'in') asked.set(String(data.control), seq);
    if (kind === 'commit' && actor) asked.set(actor, seq);
    if (kind === 'ack' && (data?.unchanged || data?.repeated)) unchanged.add(cause);
    if (kind === 'fault' && MAY_LIE.includes(familyOf(String(data?.fault)) ?? '')) lied.add(cause);
  }
  return seen.flatMap(({ agent, kind, mark, ok, shown = [] }): Violation[] => {
    if (!ok) return [];
    const seq = asked.get(agent);
    if (seq === undefined) return [{ invariant: 'journal', what: `${agent} was answered, and the journal knows no such call` }];
    if (lied.has(seq)) return [];
    if (kind !== 'read' && !committed.has(mark!) && !unchanged.has(seq))
      return [{ invariant: 'lost', what: `${agent} (${seq}): ${mark} was acknowledged and never committed` }];
    return shown.flatMap((fields): Violation[] => {
      const strange = fields.find((field) => !committed.has(field));
      if (strange !== undefined)
        return [{ invariant: 'torn', what: `${agent} (${seq}) was shown ${strange}, which was never committed` }];
      return new Set(fields).size > 1 ? [{ invariant: 'torn', what: `${agent} (${seq}) was shown ${fields.join(' and ')}` }] : [];
    });
  });
}
