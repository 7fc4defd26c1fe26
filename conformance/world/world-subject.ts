import type { WorldOptions } from './world.ts';

/** How often a subject is asked to poll while it is waited for (ms). */
export const POLL_EVERY_MS = 1_000;

export interface SubjectDeskOptions extends Pick<WorldOptions, 'subject' | 'lookAtAudit' | 'evidence'> {
  /** Keeps a fact for `expect`, in the journal. */
  note(key: string, value: unknown): Promise<void>;
  log(data: Record<string, unknown>): Promise<void>;
}

/** What a check may do to the subject's own processes, and count of what it tells its operator. */
export class SubjectDesk {
  #o: SubjectDeskOptions;

  constructor(options: SubjectDeskOptions) {
    this.#o = options;
  }

  /** Has it reconcile, where it has a hook for that; it answers when it is done. What goes wrong is noted under `reconcile hook`. */
  async reconcile(): Promise<void> {
    await this.#o.subject?.reconcileNow?.().catch((error: Error) => this.#o.note('reconcile hook', error.message));
  }

  /**
   * Has it poll every so often until the signal comes, where it has a hook for that: it is then shown sooner what it is waited for.
   * One that fails only makes the wait as long as it would be without it.
   */
  async keepPolling(sleep: (ms: number) => Promise<void>, signal: AbortSignal): Promise<void> {
    const poll = this.#o.subject?.pollNow;
    let told = false;
    while (poll && !signal.aborted) {
      const why = await poll().then(
        () => undefined,
        (error: Error) => error.message,
      );
      if (why !== undefined && !told) await this.#o.note('poll hook', why);
      told ||= why !== undefined;
      await sleep(POLL_EVERY_MS);
    }
  }

  /** How many lines the subject has printed. */
  get linesPrinted(): number {
    const lines = this.#o.evidence.output?.() ?? [];
    // Behind the last line break stands what is not yet a line.
    return lines.at(-1) === '' ? lines.length - 1 : lines.length;
  }

  /** Notes how many items the subject says that it could not deal with, where it has a hook for that. */
  async countFailed(label: string): Promise<void> {
    try {
      const count = await this.#o.subject?.failed?.();
      if (count !== undefined) await this.#o.note(`failed ${label}`, count);
    } catch (error) {
      await this.#o.note('failed hook', (error as Error).message);
    }
  }

  /** From here on it counts what the subject tells its operator, under a name; until `watched` says that it is over. */
  async watch(label: string): Promise<void> {
    await this.#count('from', label);
  }

  async watched(label: string): Promise<void> {
    await this.#count('to', label);
  }

  async #count(which: 'from' | 'to', label: string): Promise<void> {
    for (const hook of ['failed', 'pending'] as const) {
      const count = await this.#o.subject?.[hook]?.().catch((error: Error) => error.message);
      if (count !== undefined) await this.#o.note(`${hook} ${which} ${label}`, count);
    }
    await this.#o.note(`lines ${which} ${label}`, this.linesPrinted);
  }

  /** Has the subject's audit trail read as far as it is written. */
  async lookAtAudit(): Promise<void> {
    await this.#o.lookAtAudit?.();
  }

  /** Kills the subject as a crash would. */
  async kill(): Promise<void> {
    if (!this.#o.subject?.kill) throw new Error('this subject may not be killed: the check should not have been run');
    await this.#o.subject.kill();
    await this.#o.log({ type: 'killed' });
  }

  /** Starts the killed subject again and waits until it is ready. */
  async revive(): Promise<void> {
    await this.#o.subject?.revive?.();
    await this.#o.log({ type: 'revived' });
  }

  /** How many instances of the subject run side by side. */
  get instances(): number {
    return this.#o.subject?.instances ?? 1;
  }

  /** Stops and starts one instance of the subject after the other, as an update of it does. */
  async restartOneByOne(): Promise<void> {
    if (!this.#o.subject?.restartOneByOne)
      throw new Error('this subject may not be restarted: the check should not have been run');
    await this.#o.log({ type: 'killed' });
    await this.#o.subject.restartOneByOne();
    await this.#o.log({ type: 'revived' });
  }

  /** Kills one instance of several, the one that hospitals call, and leaves the work to the others. */
  async killFirst(): Promise<void> {
    if (!this.#o.subject?.killFirst) throw new Error('this subject may not be killed: the check should not have been run');
    await this.#o.log({ type: 'killed' });
    await this.#o.subject.killFirst();
    await this.#o.log({ type: 'revived' });
  }

  async reviveFirst(): Promise<void> {
    await this.#o.subject?.reviveFirst?.();
  }

  /** Stops the subject, gives it the credentials that the sandbox takes now, and starts it again. */
  async reconfigure(): Promise<void> {
    await this.#o.log({ type: 'killed' });
    await this.#o.subject?.reconfigure?.();
    await this.#o.log({ type: 'revived' });
  }
}
