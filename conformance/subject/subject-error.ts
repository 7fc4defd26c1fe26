/** How far a subject has come. A timeout names the phase that it did not get out of. */
export type Phase = 'starting' | 'listening' | 'ready-hook' | 'ready';

/** A subject that could not be started or did not get ready: a matter of configuration, not of conformance. */
export class SubjectError extends Error {
  readonly phase: Phase;
  readonly fix: string;
  /** The last 20 lines that it printed. */
  readonly tail: readonly string[];

  constructor(phase: Phase, message: string, fix: string, tail: readonly string[] = []) {
    super(message);
    this.phase = phase;
    this.fix = fix;
    this.tail = tail;
  }
}
