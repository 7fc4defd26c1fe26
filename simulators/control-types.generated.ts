// Written by `npm run generate-control` from the control API's OpenAPI document; edit the routes, not this file.

export interface ArmedRule {
  /** Name of a fault: GET /v1/faults. */
  fault: string;
  /** Its parameters. */
  params?: Record<string, unknown>;
  where?: RuleWhere;
  when?: RuleWhen;
  /** How often it may fire; unlimited when absent. */
  times?: number;
  id: string;
  /** The plan that it came with. */
  plan?: string;
  /** Wall time, ms. */
  armedAt: number;
  /** When the first event of `between` was seen. */
  openedAt?: number;
  /** Can hit nothing any more. */
  spent?: boolean;
  matched: number;
  fired: number;
}

export interface Client {
  /** Client id. */
  id: string;
  scopes?: string[];
  /** PEM of a public key or certificate. */
  publicKeyPem?: string;
  publicJwk?: Record<string, unknown>;
  jwks?: {
    keys: (Record<string, unknown>)[];
  };
  /** http or https */
  jwksUrl?: string;
  secret?: string;
  redirectUris?: string[];
  scopeStyle?: 'v1' | 'v2';
  /** The app is mapped to a user under which it works in the background. */
  mapped?: boolean;
  /** ISO instant from which the site knows it. */
  activeFrom?: string;
}

export interface CrmChange {
  op: 'create' | 'update' | 'upsert' | 'delete' | 'undelete' | 'merge';
  /** Object. */
  type: string;
  id?: string;
  /** Finds the record in place of the id. */
  key?: {
    field: string;
    value: string;
  };
  /** Fields by name. */
  fields?: Record<string, unknown>;
  /** Of a merge: ids of the one or two records that become one with it, and go to the recycle bin. */
  losers?: string[];
}

export interface CrmCommit {
  /** What it means; `edit` when absent. */
  act?: string;
  /** `user:<name>`; the clerk when absent. */
  actor?: string;
  cohort?: string;
  /** The caller's own name for it: made again under it, nothing changes and the answer is the same. */
  call?: string;
  offer?: Offer;
  /** One transaction. */
  changes: CrmChange[];
}

export interface CrmCommitted {
  records: RecordRef[];
  /** Number of the commit event. */
  seq: number;
  /** The records as they are now. */
  rows: (Record<string, unknown>)[];
}

export interface CrmSettings {
  sessionMinutes?: number;
  autoApprove?: string;
  soapLogin?: boolean;
  dailyRequests?: number;
  concurrentLong?: number;
  longMs?: number;
  lockHoldMs?: number;
  lockWaitMs?: number;
  bulkRows?: number;
  changeEvents?: 'events' | 'gap' | 'overflow';
}

export interface EventDraft {
  /** Who wrote it: `ehr`, `hl7`, `crm`, `kernel`, `control`, `judge`. */
  sim: string;
  /** Site, or organisation id. */
  tenant?: string;
  /** Who did it: a client id, `user:<name>`, `link`, `harness`. */
  actor?: string;
  records?: RecordRef[];
  /** The record versions that this showed to the subject. */
  served?: RecordRef[];
  /** Number, in this process, of the event that led to it. */
  cause?: number;
  /** What a commit meant. */
  act?: string;
  /** Images, aligned with records. */
  before?: unknown[];
  after?: unknown[];
  /** The check whose people it is about. */
  cohort?: string;
  /** What belongs to one kind only. */
  data?: Record<string, unknown>;
  kind: 'run' | 'check' | 'subject';
}

export interface Failure {
  /** What is wrong, and what would be right. */
  error: string;
  mistakes?: Mistake[];
}

export interface Fault {
  name: string;
  family?: string;
  doc: string;
  params: Record<string, {
    type: 'number' | 'string' | 'boolean';
    doc: string;
    default?: unknown;
    oneOf?: string[];
    range?: number[];
  }>;
  /** As the timeline draws it. */
  colour: string;
  hooks: string[];
  /** What it moves while it stands. */
  lever?: string;
}

export interface GivenMessage {
  /** What it is: `ADT^A08`. */
  message: string;
  /** The message; `{{control}}` and `{{time}}` are replaced. */
  text?: string;
  /** Its bytes, in place of the text. */
  base64?: string;
  /** MRN that it is about. */
  person?: string;
  cohort?: string;
  /** Control id that the acknowledgement must name; the fresh one when absent. */
  answers?: string;
  frame?: {
    /** base64 */
    start?: string;
    /** base64 */
    end?: string;
  };
}

export interface JournalEvent {
  v: 1;
  /** Process that wrote it. */
  process: string;
  /** Which start of that process; grows with each start and each restore. */
  incarnation: number;
  /** Counts within the process, across restarts. */
  seq: number;
  /** Monotonic microseconds, comparable within one host. */
  at: number;
  /** Wall time, ISO 8601. */
  wall: string;
  /** Who wrote it: `ehr`, `hl7`, `crm`, `kernel`, `control`, `judge`. */
  sim: string;
  /** Site, or organisation id. */
  tenant?: string;
  /** Who did it: a client id, `user:<name>`, `link`, `harness`. */
  actor?: string;
  records?: RecordRef[];
  /** The record versions that this showed to the subject. */
  served?: RecordRef[];
  /** Number, in this process, of the event that led to it. */
  cause?: number;
  /** What a commit meant. */
  act?: string;
  /** Images, aligned with records. */
  before?: unknown[];
  after?: unknown[];
  /** The check whose people it is about. */
  cohort?: string;
  /** What belongs to one kind only. */
  data?: Record<string, unknown>;
  kind: 'start' | 'stop' | 'commit' | 'request' | 'reply' | 'connection' | 'message' | 'ack' | 'queue' | 'token' | 'auth' | 'rule' | 'fault' | 'heal' | 'gate' | 'intruder' | 'send' | 'notice' | 'setup' | 'lag' | 'run' | 'check' | 'subject';
}

export interface LinkSettings {
  target?: string;
  tls?: boolean;
  ca?: string;
  cert?: string;
  key?: string;
  ackTimeoutMs?: number;
  paused?: boolean;
  sender?: 'standard' | 'mirth' | 'intersystems' | 'rhapsody' | 'cloverleaf' | 'epic';
  on?: Record<string, unknown>;
  retryMs?: number;
  keepOpen?: boolean;
  keepAliveMs?: number;
  gapMs?: number;
  connections?: number;
  pipeline?: number;
  batch?: number;
  sequence?: 'off' | 'start' | 'resynchronise';
  acknowledgements?: Record<string, unknown> | null;
  release?: number;
  delimiters?: string | null;
  charset?: '' | 'ASCII' | '8859/1' | 'UNICODE UTF-8' | null;
  applicationOn?: 'same' | 'listener';
}

export interface LinkStatus {
  state: 'idle' | 'connecting' | 'sending' | 'waiting' | 'stopped';
  /** host:port */
  target?: string;
  /** Messages not yet done with; of a long backlog those that are built. */
  queued: number;
  /** Frames written. */
  sent: number;
  /** Positive acknowledgements. */
  acked: number;
  lastError?: string;
}

export interface Mistake {
  /** Where: `changes[0].type`; empty for the whole. */
  field: string;
  /** What is wrong, and the nearest valid name. */
  why: string;
}

/** Where in a schedule of offers it stands; latency counts from when it was due. */
export interface Offer {
  schedule: string;
  /** From 0. */
  index: number;
  /** When a declared schedule began, epoch ms. */
  started?: number;
  /** Or when it was due, where it was not declared. */
  due?: number;
}

/** How the org was customised. */
export interface OrgRules {
  validation?: ({
    name: string;
    object: string;
    /** SOQL condition on the row; `Old.Field` is the value before. */
    when: string;
    message: string;
    field?: string;
  })[];
  duplicates?: ({
    name: string;
    object: string;
    match: string[];
    action: 'alert' | 'block';
    message?: string;
    /** Name of the matching rule. */
    rule?: string;
  })[];
  assignment?: ({
    object: string;
    /** Username. */
    owner: string;
    when?: string;
  })[];
  profiles?: ({
    name: string;
    users: string[];
    objects?: Record<string, Record<string, unknown>>;
    others?: Record<string, unknown>;
  })[];
  outbound?: ({
    name: string;
    object: string;
    url: string;
    fields: string[];
    when?: string;
  })[];
}

export interface Parked {
  id: string;
  rule: string;
  hook: string;
  exchange: {
    /** Number of the event that began it. */
    id: number;
    sim: string;
    tenant: string;
    operation: string;
    type?: string;
    path?: string;
    /** What it has read or written, as `Type/id`. */
    records: string[];
    /** What it names: ids, keys and numbers of records. */
    names?: string[];
  };
  /** Wall time, ms. */
  since: number;
  /** When it goes on by itself; never when absent. */
  due?: number;
}

export interface Part {
  /** Site name, `crm`, or `<site>-hl7`. */
  name: string;
  sim: string;
  tenant: string;
  vendor?: string;
  /** Named addresses: `fhir`, `fhirTls`, `token`, `mllpIn`, `login`, … */
  addresses: Record<string, string>;
  /** Fixed, documented, never real. */
  credentials: Record<string, string>;
}

/** Rules that are armed and healed as one. */
export interface Plan {
  /** Names it, for healing. */
  name: string;
  /** What happens, in a sentence. */
  doc?: string;
  rules: ({
    /** Names it, for healing; made up where it is absent. */
    id?: string;
    /** Its name (GET /v1/faults). */
    fault: 'latency' | 'bandwidth' | 'slow-body' | 'hang' | 'refused' | 'no-accept' | 'connect-reset' | 'reset' | 'cut-body' | 'idle-reset' | 'forgotten' | 'partition' | 'outage' | 'tls-certificate' | 'tls-versions' | 'vendor-error' | 'throttle' | 'refuse-before-commit' | 'fail-after-commit' | 'lost-reply' | 'late-commit' | 'commit-then-hang' | 'reply-twice' | 'wrong-reply' | 'stale-read' | 'own-writes-late' | 'goes-back' | 'poison-record' | 'page-repeats-row' | 'page-loses-row' | 'next-link-broken' | 'cursor-expired' | 'page-size-ignored' | 'malformed' | 'garbled' | 'html-page' | 'wrong-content-type' | 'wrong-charset' | 'empty-body' | 'half-json' | 'duplicate' | 'storm' | 'reorder' | 'drop' | 'delayed' | 'replayed' | 'forged' | 'gate' | 'tokens-end' | 'short-tokens' | 'client-revoked' | 'client-rotated' | 'clock-offset' | 'split-frame' | 'several-frames' | 'junk-between' | 'no-start-byte' | 'odd-end' | 'double-frame' | 'cut-by-next' | 'empty-frame' | 'ack-in-front' | 'cut-off' | 'gone-before-answer' | 'impatient' | 'half-open' | 'idle' | 'extra-connections' | 'oversize' | 'endless-frame' | 'probe' | 'late-copy' | 'at-once' | 'reused-id' | 'sent-anew' | 'no-id' | 'held-back' | 'clock-skew' | 'sequence-number' | 'merge-of-unknown' | 'merge-again' | 'merge-into-itself' | 'merge-inverse' | 'merge-reversed' | 'merge-incomplete' | 'retired-id' | 'overlay' | 'segment-ends' | 'line-break-inside' | 'other-delimiters' | 'odd-msh-2' | 'unescaped' | 'odd-escape' | 'odd-charset' | 'odd-header' | 'unsupported' | 'missing' | 'extra-segments' | 'cut-short' | 'truncated' | 'batch' | 'null-value' | 'empty-value' | 'odd-date' | 'odd-zone' | 'odd-id' | 'odd-phone' | 'odd-code' | 'odd-result' | 'test-patient' | 'scope-withdrawn' | 'client-keys' | 'vendor-quota' | 'element-renamed' | 'element-removed' | 'element-retyped' | 'element-required' | 'unknown-code' | 'fhir-retired' | 'daily-limit' | 'concurrent-limit' | 'permission-withdrawn' | 'field-renamed' | 'field-removed' | 'field-retyped' | 'field-required' | 'field-shorter' | 'picklist-changed' | 'api-retired' | 'gap-event' | 'overflow-event';
    /** How strong: parameters of that fault. */
    params?: Record<string, unknown>;
    /** Whom it hits; every key that is given must match. Anything, where it is absent. */
    where?: {
      /** ehr, hl7 or crm. */
      sim?: string;
      /** Site name, for its APIs and its links. */
      site?: string;
      /** Site name or organisation id. */
      tenant?: string;
      /** read, create, ADT^A08, …; several separated by |. */
      operation?: string;
      /** Resource or object type, or message type (ADT); several separated by |. */
      type?: string;
      method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | 'HEAD';
      /** Beginning of the path. */
      path?: string;
      /** Who asks: what the journal names as actor. */
      client?: string;
      /** Text that must occur in URL, body or message; of several, one of them. */
      text?: string | string[];
      /** Anything that touches a record of this person: an MRN, or authority|mrn. */
      person?: string;
      /** Anything that touches this record: Patient/123. */
      record?: string;
      /** Only the n-th attempt on each record, from 1: calls of one method and path, or the same message. */
      attempt?: number;
    };
    /** When; each match, where it is absent. */
    when?: {
      /** Only the n-th match, from 1. */
      nth?: number;
      /** Every n-th match. */
      every?: number;
      /** Chance of each match, from the seed. */
      probability?: number;
      /** Milliseconds after arming; with between, after its first event. */
      after?: number;
      /** Milliseconds that it lasts from then. */
      during?: number;
      /** From the first journal event that matches `from` (without it, from arming) to the next that matches `to` (without it, until healed). */
      between?: {
        /** Opens it. */
        from?: {
          /** Kind of journal event: commit, request, reply, message, ack, fault, … */
          kind?: string;
          /** ehr, hl7, crm or kernel. */
          sim?: string;
          /** Site name. */
          site?: string;
          /** Site name or organisation id. */
          tenant?: string;
          /** Of a request or reply, or the type of a message; several separated by |. */
          operation?: string;
          /** What a commit meant: register, book, …; several separated by |. */
          act?: string;
          /** Who did it. */
          actor?: string;
          /** Among the records that the event names or served. */
          record?: string;
          /** Resource or object type of a record that it names. */
          type?: string;
          /** Text that must occur in the event. */
          text?: string;
        };
        /** Closes it. */
        to?: {
          /** Kind of journal event: commit, request, reply, message, ack, fault, … */
          kind?: string;
          /** ehr, hl7, crm or kernel. */
          sim?: string;
          /** Site name. */
          site?: string;
          /** Site name or organisation id. */
          tenant?: string;
          /** Of a request or reply, or the type of a message; several separated by |. */
          operation?: string;
          /** What a commit meant: register, book, …; several separated by |. */
          act?: string;
          /** Who did it. */
          actor?: string;
          /** Among the records that the event names or served. */
          record?: string;
          /** Resource or object type of a record that it names. */
          type?: string;
          /** Text that must occur in the event. */
          text?: string;
        };
      };
    };
    /** How often it may fire; without limit, where it is absent. */
    times?: number;
  })[];
}

export interface ProcessInfo {
  process: string;
  incarnation: number;
  seed: string;
  runKey: string;
  pid: number;
  parts: Part[];
}

/** A version of a record. */
export interface RecordRef {
  sim: string;
  tenant: string;
  type: string;
  id: string;
  version: number;
}

/** A fault plus whom it hits, when, how often. */
export interface Rule {
  /** Names it, for healing; made up where it is absent. */
  id?: string;
  /** Its name (GET /v1/faults). */
  fault: 'latency' | 'bandwidth' | 'slow-body' | 'hang' | 'refused' | 'no-accept' | 'connect-reset' | 'reset' | 'cut-body' | 'idle-reset' | 'forgotten' | 'partition' | 'outage' | 'tls-certificate' | 'tls-versions' | 'vendor-error' | 'throttle' | 'refuse-before-commit' | 'fail-after-commit' | 'lost-reply' | 'late-commit' | 'commit-then-hang' | 'reply-twice' | 'wrong-reply' | 'stale-read' | 'own-writes-late' | 'goes-back' | 'poison-record' | 'page-repeats-row' | 'page-loses-row' | 'next-link-broken' | 'cursor-expired' | 'page-size-ignored' | 'malformed' | 'garbled' | 'html-page' | 'wrong-content-type' | 'wrong-charset' | 'empty-body' | 'half-json' | 'duplicate' | 'storm' | 'reorder' | 'drop' | 'delayed' | 'replayed' | 'forged' | 'gate' | 'tokens-end' | 'short-tokens' | 'client-revoked' | 'client-rotated' | 'clock-offset' | 'split-frame' | 'several-frames' | 'junk-between' | 'no-start-byte' | 'odd-end' | 'double-frame' | 'cut-by-next' | 'empty-frame' | 'ack-in-front' | 'cut-off' | 'gone-before-answer' | 'impatient' | 'half-open' | 'idle' | 'extra-connections' | 'oversize' | 'endless-frame' | 'probe' | 'late-copy' | 'at-once' | 'reused-id' | 'sent-anew' | 'no-id' | 'held-back' | 'clock-skew' | 'sequence-number' | 'merge-of-unknown' | 'merge-again' | 'merge-into-itself' | 'merge-inverse' | 'merge-reversed' | 'merge-incomplete' | 'retired-id' | 'overlay' | 'segment-ends' | 'line-break-inside' | 'other-delimiters' | 'odd-msh-2' | 'unescaped' | 'odd-escape' | 'odd-charset' | 'odd-header' | 'unsupported' | 'missing' | 'extra-segments' | 'cut-short' | 'truncated' | 'batch' | 'null-value' | 'empty-value' | 'odd-date' | 'odd-zone' | 'odd-id' | 'odd-phone' | 'odd-code' | 'odd-result' | 'test-patient' | 'scope-withdrawn' | 'client-keys' | 'vendor-quota' | 'element-renamed' | 'element-removed' | 'element-retyped' | 'element-required' | 'unknown-code' | 'fhir-retired' | 'daily-limit' | 'concurrent-limit' | 'permission-withdrawn' | 'field-renamed' | 'field-removed' | 'field-retyped' | 'field-required' | 'field-shorter' | 'picklist-changed' | 'api-retired' | 'gap-event' | 'overflow-event';
  /** How strong: parameters of that fault. */
  params?: Record<string, unknown>;
  /** Whom it hits; every key that is given must match. Anything, where it is absent. */
  where?: {
    /** ehr, hl7 or crm. */
    sim?: string;
    /** Site name, for its APIs and its links. */
    site?: string;
    /** Site name or organisation id. */
    tenant?: string;
    /** read, create, ADT^A08, …; several separated by |. */
    operation?: string;
    /** Resource or object type, or message type (ADT); several separated by |. */
    type?: string;
    method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | 'HEAD';
    /** Beginning of the path. */
    path?: string;
    /** Who asks: what the journal names as actor. */
    client?: string;
    /** Text that must occur in URL, body or message; of several, one of them. */
    text?: string | string[];
    /** Anything that touches a record of this person: an MRN, or authority|mrn. */
    person?: string;
    /** Anything that touches this record: Patient/123. */
    record?: string;
    /** Only the n-th attempt on each record, from 1: calls of one method and path, or the same message. */
    attempt?: number;
  };
  /** When; each match, where it is absent. */
  when?: {
    /** Only the n-th match, from 1. */
    nth?: number;
    /** Every n-th match. */
    every?: number;
    /** Chance of each match, from the seed. */
    probability?: number;
    /** Milliseconds after arming; with between, after its first event. */
    after?: number;
    /** Milliseconds that it lasts from then. */
    during?: number;
    /** From the first journal event that matches `from` (without it, from arming) to the next that matches `to` (without it, until healed). */
    between?: {
      /** Opens it. */
      from?: {
        /** Kind of journal event: commit, request, reply, message, ack, fault, … */
        kind?: string;
        /** ehr, hl7, crm or kernel. */
        sim?: string;
        /** Site name. */
        site?: string;
        /** Site name or organisation id. */
        tenant?: string;
        /** Of a request or reply, or the type of a message; several separated by |. */
        operation?: string;
        /** What a commit meant: register, book, …; several separated by |. */
        act?: string;
        /** Who did it. */
        actor?: string;
        /** Among the records that the event names or served. */
        record?: string;
        /** Resource or object type of a record that it names. */
        type?: string;
        /** Text that must occur in the event. */
        text?: string;
      };
      /** Closes it. */
      to?: {
        /** Kind of journal event: commit, request, reply, message, ack, fault, … */
        kind?: string;
        /** ehr, hl7, crm or kernel. */
        sim?: string;
        /** Site name. */
        site?: string;
        /** Site name or organisation id. */
        tenant?: string;
        /** Of a request or reply, or the type of a message; several separated by |. */
        operation?: string;
        /** What a commit meant: register, book, …; several separated by |. */
        act?: string;
        /** Who did it. */
        actor?: string;
        /** Among the records that the event names or served. */
        record?: string;
        /** Resource or object type of a record that it names. */
        type?: string;
        /** Text that must occur in the event. */
        text?: string;
      };
    };
  };
  /** How often it may fire; without limit, where it is absent. */
  times?: number;
}

/** When; each match, where it is absent. */
export interface RuleWhen {
  /** Only the n-th match, from 1. */
  nth?: number;
  /** Every n-th match. */
  every?: number;
  /** Chance of each match, from the seed. */
  probability?: number;
  /** Milliseconds after arming; with between, after its first event. */
  after?: number;
  /** Milliseconds that it lasts from then. */
  during?: number;
  /** From the first journal event that matches `from` (without it, from arming) to the next that matches `to` (without it, until healed). */
  between?: {
    /** Opens it. */
    from?: {
      /** Kind of journal event: commit, request, reply, message, ack, fault, … */
      kind?: string;
      /** ehr, hl7, crm or kernel. */
      sim?: string;
      /** Site name. */
      site?: string;
      /** Site name or organisation id. */
      tenant?: string;
      /** Of a request or reply, or the type of a message; several separated by |. */
      operation?: string;
      /** What a commit meant: register, book, …; several separated by |. */
      act?: string;
      /** Who did it. */
      actor?: string;
      /** Among the records that the event names or served. */
      record?: string;
      /** Resource or object type of a record that it names. */
      type?: string;
      /** Text that must occur in the event. */
      text?: string;
    };
    /** Closes it. */
    to?: {
      /** Kind of journal event: commit, request, reply, message, ack, fault, … */
      kind?: string;
      /** ehr, hl7, crm or kernel. */
      sim?: string;
      /** Site name. */
      site?: string;
      /** Site name or organisation id. */
      tenant?: string;
      /** Of a request or reply, or the type of a message; several separated by |. */
      operation?: string;
      /** What a commit meant: register, book, …; several separated by |. */
      act?: string;
      /** Who did it. */
      actor?: string;
      /** Among the records that the event names or served. */
      record?: string;
      /** Resource or object type of a record that it names. */
      type?: string;
      /** Text that must occur in the event. */
      text?: string;
    };
  };
}

/** Whom it hits; every key that is given must match. Anything, where it is absent. */
export interface RuleWhere {
  /** ehr, hl7 or crm. */
  sim?: string;
  /** Site name, for its APIs and its links. */
  site?: string;
  /** Site name or organisation id. */
  tenant?: string;
  /** read, create, ADT^A08, …; several separated by |. */
  operation?: string;
  /** Resource or object type, or message type (ADT); several separated by |. */
  type?: string;
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | 'HEAD';
  /** Beginning of the path. */
  path?: string;
  /** Who asks: what the journal names as actor. */
  client?: string;
  /** Text that must occur in URL, body or message; of several, one of them. */
  text?: string | string[];
  /** Anything that touches a record of this person: an MRN, or authority|mrn. */
  person?: string;
  /** Anything that touches this record: Patient/123. */
  record?: string;
  /** Only the n-th attempt on each record, from 1: calls of one method and path, or the same message. */
  attempt?: number;
}

export interface SendJob {
  /** SOQL condition: on visits for reminders, on people for campaigns. */
  where?: string;
  object?: string;
  /** Lookup from a visit to the person. */
  person?: string;
  /** Field with the time of a visit. */
  start?: string;
  /** Fields with the address, in order of preference. */
  to?: string[];
  /** Fields that forbid to write when true. */
  unless?: string[];
  consent?: {
    object: string;
    person: string;
    forbids: string;
  };
  /** `{Field}` and `{Person.Field}` are filled in. */
  text?: string;
  name?: string;
  cohort?: string;
}

export interface SiteChange {
  op: 'create' | 'update' | 'delete';
  /** Resource type. */
  type: string;
  /** Needed but for create. */
  id?: string;
  /** Lets other changes of the same call refer to this one as `urn:uuid:<as>`. */
  as?: string;
  /** The whole resource. */
  resource?: Record<string, unknown>;
  /** In place of it: elements to set; null removes one. */
  patch?: Record<string, unknown>;
  /** An update may create the record, or bring a deleted one back. */
  upsert?: boolean;
  /** Refused when the record is not at this version. */
  ifVersion?: number;
}

export interface SiteCommit {
  /** What it means: register, update, merge, book, cancel, … */
  act: string;
  /** `user:<name>` */
  actor?: string;
  /** The check whose people these are; the subject cannot see it. */
  cohort?: string;
  /** The caller's own name for it: made again under it, nothing changes and the answer is the same. */
  call?: string;
  offer?: Offer;
  /** All of them or none. */
  changes: SiteChange[];
}

export interface SiteCommitted {
  records: RecordRef[];
  /** Number of the commit event. */
  seq: number;
  /** As they are now; null where one was deleted. */
  resources: (Record<string, unknown> | null)[];
}

export interface Snapshot {
  format: 1;
  /** Hash over the state of all processes: the same state has the same. */
  snapshot: string;
  name: string;
  /** Wall time. */
  taken: string;
  processes: ({
    process: string;
    seed: string;
    runKey: string;
    parts: ({
      name: string;
      sim: string;
      tenant: string;
      vendor?: string;
    })[];
    /** Hash of what it remembers. */
    state: string;
    /** Hash of the tables that it is kept in. */
    layout: string;
    /** Name of its file: the hash of its bytes. */
    file: string;
    bytes: number;
    /** Newest event of its journal. */
    head: number;
    incarnation: number;
  })[];
  /** Where it lies. */
  folder?: string;
}

export interface Time {
  /** How much faster than the wall quotas and the windows of rules run. */
  timeScale: number;
  /** Wall time: all that a client is told is of it. */
  now: string;
  /** The time that quotas and windows have come to. */
  inner: string;
}

/** Every call of the control API, by its operation. */
export interface Operations {
  /** A page for people: parts, addresses, the live journal, switches for faults, parked calls, snapshots. */
  page: {
    method: 'GET';
    path: '/';
    params: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: unknown;
  };
  /** Answers once every part listens. */
  health: {
    method: 'GET';
    path: '/v1/health';
    params: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      status: 'ok';
      process: string;
    };
  };
  /** This API, described in OpenAPI 3.1. */
  openapi: {
    method: 'GET';
    path: '/v1/openapi.json';
    params: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: Record<string, unknown>;
  };
  /** The mounted parts with addresses and credentials, seed and run key. */
  parts: {
    method: 'GET';
    path: '/v1/parts';
    params: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: ProcessInfo;
  };
  /** Wall time, and how fast quotas and outages run. */
  time: {
    method: 'GET';
    path: '/v1/time';
    params: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: Time;
  };
  /** Lets quotas and the windows of rules (`after`, `during`) run faster. What a client can read stays wall time. */
  'set-time': {
    method: 'POST';
    path: '/v1/time';
    params: Record<never, never>;
    query: Record<never, never>;
    body: {
      /** 1 for the pace of the wall. */
      timeScale: number;
    };
    answer: Time;
  };
  /** Events after `after`: JSON, or Server-Sent Events when asked for text/event-stream (resumes by Last-Event-ID; where the journal was put back meanwhile, an event `restored` says from where it goes on). */
  journal: {
    method: 'GET';
    path: '/v1/journal';
    params: Record<never, never>;
    query: { after?: string; limit?: number; kind?: 'start' | 'stop' | 'commit' | 'request' | 'reply' | 'connection' | 'message' | 'ack' | 'queue' | 'token' | 'auth' | 'rule' | 'fault' | 'heal' | 'gate' | 'intruder' | 'send' | 'notice' | 'setup' | 'lag' | 'run' | 'check' | 'subject'; pace?: number };
    body: undefined;
    answer: {
      /** Newest event. */
      head: number;
      /** Of this start of the process. */
      incarnation: number;
      events: JournalEvent[];
    };
  };
  /** Adds events of the judge (kinds run, check, subject). */
  note: {
    method: 'POST';
    path: '/v1/journal';
    params: Record<never, never>;
    query: Record<never, never>;
    body: EventDraft[];
    answer: {
      seqs: number[];
    };
  };
  /** Declares what a load script owes, so that when each of its offers was due is known whenever it comes. In place of one of that id. */
  'declare-schedule': {
    method: 'POST';
    path: '/v1/schedules';
    params: Record<never, never>;
    query: Record<never, never>;
    body: {
      /** By which offers name it. */
      id: string;
      /** Offer number i is due when the area under the rates reaches i + 1; without stages, at the start. */
      stages: ({
        /** How long it is. */
        seconds: number;
        /** Offers a second at its beginning. */
        from: number;
        /** The same at its end. */
        to: number;
      })[];
    };
    answer: {
      id: string;
    };
  };
  /** The catalogue of faults with their parameters. */
  faults: {
    method: 'GET';
    path: '/v1/faults';
    params: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      faults: Fault[];
    };
  };
  /** The armed rules with their counters. */
  rules: {
    method: 'GET';
    path: '/v1/rules';
    params: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      rules: ArmedRule[];
    };
  };
  /** Heals every rule. */
  'heal-all': {
    method: 'DELETE';
    path: '/v1/rules';
    params: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      healed: number;
    };
  };
  /** Arms one rule, or an array of rules (all or none; with ?partial=true, without those that no part of this process can suffer). */
  arm: {
    method: 'POST';
    path: '/v1/rules';
    params: Record<never, never>;
    query: { partial?: boolean };
    body: Rule | Rule[];
    answer: {
      rules: ArmedRule[];
      /** Those that only another process may have a part for. */
      elsewhere?: ({
        index: number;
        error: string;
      })[];
    };
  };
  /** Heals one rule. */
  heal: {
    method: 'DELETE';
    path: '/v1/rules/{id}';
    params: { id: string };
    query: Record<never, never>;
    body: undefined;
    answer: {
      healed: number;
    };
  };
  /** The armed plans with their rules. */
  plans: {
    method: 'GET';
    path: '/v1/plans';
    params: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      plans: ({
        name: string;
        rules: ArmedRule[];
      })[];
    };
  };
  /** Arms a plan, YAML or JSON. Refused whole where it has a mistake, with line, reason and the nearest valid name; with ?partial=true, without rules that no part of this process can suffer. */
  'arm-plan': {
    method: 'POST';
    path: '/v1/plans';
    params: Record<never, never>;
    query: { partial?: boolean; source?: string };
    body: Plan;
    answer: {
      rules: ArmedRule[];
      /** Those that only another process may have a part for. */
      elsewhere?: ({
        index: number;
        error: string;
      })[];
    };
  };
  /** Heals the rules of one plan. */
  'heal-plan': {
    method: 'DELETE';
    path: '/v1/plans/{name}';
    params: { name: string };
    query: Record<never, never>;
    body: undefined;
    answer: {
      healed: number;
    };
  };
  /** The parked calls with the records that they touch. */
  gates: {
    method: 'GET';
    path: '/v1/gates';
    params: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      parked: Parked[];
    };
  };
  /** Lets one parked call go on; with `waitMs`, answers after its commit, reply or next gate, or after so many milliseconds. */
  release: {
    method: 'POST';
    path: '/v1/gates/{id}/release';
    params: { id: string };
    query: Record<never, never>;
    body: {
      waitMs?: number;
    } | undefined;
    answer: {
      released: string;
      /** What it did then: commit, reply, ack, notice or gate. */
      next?: string;
      /** Number of that event. */
      seq?: number;
    };
  };
  /** Writes all state of the sandbox, its journal included, to a folder. `up --from` starts others on it, `POST /v1/restore` puts this one back. */
  snapshot: {
    method: 'POST';
    path: '/v1/snapshots';
    params: Record<never, never>;
    query: Record<never, never>;
    body: {
      /** Letters, digits, dots, dashes; the beginning of its hash when absent. */
      name?: string;
      /** Control URLs of the other processes of a split sandbox; they take the same token as this one. */
      peers?: string[];
    } | undefined;
    answer: Snapshot;
  };
  /** The snapshots that there are. */
  snapshots: {
    method: 'GET';
    path: '/v1/snapshots';
    params: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      snapshots: Snapshot[];
    };
  };
  /** What a snapshot holds. */
  'snapshot-manifest': {
    method: 'GET';
    path: '/v1/snapshots/{name}';
    params: { name: string };
    query: Record<never, never>;
    body: undefined;
    answer: Snapshot;
  };
  /** Throws a snapshot away. */
  'remove-snapshot': {
    method: 'DELETE';
    path: '/v1/snapshots/{name}';
    params: { name: string };
    query: Record<never, never>;
    body: undefined;
    answer: {
      removed: string;
    };
  };
  /** One file of a snapshot, byte by byte. */
  'snapshot-file': {
    method: 'GET';
    path: '/v1/snapshots/{name}/files/{file}';
    params: { name: string; file: string };
    query: Record<never, never>;
    body: undefined;
    answer: unknown;
  };
  /** Puts the sandbox back to a snapshot. Connections but that of this call end; a snapshot that is damaged, or of another sandbox, changes nothing. */
  restore: {
    method: 'POST';
    path: '/v1/restore';
    params: Record<never, never>;
    query: Record<never, never>;
    body: {
      /** Letters, digits, dots, dashes; the beginning of its hash when absent. */
      name: string;
      /** Control URLs of the other processes of a split sandbox; they take the same token as this one. */
      peers?: string[];
    };
    answer: Snapshot;
  };
  /** Commits as a CRM user: one transaction. */
  'crm-commit': {
    method: 'POST';
    path: '/v1/crm/commits';
    params: Record<never, never>;
    query: Record<never, never>;
    body: CrmCommit;
    answer: CrmCommitted;
  };
  /** Live records of a type as journalled. */
  'crm-records': {
    method: 'GET';
    path: '/v1/crm/records/{type}';
    params: { type: string };
    query: { where?: string; limit?: number; as?: string };
    body: undefined;
    answer: {
      rows: (Record<string, unknown>)[];
    };
  };
  /** What an administrator has set up. */
  'crm-settings': {
    method: 'GET';
    path: '/v1/crm/settings';
    params: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: CrmSettings;
  };
  /** Changes settings; answers all. */
  'crm-set-up': {
    method: 'POST';
    path: '/v1/crm/settings';
    params: Record<never, never>;
    query: Record<never, never>;
    body: CrmSettings | undefined;
    answer: CrmSettings;
  };
  /** Validation rules, duplicate rules, assignment rules, profiles and outbound messages. */
  'crm-rules': {
    method: 'GET';
    path: '/v1/crm/rules';
    params: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: OrgRules;
  };
  /** Replaces those lists that are given. */
  'crm-set-rules': {
    method: 'POST';
    path: '/v1/crm/rules';
    params: Record<never, never>;
    query: Record<never, never>;
    body: OrgRules | undefined;
    answer: OrgRules;
  };
  /** Changes a field as an administrator does. Answers what it was. */
  'crm-alter-field': {
    method: 'POST';
    path: '/v1/crm/fields';
    params: Record<never, never>;
    query: Record<never, never>;
    body: {
      object: string;
      field: string;
      length?: number;
      nillable?: boolean;
      picklist?: string[];
      restricted?: boolean;
    };
    answer: {
      before: Record<string, unknown>;
    };
  };
  /** Holds records as a long transaction does. Each write that is refused for it is a `setup` event. */
  'crm-lock': {
    method: 'POST';
    path: '/v1/crm/locks';
    params: Record<never, never>;
    query: Record<never, never>;
    body: {
      /** Who holds them. */
      name: string;
      records: ({
        type: string;
        id: string;
      })[];
    };
    answer: {
      held: string[];
    };
  };
  /** Lets go of what is held under that name. */
  'crm-unlock': {
    method: 'DELETE';
    path: '/v1/crm/locks/{name}';
    params: { name: string };
    query: Record<never, never>;
    body: undefined;
    answer: {
      freed: boolean;
    };
  };
  /** The live sessions of API clients. */
  'crm-sessions': {
    method: 'GET';
    path: '/v1/crm/sessions';
    params: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      sessions: ({
        id: string;
        userId: string;
        actor: string;
        issued: string;
        expires: string;
      })[];
    };
  };
  /** Ends sessions: all, or those of an id or actor. */
  'crm-kill-sessions': {
    method: 'DELETE';
    path: '/v1/crm/sessions';
    params: Record<never, never>;
    query: { id?: string; actor?: string; refresh?: boolean };
    body: undefined;
    answer: {
      killed: number;
    };
  };
  /** Reminds people of visits as a job of the org does. Each message is a `send` event. */
  'crm-remind': {
    method: 'POST';
    path: '/v1/crm/jobs/reminder';
    params: Record<never, never>;
    query: Record<never, never>;
    body: SendJob | undefined;
    answer: {
      sent: ({
        records: RecordRef[];
        to: string;
        text: string;
        seq: number;
      })[];
      /** People who were not written to. */
      skipped: number;
    };
  };
  /** Writes to people for a campaign. Each message is a `send` event. */
  'crm-reach-out': {
    method: 'POST';
    path: '/v1/crm/jobs/outreach';
    params: Record<never, never>;
    query: Record<never, never>;
    body: SendJob | undefined;
    answer: {
      sent: ({
        records: RecordRef[];
        to: string;
        text: string;
        seq: number;
      })[];
      /** People who were not written to. */
      skipped: number;
    };
  };
  /** A site: its addresses and credentials. */
  site: {
    method: 'GET';
    path: '/v1/sites/{site}';
    params: { site: string };
    query: Record<never, never>;
    body: undefined;
    answer: Part;
  };
  /** Changes truth as a clerk or clinician would. */
  commit: {
    method: 'POST';
    path: '/v1/sites/{site}/commits';
    params: { site: string };
    query: Record<never, never>;
    body: SiteCommit;
    answer: SiteCommitted;
  };
  /** Resources of a type as they are, oldest first. */
  records: {
    method: 'GET';
    path: '/v1/sites/{site}/records/{type}';
    params: { site: string; type: string };
    query: { limit?: number } & Record<string, string | number>;
    body: undefined;
    answer: {
      resources: (Record<string, unknown>)[];
    };
  };
  /** One resource as it is. */
  record: {
    method: 'GET';
    path: '/v1/sites/{site}/records/{type}/{id}';
    params: { site: string; type: string; id: string };
    query: Record<never, never>;
    body: undefined;
    answer: Record<string, unknown>;
  };
  /** Ends every access token of the site at once. */
  revoke: {
    method: 'DELETE';
    path: '/v1/sites/{site}/tokens';
    params: { site: string };
    query: Record<never, never>;
    body: undefined;
    answer: {
      revoked: number;
    };
  };
  /** The apps that are registered with the site, without their secrets. */
  clients: {
    method: 'GET';
    path: '/v1/sites/{site}/clients';
    params: { site: string };
    query: Record<never, never>;
    body: undefined;
    answer: {
      clients: Client[];
    };
  };
  /** Registers an app, or replaces it. */
  'register-client': {
    method: 'POST';
    path: '/v1/sites/{site}/clients';
    params: { site: string };
    query: Record<never, never>;
    body: Client;
    answer: {
      client: Client;
    };
  };
  /** Takes an app back that was registered while the site runs. */
  'remove-client': {
    method: 'DELETE';
    path: '/v1/sites/{site}/clients/{id}';
    params: { site: string; id: string };
    query: Record<never, never>;
    body: undefined;
    answer: {
      removed: string;
    };
  };
  /** Starts an app from within the EHR, as a user with a chart open: what goes into the app's launch address. */
  launch: {
    method: 'POST';
    path: '/v1/sites/{site}/launches';
    params: { site: string };
    query: Record<never, never>;
    body: {
      /** Client id. */
      client: string;
      /** Id. */
      patient: string;
      /** Id. */
      encounter?: string;
      /** Id of a Practitioner. */
      user?: string;
    };
    answer: {
      iss: string;
      launch: string;
    };
  };
  /** Changes how the site behaves; answers all of it. */
  settings: {
    method: 'POST';
    path: '/v1/sites/{site}/settings';
    params: { site: string };
    query: Record<never, never>;
    body: {
      /** How requests for approval are answered. */
      approve?: 'auto' | 'ask';
      /** How long exports take, and how often they may be had. */
      pace?: 'run' | 'vendor';
      /** The most that a page of results holds; 0 for the vendor's own counts. */
      pageLimit?: number;
      /** The most that a file of an export holds; 0 for the vendor's own count. */
      fileLimit?: number;
    } | undefined;
    answer: {
      /** How requests for approval are answered. */
      approve?: 'auto' | 'ask';
      /** How long exports take, and how often they may be had. */
      pace?: 'run' | 'vendor';
      /** The most that a page of results holds; 0 for the vendor's own counts. */
      pageLimit?: number;
      /** The most that a file of an export holds; 0 for the vendor's own count. */
      fileLimit?: number;
    };
  };
  /** Ends every paging session of the site at once. */
  'end-paging': {
    method: 'DELETE';
    path: '/v1/sites/{site}/paging';
    params: { site: string };
    query: Record<never, never>;
    body: undefined;
    answer: {
      ended: number;
    };
  };
  /** How late changes show in the change feeds. */
  feeds: {
    method: 'POST';
    path: '/v1/sites/{site}/feeds';
    params: { site: string };
    query: Record<never, never>;
    body: {
      /** 0 or more. */
      delaySeconds: number;
    };
    answer: {
      delaySeconds: number;
    };
  };
  /** The link out of this site: its state, what is queued, sent and acknowledged, and the last error. */
  link: {
    method: 'GET';
    path: '/v1/sites/{site}/link';
    params: { site: string };
    query: Record<never, never>;
    body: undefined;
    answer: LinkStatus;
  };
  /** Sets where the link out connects, and how. */
  'set-link': {
    method: 'POST';
    path: '/v1/sites/{site}/link';
    params: { site: string };
    query: Record<never, never>;
    body: LinkSettings;
    answer: LinkStatus;
  };
  /** Sends a message as it is given. Answers its control id. */
  'give-message': {
    method: 'POST';
    path: '/v1/sites/{site}/link/messages';
    params: { site: string };
    query: Record<never, never>;
    body: GivenMessage;
    answer: {
      control: string;
    };
  };
}

/** Where each call goes. */
export const OPERATIONS: { readonly [Name in keyof Operations]: readonly [method: string, path: Operations[Name]['path']] } = {
  page: ['GET', '/'],
  health: ['GET', '/v1/health'],
  openapi: ['GET', '/v1/openapi.json'],
  parts: ['GET', '/v1/parts'],
  time: ['GET', '/v1/time'],
  'set-time': ['POST', '/v1/time'],
  journal: ['GET', '/v1/journal'],
  note: ['POST', '/v1/journal'],
  'declare-schedule': ['POST', '/v1/schedules'],
  faults: ['GET', '/v1/faults'],
  rules: ['GET', '/v1/rules'],
  'heal-all': ['DELETE', '/v1/rules'],
  arm: ['POST', '/v1/rules'],
  heal: ['DELETE', '/v1/rules/{id}'],
  plans: ['GET', '/v1/plans'],
  'arm-plan': ['POST', '/v1/plans'],
  'heal-plan': ['DELETE', '/v1/plans/{name}'],
  gates: ['GET', '/v1/gates'],
  release: ['POST', '/v1/gates/{id}/release'],
  snapshot: ['POST', '/v1/snapshots'],
  snapshots: ['GET', '/v1/snapshots'],
  'snapshot-manifest': ['GET', '/v1/snapshots/{name}'],
  'remove-snapshot': ['DELETE', '/v1/snapshots/{name}'],
  'snapshot-file': ['GET', '/v1/snapshots/{name}/files/{file}'],
  restore: ['POST', '/v1/restore'],
  'crm-commit': ['POST', '/v1/crm/commits'],
  'crm-records': ['GET', '/v1/crm/records/{type}'],
  'crm-settings': ['GET', '/v1/crm/settings'],
  'crm-set-up': ['POST', '/v1/crm/settings'],
  'crm-rules': ['GET', '/v1/crm/rules'],
  'crm-set-rules': ['POST', '/v1/crm/rules'],
  'crm-alter-field': ['POST', '/v1/crm/fields'],
  'crm-lock': ['POST', '/v1/crm/locks'],
  'crm-unlock': ['DELETE', '/v1/crm/locks/{name}'],
  'crm-sessions': ['GET', '/v1/crm/sessions'],
  'crm-kill-sessions': ['DELETE', '/v1/crm/sessions'],
  'crm-remind': ['POST', '/v1/crm/jobs/reminder'],
  'crm-reach-out': ['POST', '/v1/crm/jobs/outreach'],
  site: ['GET', '/v1/sites/{site}'],
  commit: ['POST', '/v1/sites/{site}/commits'],
  records: ['GET', '/v1/sites/{site}/records/{type}'],
  record: ['GET', '/v1/sites/{site}/records/{type}/{id}'],
  revoke: ['DELETE', '/v1/sites/{site}/tokens'],
  clients: ['GET', '/v1/sites/{site}/clients'],
  'register-client': ['POST', '/v1/sites/{site}/clients'],
  'remove-client': ['DELETE', '/v1/sites/{site}/clients/{id}'],
  launch: ['POST', '/v1/sites/{site}/launches'],
  settings: ['POST', '/v1/sites/{site}/settings'],
  'end-paging': ['DELETE', '/v1/sites/{site}/paging'],
  feeds: ['POST', '/v1/sites/{site}/feeds'],
  link: ['GET', '/v1/sites/{site}/link'],
  'set-link': ['POST', '/v1/sites/{site}/link'],
  'give-message': ['POST', '/v1/sites/{site}/link/messages'],
};
