import type { CheckResult, Finding } from '#conformance';
import { changes } from './describe.ts';
import type { JournalIndex, Step } from './model.ts';

/** Deeds that are named; whoever did more did the rest alike. */
const NAMED = 8;

/** What was done to bring a result about, oldest first: by clinic and call centre, and what the harness put in the way. */
export function deeds(check: Pick<CheckResult, 'timeline'>, index: JournalIndex): string | undefined {
  const told: { what: string; times: number }[] = [];
  for (const id of check.timeline) {
    const what = deed(index.byId.get(id));
    const last = told.at(-1);
    if (what && last?.what === what) last.times++;
    else if (what) told.push({ what, times: 1 });
  }
  const named = told.slice(0, NAMED).map(({ what, times }) => (times > 1 ? `${what} (${times} times)` : what));
  if (told.length > NAMED) named.push(`${told.length - NAMED} more`);
  return named.length > 0 ? named.join(', then ') : undefined;
}

function deed(event: ReturnType<JournalIndex['byId']['get']>): string | undefined {
  if (event?.kind === 'check' && event.data?.type === 'killed') return 'kill the sync';
  if (event?.kind === 'fault') return `fault ${event.data?.fault}`;
  if (event?.kind !== 'commit' || !event.actor?.startsWith('user:')) return undefined;
  const types = [...new Set(event.records?.map(({ type }) => type))].join(' and ');
  const fields = event.before?.some(Boolean) ? changes(event).map((one) => one.split(':')[0]) : [];
  const which = fields.length > 0 ? ` (${fields.slice(0, 3).join(', ')}${fields.length > 3 ? ' …' : ''})` : '';
  return `${event.act ?? 'commit'} ${types}${which}${event.sim === 'crm' ? ' in the CRM' : ''}`;
}

/** A row of an excerpt; `gap` when rows before it were left out. */
export interface Excerpt extends Step {
  gap: boolean;
}

/**
 * The rows of a story by which a failure is understood: the first violation with what led to it, the evidence, the last thing that
 * was done before, and what stands nearest, in order and never more than `most`.
 */
export function excerpt(steps: readonly Step[], most: number): Excerpt[] {
  const at = steps.findIndex(({ role }) => role === 'violation');
  const end = at < 0 ? steps.length - 1 : at;
  const evidence = steps.flatMap(({ role }, i) => (role === 'evidence' ? [i] : []));
  const done = steps.findLastIndex((step, i) => i < end && step.form === 'note' && isOurs(step));
  // In the order in which they are given up last.
  const wanted = [
    end,
    ...evidence.slice(-2),
    done,
    end - 1,
    evidence[0] ?? -1,
    end - 2,
    end + 1,
    done < 0 ? -1 : done + 1,
    end - 3,
    end + 2,
  ];
  const kept = [...new Set(wanted.filter((i) => i >= 0 && i < steps.length))].slice(0, most).sort((a, b) => a - b);
  return kept.map((i, n) => ({ ...steps[i]!, gap: n > 0 && kept[n - 1] !== i - 1 }));
}

const isOurs = ({ detail }: Step): boolean => /^by user:/m.test(detail);

/** What became of the field that a finding is about, of all that a row changed: `Email: a@b.example → nothing`. */
export function changeOf(finding: Finding | undefined, { detail }: Step): string | undefined {
  const field = finding?.row?.split('.').at(-1);
  return field ? detail.split('\n').find((line) => line.startsWith(`${field}: `)) : undefined;
}
