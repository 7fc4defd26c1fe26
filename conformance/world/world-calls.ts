import type { Rule } from '#simulators';
import type { Evidence } from '../facts/evidence.ts';
import { offered } from '../facts/tls-facts.ts';
import type { SiteManifest } from '../manifest/manifest.ts';
import { Rivals } from '../schedule/rivals.ts';
import type { Handle, PatientHandle, World, WorldOptions } from './world.ts';

/** How long one who went through with a handshake may take to his first call. */
const FIRST_CALL_MS = 250;
/** How long the next attempt of a subject is waited for, whatever it says of its waits. */
const LONGEST_TRY_MS = 600_000;

/** How calls that write to an EHR are told from others, by the route that the manifest declares. */
const ROUTES_BACK: Partial<Record<SiteManifest['channels']['write_back'], NonNullable<Rule['where']>>> = {
  hl7: { sim: 'hl7', path: '/in' },
  fhir: { sim: 'ehr', operation: 'patch|update' },
  v1: { sim: 'ehr', method: 'PUT' },
};

/** What a check may do to the subject's own calls: hold them, refuse them, see that they were tried. */
export class CallDesk {
  readonly site: SiteManifest;
  #o: Pick<WorldOptions, 'cohort' | 'sandbox' | 'evidence' | 'clock'>;
  #world: Pick<
    World,
    'arm' | 'heal' | 'ruleId' | 'seen' | 'pass' | 'random' | 'gateMs' | 'pollInterval' | 'retry' | 'syncWindow'
  >;

  constructor(options: WorldOptions, world: World) {
    this.#o = options;
    this.#world = world;
    this.site = options.site;
  }

  /** Holds the subject's calls to the CRM that name a record: before they write, and when they have read, until some of them meet. */
  async holdRivals(name: string, text: string): Promise<Rivals> {
    const { sandbox, evidence, clock } = this.#o;
    const hooks = ['reply', 'before-commit'] as const;
    // A look passes one gate, a write two.
    const waits = { reply: 2 * this.#world.gateMs, 'before-commit': this.#world.gateMs };
    for (const at of hooks) {
      const params = { at, deadlineMs: waits[at] };
      await this.#world.arm(`${name} ${at}`, { fault: 'gate', params, where: { sim: 'crm', text } });
    }
    const heal = async () => {
      for (const at of hooks) await this.#world.heal(`${name} ${at}`);
    };
    const rules = this.#world.ruleId(`${name} `);
    const random = this.#world.random.fork(name);
    return new Rivals({ facts: evidence.facts, sandbox, clock, random, rules, waitMs: waits.reply, heal });
  }

  /** The systems whose API the subject calls, as its manifest says. */
  get calledSystems(): ('ehr' | 'crm')[] {
    const { read, write_back } = this.site.channels;
    const callsEhr = read.some(({ kind }) => kind !== 'hl7') || write_back === 'fhir' || write_back === 'v1';
    return callsEhr ? ['ehr', 'crm'] : ['crm'];
  }

  /** For rules: this site, or the CRM. */
  whereIs(sim: 'ehr' | 'crm'): NonNullable<Rule['where']> {
    return sim === 'ehr' ? { sim, tenant: this.site.name } : { sim };
  }

  /**
   * Waits until the subject has tried to connect to each of those systems while it offered that over TLS, and has had the time
   * for a call; with `calls`, until one came. Gives up when the time for one more attempt is over.
   */
  async tried(offer: string, { calls }: { calls: boolean }): Promise<void> {
    const from = this.#o.evidence.facts.checks.get(this.#o.cohort)?.begunAt ?? 0;
    const site = this.site.name;
    const done = (facts: Evidence['facts']): boolean =>
      this.calledSystems.every((sim) => {
        const found = offered(facts.tls, { sim, site }, offer, [from, Number.POSITIVE_INFINITY]);
        return (calls ? found.calls : found.handshakes).length > 0;
      });
    await this.#world.seen(
      done,
      Math.min(this.#world.pollInterval + this.#world.retry.max_wait + this.#world.syncWindow, LONGEST_TRY_MS),
    );
    if (!calls) await this.#world.pass(FIRST_CALL_MS);
  }

  /** Holds the first write of the subject to a patient's chart at the door of the EHR, under a name, until that is healed. */
  holdWriteBack(name: string, patient: PatientHandle): Promise<void> {
    const where = { ...ROUTES_BACK.fhir, tenant: this.site.name, text: patient.ref.id };
    return this.#world.arm(name, { fault: 'gate', params: { at: 'request' }, where, times: 1 });
  }

  /** Does something of which a subject that has to ask hears so many ms later: until then its questions about the patient fail. */
  async withheld(patient: Handle, ms: number, act: () => Promise<unknown>): Promise<void> {
    const { name, channels } = this.site;
    const isAsked = channels.read.every(({ kind }) => kind === 'poll');
    if (!isAsked) return void (await act());
    const where = { sim: 'ehr', tenant: name, method: 'GET', text: patient.ref.id };
    await this.#world.arm('withheld', { fault: 'vendor-error', params: { error: 'unavailable' }, where });
    await act();
    await this.#world.pass(ms);
    await this.#world.heal('withheld');
  }

  /** Has the site refuse for its content whatever is written back about a patient, under a name for `expect`. */
  async refuseWriteBack(name: string, patient: PatientHandle): Promise<void> {
    const route = ROUTES_BACK[this.site.channels.write_back];
    if (!route) throw new Error(`${this.site.name} has no way to write back: the check should not have been run`);
    // Beside its FHIR ids (a-1.E-23) athenahealth has plain numbers.
    const text = route.sim === 'hl7' ? patient.person.mrn : patient.ref.id.split('-').at(-1)!;
    const where = { ...route, tenant: this.site.name, text };
    await this.#world.arm(name, { fault: 'vendor-error', params: { error: 'invalid' }, where });
  }
}
