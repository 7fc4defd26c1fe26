import { type JournalEvent, type RecordRef, recordKey } from '#simulators';
import type { AuditEntry } from '../facts/audit-entry.ts';
import { changedFields } from '../facts/row-changes.ts';
import type { Behaviour, Image } from './behaviour.ts';
import { CLIENT } from './journal-builder.ts';

type Told = Omit<AuditEntry, 'line' | 'at' | 'failed'> & { at: string };

/** The audit trail of a model subject: what is journalled of its doings, as it tells it. */
export class FakeAudit {
  readonly lines: string[] = [];
  readonly #tells: NonNullable<Behaviour['audits']>;
  #seen = new Map<string, number>();

  constructor({ audits = (entry) => entry }: Behaviour) {
    this.#tells = audits;
  }

  hear({ kind, sim, wall, actor = '', records = [], before = [], after = [], served = [] }: JournalEvent): void {
    const tell = (action: Told['action'], refs: readonly RecordRef[], values: Pick<Told, 'before' | 'after'> = {}) =>
      this.#tell({ at: wall, who: 'sync', action, what: refs.map(({ type, id }) => `${type}/${id}`), ...values }, refs);
    if (kind === 'reply' && sim === 'ehr' && served.length > 0) tell('read', served);
    const isOwn = actor === CLIENT || actor.startsWith('link:');
    for (const [i, ref] of kind === 'commit' && isOwn ? records.entries() : []) {
      const [old, now] = [before[i] as Image | null, after[i] as Image | null];
      if (now === null || now.IsDeleted === true) tell('delete', [ref], { before: old ?? {} });
      else if (old === null) tell('create', [ref], { after: now });
      else {
        const of = (image: Image) => Object.fromEntries(changedFields(old, now).map((name) => [name, image[name] ?? null]));
        tell('update', [ref], { before: of(old), after: of(now) });
      }
    }
  }

  #tell(entry: Told, refs: readonly RecordRef[]): void {
    const about = `${entry.action} ${refs.map(recordKey).join()}`;
    const nth = (this.#seen.get(about) ?? 0) + 1;
    this.#seen.set(about, nth);
    const told = this.#tells(entry, nth);
    for (const one of [told].flat()) if (one) this.lines.push(JSON.stringify(one));
  }
}
