import type { Patient } from '@medplum/fhirtypes';
import type { Cell, JournalEvent, RecordRef } from '#kernel';
import { heldFields, mrnOf } from './segments/pid.ts';
import type { SiteFacts } from './site.ts';

/** What the link knows of one person, from the commits it has read. */
export interface Person {
  patient: Patient;
  ref: RecordRef;
  /** PID fields that were ever valued: when empty later, they are sent as cleared, so that a receiver who missed or overtook the message that cleared them learns it from the next. */
  held: number[];
  cohort?: string;
}

/** The link's own fold of Patient commits, by id. Messages about appointments take their PID from it. */
export class People {
  #cell: Cell<Person>;
  #facts: SiteFacts;
  #byMrn = new Map<string, string>();

  constructor(cell: Cell<Person>, facts: SiteFacts) {
    this.#cell = cell;
    this.#facts = facts;
    for (const [id, { patient }] of cell.entries()) this.#index(id, patient);
  }

  get(id: string): Person | undefined {
    return this.#cell.get(id);
  }

  /** Id of the record that holds this MRN, or last held it. */
  idOf(mrn: string): string | undefined {
    return this.#byMrn.get(mrn);
  }

  /** Takes the Patient images of a commit in. */
  learn(event: JournalEvent): void {
    event.records?.forEach((ref, at) => {
      const after = event.after?.[at] as Patient | null | undefined;
      if (ref.type !== 'Patient' || !after) return;
      const before = event.before?.[at] as Patient | null | undefined;
      this.remember(ref, after, event.cohort, before ?? undefined);
    });
  }

  remember(ref: RecordRef, patient: Patient, cohort?: string, before?: Patient): void {
    const known = this.#cell.get(ref.id);
    const held = new Set(known?.held);
    for (const image of [before, patient]) if (image) for (const n of heldFields(image, this.#facts)) held.add(n);
    this.#cell.set(ref.id, { patient, ref, held: [...held], cohort: cohort ?? known?.cohort });
    this.#index(ref.id, patient);
  }

  #index(id: string, patient: Patient): void {
    const mrn = mrnOf(patient, this.#facts.authority);
    if (mrn) this.#byMrn.set(mrn, id);
  }
}
