import { randomUUID } from 'node:crypto';
import {
  type ArmedRule,
  type EventDraft,
  type JournalEvent,
  type Parked,
  type PartDescription,
  type Rule,
  systemClock,
} from '#kernel';

export interface RecordChange {
  op: 'create' | 'update' | 'delete';
  type: string;
  id?: string;
  /** Lets later changes of the same call refer to this one as `urn:uuid:<as>`. */
  as?: string;
  /** EHR: the whole resource, or a shallow merge in which null removes an element. */
  resource?: Record<string, unknown>;
  patch?: Record<string, unknown>;
  /** CRM: the row by an external id, and field values. */
  key?: { field: string; value: string };
  fields?: Record<string, unknown>;
}

/** A commit as a clinician, clerk or CRM user would make it. */
export interface CommitRequest {
  act: string;
  actor?: string;
  cohort?: string;
  /** The caller's own name for it: made again under it, nothing changes. Minted when absent. */
  call?: string;
  changes: RecordChange[];
}

export interface CommitResult {
  records: { sim: string; tenant: string; type: string; id: string; version: number }[];
  resources?: Record<string, unknown>[];
  rows?: Record<string, unknown>[];
  seq: number;
}

/** What became of a call that was to be let go: nothing is said of one that had gone on by then. */
export interface Released {
  released?: string;
  next?: string;
  seq?: number;
}

export interface ProcessInfo {
  process: string;
  incarnation: number;
  seed: string;
  runKey: string;
  pid: number;
  parts: PartDescription[];
}

/** What of some rules was armed in a process, and what only another one may have a part for. */
export interface Armed {
  rules: ArmedRule[];
  elsewhere: { index: number; error: string }[];
}

// A body that is no JSON.
class Text {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** The control API said no: `message` is its own. */
export class ControlCallError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Nobody answers at the control API. */
export class ControlAwayError extends Error {
  readonly url: string;
  constructor(url: string, cause: unknown) {
    const { message, cause: reason } = cause as { message?: string; cause?: { code?: string; message?: string } };
    super(`nothing answers at ${url} (${reason?.code ?? reason?.message ?? message})`, { cause });
    this.url = url;
  }
}

const PAUSE_MS = 100;

/** One process of a sandbox, driven through its control API. */
export class ControlClient {
  readonly url: string;
  /** How long a process may be away, killed and coming back, before a call to it fails; in milliseconds. */
  patienceMs = 0;
  #token?: string;
  #awaySince: number | undefined;

  constructor(url: string, token?: string) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
  }

  /**
   * Makes a call; while the process is away, makes it again. Every call may be made twice: commits carry a name by which
   * a second one is known, and the rest says how things shall be.
   * @throws ControlCallError when refused; ControlAwayError when nobody answers for longer than `patienceMs`.
   */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    for (let again = false; ; again = true) {
      try {
        const value = await this.#once<T>(method, path, body);
        this.#awaySince = undefined;
        return value;
      } catch (error) {
        // What the lost call removed already is as it should be.
        if (again && method === 'DELETE' && error instanceof ControlCallError && error.status === 404) return {} as T;
        if (error instanceof ControlCallError) throw error;
        const now = systemClock.now();
        this.#awaySince ??= now;
        if (now - this.#awaySince >= this.patienceMs) throw new ControlAwayError(this.url, error);
        await systemClock.sleep(PAUSE_MS);
      }
    }
  }

  async #once<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...this.#headers(),
        ...(body === undefined ? {} : { 'content-type': body instanceof Text ? 'text/plain' : 'application/json' }),
      },
      body: body === undefined ? undefined : body instanceof Text ? body.text : JSON.stringify(body),
    });
    const text = await response.text();
    const value = text === '' ? {} : parsed(text);
    if (!value)
      throw new ControlCallError(
        response.status,
        `${method} ${this.url}${path}: this is no control API, it does not answer in JSON`,
      );
    if (!response.ok) throw new ControlCallError(response.status, `${method} ${path}: ${value.error ?? text}`);
    return value as T;
  }

  #headers(): Record<string, string> {
    return this.#token ? { authorization: `Bearer ${this.#token}` } : {};
  }

  parts = (): Promise<ProcessInfo> => this.call('GET', '/v1/parts');
  commitSite = (site: string, body: CommitRequest): Promise<CommitResult> =>
    this.call('POST', `/v1/sites/${site}/commits`, { call: randomUUID(), ...body });
  commitCrm = (body: CommitRequest): Promise<CommitResult> =>
    this.call('POST', '/v1/crm/commits', { call: randomUUID(), ...body });
  setLink = (site: string, body: Record<string, unknown>): Promise<unknown> => this.call('POST', `/v1/sites/${site}/link`, body);
  note = (drafts: EventDraft[]): Promise<{ seqs: number[] }> => this.call('POST', '/v1/journal', drafts);
  arm = async (rules: Rule[]): Promise<ArmedRule[]> =>
    (await this.call<{ rules: ArmedRule[] }>('POST', '/v1/rules', rules)).rules;
  /** Arms those of the rules that a part of this process can suffer; tells of the others. */
  armSome = (rules: Rule[]): Promise<Armed> => this.call('POST', '/v1/rules?partial=true', rules);
  /** Arms a plan, YAML or JSON, as far as a part of this process can suffer it. @param source what messages call it. */
  armPlan = (text: string, source = 'plan'): Promise<Armed> =>
    this.call('POST', `/v1/plans?partial=true&source=${encodeURIComponent(source)}`, new Text(text));
  healPlan = (name: string): Promise<unknown> => this.call('DELETE', `/v1/plans/${encodeURIComponent(name)}`);
  heal = (id: string): Promise<unknown> => this.call('DELETE', `/v1/rules/${encodeURIComponent(id)}`);
  healAll = (): Promise<unknown> => this.call('DELETE', '/v1/rules');
  rules = async (): Promise<ArmedRule[]> => (await this.call<{ rules: ArmedRule[] }>('GET', '/v1/rules')).rules;
  gates = async (): Promise<Parked[]> => (await this.call<{ parked: Parked[] }>('GET', '/v1/gates')).parked;
  /** Lets a parked call go on; with a wait, says what it did next. One that has gone on by itself is as it should be. */
  release = async (id: string, waitMs = 0): Promise<Released> => {
    try {
      return await this.call<Released>('POST', `/v1/gates/${encodeURIComponent(id)}/release`, { waitMs });
    } catch (error) {
      if (error instanceof ControlCallError && error.status === 404) return {};
      throw error;
    }
  };
  events = (after: number, limit = 10_000): Promise<{ head: number; events: JournalEvent[] }> =>
    this.call('GET', `/v1/journal?after=${after}&limit=${limit}`);

  /**
   * Hears every journal event after `after`, once and in order, until aborted. Reconnects by itself and resumes where it
   * was, so that a process that is killed and comes back with its data folder loses nothing.
   */
  async follow(
    after: number,
    onEvent: (event: JournalEvent) => void,
    signal: AbortSignal,
    sleep: (ms: number) => Promise<void>,
  ): Promise<void> {
    let last = after;
    while (!signal.aborted) {
      try {
        const headers = { ...this.#headers(), accept: 'text/event-stream', 'last-event-id': String(last) };
        const response = await fetch(`${this.url}/v1/journal`, { headers, signal });
        if (!response.ok || !response.body) throw new Error(`journal of ${this.url}: HTTP ${response.status}`);
        let rest = '';
        for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
          const blocks = (rest + chunk).split('\n\n');
          rest = blocks.pop() ?? '';
          for (const block of blocks) {
            const data = block.split('\n').find((line) => line.startsWith('data: '));
            if (!data) continue;
            const event = JSON.parse(data.slice(6)) as JournalEvent;
            last = event.seq;
            onEvent(event);
          }
        }
      } catch {
        // Gone, for now; the loop comes back until told to stop.
      }
      if (!signal.aborted) await sleep(100);
    }
  }
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
