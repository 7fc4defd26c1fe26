import type { Clock, CommitRequest, CommitResult, EventDraft, JournalEvent, RecordRef, Rule } from '#simulators';
import type { RunningSubject } from '../recorder.ts';
import type { SandboxClient } from '../world/sandbox-client.ts';
import { type Behaviour, type Image, PERFECT } from './behaviour.ts';
import { FakeAudit } from './fake-audit.ts';
import { FakeGates } from './fake-gates.ts';
import { FakeLink } from './fake-link.ts';
import { MESSAGES } from './fake-message.ts';
import { FakeOrg } from './fake-org.ts';
import { FakeRules } from './fake-rules.ts';
import { FakeSubject, idIn } from './fake-subject.ts';
import { CLIENT, JournalBuilder } from './journal-builder.ts';

/** Ms between the subject's rounds of polling, as its manifest says. */
const ROUNDS = 500;

/** What a write-back means, by type. */
const WRITTEN_BACK: Record<string, string> = { Patient: 'update-person', Consent: 'consent' };

type Given = Record<'message' | 'text' | 'cohort', string> & { answers?: string };

/**
 * Simulators and subject as one deterministic model: every stimulus of a check is answered at once by literal events. It
 * stands where `World` expects a sandbox, on a clock that moves only when somebody sleeps.
 */
export class FakeSandbox {
  readonly b: JournalBuilder;
  readonly clock: Clock;
  /** Nothing here has credentials of its own. */
  readonly parts = [];
  /** The subject's audit trail. */
  readonly audit: FakeAudit;
  readonly #rules: FakeRules;
  readonly #gates: FakeGates;
  readonly #org: FakeOrg;
  readonly #subject: FakeSubject;
  readonly #link: FakeLink;
  readonly #does: Behaviour;
  #truth = new Map<string, RecordRef>();
  /** What nobody heard of but by a forged notification, by the rule that forged it. */
  #unheard = new Map<string, RecordRef[]>();
  #minted = 0;
  /** When the subject polls next (µs). */
  #roundAt: number;

  constructor(cohort: string, does: Behaviour = PERFECT, process?: string) {
    this.b = new JournalBuilder(cohort, process);
    this.audit = new FakeAudit(does);
    this.#rules = new FakeRules(this.b);
    this.#does = does;
    this.#gates = new FakeGates(this.b, this.#rules);
    this.#org = new FakeOrg(this.b);
    this.#subject = new FakeSubject(this.b, this.#rules, this.#gates, this.#org, does, (type, id, patch) =>
      this.#committed(this.b.ehr(WRITTEN_BACK[type] ?? 'modify', type, id, patch, { actor: `link:${CLIENT}` })),
    );
    this.#link = new FakeLink(this.b, this.#rules, this.#subject, does.hears);
    const interval = (does.rounds ?? ROUNDS) * 1000;
    this.#roundAt = this.b.micros + interval;
    const sleep = async (ms: number): Promise<void> => {
      const until = this.b.micros + ms * 1000;
      for (;;) {
        const next = Math.min(this.#roundAt, this.#subject.nextDue);
        if (next > until) break;
        this.b.micros = Math.max(this.b.micros, next);
        this.#subject.tick();
        if (this.#roundAt > next) continue;
        this.#roundAt += interval;
        this.#subject.poll([...this.#truth.values()]);
      }
      this.b.micros = Math.max(this.b.micros, until);
    };
    const started = Date.parse('2026-03-02T12:00:00.000Z');
    this.clock = { micros: () => this.b.micros, now: () => started + this.b.micros / 1000, after: () => () => {}, sleep };
  }

  get client(): SandboxClient {
    return this as unknown as SandboxClient;
  }

  /** What the subject printed. */
  get output(): readonly string[] {
    return this.#subject.output;
  }

  /** The subject as a process. */
  get running(): RunningSubject {
    const kill = async (): Promise<void> => this.#subject.kill();
    const revive = async (): Promise<void> => {
      this.#subject.revive();
      this.#resume();
    };
    const reconfigure = async (): Promise<void> => {
      this.#subject.reconfigure();
      this.#resume();
    };
    return { kill, revive, reconfigure, stop: async () => ({ how: 'exited', forced: false }) };
  }

  of(): this {
    return this;
  }

  async note(drafts: EventDraft[]): Promise<void> {
    for (const draft of drafts) this.b.add(draft);
  }

  async call(method: string, path: string, body?: object): Promise<object> {
    if (path.startsWith('/v1/crm/')) return this.#org.call(method, path, body as Image);
    if (path.endsWith('/link/messages')) return this.#give(body as Given);
    if (path.endsWith('/settings')) {
      const { pageLimit } = body as { pageLimit?: number };
      if (pageLimit !== undefined) this.#subject.pageSize = pageLimit || Number.POSITIVE_INFINITY;
      return {};
    }
    const resource = path.endsWith('Practitioner')
      ? { id: 'prac1', name: [{ given: ['Grace'], family: 'Poe' }] }
      : { id: 'loc1', name: 'Main Clinic' };
    return { resources: [resource] };
  }

  async arm(...rules: (Rule & { id: string })[]): Promise<void> {
    for (const rule of rules) this.#rules.arm(rule);
  }

  async heal(...ids: string[]): Promise<void> {
    for (const id of ids) {
      for (const ref of this.#unheard.get(id) ?? []) this.#truth.set(ref.id, ref);
      this.#unheard.delete(id);
    }
    const healed = ids.filter((id) => this.#rules.heal(id));
    if (healed.length === 0) return;
    for (const id of healed) this.#gates.healed(id);
    this.#resume();
  }

  async release(_process: string, gate: string): Promise<void> {
    this.#gates.release(gate);
  }

  async commitSite(_site: string, { act, actor, offer, changes }: CommitRequest): Promise<CommitResult> {
    const event = this.b.ehrAll(
      act,
      changes.map(({ type, resource, patch, ...change }) => ({
        type,
        id: change.id ?? `e${type.slice(0, 3)}.${this.b.cohort.slice(0, 5)}-${++this.#minted}`,
        patch: { ...resource, ...patch },
      })),
      { actor, data: offer && { offer } },
    );
    this.#committed(event);
    return { records: event.records!, resources: event.after as Image[], seq: event.seq };
  }

  async commitCrm({ changes }: CommitRequest): Promise<CommitResult> {
    const { op, type, id = `00Q${String(++this.#minted).padStart(12, '0')}AAA`, fields } = changes[0]!;
    const event = this.b.edit(type, id, fields!);
    if (op === 'update') this.#subject.edited(type, id, fields!);
    return { records: event.records!, rows: event.after as Image[], seq: event.seq };
  }

  #give({ message, text, cohort, answers }: Given): { control: string } {
    const control = this.b.give(message, cohort);
    this.#link.put({ control, type: message, act: 'given', records: [], text, cohort, answers });
    return { control };
  }

  #committed(event: JournalEvent): void {
    const records = event.records!;
    if (this.#forged(records)) return;
    for (const ref of records) this.#truth.set(ref.id, ref);
    // Not every act is told on the link.
    const type = MESSAGES[event.act!];
    const text = type && records.map((ref) => this.#mrnOf(ref)).join();
    if (type && text) this.#link.put({ control: this.b.queue(type, event), type, act: event.act!, records, text });
    this.#subject.poll(records);
    this.#replay(records);
  }

  // In place of the news of a person comes what somebody else made of it.
  #forged(records: readonly RecordRef[]): boolean {
    const [ref] = records;
    const rule = ref?.type === 'Patient' ? this.#rules.hit('forged', 'ehr', { text: this.#mrnOf(ref) }) : undefined;
    if (!ref || !rule) return false;
    const { trusts, answersForged: otherwise = 401 } = this.#does;
    const isTrusted = trusts?.(String(rule.params?.how)) === true;
    this.b.notice(ref, { changed: true, state: isTrusted ? 'taken' : 'refused', status: isTrusted ? 204 : otherwise });
    this.#unheard.set(rule.id!, [...(this.#unheard.get(rule.id!) ?? []), ref]);
    if (isTrusted) this.#subject.poll([ref]);
    return true;
  }

  #replay(records: RecordRef[]): void {
    const [ref] = records;
    if (ref?.type !== 'Patient' || !this.#rules.hit('replayed', 'ehr', { text: this.#mrnOf(ref) })) return;
    this.b.notice(ref, { state: 'again', status: 204 });
    if (this.#does.replays) this.#subject.rewrite(ref);
  }

  // Somebody is back: what waits goes out, and what was missed is looked for.
  #resume(): void {
    this.#link.send();
    this.#subject.catchUp();
    this.#subject.poll([...this.#truth.values()]);
  }

  #mrnOf({ type, id }: RecordRef): string {
    type Participants = { participant: { actor: { reference: string } }[] };
    const { participant } = this.b.image<Participants>(type, id)!;
    const patientId = type === 'Patient' ? id : idIn(participant.map(({ actor }) => actor.reference));
    return this.b.image<{ identifier: { value: string }[] }>('Patient', patientId)!.identifier[0]!.value;
  }
}
