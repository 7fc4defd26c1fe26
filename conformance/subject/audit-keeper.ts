import { appendFileSync, writeFileSync } from 'node:fs';
import { readAuditLine } from '../facts/audit-entry.ts';
import type { RunFolder } from '../run-folder.ts';
import type { Look } from './audit-trail.ts';

/** Where in a run folder the trail is kept. */
export const AUDIT_FILE = 'audit.jsonl';

export interface KeeperOptions {
  folder: RunFolder;
  /** When the run began, epoch ms: what was written before it is nobody's business here. */
  begunAt: number;
  look(): Promise<Look>;
  /** Says that something is wrong with the trail itself. */
  tell(what: string, data: Record<string, unknown>): void;
}

/** Copies what a subject adds to its audit trail into the run folder, and says when what was there was changed. */
export class AuditKeeper {
  readonly #o: KeeperOptions;
  readonly #file: string;
  #turn: Promise<void> = Promise.resolve();
  #isFirst = true;
  #isOver = false;
  #told = '';

  constructor(options: KeeperOptions) {
    this.#o = options;
    this.#file = options.folder.file(AUDIT_FILE);
    writeFileSync(this.#file, '', { mode: 0o600 });
  }

  /** Looks once; never at the same time as another look. */
  look(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#look());
    return this.#turn;
  }

  /** Looks for the last time: what the subject keeps is taken away with it, which is no doing of its own. */
  async close(): Promise<void> {
    await this.look();
    this.#isOver = true;
  }

  async #look(): Promise<void> {
    if (this.#isOver) return;
    try {
      const { lines, rewritten } = await this.#o.look();
      for (const source of rewritten) this.#o.tell('audit-rewritten', { source });
      const kept = this.#isFirst ? lines.filter((line) => this.#isOfThisRun(line)) : lines;
      this.#isFirst = false;
      if (kept.length > 0) appendFileSync(this.#file, `${kept.join('\n')}\n`);
    } catch (error) {
      const { message } = error as Error;
      // A subject that is down while a check restarts it answers nothing: once is enough to know.
      if (message !== this.#told) this.#o.tell('audit-unread', { message });
      this.#told = message;
    }
  }

  #isOfThisRun(line: string): boolean {
    const entry = readAuditLine(line, 0);
    return typeof entry !== 'string' && entry.at >= this.#o.begunAt;
  }
}
