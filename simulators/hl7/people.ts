import type { Patient } from '@medplum/fhirtypes';
import type { Cell, JournalEvent, RecordRef } from '#kernel';
import { heldFields, mrnOf } from './segments/pid.ts';
import type { SiteFacts } from './site.ts';
import type { SitePort } from './site-port.ts';

/** What the link knows of one person, from the commits it has read. */
export interface Person {
  patient: Patient;
  ref: RecordRef;
  /** PID fields that were ever valued: when empty later, they are sent as cleared, so that a receiver who missed or overtook the message that cleared them learns it from the next. */
  held: readonly number[];
  cohort?: string;
}

/** What is kept of a person: the record itself only where the site's journal cannot be asked for it again. */
export interface KeptPerson extends Omit<Person, 'patient'> {
  patient?: Patient;
  /** Sequence number of the commit that holds the record. */
  seq?: number;
  mrn?: string;
}

// Records at hand; messages about one person come close to each other.
const AT_HAND = 1000;

/** The link's own fold of Patient commits, by id. Messages about appointments take their PID from it. */
export class People {
  #cell: Cell<KeptPerson>;
  #facts: SiteFacts;
  #recall: SitePort['recall'];
  #atHand = new Map<string, Patient>();
  #byMrn = new Map<string, string>();

  constructor(cell: Cell<KeptPerson>, facts: SiteFacts, recall: SitePort['recall']) {
    this.#cell = cell;
    this.#facts = facts;
    this.#recall = recall;
    for (const [id, { mrn }] of cell.entries()) if (mrn) this.#byMrn.set(mrn, id);
  }

  /** What is kept of a person, without the record. */
  about(id: string): Omit<Person, 'patient'> | undefined {
    return this.#cell.get(id);
  }

  get(id: string): Person | undefined {
    const kept = this.#cell.get(id);
    if (!kept) return undefined;
    const { ref, held, cohort } = kept;
    return { patient: this.#atHand.get(id) ?? this.#fetch(id, kept), ref, held, cohort };
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
      this.remember(ref, after, { cohort: event.cohort, before: before ?? undefined, seq: event.seq });
    });
  }

  /** @param told in which commit of the site's journal, if it was in one. */
  remember(ref: RecordRef, patient: Patient, told: { cohort?: string; before?: Patient; seq?: number } = {}): void {
    const known = this.#cell.get(ref.id);
    const held = new Set(known?.held);
    for (const image of [told.before, patient]) if (image) for (const n of heldFields(image, this.#facts)) held.add(n);
    const mrn = mrnOf(patient, this.#facts.authority);
    const source = this.#recall && told.seq !== undefined ? { seq: told.seq } : { patient };
    this.#cell.set(ref.id, { ref, held: [...held], cohort: told.cohort ?? known?.cohort, mrn, ...source });
    if (mrn) this.#byMrn.set(mrn, ref.id);
    this.#putAtHand(ref.id, patient);
  }

  #fetch(id: string, { patient, seq = 0, ref }: KeptPerson): Patient {
    const event = patient ? undefined : this.#recall?.(seq);
    const at = event?.records?.findIndex((each) => each.type === ref.type && each.id === id) ?? -1;
    const found = patient ?? (event?.after?.[at] as Patient | null | undefined);
    if (!found) throw new Error(`commit ${seq} of the site's journal does not hold Patient/${id}`);
    this.#putAtHand(id, found);
    return found;
  }

  #putAtHand(id: string, patient: Patient): void {
    this.#atHand.delete(id);
    this.#atHand.set(id, patient);
    if (this.#atHand.size > AT_HAND) this.#atHand.delete(this.#atHand.keys().next().value!);
  }
}
