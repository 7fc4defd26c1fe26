import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { waitingClock } from './clock.ts';
import { type Exchange, Rejected, type Wire } from './hooks.ts';
import type { Context, Reply, Request } from './http.ts';
import type { RecordRef } from './identity.ts';
import type { Change, Committed, Kernel } from './kernel.ts';
import { type PageForm, type Paging, pagingOf } from './paging.ts';
import { imagesOf, type PastImage, shownSince, wasShown, writtenSince } from './past.ts';

// Classes, and not literals with getters: those would be an object of a kind of its own for each call, which costs more
// than all that is done with it.

// Shared, since nobody adds to a query: a fault may only take something out of one.
const NO_QUERY = new URLSearchParams();

export interface Body {
  bytes: Buffer;
  /** The limit that it exceeded; `bytes` are then incomplete. */
  oversize?: number;
}
export const NO_BODY: Body = { bytes: Buffer.alloc(0) };

/** A request that has come in whole. */
export class Received implements Request {
  readonly method: string;
  readonly url: string;
  readonly path: string;
  readonly params: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
  readonly oversize: number | undefined;
  readonly secure: boolean;
  readonly origin: string;
  #query: URLSearchParams | undefined;

  constructor(req: IncomingMessage, params: Record<string, string>, { bytes, oversize }: Body, publicUrl?: string) {
    const { url = '' } = req;
    this.method = req.method ?? '';
    this.url = url;
    this.path = pathOf(url);
    this.params = params;
    this.headers = headersOf(req.headers);
    this.body = bytes;
    this.oversize = oversize;
    this.secure = 'encrypted' in req.socket;
    this.origin = publicUrl ?? `${this.secure ? 'https' : 'http'}://${req.headers.host ?? 'localhost'}`;
  }

  // Most calls have none, and to make one costs as much as to route them.
  get query(): URLSearchParams {
    const { url, path } = this;
    this.#query ??= path.length === url.length ? NO_QUERY : new URLSearchParams(url.slice(path.length + 1));
    return this.#query;
  }
}

export function pathOf(url = ''): string {
  const at = url.indexOf('?');
  return at < 0 ? url : url.slice(0, at);
}

/** Parameters as a router has them: a rest of several segments is a list. */
export function paramsOf(given: Record<string, string | string[]> = {}): Record<string, string> {
  const params: Record<string, string> = {};
  for (const name in given) {
    const value = given[name]!;
    params[name] = typeof value === 'string' ? value : value.join('/');
  }
  return params;
}

// Node joins repeated headers already, but for one that requests do not have.
function headersOf(headers: IncomingMessage['headers']): Record<string, string> {
  const { 'set-cookie': cookies } = headers;
  return (cookies ? { ...headers, 'set-cookie': cookies.join(', ') } : headers) as Record<string, string>;
}

/** What rules see of a call, or of a connection before any. */
export class Passing implements Exchange {
  readonly id: number;
  readonly sim: string;
  readonly tenant: string;
  readonly operation: string;
  readonly type: string | undefined;
  readonly method: string | undefined;
  readonly path: string | undefined;
  client: string | undefined;
  readonly records: RecordRef[] = [];
  committed = false;
  reply: Reply | undefined;
  #request: Request | undefined;
  #secret: boolean;
  #hold: () => Wire;
  #text: string | undefined;
  #wire: Wire | undefined;
  #pages: readonly PageForm[] | undefined;
  #names: ((request: Request) => string[]) | undefined;
  #paging: Paging | undefined;

  constructor(
    id: number,
    at: { sim: string; tenant: string; pages?: readonly PageForm[]; names?: (request: Request) => string[] },
    about: { operation: string; secret?: boolean },
    type: string | undefined,
    hold: () => Wire,
    request?: Request,
  ) {
    this.id = id;
    this.sim = at.sim;
    this.tenant = at.tenant;
    this.operation = about.operation;
    this.type = type;
    this.method = request?.method;
    this.path = request?.path;
    this.#request = request;
    this.#secret = about.secret === true;
    this.#hold = hold;
    this.#pages = at.pages;
    this.#names = at.names;
  }

  // Read by rules only, and seldom: a large body is not turned into text for nothing.
  get text(): string {
    this.#text ??= this.#request === undefined ? '' : textOf(this.#request, this.#secret);
    return this.#text;
  }

  get paging(): Paging | undefined {
    if (this.#pages && this.#request) this.#paging ??= pagingOf(this.#pages, this.#request);
    return this.#paging;
  }

  get wire(): Wire {
    this.#wire ??= this.#hold();
    return this.#wire;
  }

  names(): string[] {
    return (this.#request && this.#names?.(this.#request)) ?? [];
  }

  reject(error: string, params?: Record<string, unknown>): never {
    throw new Rejected(error, params);
  }
}

const textOf = ({ path, url, body }: Request, secret: boolean): string =>
  secret ? path : `${decodeLoosely(url)}\n${body.length === 0 ? '' : body}`;

function decodeLoosely(url: string): string {
  if (!url.includes('%') && !url.includes('+')) return url;
  try {
    return decodeURIComponent(url.replaceAll('+', ' '));
  } catch {
    return url;
  }
}

/** What a handler is given of a call. */
export class Dealing implements Context {
  readonly kernel: Kernel;
  readonly request: Request;
  readonly exchange: Exchange;
  readonly #socket: Socket;

  constructor(kernel: Kernel, request: Request, exchange: Exchange, socket: Socket) {
    this.kernel = kernel;
    this.request = request;
    this.exchange = exchange;
    this.#socket = socket;
  }

  // These two are taken out of it by name.
  readonly setActor = (client: string): void => {
    this.exchange.client = client;
  };
  readonly gone = (): boolean => this.#socket.destroyed;

  about(request: Request): Context {
    return new Dealing(this.kernel, request, this.exchange, this.#socket);
  }

  commit(change: Change): Committed | Promise<Committed> {
    return this.kernel.write({ ...change, actor: change.actor ?? this.exchange.client }, this.exchange);
  }

  reading(records: readonly RecordRef[], rereads = false): Promise<void> | undefined {
    const { kernel, exchange } = this;
    exchange.records.push(...records);
    if (!kernel.rules.any) return undefined;
    const { journal } = kernel;
    const clock = waitingClock(kernel.clock);
    exchange.rereads = rereads;
    exchange.lately = (ms) => writtenSince(journal, records, clock.now() - ms);
    exchange.seen = (ms) => {
      const shown = shownSince(journal, exchange.client, clock.now() - ms);
      return records.filter((record) => wasShown(shown, record));
    };
    return kernel.rules.meets('store-read', exchange) ? kernel.rules.fire('store-read', exchange) : undefined;
  }

  past(store: { sim: string; tenant: string }): PastImage[] | undefined {
    const { asOf } = this.exchange;
    return asOf && imagesOf(this.kernel.journal, store, asOf);
  }
}
