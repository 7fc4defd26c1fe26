import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import express from 'express';
import { type Exchange, Rejected, Severed, type Wire } from './hooks.ts';
import type { RecordRef } from './identity.ts';
import type { Change, Committed, Kernel } from './kernel.ts';
import { ConfigurationError } from './part.ts';
import type { Identity } from './tls.ts';

/** A request as handlers see it: plain data, no socket. */
export interface Request {
  method: string;
  /** Path and query as sent. */
  url: string;
  path: string;
  query: URLSearchParams;
  /** Route parameters, percent-decoded. */
  params: Record<string, string>;
  /** Names in lower case; repeated headers joined by a comma. */
  headers: Record<string, string>;
  body: Buffer;
  /** The limit in bytes that the body exceeded; `body` is then incomplete and the shell refuses the request. */
  oversize?: number;
  secure: boolean;
  /** `scheme://host:port` under which the client reached this face, or its `--public-url`. No trailing slash. */
  origin: string;
}

export interface Reply {
  status: number;
  headers?: Record<string, string>;
  /** Serialised once, by the handler. */
  body?: string | Buffer;
  /** The record versions that this reply shows. */
  served?: RecordRef[];
  /**
   * Writes the body piece by piece, in place of `body`: until `closed` resolves, or until its own promise does, which ends
   * the reply. `write` resolves when the peer takes more (or is gone), in a later turn of the event loop.
   */
  stream?: (write: (text: string) => Promise<void>, closed: Promise<void>) => void | Promise<void>;
}

/** What a handler is given: the request, and the only ways to act. */
export interface Context {
  readonly kernel: Kernel;
  readonly request: Request;
  readonly exchange: Exchange;
  /** Names who asks, once authenticated; goes into the journal. */
  setActor(client: string): void;
  /** The only way to write: fires the commit hooks and writes the journal row in the same transaction. */
  commit(change: Change): Promise<Committed>;
  /** Whether the client has hung up: a reply would be lost. */
  gone(): boolean;
  /** Passes the `store-read` hook for records about to be read. */
  reading(records: RecordRef[]): Promise<void>;
}

export type Handler = (context: Context) => Reply | Promise<Reply>;

/** `semantic`: real behaviour, tested. `shape`: right form, simplified. `missing`: a loud 501. */
export type Tier = 'semantic' | 'shape' | 'missing';

export interface RouteInfo {
  operation: string;
  /** Resource or object type, or the route parameter that holds it, as `:name`. */
  type?: string;
  tier: Tier;
  /** One line for docs/fidelity.md. */
  doc?: string;
  /** Query and body carry credentials: keep them out of the journal. */
  secret?: boolean;
}

export interface Route extends RouteInfo {
  method: string;
  path: string;
}

export interface FaceOptions {
  sim: string;
  tenant: string;
  /** Name in `--public-url <name>=…` and in what `up` prints. */
  name: string;
  /** Renders an error by its name in this vendor's form (`not-found`, `unavailable`, `throttled`, `internal`, …). */
  renderError: (error: string, params: Record<string, unknown>, request: Request) => Reply;
  /** Answers what no route takes. Defaults to the vendor's `not-found`. */
  fallback?: Handler;
  publicUrl?: string;
  /** Headers of every reply to that request, refusals included; what a reply says itself counts more. */
  replyHeaders?: (request: Request) => Readonly<Record<string, string>> | undefined;
  /** Largest body in bytes; 16 MiB when absent. */
  maxBody?: number;
  /** The control face: neither faults nor journal. */
  internal?: boolean;
  /** Makes out which records a request names (`Type/id`, a key, a number), before anything is read. */
  names?: (request: Request) => string[];
}

/** Headers for a JSON body. */
export const jsonReply = (status: number, value: unknown, headers: Record<string, string> = {}): Reply => ({
  status,
  headers: { 'content-type': 'application/json;charset=UTF-8', ...headers },
  body: JSON.stringify(value),
});

const HTTP_HOOKS = ['connect', 'request', 'store-read', 'before-commit', 'after-commit', 'reply', 'body'] as const;

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** An HTTP face of a simulator. Express routes; this shell owns sockets, hooks and journal, and alone sends. */
export class Face {
  readonly options: FaceOptions;
  readonly routes: Route[] = [];
  #kernel: Kernel;
  // By method, so that a call is held against the paths of its own method only. Routers without an application: that one
  // changes the prototypes of each request and reply, which is dear.
  #routers = new Map<string, express.Router>(METHODS.map((method) => [method, express.Router()]));
  #fallback: Handler;
  #servers: { server: http.Server; secure: boolean }[] = [];
  // The TCP sockets by peer: a TLS socket cannot reset the connection that it runs on, this one can.
  #sockets = new Map<string, Socket>();
  /** Connections at which a rule is still at work, by peer: their requests wait. */
  #opening = new Map<string, Promise<void>>();

  constructor(kernel: Kernel, options: FaceOptions) {
    this.#kernel = kernel;
    this.options = options;
    this.#fallback = options.fallback ?? (({ request }) => options.renderError('not-found', {}, request));
    if (options.internal) return;
    const { sim, tenant, name } = options;
    const operations = (): string[] => [...new Set(['connect', ...this.routes.map(({ operation }) => operation)])];
    kernel.places.add({ sim, tenant, name: `calls to ${name}`, hooks: HTTP_HOOKS, operations });
  }

  /** Adds a route. Paths are Express 5 patterns; letter case and a trailing slash do not matter. */
  route(method: string, path: string, info: RouteInfo, handler: Handler): this {
    this.routes.push({ method, path, ...info });
    for (const one of method === 'ALL' ? METHODS : [method])
      this.#routers.get(one)!.all(path, (req, res) => this.#serve(req, res, info, handler));
    return this;
  }

  /** Starts listening; port 0 takes a free one. @throws when a port is taken, naming it. */
  async listen(options: { host?: string; port?: number; tlsPort?: number; identity?: Identity }): Promise<void> {
    const answer: http.RequestListener = (req, res) => this.#answer(req as express.Request, res as express.Response);
    const host = options.host ?? '127.0.0.1';
    if (options.port !== undefined) await this.#open(http.createServer(answer), host, options.port, false);
    if (options.tlsPort !== undefined && options.identity) {
      const { key, cert } = options.identity;
      await this.#open(https.createServer({ key, cert, minVersion: 'TLSv1.2' }, answer), host, options.tlsPort, true);
    }
  }

  #answer(req: express.Request, res: express.Response): void {
    const failed = (error: unknown): void => {
      req.socket.destroy();
      // A call that outlives its sandbox finds the journal closed: nobody is left to be told.
      if (this.#kernel.database.sql.isOpen) this.#kernel.report(error, { sim: this.options.sim, tenant: this.options.tenant });
    };
    // Where no route takes it, and where the address cannot be decoded.
    const otherwise = (error?: unknown): void => {
      if (error !== undefined && error !== null && !(error instanceof URIError)) failed(error);
      else this.#serve(req, res, { operation: 'unknown', tier: 'missing' }, this.#fallback).catch(failed);
    };
    const router = this.#routers.get(req.method === 'HEAD' ? 'GET' : req.method);
    if (router) router(req, res, otherwise);
    else otherwise();
  }

  async #open(server: http.Server, host: string, port: number, secure: boolean): Promise<void> {
    server.keepAliveTimeout = 60_000;
    server.on('connection', (socket: Socket) => this.#connected(socket));
    await listenOn(server, host, port, `the ${this.options.name} face`);
    this.#servers.push({ server, secure });
  }

  /** `http://127.0.0.1:port`, or with TLS `https://localhost:port`. Undefined when that listener is not open. */
  url(secure = false): string | undefined {
    const found = this.#servers.find((s) => s.secure === secure);
    if (!found) return undefined;
    if (this.options.publicUrl) return this.options.publicUrl;
    const { port, address } = found.server.address() as AddressInfo;
    const host = secure ? 'localhost' : address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address;
    return `${secure ? 'https' : 'http'}://${host}:${port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.values()) socket.destroy();
    await Promise.all(this.#servers.map(({ server }) => new Promise((resolve) => server.close(resolve))));
  }

  #connected(socket: Socket): void {
    const peer = `${socket.remoteAddress} ${socket.remotePort}`;
    this.#sockets.set(peer, socket);
    socket.on('close', () => this.#sockets.delete(peer));
    socket.on('error', () => {}); // a peer that resets is not our error; the exchange on it ends as severed
    if (this.options.internal || this.#kernel.rules.list().length === 0) return;
    const exchange = this.#exchange({ operation: 'connect', text: () => '' }, socket);
    const opening = this.#kernel.rules
      .fire('connect', exchange)
      .catch((error) => {
        if (!(error instanceof Severed)) socket.destroy();
      })
      .finally(() => this.#opening.delete(peer));
    this.#opening.set(peer, opening);
  }

  #exchange(
    about: Pick<Exchange, 'operation' | 'type' | 'method' | 'path' | 'names'> & { text: () => string; id?: number },
    socket: Socket,
  ): Exchange {
    const { sim, tenant } = this.options;
    const sockets = this.#sockets;
    let text: string | undefined;
    let wire: Wire | undefined;
    return {
      ...about,
      get text() {
        text ??= about.text();
        return text;
      },
      id: about.id ?? this.#kernel.journal.head,
      sim,
      tenant,
      records: [],
      committed: false,
      // For faults only.
      get wire() {
        wire ??= socketWire(sockets.get(`${socket.remoteAddress} ${socket.remotePort}`) ?? socket);
        return wire;
      },
      reject: (error, params) => {
        throw new Rejected(error, params);
      },
    };
  }

  async #serve(req: express.Request, res: express.Response, info: RouteInfo, handler: Handler): Promise<void> {
    const { kernel, options } = { kernel: this.#kernel, options: this.options };
    const started = kernel.clock.micros();
    const { socket } = req;
    if (this.#opening.size > 0) await this.#opening.get(`${socket.remoteAddress} ${socket.remotePort}`);
    const request = await readRequest(req, options).catch(() => undefined);
    if (!request) {
      socket.destroy();
      return;
    }
    const type = info.type?.startsWith(':') ? request.params[info.type.slice(1)] : info.type;
    const names = options.names && (() => options.names!(request));
    const about = { operation: info.operation, type, method: request.method, path: request.path, names };
    // Read by rules only, and seldom: a large body is not turned into text for nothing.
    const text = () => (info.secret ? request.path : `${decodeLoosely(request.url)}\n${request.body}`);
    const id = options.internal ? 0 : this.#journalRequest(request, info, type);
    const exchange = this.#exchange({ ...about, text, id }, socket);
    let reply: Reply | undefined;
    let severed: string | undefined;
    try {
      reply = await this.#handle(request, exchange, handler, () => socket.destroyed);
    } catch (error) {
      if (!(error instanceof Severed)) throw error;
      severed = error.how;
    }
    // Who hung up meanwhile hears nothing of it, however well it went.
    if (socket.destroyed) severed ??= 'gone';
    if (!options.internal) this.#journalReply(exchange, reply, severed, kernel.clock.micros() - started);
    if (!reply || socket.destroyed) return;
    const more = options.replyHeaders?.(request);
    send(res, more ? { ...reply, headers: { ...more, ...reply.headers } } : reply);
  }

  async #handle(request: Request, exchange: Exchange, handler: Handler, gone: () => boolean): Promise<Reply> {
    const { rules } = this.#kernel;
    const render = (error: string, params = {}) => this.options.renderError(error, params, request);
    const attempt = async (run: () => Promise<void>): Promise<void> => {
      try {
        await run();
      } catch (error) {
        if (error instanceof Severed) throw error;
        if (error instanceof Rejected) exchange.reply = render(error.error, error.params);
        else {
          this.#kernel.report(error, { sim: exchange.sim, tenant: exchange.tenant, cause: exchange.id });
          exchange.reply = render('internal', { message: 'the simulator failed; see the journal' });
        }
      }
    };
    await attempt(async () => {
      if (!this.options.internal && rules.any) await rules.fire('request', exchange);
      if (request.oversize) exchange.reject('invalid', { message: `the body exceeds ${request.oversize} bytes` });
      exchange.reply = await handler(this.#context(request, exchange, gone));
    });
    // Mostly there are none, and each question would be another turn of promises.
    if (!this.options.internal && rules.any) {
      await attempt(() => rules.fire('reply', exchange));
      await attempt(() => rules.fire('body', exchange));
    }
    return exchange.reply as Reply;
  }

  #context(request: Request, exchange: Exchange, gone: () => boolean): Context {
    const kernel = this.#kernel;
    return {
      kernel,
      request,
      exchange,
      gone,
      setActor: (client) => {
        exchange.client = client;
      },
      commit: (change) => kernel.commit({ ...change, actor: change.actor ?? exchange.client }, exchange),
      reading: async (records) => {
        exchange.records.push(...records);
        if (kernel.rules.any) await kernel.rules.fire('store-read', exchange);
      },
    };
  }

  #journalRequest(request: Request, info: RouteInfo, type?: string): number {
    const { sim, tenant } = this.options;
    const url = info.secret ? request.path : request.url;
    const body = !info.secret && request.body.length > 0 && request.body.length <= 8192 ? request.body.toString() : undefined;
    const data = {
      method: request.method,
      url,
      operation: info.operation,
      type,
      secure: request.secure,
      agent: request.headers['user-agent'],
      referer: request.headers.referer,
      body,
      bytes: request.body.length,
    };
    return this.#kernel.journal.append({ sim, tenant, kind: 'request', data }).seq;
  }

  #journalReply(exchange: Exchange, reply: Reply | undefined, severed: string | undefined, micros: number): void {
    const { sim, tenant } = this.options;
    this.#kernel.journal.append({
      sim,
      tenant,
      kind: 'reply',
      cause: exchange.id,
      actor: exchange.client,
      records: exchange.committed ? [...exchange.records] : undefined,
      served: severed ? undefined : reply?.served,
      data: { status: reply?.status, severed, operation: exchange.operation, type: exchange.type, micros },
    });
  }
}

// Nobody changes a query.
const NO_QUERY = new URLSearchParams();

async function readRequest(req: express.Request, options: FaceOptions): Promise<Request> {
  const limit = options.maxBody ?? 16 * 1024 * 1024;
  const chunks: Buffer[] = [];
  let size = 0;
  // A request that announces no body has none: waiting for its end would be a third of what a read costs.
  const announced = req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined;
  if (announced)
    for await (const chunk of req as AsyncIterable<Buffer>) {
      size += chunk.length;
      // The rest is read and thrown away, so that the client hears why; a client that never ends is cut off.
      if (size > 4 * limit) throw new Error(`the body exceeds ${limit} bytes by far`);
      if (size <= limit) chunks.push(chunk);
    }
  const secure = 'encrypted' in req.socket;
  const { url } = req;
  const at = url.indexOf('?');
  let query: URLSearchParams | undefined;
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries((req.params ?? {}) as Record<string, string | string[]>)) {
    params[name] = Array.isArray(value) ? value.join('/') : value;
  }
  return {
    method: req.method,
    url,
    path: at < 0 ? url : url.slice(0, at),
    // Most calls have none, and to make one costs as much as to route them.
    get query() {
      query ??= at < 0 ? NO_QUERY : new URLSearchParams(url.slice(at + 1));
      return query;
    },
    params,
    headers: headersOf(req.headers),
    body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks),
    oversize: size > limit ? limit : undefined,
    secure,
    origin: options.publicUrl ?? `${secure ? 'https' : 'http'}://${req.headers.host ?? 'localhost'}`,
  };
}

// Node joins repeated headers already, but for one that requests do not have.
function headersOf(headers: http.IncomingHttpHeaders): Record<string, string> {
  const { 'set-cookie': cookies } = headers;
  return (cookies ? { ...headers, 'set-cookie': cookies.join(', ') } : headers) as Record<string, string>;
}

function decodeLoosely(url: string): string {
  try {
    return decodeURIComponent(url.replaceAll('+', ' '));
  } catch {
    return url;
  }
}

// What an event-stream reader may leave unread before it is dropped, in bytes.
const MAX_UNREAD = 64 * 1024 * 1024;

function send(res: express.Response, reply: Reply): void {
  if (reply.stream) {
    res.writeHead(reply.status, reply.headers);
    res.flushHeaders();
    const closed = new Promise<void>((resolve) => res.on('close', () => resolve()));
    // Whoever writes without waiting (a burst of events) shares one wait with those before.
    let drained: Promise<void> | undefined;
    const write = (text: string): Promise<void> => {
      if (res.writableLength > MAX_UNREAD) res.destroy();
      const full = !res.destroyed && !res.write(text);
      if (!full) return new Promise((resolve) => setImmediate(resolve));
      drained ??= new Promise<void>((resolve) =>
        res.once('drain', () => {
          drained = undefined;
          resolve();
        }),
      );
      return Promise.race([drained, closed]);
    };
    reply.stream(write, closed)?.then(
      () => res.end(),
      () => res.destroy(),
    );
    return;
  }
  const { body = '' } = reply;
  const none = reply.status === 204;
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  res.writeHead(reply.status, none ? reply.headers : { ...reply.headers, 'content-length': length });
  // A text goes out together with the head, in one piece; one without any other letters as it lies in memory.
  if (none) res.end();
  else res.end(body, length === body.length ? 'latin1' : 'utf8');
}

/** Opens a server on a port, turning the system's errors into ones that say what to do. */
export function listenOn(
  server: http.Server | import('node:net').Server,
  host: string,
  port: number,
  what: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const hint = error.code === 'EADDRINUSE' ? 'the port is in use: stop what holds it, or choose another port' : error.message;
      reject(new ConfigurationError(`cannot open ${what} on ${host}:${port}: ${hint}`, { cause: error }));
    });
    server.listen(port, host, () => resolve());
  });
}

// One listener a socket, however many calls wait for its end.
const ends = new WeakMap<Socket, Promise<void>>();

function endOf(socket: Socket): Promise<void> {
  const known = ends.get(socket);
  if (known) return known;
  const end = new Promise<void>((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });
  ends.set(socket, end);
  return end;
}

/** The faults' hold on a socket. */
export function socketWire(socket: Socket): Wire {
  return {
    reset() {
      socket.resetAndDestroy();
      throw new Severed('reset');
    },
    close() {
      socket.destroy();
      throw new Severed('close');
    },
    hang: () =>
      new Promise((_, reject) => {
        if (socket.destroyed) return reject(new Severed('hang'));
        socket.once('close', () => reject(new Severed('hang')));
      }),
    closed: () => endOf(socket),
  };
}
