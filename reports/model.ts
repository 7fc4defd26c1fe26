import type { CheckResult, EventId } from '#conformance';
import type { JournalEvent } from '#kernel';
import { describe } from './describe.ts';
import { foldPolls, joinAnswers, shorten } from './folding.ts';
import { failed, VERDICT } from './words.ts';

export interface Lane {
  id: string;
  kind: 'ehr' | 'link' | 'subject' | 'crm' | 'harness';
  label: string;
}

/** One row of a sequence diagram. */
export interface Step {
  /** `call`: an arrow; `note`: a commit; `mark`: a fault, a settled wait, a verdict; `folded`: several rows in one. */
  form: 'call' | 'note' | 'mark' | 'folded';
  events: EventId[];
  /** Milliseconds after the first row. */
  at: number;
  /** Lane in which it stands, or from which the arrow goes. */
  lane: string;
  /** Lane to which the arrow goes. */
  to?: string;
  /** An answer drawn back to where the call came from. */
  answer?: boolean;
  text: string;
  /** In full: URL, body, message, changed fields. May be empty. */
  detail: string;
  tone: 'plain' | 'bad' | 'quiet' | 'good';
  /** `violation`: the first event by which the requirement was broken. */
  role?: 'evidence' | 'violation';
  colour?: string;
}

export interface Story {
  lanes: Lane[];
  steps: Step[];
}

const idOf = (event: JournalEvent): EventId => `${event.process}:${event.seq}`;
const causeOf = (event: JournalEvent): EventId | undefined =>
  event.cause === undefined ? undefined : `${event.process}:${event.cause}`;

/** The journals of a run, made ready for looking up: events by id, and the answer of each request and message. */
export class JournalIndex {
  readonly byId = new Map<EventId, JournalEvent>();
  readonly answers = new Map<EventId, JournalEvent>();

  constructor(events: readonly JournalEvent[]) {
    for (const event of events) {
      this.byId.set(idOf(event), event);
      const cause = causeOf(event);
      if (cause && (event.kind === 'reply' || event.kind === 'ack')) this.answers.set(cause, event);
    }
  }
}

const ORDER = { ehr: 0, link: 1, subject: 2, crm: 3, harness: 4 } as const;
const SUBJECT: Lane = { id: 'subject', kind: 'subject', label: 'Sync (inferred)' };
const HARNESS: Lane = { id: 'harness', kind: 'harness', label: 'Clock, faults, judge' };

/** Where an event stands. What happens inside the subject is never seen: its lane only begins and ends arrows. */
export function laneOf(event: JournalEvent): Lane {
  const { kind, sim, tenant = '' } = event;
  if (kind === 'subject') return SUBJECT;
  if (kind === 'message' || kind === 'ack' || kind === 'queue' || sim === 'hl7')
    return { id: `link:${tenant}`, kind: 'link', label: `MLLP ${tenant}` };
  if (sim === 'ehr') return { id: `ehr:${tenant}`, kind: 'ehr', label: `EHR ${tenant}` };
  if (sim === 'crm') return { id: 'crm', kind: 'crm', label: 'CRM' };
  return HARNESS;
}

/** The sequence diagram of one check: its timeline and evidence, oldest first, with the first violation marked. */
export function story(
  check: Pick<CheckResult, 'timeline' | 'findings' | 'settled' | 'verdict' | 'reason' | 'message'>,
  index: JournalIndex,
  options: { colours?: Readonly<Record<string, string>>; maxSteps?: number } = {},
): Story {
  const evidence = new Set(check.findings.flatMap((finding) => finding.evidence));
  const events = gather(new Set([...check.timeline, ...evidence]), index);
  const first = events[0]?.at ?? 0;
  const violation = firstViolation(check, index);
  const steps = joinAnswers(toSteps(events, index, (event) => (event.at - first) / 1000, options.colours ?? {}));
  for (const step of steps) {
    if (violation && step.events.includes(violation)) step.role = 'violation';
    else if (step.events.some((id) => evidence.has(id))) step.role = 'evidence';
  }
  const shown = shorten(foldPolls(steps, index), options.maxSteps ?? 60);
  const end = shown.at(-1)?.at ?? 0;
  if (!shown.some((step) => step.text.startsWith('settled'))) {
    for (const { label, by, waitedMs } of check.settled)
      shown.push(mark(end, `settled: ${label}`, `${by}; waited ${(waitedMs / 1000).toFixed(1)} s`, 'good'));
  }
  const verdict = mark(
    end,
    `${VERDICT[check.verdict].word}: ${check.reason || 'as required'}`,
    check.message,
    failed(check) ? 'bad' : 'plain',
  );
  if (failed(check) && !shown.some((step) => step.role === 'violation')) verdict.role = 'violation';
  if (check.verdict === 'pass') verdict.tone = 'good';
  shown.push(verdict);
  const used = new Set(shown.flatMap((step) => [step.lane, step.to]));
  const lanes = new Map([SUBJECT, HARNESS, ...events.map(laneOf)].map((lane) => [lane.id, lane]));
  const kept = [...lanes.values()].filter((lane) => lane.kind === 'subject' || used.has(lane.id));
  kept.sort((a, b) => ORDER[a.kind] - ORDER[b.kind] || (a.id < b.id ? -1 : 1));
  return { lanes: kept, steps: shown };
}

const mark = (at: number, text: string, detail: string, tone: Step['tone']): Step => ({
  form: 'mark',
  events: [],
  at,
  lane: HARNESS.id,
  text,
  detail,
  tone,
});

// A request belongs to its reply and a message to its acknowledgement, whichever of the two the judge named.
function gather(ids: Set<EventId>, index: JournalIndex): JournalEvent[] {
  const found = new Map<EventId, JournalEvent>();
  const add = (event: JournalEvent | undefined): void => void (event && found.set(idOf(event), event));
  for (const id of ids) {
    const event = index.byId.get(id);
    add(event);
    add(index.answers.get(id));
    if (event?.kind === 'reply' || event?.kind === 'ack') add(index.byId.get(causeOf(event) ?? ''));
  }
  const sent = new Set([...found.values()].filter((e) => e.kind === 'message').map((e) => `${e.tenant}|${e.data?.control}`));
  const told = [...found.values()].filter((event) => {
    if (event.kind === 'check') return ['begin', 'settled', 'error'].includes(String(event.data?.type));
    return event.kind !== 'queue' || !sent.has(`${event.tenant}|${event.data?.control}`);
  });
  return told.sort((a, b) => a.at - b.at || (a.process < b.process ? -1 : a.process > b.process ? 1 : a.seq - b.seq));
}

/**
 * The first violating event. A finding is complete with its last piece of evidence; the finding that was complete first is
 * the first violation. When that last piece is no deed of the subject (what should have followed never came), there is none.
 */
function firstViolation(check: Pick<CheckResult, 'findings'>, index: JournalIndex): EventId | undefined {
  const last = check.findings.filter(failed).flatMap((finding) => {
    const events = finding.evidence.flatMap((id) => index.byId.get(id) ?? []).sort((a, b) => a.at - b.at);
    const event = events.at(-1);
    const onlyTalk = events.every((e) => e.kind !== 'commit');
    return event && isDeed(event, onlyTalk) ? [event] : [];
  });
  const event = last.sort((a, b) => a.at - b.at)[0];
  return event && idOf(event);
}

function isDeed(event: JournalEvent, onlyTalk: boolean): boolean {
  if (event.kind === 'commit') return event.cause !== undefined || /^(client|link):/.test(event.actor ?? '');
  return event.kind === 'request' || event.kind === 'auth' || event.kind === 'intruder' || (event.kind === 'ack' && onlyTalk);
}

function toSteps(
  events: JournalEvent[],
  index: JournalIndex,
  offset: (event: JournalEvent) => number,
  colours: Readonly<Record<string, string>>,
): Step[] {
  return events.map((event) => {
    const { text, detail } = describe(event);
    const step: Step = {
      form: 'mark',
      events: [idOf(event)],
      at: offset(event),
      lane: laneOf(event).id,
      text,
      detail,
      tone: 'plain',
    };
    const inward = event.kind === 'message' ? event : index.byId.get(causeOf(event) ?? '');
    const fromSubject = event.kind === 'request' || (event.kind === 'message' && event.data?.direction === 'in');
    const toSubject =
      event.kind === 'reply' || event.kind === 'message' || (event.kind === 'ack' && inward?.data?.direction === 'in');
    if (fromSubject || event.kind === 'ack') Object.assign(step, { form: 'call', lane: SUBJECT.id, to: laneOf(event).id });
    if (toSubject && !fromSubject) Object.assign(step, { form: 'call', lane: laneOf(event).id, to: SUBJECT.id });
    if (event.kind === 'reply' || event.kind === 'ack') step.answer = true;
    if (event.kind === 'commit') step.form = 'note';
    if (event.kind === 'fault') step.colour = colours[String(event.data?.fault)] ?? '#be185d';
    const unhappy =
      event.kind === 'reply'
        ? Number(event.data?.status ?? 599) >= 400
        : event.kind === 'ack' && event.data?.outcome !== 'positive';
    if (unhappy || event.kind === 'auth' || event.kind === 'intruder') step.tone = 'bad';
    if (event.kind === 'check')
      step.tone = event.data?.type === 'settled' ? 'good' : event.data?.type === 'error' ? 'bad' : 'quiet';
    if (event.kind === 'queue' || event.kind === 'token') step.tone = 'quiet';
    return step;
  });
}

/** What the journals of a run say about the sandbox, for the scorecard. */
export function sandboxFacts(events: readonly JournalEvent[]): { name: string; value: string }[] {
  const tenants = (sim: string): string[] =>
    [...new Set(events.flatMap((e) => (e.sim === sim && e.tenant ? [e.tenant] : [])))].sort();
  const count = (test: (event: JournalEvent) => boolean): string => events.filter(test).length.toLocaleString('en');
  const processes = [...new Set(events.map((event) => event.process))].sort();
  const by = (sim: string) => (event: JournalEvent) => event.kind === 'request' && event.sim === sim;
  return [
    { name: 'EHR sites', value: tenants('ehr').join(', ') || 'none' },
    { name: 'CRM organisations', value: tenants('crm').join(', ') || 'none' },
    { name: 'Processes', value: processes.join(', ') || 'none' },
    { name: 'Journal events', value: count(() => true) },
    { name: 'Calls to EHRs', value: count(by('ehr')) },
    { name: 'Calls to the CRM', value: count(by('crm')) },
    { name: 'HL7 messages', value: count((event) => event.kind === 'message') },
    { name: 'Faults hit', value: count((event) => event.kind === 'fault') },
  ];
}
