import { mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Fields } from './model.ts';
import type { Steps } from './steps.ts';

/** What was done with data of patients: one line of the audit trail. */
export type Entry = {
  /** When, ISO 8601. */
  at: string;
  /** Under whose name: the client that logged in. */
  who: string;
  action: 'read' | 'create' | 'update' | 'delete' | 'export' | 'discard';
  /** The records, as `<type>/<id>` in the EHR and `<object>/<external id>` in the CRM. */
  what: string[];
  /** Of a change: what stood there, and what stands there now. Of something discarded: what it said, and what counts. */
  before?: Fields;
  after?: Fields;
};

/** Writes down what was done, when it is done. */
export type Audit = (entry: Omit<Entry, 'at'>) => void;

export const NO_AUDIT: Audit = () => {};

/**
 * Opens the audit trail of this instance: a file of JSON lines in that folder, which is only ever added to. What it holds are data of
 * patients: keep it as safe as the CRM itself.
 */
export function openAudit(folder: string | undefined, instance: string, steps: Steps, now: () => number): Audit {
  if (!folder) return NO_AUDIT;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `audit-${instance}.jsonl`);
  return (entry) => {
    const told = steps.auditEntry({ at: new Date(now()).toISOString(), ...entry });
    if (told) steps.appendAudit(file, `${JSON.stringify(told)}\n`);
  };
}

/** Files that are open: there is a line for every call, and to open one takes longer than to write it. */
const handles = new Map<string, number>();

/** At once, so that a kill loses no line of what was done before it. */
export function appendAudit(file: string, line: string): void {
  const handle = handles.get(file) ?? openSync(file, 'a', 0o600);
  handles.set(file, handle);
  writeSync(handle, line);
}

/** The records that an answer of a FHIR server shows. */
export function shownIn(body: unknown): string[] {
  type Shown = { resourceType?: string; id?: string; entry?: { resource?: Shown }[] };
  const { resourceType, id, entry } = (body ?? {}) as Shown;
  if (resourceType === 'Bundle') return (entry ?? []).flatMap(({ resource }) => shownIn(resource));
  return resourceType && id ? [`${resourceType}/${id}`] : [];
}
