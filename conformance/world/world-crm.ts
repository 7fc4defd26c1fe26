import type { Person } from '#fixtures';
import type { Evidence } from '../facts/evidence.ts';
import type { SandboxClient } from './sandbox-client.ts';
import type { Handle } from './world.ts';
import { consentOf, type Decision, decisionPatch } from './world-consent.ts';

export interface DeskOptions {
  cohort: string;
  sandbox: SandboxClient;
  evidence: Evidence;
  /** Keeps a fact for `expect`, in the journal. */
  note(key: string, value: unknown): Promise<void>;
  /** Waits until the journal shows something. */
  seen(what: (facts: Evidence['facts']) => boolean): Promise<boolean>;
}

/** Who changes records by hand in the name of a check, unless another is named. */
export const CLERK = 'user:clerk@syncproof.example';
/** Whoever loads files into the org by night: no user of the sync's own, and nobody at a screen. */
export const LOADER = 'user:loader@syncproof.example';

/** Somebody at the reception who may see names and visits, and nothing clinical. */
const VOLUNTEER = 'volunteer@syncproof.example';

/** Days within which a reminder job looks for visits: more than a visit of a check can lie ahead in any zone. */
const AHEAD = 4;
/** So long a write waits for a record that is held, before the CRM refuses it; a real org waits ten seconds. */
const LOCK_WAIT_MS = 200;

interface Undo {
  name: string;
  run(): Promise<unknown>;
}

/** What one check may do to the CRM as its users, jobs and administrators do. Everything is undone when the check ends. */
export class CrmDesk {
  #o: DeskOptions;
  #undo: Undo[] = [];

  constructor(options: DeskOptions) {
    this.#o = options;
  }

  /** Edits the row of a record as a CRM user does. False when there is no such row yet. */
  async edit(handle: Handle, fields: Record<string, unknown>, actor = CLERK): Promise<boolean> {
    const row = this.#o.evidence.rowOf(handle.ref);
    if (!row) return false;
    const changes = [{ op: 'update' as const, type: row.type, id: row.id, fields }];
    await this.#crm.commitCrm({ act: 'edit', actor, cohort: this.#o.cohort, changes });
    return true;
  }

  /** From here on the volunteer has no right to what the map calls a summary or excludes: fields of people, and whole objects. */
  async closeToVolunteers(): Promise<void> {
    const { oracle } = this.#o.evidence;
    const objects = Object.fromEntries(
      oracle.map.objects.map(({ object, source }) => {
        const clinical = oracle.rowsFor(object).filter(({ sensitivity }) => sensitivity === 'summary');
        const fields = Object.fromEntries(clinical.map(({ field }) => [field, 'hidden']));
        return [object, source === 'Patient' ? { fields } : { read: clinical.length === 0 }];
      }),
    );
    await this.#crm.call('POST', '/v1/crm/rules', { profiles: [{ name: 'Volunteer', users: [VOLUNTEER], objects }] });
    this.#undo.push({ name: 'volunteers', run: () => this.#crm.call('POST', '/v1/crm/rules', { profiles: [] }) });
  }

  /** Notes what the volunteer sees of a patient's row. */
  async volunteerLooks(label: string, handle: Handle): Promise<void> {
    const row = this.#o.evidence.rowOf(handle.ref);
    if (!row) return;
    const where = encodeURIComponent(`Id = '${row.id}'`);
    const path = `/v1/crm/records/${row.type}?as=${VOLUNTEER}&where=${where}`;
    const { rows } = await this.#crm.call<{ rows: Record<string, unknown>[] }>('GET', path);
    await this.#o.note(`seen ${label}`, rows[0] ?? null);
  }

  /** Takes down in the CRM that a patient decided anew: in the words of the map, what the EHR would hold. */
  decide(consent: Handle, decision: Omit<Decision, 'purpose' | 'channel'>, actor = CLERK): Promise<boolean> {
    const { oracle } = this.#o.evidence;
    const image = { ...consent.resource, ...decisionPatch(decision, consent.resource) };
    const rows = oracle
      .objectsFor('Consent')
      .flatMap(({ object }) => oracle.rowsFor(object).filter(({ owner }) => owner === 'shared'));
    const fields = rows.map((row) => {
      const outcome = oracle.outcome(row, image, consent.ref.tenant);
      return [row.field, outcome.state === 'value' ? outcome.value : null];
    });
    return this.edit(consent, Object.fromEntries(fields), actor);
  }

  /** Runs a campaign by one channel: it writes to everybody who has not decided against that. */
  async reachOut(label: string, purpose: Decision['purpose'], channel: Decision['channel']): Promise<void> {
    const { oracle } = this.#o.evidence;
    const [people] = oracle.objectsFor('Patient');
    const [consents] = oracle.objectsFor('Consent');
    const to = this.#o.evidence
      .rowsOfMap('Patient')
      .find(({ field_type }) => field_type === (channel === 'email' ? 'email' : 'phone'));
    // What the rows of a consent hold that forbids it, in the words of the map.
    const forbids = consentOf('Patient/x', 'x', { purpose, channel, decision: 'deny', at: 0, method: 'web', source: 'x' });
    const condition = (path: string): string => {
      const row = oracle.rowsFor(consents!.object).find(({ source }) => source.includes(path));
      const outcome = row && oracle.outcome(row, forbids, [...this.#o.evidence.sites][0]!);
      return `${row?.field} = '${outcome?.state === 'value' ? outcome.value : ''}'`;
    };
    await this.#o.note(`job ${label}`, {});
    await this.#crm.call('POST', '/v1/crm/jobs/outreach', {
      object: people!.object,
      where: `${to!.field} != null AND (${people!.live_when})`,
      to: [to!.field],
      unless: [],
      consent: {
        object: consents!.object,
        person: consents!.parent,
        forbids: ['provision.purpose', 'provision.code', 'provision.type'].map(condition).join(' AND '),
      },
      text: 'It is time for your yearly check-up.',
    });
  }

  /** Makes a lead with the phone and mail address of a person, as a web form does. */
  async lead(name: string, person: Person): Promise<void> {
    const point = (system: string, use?: string) =>
      person.telecom.find((one) => one.system === system && (!use || one.use === use))?.value;
    const fields = {
      FirstName: 'Webform',
      LastName: person.names.find(({ use }) => use === 'official')?.family ?? 'Webform',
      Company: 'None',
      LeadSource: 'Web',
      Phone: point('phone', 'home'),
      MobilePhone: point('phone', 'mobile'),
      Email: point('email')?.toLowerCase(),
    };
    const changes = [{ op: 'create' as const, type: 'Lead', fields }];
    const { records } = await this.#crm.commitCrm({ act: 'create', actor: CLERK, cohort: this.#o.cohort, changes });
    await this.#o.note(`lead ${name}`, records[0]);
  }

  /** Runs the job that reminds people of the visits of the coming days: of those that the map says are live. */
  async remind(label: string): Promise<void> {
    const { oracle } = this.#o.evidence;
    const visits = oracle.objectsFor('Appointment')[0];
    const start = oracle
      .rowsFor(visits?.object ?? '')
      .find((row) => row.source === 'Appointment.start' && row.field_type === 'datetime')?.field;
    if (!visits || !start) throw new Error('the map has no field with the time of a visit: the check should not have been run');
    const to = this.#o.evidence.rowsOfMap('Patient').filter((row) => ['phone', 'email'].includes(row.field_type));
    await this.#o.note(`job ${label}`, {});
    await this.#crm.call('POST', '/v1/crm/jobs/reminder', {
      object: visits.object,
      person: visits.parent,
      start,
      to: to.map(({ field }) => field),
      unless: [],
      where: `${start} = NEXT_N_DAYS:${AHEAD} AND (${visits.live_when})`,
      text: `We expect you on {${start}}.`,
    });
  }

  /** Holds the row of a record as a long transaction does: writes to it, and to what hangs on it, are refused. */
  async hold(name: string, handle: Handle): Promise<void> {
    const row = this.#o.evidence.rowOf(handle.ref);
    const lock = `${this.#o.cohort}/${name}`;
    await this.#o.note(`lock ${name}`, lock);
    const { lockWaitMs } = await this.#crm.call<{ lockWaitMs: number }>('GET', '/v1/crm/settings');
    await this.#crm.call('POST', '/v1/crm/settings', { lockWaitMs: LOCK_WAIT_MS });
    await this.#crm.call('POST', '/v1/crm/locks', { name: lock, records: row ? [row] : [] });
    const run = async () => {
      await this.#crm.call('DELETE', `/v1/crm/locks/${encodeURIComponent(lock)}`);
      await this.#crm.call('POST', '/v1/crm/settings', { lockWaitMs });
    };
    this.#undo.push({ name, run });
  }

  /** Waits until a write was refused because the row is held under that name; false when none came in time. */
  isRefused(name: string): Promise<boolean> {
    const lock = `${this.#o.cohort}/${name}`;
    return this.#o.seen((facts) => facts.lockRefusals.some((one) => one.lock === lock));
  }

  /** Changes a field of the org as its administrator does. */
  async alter(
    name: string,
    { object, field }: { object: string; field: string },
    change: Record<string, unknown>,
  ): Promise<void> {
    const path = '/v1/crm/fields';
    const { before } = await this.#crm.call<{ before: object }>('POST', path, { object, field, ...change });
    this.#undo.push({ name, run: () => this.#crm.call('POST', path, { object, field, ...before }) });
  }

  /** Undoes what was done under a name; all, when none is given. */
  async restore(name?: string): Promise<void> {
    const due = this.#undo.filter((one) => name === undefined || one.name === name);
    this.#undo = this.#undo.filter((one) => !due.includes(one));
    for (const { run } of due.reverse()) await run();
  }

  get #crm() {
    return this.#o.sandbox.of('crm');
  }
}
