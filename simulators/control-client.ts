import { randomUUID } from 'node:crypto';
import { type ArmedRule, type EventDraft, type JournalEvent, type Parked, type Rule, systemClock } from '#kernel';
import {
  type LinkSettings,
  type LinkStatus,
  OPERATIONS,
  type Operations,
  type ProcessInfo,
  type Snapshot,
} from './control-types.generated.ts';

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
  /** Where in a schedule of offers it stands; the commit event carries it. */
  offer?: { schedule: string; index: number; due: number };
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

/** What a call takes: what its route declares; nothing where that is nothing. */
export type Taken<Name extends keyof Operations> = (Record<never, never> extends Operations[Name]['params']
  ? { params?: Operations[Name]['params'] }
  : { params: Operations[Name]['params'] }) & { query?: Operations[Name]['query'] } & (undefined extends Operations[Name]['body']
    ? { body?: Operations[Name]['body'] }
    : { body: Operations[Name]['body'] });

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
  /** After so many seconds it may be called again. */
  readonly waitSeconds?: number;
  constructor(status: number, message: string, waitSeconds?: number) {
    super(message);
    this.status = status;
    this.waitSeconds = waitSeconds;
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
        if (error instanceof ControlCallError && error.waitSeconds !== undefined) {
          await systemClock.sleep(error.waitSeconds * 1000);
          continue;
        }
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
    const wait = response.status === 429 ? Number(response.headers.get('retry-after') ?? 1) : undefined;
    if (!response.ok) throw new ControlCallError(response.status, `${method} ${path}: ${value.error ?? text}`, wait);
    return value as T;
  }

  /** Makes a call by its operation, with what its route declares. @throws as `call` does */
  run<Name extends keyof Operations>(name: Name, taken: Taken<Name>): Promise<Operations[Name]['answer']> {
    const [method, template] = OPERATIONS[name];
    const { params = {}, query = {}, body } = taken as { params?: Record<string, string>; query?: object; body?: unknown };
    const path = template.replace(/\{(\w+)\}/g, (_, part: string) => encodeURIComponent(params[part]!));
    const search = new URLSearchParams(
      Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]),
    ).toString();
    return this.call(method, search === '' ? path : `${path}?${search}`, body);
  }

  #headers(): Record<string, string> {
    return this.#token ? { authorization: `Bearer ${this.#token}` } : {};
  }

  parts = (): Promise<ProcessInfo> => this.run('parts', {});
  commitSite = (site: string, body: CommitRequest): Promise<CommitResult> =>
    this.run('commit', { params: { site }, body: { call: randomUUID(), ...body } }) as Promise<CommitResult>;
  commitCrm = (body: CommitRequest): Promise<CommitResult> => this.run('crm-commit', { body: { call: randomUUID(), ...body } });
  setLink = (site: string, body: LinkSettings): Promise<LinkStatus> => this.run('set-link', { params: { site }, body });
  note = (drafts: EventDraft[]): Promise<{ seqs: number[] }> => this.run('note', { body: drafts as Operations['note']['body'] });
  arm = async (rules: Rule[]): Promise<ArmedRule[]> =>
    (await this.run('arm', { body: rules as Operations['arm']['body'] })).rules as ArmedRule[];
  /** Arms those of the rules that a part of this process can suffer; tells of the others. */
  armSome = (rules: Rule[]): Promise<Armed> =>
    this.run('arm', { query: { partial: true }, body: rules as Operations['arm']['body'] }) as Promise<Armed>;
  /** Arms a plan, YAML or JSON, as far as a part of this process can suffer it. @param source what messages call it. */
  armPlan = (text: string, source = 'plan'): Promise<Armed> =>
    this.call('POST', `/v1/plans?partial=true&source=${encodeURIComponent(source)}`, new Text(text));
  healPlan = (name: string): Promise<{ healed: number }> => this.run('heal-plan', { params: { name } });
  heal = (id: string): Promise<{ healed: number }> => this.run('heal', { params: { id } });
  healAll = (): Promise<{ healed: number }> => this.run('heal-all', {});
  rules = async (): Promise<ArmedRule[]> => (await this.run('rules', {})).rules as ArmedRule[];
  gates = async (): Promise<Parked[]> => (await this.run('gates', {})).parked as Parked[];
  snapshot = (name?: string, peers?: string[]): Promise<Snapshot> => this.run('snapshot', { body: { name, peers } });
  restore = (name: string, peers?: string[]): Promise<Snapshot> => this.run('restore', { body: { name, peers } });
  /** Lets a parked call go on; with a wait, says what it did next. One that has gone on by itself is as it should be. */
  release = async (id: string, waitMs = 0): Promise<Released> => {
    try {
      return await this.run('release', { params: { id }, body: { waitMs } });
    } catch (error) {
      if (error instanceof ControlCallError && error.status === 404) return {};
      throw error;
    }
  };
  events = (after: number, limit = 10_000): Promise<{ head: number; events: JournalEvent[] }> =>
    this.run('journal', { query: { after: String(after), limit } }) as Promise<{ head: number; events: JournalEvent[] }>;

  /**
   * Hears every journal event after `after`, once and in order, until aborted. Reconnects by itself and resumes where it
   * was, so that a process that is killed and comes back with its data folder loses nothing.
   * @param onEvent is given the event and its text
   * @param pace events come together, at most every so many milliseconds: cheaper by far where there are many
   */
  async follow(
    after: number,
    onEvent: (event: JournalEvent, text: string) => void,
    signal: AbortSignal,
    sleep: (ms: number) => Promise<void>,
    pace = 0,
  ): Promise<void> {
    let last = String(after);
    while (!signal.aborted) {
      try {
        const headers = { ...this.#headers(), accept: 'text/event-stream', 'last-event-id': last };
        const response = await fetch(`${this.url}/v1/journal${pace > 0 ? `?pace=${pace}` : ''}`, { headers, signal });
        if (!response.ok || !response.body) throw new Error(`journal of ${this.url}: HTTP ${response.status}`);
        let rest = '';
        const decoder = new TextDecoder();
        for await (const chunk of response.body) {
          const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
          rest = blocks.pop() ?? '';
          for (const block of blocks) {
            const lines = block.split('\n');
            const said = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
            const data = said('data');
            if (!data) continue;
            last = said('id') ?? last;
            if (said('event') === undefined) onEvent(JSON.parse(data) as JournalEvent, data);
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
