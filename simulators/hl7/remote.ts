import { randomUUID } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import { type Clock, type JournalEvent, systemClock } from '#kernel';
import { SiteAway, type SiteCommit, type SiteCommitted, type SitePort } from './site-port.ts';

const FIRST_DELAY = 100;
const LONGEST_DELAY = 2000;
// A process that was killed is back within seconds; a sender waits longer than this for its answer.
const PATIENCE = 5000;
// A control API that does not search answers with all records, up to this many; the caller picks.
const MOST = 100_000;

/**
 * A site in another process, reached through its control API. The journal comes as Server-Sent Events and is resumed
 * where it broke off, for as long as the caller follows; commit and find wait some seconds for a site that is away.
 * @param controlUrl without trailing slash, such as `http://ehr:4000`.
 */
export function remoteSitePort(
  controlUrl: string,
  token: string | undefined,
  site: string,
  clock: Clock = systemClock,
): SitePort {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const base = `${controlUrl.replace(/\/$/, '')}/v1`;

  async function call<T>(path: string, body?: unknown): Promise<T | undefined> {
    const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    const { response, text } = await patiently(path, init);
    if (response.status === 404 && body === undefined) return undefined;
    if (!response.ok) throw new Error(`the control API of ${site} answered ${response.status} to ${path}: ${text.slice(0, 200)}`);
    return JSON.parse(text) as T;
  }

  async function patiently(path: string, init: RequestInit): Promise<{ response: Response; text: string }> {
    const until = clock.now() + PATIENCE;
    for (;;) {
      try {
        const response = await fetch(`${base}${path}`, init);
        if (response.status === 429 && clock.now() < until) {
          await clock.sleep(1000 * Number(response.headers.get('retry-after') ?? 1));
          continue;
        }
        return { response, text: await response.text() };
      } catch (error) {
        if (clock.now() >= until) throw new SiteAway(`the process of ${site} does not answer at ${base}`, { cause: error });
        await clock.sleep(FIRST_DELAY);
      }
    }
  }

  return {
    follow(after, onEvents) {
      const stopped = new AbortController();
      void (async () => {
        let last = after;
        for (let delay = FIRST_DELAY; !stopped.signal.aborted; delay = Math.min(delay * 2, LONGEST_DELAY)) {
          try {
            for await (const event of events(`${base}/journal?after=${last}`, headers, stopped.signal)) {
              if (stopped.signal.aborted) return;
              delay = FIRST_DELAY / 2;
              last = event.seq;
              if (event.kind === 'commit') await onEvents([event]);
            }
          } catch {
            // The site is away or broke off; it is asked again from where it stopped.
          }
          await clock.sleep(delay, stopped.signal);
        }
      })();
      return () => stopped.abort();
    },

    async commit(body: SiteCommit): Promise<SiteCommitted> {
      const { cause: _, ...rest } = body; // a sequence number of this process means nothing in another
      // Under one name, so that a commit whose answer was lost is not made twice.
      return (await call<SiteCommitted>(`/sites/${site}/commits`, { call: randomUUID(), ...rest }))!;
    },

    async find(type, search) {
      if (search._id) {
        const found = await call<Resource>(`/sites/${site}/records/${type}/${encodeURIComponent(search._id)}`);
        return found ? [found] : [];
      }
      const query = new URLSearchParams({ ...search, limit: String(MOST) });
      const found = await call<{ resources: Resource[] }>(`/sites/${site}/records/${type}?${query}`);
      return found?.resources ?? [];
    },
  };
}

/** The events of one Server-Sent Events reply, until it ends. @throws when it is refused or breaks off. */
async function* events(url: string, headers: Record<string, string>, signal: AbortSignal): AsyncGenerator<JournalEvent> {
  const response = await fetch(url, { headers: { ...headers, accept: 'text/event-stream' }, signal });
  if (!response.ok || !response.body) throw new Error(`the journal answered ${response.status}`);
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream() as never) as unknown as AsyncIterable<string>) {
    const blocks = (text + chunk).split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = block.split('\n').filter((line) => line.startsWith('data:'));
      if (data.length > 0) yield JSON.parse(data.map((line) => line.slice(5)).join('\n')) as JournalEvent;
    }
  }
}
