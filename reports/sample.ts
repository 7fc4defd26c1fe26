import type { CheckResult, Finding, InvariantResult, Lack, LevelStanding, RunResult, Standing, Verdict } from '#conformance';
import type { EventDraft, EventKind, JournalEvent, RecordRef } from '#kernel';
import type { MapRow } from './definition.ts';
import { VERDICTS } from './words.ts';

// A hand-written run, for tests and for looking at the reports: one patient's phone goes wrong, another is created twice.

const START = Date.parse('2026-11-20T09:00:00.000Z');
const ORG = '00D000000000001EAA';

/** Writes literal journals: each call is one event of the process `sandbox` and returns its sequence number. */
export class Scribe {
  readonly events: JournalEvent[] = [];

  /** @param ms milliseconds after the start of the run */
  add(ms: number, sim: string, kind: EventKind, rest: Omit<EventDraft, 'sim' | 'kind'> = {}): number {
    const seq = this.events.length + 1;
    const wall = new Date(START + ms).toISOString();
    this.events.push({ v: 1, process: 'sandbox', incarnation: 1, seq, at: 1_000_000 + ms * 1000, wall, sim, kind, ...rest });
    return seq;
  }

  /** A request and, 4 ms later, its reply; `during` writes what happens between the two. */
  call(
    ms: number,
    to: 'ehr' | 'crm',
    line: string,
    reply: object,
    served: RecordRef[] = [],
    during: (cause: number) => void = () => {},
  ): number {
    const [method = '', operation = '', type = '', url = '', body] = line.split(' ');
    const tenant = to === 'ehr' ? 'epic' : ORG;
    const cause = this.add(ms, to, 'request', { tenant, data: { method, operation, type, url, body, secure: true } });
    during(cause);
    return this.add(ms + 4, to, 'reply', {
      tenant,
      cause,
      actor: 'client:sync',
      served,
      data: { operation, type, micros: 4000, ...reply },
    });
  }

  message(ms: number, control: string, type: string, record: RecordRef, text: string): number {
    const cause = this.add(ms, 'hl7', 'message', {
      tenant: 'epic',
      records: [record],
      data: { control, type, attempt: 1, copy: 1, text },
    });
    const data = { control, code: 'AA', outcome: 'positive', text: `MSA|AA|${control}`, micros: 6000 };
    return this.add(ms + 6, 'hl7', 'ack', { tenant: 'epic', cause, served: [record], data });
  }
}

const patient = (id: string, version: number): RecordRef => ({ sim: 'ehr', tenant: 'epic', type: 'Patient', id, version });
const contact = (n: number, version = 1): RecordRef => ({
  sim: 'crm',
  tenant: ORG,
  type: 'Contact',
  id: `00300000000000${n}AAA`,
  version,
});
const ADA = patient('eAdaMarsh-VQEgP8drUUqCWzHfw3', 1);
const ZOE = 'eZoeQuill-7QEgP8drUUqCWzHfw3';
const phone = (value: string) => ({ resourceType: 'Patient', id: ZOE, telecom: [{ system: 'phone', use: 'mobile', value }] });

function twice(scribe: Scribe): { timeline: number[]; evidence: number[] } {
  const evidence: number[] = [];
  const after = [{ resourceType: 'Patient', id: ADA.id, name: [{ family: 'Marsh', given: ['Ada'] }] }];
  const from = scribe.add(5, 'kernel', 'rule', {
    data: { rule: { id: 'rule-1', fault: 'lost-reply', where: { operation: 'create' }, times: 1 } },
  });
  scribe.add(38, 'control', 'check', { cohort: 'IP-04/epic', data: { type: 'begin', seed: '42/IP-04' } });
  scribe.add(40, 'ehr', 'commit', {
    tenant: 'epic',
    act: 'register',
    actor: 'user:clerk',
    cohort: 'IP-04/epic',
    records: [ADA],
    before: [null],
    after,
  });
  scribe.message(
    60,
    '1001',
    'ADT^A04',
    ADA,
    'MSH|^~\\&|EPIC|EPIC|||20261120040000||ADT^A04|1001|P|2.5.1\rPID|1||900001^^^EPIC^MR||Marsh^Ada',
  );
  scribe.call(80, 'crm', "GET query Contact /services/data/v60.0/query?q=SELECT+Id+FROM+Contact+WHERE+MRN__c='900001'", {
    status: 200,
  });
  const create = (n: number) => (cause: number) => {
    const row = { Id: contact(n).id, LastName: 'Marsh', FirstName: 'Ada', MRN__c: '900001', Birthdate: '1984-02-29' };
    const commit = {
      tenant: ORG,
      cause,
      act: 'create',
      actor: 'client:sync',
      records: [contact(n)],
      before: [null],
      after: [row],
    };
    evidence.push(scribe.add(91 + (n - 1) * 1010, 'crm', 'commit', commit));
    const data = { rule: 'rule-1', fault: 'lost-reply', hook: 'reply', n: 1, operation: 'create' };
    if (n === 1) scribe.add(92, 'crm', 'fault', { tenant: ORG, cause, records: [contact(n)], data });
  };
  const line =
    'POST create Contact /services/data/v60.0/sobjects/Contact {"LastName":"Marsh","FirstName":"Ada","MRN__c":"900001"}';
  scribe.call(90, 'crm', line, { severed: 'reset' }, [], create(1));
  scribe.call(1100, 'crm', line, { status: 201 }, [], create(2));
  for (let i = 0; i < 13; i++)
    scribe.call(1500 + i * 500, 'ehr', 'GET search Patient /api/FHIR/R4/Patient?identifier=MRN|900001', { status: 200 }, [ADA]);
  const to = scribe.add(9200, 'control', 'check', {
    cohort: 'IP-04/epic',
    data: { type: 'settled', label: 'created once', by: 'nothing owed, digest still for 6 s', waitedMs: 8100 },
  });
  return { timeline: Array.from({ length: to - from + 1 }, (_, i) => from + i), evidence };
}

function wrongPhone(scribe: Scribe): { timeline: number[]; evidence: number[] } {
  const [was, is] = ['(212)555-0143', '(212)555-0199'];
  const before = [phone(was)];
  const from = scribe.add(9300, 'ehr', 'commit', {
    tenant: 'epic',
    act: 'update',
    actor: 'user:clerk',
    cohort: 'DM-02/epic',
    records: [patient(ZOE, 2)],
    before,
    after: [phone(is)],
  });
  scribe.message(
    9320,
    '1002',
    'ADT^A08',
    patient(ZOE, 2),
    `MSH|^~\\&|EPIC|EPIC|||20261120040009||ADT^A08|1002|P|2.5.1\rPID|1||900002^^^EPIC^MR||Quill^Zoë||||||||${is}^PRN^CP`,
  );
  const row = { Id: contact(3).id, LastName: 'Quill', MobilePhone: '+12125550143' };
  let commit = 0;
  const line =
    'PATCH upsert Contact /services/data/v60.0/sobjects/Contact/EHR_Key__c/1.2.3%7C900002 {"MobilePhone":"+12125550109"}';
  const to = scribe.call(9340, 'crm', line, { status: 204 }, [], (cause) => {
    const records = [contact(3, 2)];
    commit = scribe.add(9342, 'crm', 'commit', {
      tenant: ORG,
      cause,
      act: 'update',
      actor: 'client:sync',
      records,
      before: [row],
      after: [{ ...row, MobilePhone: '+12125550109' }],
    });
  });
  return { timeline: Array.from({ length: to - from + 1 }, (_, i) => from + i), evidence: [from, commit] };
}

const scribe = new Scribe();
scribe.add(0, 'kernel', 'start', { data: { seed: '42', runKey: 'k7', pid: 100 } });
const ip04 = twice(scribe);
const dm02 = wrongPhone(scribe);
scribe.add(31_000, 'kernel', 'stop');

/** The journal of the sample run. */
export const sampleEvents: readonly JournalEvent[] = scribe.events;

const ids = (seqs: number[]): string[] => seqs.map((seq) => `sandbox:${seq}`);

/** A check result; everything that is not given is that of a check that passed. */
export function checkOf(id: string, title: string, more: Partial<CheckResult> = {}): CheckResult {
  const group = {
    ID: 'identity',
    DM: 'demographics',
    AP: 'appointments',
    OW: 'ownership',
    IP: 'idempotency',
    OR: 'ordering',
    RS: 'resilience',
    HL: 'hl7v2',
    BV: 'volume',
  };
  return {
    id,
    title,
    group: group[id.slice(0, 2) as keyof typeof group] ?? 'other',
    severity: 'B',
    level: 1,
    requirement: `${title}, inside the declared window.`,
    seeds: ['S2'],
    harm: 'Staff act on a record that does not match the chart.',
    verdict: 'pass',
    reason: '',
    message: '',
    findings: [],
    sites: [{ site: 'epic', verdict: more.verdict ?? 'pass' }],
    cases: { of: 1, passed: more.verdict === undefined || more.verdict === 'pass' ? 1 : 0 },
    settled: [{ label: 'arrived', by: 'nothing owed, digest still for 6 s', waitedMs: 6400 }],
    durationMs: 8200,
    replay: `npx syncproof check --only ${id} --seed 42 --run-key k7`,
    timeline: [],
    ...more,
  };
}

/** A check that came to something else, because of this finding. */
export const checkWith = (id: string, title: string, finding: Finding, more: Partial<CheckResult> = {}): CheckResult =>
  checkOf(id, title, {
    verdict: finding.verdict,
    reason: finding.reason,
    message: finding.message,
    findings: [finding],
    settled: [],
    ...more,
  });

export const invariantOf = (id: InvariantResult['id'], cohort: string, finding?: Finding): InvariantResult => ({
  id,
  title: {
    G1: 'one live CRM record per live patient',
    G2: "no record holds another patient's value",
    G3: 'every value was once the truth',
    G4: 'nothing outside the map',
    G5: 'the CRM is what the map makes of the truth',
  }[id],
  cohort,
  verdict: finding?.verdict ?? 'pass',
  findings: finding ? [finding] : [],
});

const countsOf = (checks: CheckResult[]): Record<Verdict, number> =>
  Object.fromEntries(VERDICTS.map((v) => [v, checks.filter((check) => check.verdict === v).length])) as Record<Verdict, number>;

/** A standing that lacks what failed, with the badges and latency that a run may have. */
export function standingOf(checks: CheckResult[]): Standing {
  const lacks = checks
    .filter(({ verdict, severity }) => severity === 'B' && !['pass', 'not-applicable'].includes(verdict))
    .map(({ id, verdict, reason }): Lack => {
      const kind = verdict === 'fail' ? 'failed' : 'unknown';
      return { what: id, kind, why: `${kind === 'failed' ? 'failed' : 'could not be judged'}: ${reason}` };
    });
  const level = (id: LevelStanding['id'], name: string, rank: number): LevelStanding => {
    const set = checks.filter((check) => check.severity === 'B' && check.level === rank && check.verdict !== 'not-applicable');
    const own = lacks.filter(({ what }) => set.some((check) => check.id === what));
    const must = { of: set.length, passed: set.length - own.length };
    return { id, name, state: own.length > 0 ? 'lacking' : 'met', must, lacks: own, beyond: [] };
  };
  return {
    level: 'L0',
    leftOut: 0,
    levels: [level('L0', 'Connected', 0), level('L1', 'Correct', 1), level('L2', 'Resilient', 2), level('L3', 'Race-proof', 3)],
    badges: [
      { id: 'hl7v2', title: 'takes HL7 v2 messages', state: 'earned', must: { of: 3, passed: 3 }, lacks: [] },
      { id: 'consent', title: 'keeps consent in both systems', state: 'none', must: { of: 0, passed: 0 }, lacks: [] },
    ],
    latency: { class: 'A', p95Ms: 812, by: ['LT-01'] },
    beside: ['TLS off for epic'],
  };
}

/** A finished run of these checks, with counts that fit them. */
export function resultOf(checks: CheckResult[], invariants: InvariantResult[] = [], more: Partial<RunResult> = {}): RunResult {
  const counts = countsOf(checks);
  return {
    v: 1,
    id: '2026-11-20-090000-42',
    status: 'finished',
    seed: '42',
    runKey: 'k7',
    subject: { name: 'Northwind Clinic Sync', version: '2.3.1' },
    warnings: [],
    checks,
    invariants,
    counts,
    size: 'ci',
    level: 'no level; level 1 (Correct) lacks 2 (TLS off for epic)',
    standing: standingOf(checks),
    channels: [{ channel: 'epic/hl7', seen: true }],
    coverage: 100,
    score: { overall: 100, dimensions: { correctness: 100, idempotency: 100, ordering: 100, resilience: 100 } },
    mapCoverage: { judged: 26, of: 26 },
    exitCode: counts.fail > 0 ? 1 : 0,
    startedAt: '2026-11-20T09:00:00.000Z',
    endedAt: '2026-11-20T09:00:31.000Z',
    ...more,
  };
}

const duplicate: Finding = {
  verdict: 'fail',
  reason: 'duplicate',
  message:
    'The reply to the first create was lost after the CRM had committed it; the sync created the same patient again, so Ada Marsh now exists twice.',
  channel: 'epic/hl7',
  row: 'fields.csv:2 Contact.EHR_Key__c',
  expected: '1 live Contact with the key 1.2.3|900001',
  actual: '2 live Contacts: 003000000000001AAA, 003000000000002AAA',
  evidence: ids(ip04.evidence),
};
const wrong: Finding = {
  verdict: 'fail',
  reason: 'wrong-value',
  message: "Zoë Quill's mobile number was changed at the front desk; the CRM got a number that she never had.",
  channel: 'epic/hl7',
  row: 'fields.csv:9 Contact.MobilePhone',
  expected: '+12125550199',
  actual: '+12125550109',
  evidence: ids(dm02.evidence),
};

const TITLES: [string, string][] = [
  ['ID-01', 'A new patient becomes exactly one contact'],
  ['ID-02', 'An update updates, and creates nothing'],
  ['ID-03', 'Twins stay two people'],
  ['DM-01', 'Every mapped field arrives as the map says'],
  ['DM-02', 'A changed phone replaces the old one, and nothing else'],
  ['AP-01', 'A booked appointment arrives, linked to its patient'],
  ['AP-02', 'A cancelled appointment is cancelled in the CRM'],
  ['AP-03', 'A rescheduled appointment moves, and the old time is not live'],
  ['AP-07', 'Late evenings and clock changes keep their day'],
  ['OW-01', "A CRM edit of the EHR's field does not stand"],
  ['OW-02', "A CRM edit of the CRM's field reaches the EHR"],
  ['IP-01', 'The same message five times counts once'],
  ['IP-04', 'A create whose reply was lost is not repeated'],
  ['OR-01', 'The newer update stands, whatever came first'],
  ['OR-02', 'Cancelled before it was booked ends cancelled'],
  ['RS-01', 'Nothing is lost while the EHR is away'],
  ['HL-03', 'A resent message counts once and is acknowledged again'],
  ['BV-01', 'Fifty patients and fifty appointments at once'],
];
const rule: InvariantResult['id'][] = ['G1', 'G2', 'G3', 'G4', 'G5'];
const held = (cohorts: string[]): InvariantResult[] => rule.flatMap((id) => cohorts.map((cohort) => invariantOf(id, cohort)));

const BAD: Record<string, CheckResult> = {
  'IP-04': checkWith('IP-04', 'A create whose reply was lost is not repeated', duplicate, {
    level: 2,
    harm: 'Two records for one patient: a reminder goes out twice, and a change of consent reaches only one of them.',
    timeline: ids(ip04.timeline),
    durationMs: 9200,
  }),
  'DM-02': checkWith('DM-02', 'A changed phone replaces the old one, and nothing else', wrong, {
    harm: 'The clinic calls a stranger with news that is meant for the patient.',
    timeline: ids(dm02.timeline),
    settled: [{ label: 'phone changed', by: 'nothing owed, digest still for 6 s', waitedMs: 6100 }],
  }),
  'RS-01': checkWith(
    'RS-01',
    'Nothing is lost while the EHR is away',
    {
      verdict: 'untestable',
      reason: 'fault-not-hit',
      message: 'The EHR was away for 6 s, but the sync called it in none of them: nothing can be said.',
      evidence: [],
    },
    { level: 2 },
  ),
  'HL-03': checkWith(
    'HL-03',
    'A resent message counts once and is acknowledged again',
    { verdict: 'not-applicable', reason: 'no-hl7', message: 'epic declares no hl7 channel for reading', evidence: [] },
    { level: 2 },
  ),
};

/** Two failures, one check that could not be judged, one that does not apply. */
export const sampleResult: RunResult = resultOf(
  TITLES.map(([id, title]) => BAD[id] ?? checkOf(id, title)),
  [
    ...held(['ID-01/epic', 'DM-02/epic']),
    invariantOf('G1', 'IP-04/epic', { ...duplicate, message: 'Ada Marsh has two live contacts.' }),
  ],
  {
    warnings: ['the subject did not stop when asked: it ended by SIGKILL'],
    coverage: 93,
    score: { overall: 49, dimensions: { correctness: 49, idempotency: 49, ordering: 100, resilience: 0 } },
    mapCoverage: { judged: 24, of: 26 },
  },
);

/** The same checks, all passed. */
export const greenResult: RunResult = resultOf(
  TITLES.map(([id, title]) => checkOf(id, title)),
  held(['ID-01/epic', 'DM-02/epic']),
);

export const sampleMap: MapRow[] = [
  {
    object: 'Contact',
    field: 'EHR_Key__c',
    source: 'Patient.identifier.where(system = %authority).value.first()',
    transform: 'key',
    v2: 'PID-3.1',
    owner: 'ehr',
    on_missing: 'keep',
    on_invalid: 'quarantine',
  },
  {
    object: 'Contact',
    field: 'MobilePhone',
    source: "Patient.telecom.where(system = 'phone' and use = 'mobile').value.first()",
    transform: 'e164',
    v2: 'PID-13[CP]',
    owner: 'ehr',
    on_missing: 'clear',
    on_invalid: 'keep',
    row: 'fields.csv:9',
  },
  {
    object: 'Contact',
    field: 'Preferred_Language__c',
    source: 'Patient.communication.where(preferred = true).language.coding.code.first()',
    transform: '',
    v2: 'PID-15',
    owner: 'crm',
    on_missing: 'keep',
    on_invalid: 'keep',
    row: 'fields.csv:16',
  },
];
