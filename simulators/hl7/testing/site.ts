import type { Appointment, Patient, Resource } from '@medplum/fhirtypes';
import { type Clock, type JournalEvent, KERNEL_FAULTS, Kernel, type RecordRef } from '#kernel';
import { createHl7Site, HL7_FAULTS, type Hl7Site, type Hl7SiteOptions, type SiteCommit, type SitePort } from '../index.ts';

export const AUTHORITY = '1.2.840.114350.1.13.999.2.7.5.737384.14';
export const SYSTEM = `urn:oid:${AUTHORITY}`;

/** A person with a value for everything that a message tells. */
export const ROSA: Patient = {
  resourceType: 'Patient',
  id: 'eRosa',
  active: true,
  identifier: [{ system: SYSTEM, value: '204181' }],
  name: [
    { use: 'official', family: 'Peña-Okafor', given: ['Rosa', 'María'] },
    { use: 'nickname', given: ['Rosi'] },
  ],
  gender: 'female',
  birthDate: '1980-02-29',
  telecom: [
    { system: 'phone', use: 'mobile', value: '+12125550143' },
    { system: 'phone', use: 'home', value: '(212) 555-0199' },
    { system: 'phone', use: 'mobile', value: '+12125550100', period: { end: '2020-01-01' } },
    { system: 'email', value: 'rosa@mail.example' },
  ],
  address: [
    { use: 'old', line: ['1 Gone St'], city: 'Nowhere' },
    { use: 'home', line: ['12 Elm St', 'Apt 4'], city: 'New York', state: 'NY', postalCode: '10001', country: 'US' },
  ],
  communication: [
    { language: { coding: [{ code: 'en' }] } },
    { language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'es' }] }, preferred: true },
  ],
};

/** Her appointment, in the night in which the clocks of New York go forward. */
export const VISIT: Appointment = {
  resourceType: 'Appointment',
  id: 'eVisit',
  identifier: [{ system: 'urn:csn', value: '5550001' }],
  status: 'booked',
  start: '2026-03-09T14:00:00Z',
  end: '2026-03-09T14:30:00Z',
  appointmentType: { coding: [{ code: 'OV' }], text: 'Office Visit' },
  reasonCode: [{ text: 'Cough & fever' }],
  participant: [
    { status: 'accepted', actor: { reference: 'Patient/eRosa', display: 'Rosa Peña-Okafor' } },
    { status: 'accepted', actor: { reference: 'Practitioner/eDoc', display: 'Mary Ann Quincy' } },
    { status: 'accepted', actor: { reference: 'Location/eDept', display: 'Family Medicine, East' } },
  ],
};

/** A person of that MRN about whom little is known. */
export const nobody = (mrn: string, family = 'Test'): Patient => ({
  resourceType: 'Patient',
  id: `e${mrn}`,
  identifier: [{ system: SYSTEM, value: mrn }],
  name: [{ use: 'official', family }],
});

/** The least of an EHR: keeps resources in a cell, commits into the kernel's journal, and is a port to both. */
export class FakeEhr implements SitePort {
  readonly kernel: Kernel;
  readonly site: string;
  #store;

  constructor(kernel: Kernel, site = 'epic') {
    this.kernel = kernel;
    this.site = site;
    this.#store = kernel.cell<Resource>(`fake.${site}`);
  }

  /** Commits whole resources, under one act. */
  put(act: string, ...resources: Resource[]): Promise<unknown> {
    return this.kernel.commit({ sim: 'ehr', tenant: this.site, act, cohort: 'c1', apply: () => this.#write(resources) });
  }

  /** Deletes a resource, under an act. */
  drop(act: string, id: string): Promise<unknown> {
    return this.kernel.commit({
      sim: 'ehr',
      tenant: this.site,
      act,
      cohort: 'c1',
      apply: () => {
        const before = this.#store.get(id)!;
        this.#store.delete(id);
        const version = Number(before.meta!.versionId) + 1;
        return {
          records: [{ sim: 'ehr', tenant: this.site, type: before.resourceType, id, version }],
          before: [before],
          after: [null],
        };
      },
    });
  }

  /** Keeps a resource that no commit ever told of. */
  seed(resource: Resource): void {
    this.#store.set(resource.id!, { ...resource, meta: { versionId: '1' } } as Resource);
  }

  async commit({
    act,
    actor,
    cohort,
    changes,
  }: SiteCommit): Promise<{ records: RecordRef[]; resources: Resource[]; seq: number }> {
    const resources = changes.map((change) => {
      if (change.op === 'create') return this.#registered(change.resource);
      const merged = { ...this.#store.get(change.id), ...change.patch };
      return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)) as unknown as Resource;
    });
    const { records, seq, after } = await this.kernel.commit({
      sim: 'ehr',
      tenant: this.site,
      act,
      actor,
      cohort,
      apply: () => this.#write(resources),
    });
    return { records, resources: after as Resource[], seq };
  }

  get(id: string): Patient {
    return this.#store.get(id) as Patient;
  }

  // As a registration desk does it: an id, and a number where there is none.
  #registered(resource: Resource): Resource {
    const n = this.kernel.count('fake');
    return { identifier: [{ system: 'urn:csn', value: String(9000 + n) }], ...resource, id: `eNew${n}` } as Resource;
  }

  async find(type: string, search: Record<string, string>): Promise<Resource[]> {
    const [value = '', system] = (search.identifier ?? '').split('|').reverse();
    return [...this.#store.values()].filter((each) => {
      if (each.resourceType !== type) return false;
      if (search._id) return each.id === search._id;
      if (search.patient) return JSON.stringify(each).includes(`Patient/${search.patient}`);
      return (each as Patient).identifier?.some((own) => (system === undefined || own.system === system) && own.value === value);
    });
  }

  follow(after: number, onEvents: Parameters<SitePort['follow']>[1]): () => void {
    return this.kernel.journal.trail(after, 'commit', onEvents);
  }

  recall(seq: number): JournalEvent | undefined {
    return this.kernel.journal.event(seq);
  }

  #write(resources: Resource[]): { records: RecordRef[]; before: unknown[]; after: unknown[] } {
    const before = resources.map(({ id }) => this.#store.get(id!) ?? null);
    const after = resources.map((each, at) => {
      const versionId = String(Number(before[at]?.meta?.versionId ?? 0) + 1);
      return { ...each, meta: { versionId } } as Resource;
    });
    const records = after.map(({ resourceType: type, id, meta }) => ({
      sim: 'ehr',
      tenant: this.site,
      type,
      id: id!,
      version: Number(meta!.versionId),
    }));
    for (const each of after) this.#store.set(each.id!, each);
    return { records, before, after };
  }
}

export interface World {
  kernel: Kernel;
  ehr: FakeEhr;
  hl7: Hl7Site;
  /** Events of one kind, of the link only. */
  events: (kind: JournalEvent['kind']) => JournalEvent[];
  /** Resolves with the first event of the link, old or new, that fits. */
  seen: (kind: JournalEvent['kind'], fits?: (data: Record<string, unknown>) => boolean) => Promise<JournalEvent>;
  stop: () => Promise<void>;
}

/** A kernel, a fake EHR and its links, listening on a free port. */
export async function openWorld(
  options: Partial<Hl7SiteOptions> & { clock?: Clock; data?: string; seed?: string } = {},
): Promise<World> {
  const { clock, data, seed, ...site } = options;
  const kernel = new Kernel({ clock, data, seed, faults: [...KERNEL_FAULTS, ...HL7_FAULTS] });
  const ehr = new FakeEhr(kernel);
  const hl7 = createHl7Site(kernel, {
    site: 'epic',
    dialect: 'epic',
    authority: AUTHORITY,
    timeZone: 'America/New_York',
    port: ehr,
    ...site,
  });
  await hl7.start({ host: '127.0.0.1', ports: { tcp: 0 } });
  const events = (kind: JournalEvent['kind']): JournalEvent[] => kernel.journal.read({ kind }).filter(({ sim }) => sim === 'hl7');
  return {
    kernel,
    ehr,
    hl7,
    events,
    seen: (kind, fits = () => true) =>
      new Promise((resolve) => {
        const take = (event: JournalEvent): boolean => event.sim === 'hl7' && event.kind === kind && fits(event.data ?? {});
        const past = events(kind).find(take);
        if (past) return resolve(past);
        const stop = kernel.journal.subscribe((event) => {
          if (!take(event)) return;
          stop();
          resolve(event);
        });
      }),
    stop: async () => {
      await hl7.stop();
      kernel.close();
    },
  };
}
