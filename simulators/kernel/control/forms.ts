import { EVENT_KINDS } from '../journal.ts';
import { WHEN_SCHEMA, WHERE_SCHEMA } from '../rule-schema.ts';
import type { Schema } from '../schema.ts';
import { any, list, map, number, object, oneOf, text, whole } from './schema.ts';

/** Forms that several routes share. */
export const RECORD_REF = object(
  { sim: text(), tenant: text(), type: text(), id: text(), version: whole() },
  { name: 'RecordRef', description: 'A version of a record.' },
);

export const OFFER = object(
  {
    schedule: text(),
    index: whole('From 0.'),
    'started?': number('When a declared schedule began, epoch ms.'),
    'due?': number('Or when it was due, where it was not declared.'),
  },
  { name: 'Offer', description: 'Where in a schedule of offers it stands; latency counts from when it was due.' },
);

const DRAFT: Readonly<Record<string, Schema>> = {
  sim: text('Who wrote it: `ehr`, `hl7`, `crm`, `kernel`, `control`, `judge`.'),
  'tenant?': text('Site, or organisation id.'),
  'actor?': text('Who did it: a client id, `user:<name>`, `link`, `harness`.'),
  'records?': list(RECORD_REF),
  'served?': list(RECORD_REF, 'The record versions that this showed to the subject.'),
  'cause?': whole('Number, in this process, of the event that led to it.'),
  'act?': text('What a commit meant.'),
  'before?': list(any(), 'Images, aligned with records.'),
  'after?': list(any()),
  'cohort?': text('The check whose people it is about.'),
  'data?': map({}, 'What belongs to one kind only.'),
};

export const EVENT_DRAFT = object({ ...DRAFT, kind: oneOf(['run', 'check', 'subject']) }, { name: 'EventDraft' });

export const JOURNAL_EVENT = object(
  {
    v: { type: 'integer', enum: [1] },
    process: text('Process that wrote it.'),
    incarnation: whole('Which start of that process; grows with each start and each restore.'),
    seq: whole('Counts within the process, across restarts.'),
    at: whole('Monotonic microseconds, comparable within one host.'),
    wall: text('Wall time, ISO 8601.'),
    ...DRAFT,
    kind: oneOf(EVENT_KINDS),
  },
  { name: 'JournalEvent' },
);

/** What a part says of itself. */
export const PART = object(
  {
    name: text('Site name, `crm`, or `<site>-hl7`.'),
    sim: text(),
    tenant: text(),
    'vendor?': text(),
    addresses: map(text(), 'Named addresses: `fhir`, `fhirTls`, `token`, `mllpIn`, `login`, …'),
    credentials: map(text(), 'Fixed, documented, never real.'),
  },
  { name: 'Part' },
);

export const COMMITTED_REFS = { records: list(RECORD_REF), seq: whole('Number of the commit event.') };

const RULE_PARTS: Readonly<Record<string, Schema>> = {
  fault: text('Name of a fault: GET /v1/faults.'),
  'params?': map({}, 'Its parameters.'),
  'where?': { ...WHERE_SCHEMA, name: 'RuleWhere' },
  'when?': { ...WHEN_SCHEMA, name: 'RuleWhen' },
  'times?': whole('How often it may fire; unlimited when absent.'),
};

export const ARMED_RULE: Schema = object(
  {
    ...RULE_PARTS,
    id: text(),
    'plan?': text('The plan that it came with.'),
    armedAt: number('Wall time, ms.'),
    'openedAt?': number('When the first event of `between` was seen.'),
    'spent?': { type: 'boolean', description: 'Can hit nothing any more.' },
    matched: whole(),
    fired: whole(),
  },
  { name: 'ArmedRule' },
);

export const FAULT = object(
  {
    name: text(),
    'family?': text(),
    doc: text(),
    params: map(
      object(
        {
          type: oneOf(['number', 'string', 'boolean']),
          doc: text(),
          'default?': any(),
          'oneOf?': list(text()),
          'range?': list(number()),
        },
        { additionalProperties: {} },
      ),
    ),
    colour: text('As the timeline draws it.'),
    hooks: list(text()),
    'lever?': text('What it moves while it stands.'),
  },
  { name: 'Fault', additionalProperties: {} },
);

export const PARKED = object(
  {
    id: text(),
    rule: text(),
    hook: text(),
    exchange: object({
      id: whole('Number of the event that began it.'),
      sim: text(),
      tenant: text(),
      operation: text(),
      'type?': text(),
      'path?': text(),
      records: list(text(), 'What it has read or written, as `Type/id`.'),
      'names?': list(text(), 'What it names: ids, keys and numbers of records.'),
    }),
    since: number('Wall time, ms.'),
    'due?': number('When it goes on by itself; never when absent.'),
  },
  { name: 'Parked' },
);

export const SNAPSHOT = object(
  {
    format: { type: 'integer', enum: [1] },
    snapshot: text('Hash over the state of all processes: the same state has the same.', { pattern: '^[0-9a-f]{64}$' }),
    name: text(),
    taken: text('Wall time.'),
    processes: list(
      object({
        process: text(),
        seed: text(),
        runKey: text(),
        parts: list(object({ name: text(), sim: text(), tenant: text(), 'vendor?': text() })),
        state: text('Hash of what it remembers.'),
        layout: text('Hash of the tables that it is kept in.'),
        file: text('Name of its file: the hash of its bytes.'),
        bytes: whole(),
        head: whole('Newest event of its journal.'),
        incarnation: whole(),
      }),
    ),
  },
  { name: 'Snapshot' },
);
