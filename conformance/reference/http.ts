import { Failure } from './retry.ts';

export type Answer = { status: number; headers: Headers; body: unknown };
export type Http = (url: string, init?: { method?: string; headers?: Record<string, string>; body?: string }) => Promise<Answer>;

/**
 * `fetch` with a deadline that covers the body too. An answer counts only when it came whole and is what it says it is:
 * a connection that breaks midway, half a JSON document or a proxy's HTML page with status 200 is a failure, never an
 * empty result.
 */
export function openHttp(timeoutMs: number, stop: AbortSignal): Http {
  return async (url, init) => {
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { ...init, signal: AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]) });
      text = await response.text();
    } catch (error) {
      throw new Failure(0, networkCode(error));
    }
    const type = response.headers.get('content-type') ?? '';
    let body: unknown;
    try {
      body = text === '' ? undefined : read(text, type);
    } catch {
      throw new Failure(0, 'garbled-json');
    }
    if (response.ok && text && body === undefined) throw new Failure(0, 'not-json');
    return { status: response.status, headers: response.headers, body };
  };
}

/** JSON, lines of JSON (each of which has to end), or a table as it is; undefined for anything else. */
function read(text: string, type: string): unknown {
  if (type.includes('ndjson')) {
    if (!text.endsWith('\n')) throw new SyntaxError('the last line has no end');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }
  return type.includes('json') ? JSON.parse(text) : type.includes('csv') ? text : undefined;
}

/**
 * A service that asked for a pause (`Retry-After`) gets it, from all who share this: calls fail at once until it is over. What
 * one record's call was told holds for the others too, as limits are counted by client.
 */
export function heeding(http: Http, now: () => number): Http {
  let resumeAt = 0;
  return async (url, init) => {
    if (now() < resumeAt) throw new Failure(429, 'told-to-wait', resumeAt - now());
    const answer = await http(url, init);
    if (answer.status >= 400) resumeAt = Math.max(resumeAt, now() + retryAfterMs(answer.headers, now()));
    return answer;
  };
}

/** Milliseconds that an answer asks to wait, from `Retry-After` in seconds or as a date. */
export function retryAfterMs(headers: Headers, now: number): number {
  const value = headers.get('retry-after') ?? '';
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? 0 : Math.max(ms, 0);
}

// The message of a network error may hold the URL and with it an identifier; its code does not.
function networkCode(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: string } };
  return cause?.code ?? name ?? 'network';
}
