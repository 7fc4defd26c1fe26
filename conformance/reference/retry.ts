/** What went wrong with a call. `status` is 0 when no complete answer came back: nobody knows then if it took effect. */
export class Failure extends Error {
  readonly status: number;
  /** The other side's own name for it, such as `REQUEST_LIMIT_EXCEEDED`; safe to log. */
  readonly code: string;
  readonly retryAfterMs: number;

  constructor(status: number, code: string, retryAfterMs = 0, fields: string[] = []) {
    super([status, code, ...fields].join(' '));
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What to tell the operator of an error. The message of an unforeseen one may quote what it choked on: only its kind is told. */
export const nameOf = (error: unknown): string =>
  error instanceof Failure ? error.message : error instanceof Error ? error.name : 'error';

/** How long the other side asked to be left alone, milliseconds. */
export const askedToWait = (error: unknown): number => (error instanceof Failure ? error.retryAfterMs : 0);

const PASSING_STATUS = new Set([0, 401, 408, 420, 425, 429]);
// Salesforce says these with 400 or 403, where a second try is usually pointless.
const PASSING_CODE = new Set(['REQUEST_LIMIT_EXCEEDED', 'UNABLE_TO_LOCK_ROW', 'SERVER_UNAVAILABLE', 'QUERY_TIMEOUT']);

/** Whether the same call can succeed later. An answer that judges the content will judge it the same way again. */
export function isRetryable(error: unknown): boolean {
  if (!(error instanceof Failure)) return false;
  return error.status >= 500 || PASSING_STATUS.has(error.status) || PASSING_CODE.has(error.code);
}

/**
 * What to make of a further page that cannot be had. Where it is refused, its cursor has ended: asked for from the first page on, the
 * list can be had, so that this is no answer about the list. A link that we would not follow stays one.
 */
export const ofFurtherPage = (error: unknown): unknown =>
  error instanceof Failure && !isRetryable(error) && error.code !== 'foreign-link'
    ? new Failure(0, `page-${error.status}`)
    : error;

/**
 * Milliseconds to wait before try number `attempt + 1`, or undefined to give up. Doubles from 100 ms to 2 s, with jitter so
 * that many waiters do not come back as one; never earlier than the other side asked for. It never gives up: an outage ends.
 */
export function backoff(attempt: number, retryAfterMs: number, random: () => number): number | undefined {
  const ceiling = Math.min(2_000, 100 * 2 ** Math.min(attempt, 10));
  return Math.max(retryAfterMs, ceiling * (0.5 + random() / 2));
}
