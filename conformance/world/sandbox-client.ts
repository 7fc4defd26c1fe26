import {
  type Armed,
  ControlCallError,
  ControlClient,
  type EventDraft,
  type JournalEvent,
  type PartDescription,
  type Rule,
} from '#simulators';

/** What a run stands on is gone: nothing more can be said of the subject. */
export class SandboxLost extends Error {}

/** A sandbox of one or several processes, behind one face: each call goes to the process that holds the part. */
export class SandboxClient {
  readonly processes: ControlClient[];
  parts: (PartDescription & { process: string })[] = [];
  seed = '';
  runKey = '';
  #owner = new Map<string, ControlClient>();
  #named = new Map<string, ControlClient>();

  constructor(urls: string[], token?: string) {
    this.processes = urls.map((url) => new ControlClient(url, token));
  }

  /** Learns which process holds which part. @throws ControlAwayError, ControlCallError when a process does not answer so. */
  async connect(): Promise<void> {
    for (const client of this.processes) {
      const info = await client.parts();
      // From now on a process that is away is taken to come back: one that was killed is started again in seconds.
      client.patienceMs = 20_000;
      this.seed ||= info.seed;
      this.runKey ||= info.runKey;
      this.#named.set(info.process, client);
      for (const part of info.parts) {
        this.parts.push({ ...part, process: info.process });
        this.#owner.set(part.name, client);
      }
    }
  }

  /** Asks the parts anew what they say of themselves: credentials may be others by now. */
  async refresh(): Promise<void> {
    const infos = await Promise.all(this.processes.map((client) => client.parts()));
    this.parts = infos.flatMap(({ parts, process }) => parts.map((part) => ({ ...part, process })));
  }

  /** From now on no call waits for a process that is away. */
  close(): void {
    for (const client of this.processes) client.patienceMs = 0;
  }

  /** The process that holds a part: a site by its name, its links as `<site>-hl7`, the CRM as `crm`. */
  of(part: string): ControlClient {
    const client = this.#owner.get(part);
    if (!client) throw new Error(`the sandbox has no part called ${part}; it has ${[...this.#owner.keys()].join(', ')}`);
    return client;
  }

  has(part: string): boolean {
    return this.#owner.has(part);
  }

  /** Where the judge writes its own events. */
  get home(): ControlClient {
    return this.processes[0]!;
  }

  note(drafts: EventDraft[]): Promise<unknown> {
    return this.home.note(drafts);
  }

  /** Arms rules in every process that they can concern. @throws ControlCallError with a mistake, and where one concerns none. */
  async arm(...rules: readonly (Rule & { id: string })[]): Promise<void> {
    await this.#armed((client) => client.armSome([...rules]));
  }

  /** The same with the rules of a plan, YAML or JSON; `healPlan` by its name heals them. */
  async armPlan(text: string, source?: string): Promise<void> {
    await this.#armed((client) => client.armPlan(text, source));
  }

  async healPlan(name: string): Promise<void> {
    for (const client of this.processes)
      if ((await client.rules()).some((rule) => rule.plan === name)) await client.healPlan(name);
  }

  // All of it, somewhere, or nothing anywhere.
  async #armed(arm: (client: ControlClient) => Promise<Armed>): Promise<void> {
    const done: [ControlClient, Armed][] = [];
    try {
      for (const client of this.processes) done.push([client, await arm(client)]);
      const [first, ...others] = done.map(([, { elsewhere }]) => elsewhere);
      const nowhere = first?.find(({ index }) => others.every((some) => some.some((one) => one.index === index)));
      if (nowhere) throw new ControlCallError(422, nowhere.error);
    } catch (error) {
      for (const [client, { rules }] of done) for (const { id } of rules) await client.heal(id);
      throw error;
    }
  }

  async heal(...ids: readonly string[]): Promise<void> {
    for (const client of this.processes) {
      const armed = ids.length > 0 ? (await client.rules()).filter((rule) => ids.includes(rule.id)) : [];
      await Promise.all(armed.map(({ id }) => client.heal(id)));
    }
  }

  /** Lets a call go on that a gate of that process holds, and waits so many ms at most for what it does next. */
  async release(process: string, gate: string, waitMs: number): Promise<void> {
    await this.#named.get(process)?.release(gate, waitMs);
  }

  async healAll(): Promise<void> {
    await Promise.all(this.processes.map((client) => client.healAll()));
  }

  /** Hears every event of every process until aborted; with a pace (ms), many at once. */
  follow(
    onEvent: (event: JournalEvent, text: string) => void,
    signal: AbortSignal,
    sleep: (ms: number) => Promise<void>,
    pace?: number,
  ): Promise<unknown> {
    return Promise.all(this.processes.map((client) => client.follow(0, onEvent, signal, sleep, pace)));
  }

  /** Waits until every event written before this call has been heard. */
  async heads(): Promise<{ url: string; head: number }[]> {
    return Promise.all(this.processes.map(async (client) => ({ url: client.url, head: (await client.events(0, 1)).head })));
  }
}
