import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import express from 'express';
import { OffsetClock } from './clock.ts';
import type { Contract } from './control/route.ts';
import { type Delivery, deliver, delivering } from './delivery.ts';
import { type Exchange, type Hook, Rejected, Severed, type Wire } from './hooks.ts';
import { type Body, Dealing, NO_BODY, Passing, paramsOf, pathOf, Received } from './http-call.ts';
import type { RecordRef } from './identity.ts';
import type { Change, Committed, Kernel } from './kernel.ts';
import { type Handed, Listener, listenerLevers, tlsOptions } from './listener.ts';
import type { PageForm } from './paging.ts';
import type { PastImage } from './past.ts';
import type { FaultPlace } from './places.ts';
import { RouteMemo } from './route-memo.ts';
import type { Identity } from './tls.ts';
import { TurnEnd } from './turn-end.ts';

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
  /** How `body` goes out, where not at once and whole. */
  delivery?: Delivery;
  /** How often it is written, one after the other on the same connection; once when absent. */
  copies?: number;
  /**
   * Writes the body piece by piece, in place of `body`: until `closed` resolves, or until its own promise does, which ends
   * the reply. `write` resolves when the peer takes more (or is gone), in a later turn of the event loop.
   */
  stream?: (write: (text: string | Uint8Array) => Promise<void>, closed: Promise<void>) => void | Promise<void>;
}

/** What a handler is given: the request, and the only ways to act. */
export interface Context {
  readonly kernel: Kernel;
  readonly request: Request;
  readonly exchange: Exchange;
  /** Names who asks, once authenticated; goes into the journal. */
  setActor(client: string): void;
  /**
   * The only way to write: fires the commit hooks and writes the journal row in the same transaction. Nothing is to be waited
   * for where no rule is met.
   */
  commit(change: Change): Committed | Promise<Committed>;
  /** Whether the client has hung up: a reply would be lost. */
  gone(): boolean;
  /**
   * Passes the `store-read` hook for records about to be read; nothing is to be waited for while no rule is armed.
   * @param rereads that the records are read again afterwards, from the past if there is one.
   */
  reading(records: readonly RecordRef[], rereads?: boolean): Promise<void> | undefined;
  /** How records of a store were that have changed since, where this call reads the past. */
  past(store: { sim: string; tenant: string }): PastImage[] | undefined;
  /** The same for another request, which this one contains. */
  about(request: Request): Context;
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
  /** Of a control route: what it takes and answers. */
  contract?: Contract;
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
  /** The names that it knows, where it has a table of them: a rule that asks for another is refused. */
  errors?: readonly string[];
  /** Answers what no route takes. Defaults to the vendor's `not-found`. */
  fallback?: Handler;
  publicUrl?: string;
  /** Headers of every reply to that request, refusals included; what a reply says itself counts more. */
  replyHeaders?: (request: Request) => Readonly<Record<string, string>> | undefined;
  /** Largest body in bytes; 16 MiB when absent. */
  maxBody?: number;
  /** Refuses a call by the address of its sender, before anything is read. */
  admit?: (address: string | undefined) => Reply | undefined;
  /** What the place is to faults, where several faces are of one kind. */
  kind?: string;
  /** What route parameters that hold a type can be; anything, where it is absent. */
  types?: () => readonly string[];
  /** The people whose records a call touches. */
  people?: FaultPlace['people'];
  /** How answers go in pages. */
  pages?: readonly PageForm[];
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

interface Target {
  info: RouteInfo;
  handler: Handler;
}

const routed = ({ method = '' }: http.IncomingMessage): string => (method === 'HEAD' ? 'GET' : method);

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** A listener that is given away, and the requests that came to it while nobody answered. */
export interface Listening {
  handed: Handed;
  requests: [http.IncomingMessage, http.ServerResponse][];
}

/** An HTTP face of a simulator. Express routes; this shell owns sockets, hooks and journal, and alone sends. */
export class Face {
  readonly options: FaceOptions;
  readonly routes: Route[] = [];
  #kernel: Kernel;
  // By method, so that a call is held against the paths of its own method only. Routers without an application: that one
  // changes the prototypes of each request and reply, which is dear.
  #routers = new Map<string, express.Router>(METHODS.map((method) => [method, express.Router()]));
  #memo = new RouteMemo<Target>();
  #fallback: Target;
  #listeners: Listener[] = [];
  /** What each client was answered last, while rules are armed. */
  #answered = new Map<string, Reply>();

  constructor(kernel: Kernel, options: FaceOptions) {
    this.#kernel = kernel;
    this.options = options;
    this.#fallback = {
      info: { operation: 'unknown', tier: 'missing' },
      handler: options.fallback ?? (({ request }) => options.renderError('not-found', {}, request)),
    };
    if (options.internal) return;
    kernel.places.add(this.#place());
  }

  #place(): FaultPlace {
    const { sim, tenant, name, kind = name, types, people, errors, pages } = this.options;
    const knows = (operation?: string, type?: string): boolean =>
      this.routes.some(
        (route) =>
          (operation === undefined || route.operation === operation) &&
          (type === undefined || route.type === type || (route.type?.startsWith(':') && (types?.().includes(type) ?? true))),
      );
    const levers = () => listenerLevers(this.#listeners);
    return {
      ...{ sim, tenant, kind, name: `calls to ${name}`, hooks: HTTP_HOOKS, methods: METHODS, knows, people },
      get levers() {
        return levers();
      },
      ...(errors && { errors: () => errors }),
      paged: pages !== undefined,
      // Before a call is read, and where no route takes it.
      operations: () => ['connect', 'unknown', ...new Set(this.routes.map(({ operation }) => operation))],
      types: () => [
        ...new Set(
          this.routes.flatMap(({ type }) => (type === undefined ? [] : type.startsWith(':') ? (types?.() ?? []) : type)),
        ),
      ],
    };
  }

  /** Adds a route. Paths are Express 5 patterns; letter case and a trailing slash do not matter. */
  route(method: string, path: string, info: RouteInfo, handler: Handler): this {
    this.routes.push({ method, path, ...info });
    this.#memo.add(path);
    const target = { info, handler };
    for (const one of method === 'ALL' ? METHODS : [method])
      this.#routers.get(one)!.all(path, (req, res) => {
        this.#memo.keep(routed(req), pathOf(req.url), path, target);
        return this.#serve(req, res, target, paramsOf(req.params));
      });
    return this;
  }

  /** Starts listening; port 0 takes a free one. @throws when a port is taken, naming it. */
  async listen(options: { host?: string; port?: number; tlsPort?: number; identity?: Identity }): Promise<void> {
    if (this.#listeners.length > 0) return; // taken over
    const { host = '127.0.0.1', port, tlsPort, identity } = options;
    const how = { optimizeEmptyRequests: true };
    if (port !== undefined) await this.#open(http.createServer(how)).listen(host, port);
    if (tlsPort !== undefined && identity)
      await this.#open(https.createServer({ ...how, ...tlsOptions(identity) }), identity).listen(host, tlsPort);
  }

  #answer(req: express.Request, res: express.Response): void {
    const refused = this.options.admit?.(req.socket.remoteAddress);
    if (refused) {
      send(res, refused);
      return;
    }
    const known = this.#memo.find(routed(req), pathOf(req.url));
    if (known) this.#begin(req, res, known.match, known.params);
    else this.#route(req, res);
  }

  #route(req: express.Request, res: express.Response): void {
    // Where no route takes it, and where the address cannot be decoded.
    const otherwise = (error?: unknown): void => {
      if (error !== undefined && error !== null && !(error instanceof URIError)) this.#broke(req, error);
      else this.#begin(req, res, this.#fallback, {});
    };
    const router = this.#routers.get(routed(req));
    if (router) router(req, res, otherwise);
    else otherwise();
  }

  #begin(req: http.IncomingMessage, res: http.ServerResponse, target: Target, params: Record<string, string>): void {
    try {
      this.#serve(req, res, target, params)?.catch((error) => this.#broke(req, error));
    } catch (error) {
      this.#broke(req, error);
    }
  }

  #broke(req: http.IncomingMessage, error: unknown): void {
    req.socket.destroy();
    // A call that outlives its sandbox finds the journal closed: nobody is left to be told.
    if (this.#kernel.database.sql.isOpen) this.#kernel.report(error, { sim: this.options.sim, tenant: this.options.tenant });
  }

  #open(server: http.Server, identity?: Identity, handed?: Handed): Listener {
    server.keepAliveTimeout = 60_000;
    const { sim, tenant, name } = this.options;
    const knock = (socket: Socket) => this.#knock(socket);
    const about = { kernel: this.#kernel, sim, tenant, name: `the ${name} face`, identity, knock };
    const listener = new Listener(server, about, handed);
    server.on('request', (req, res) => {
      if (listener.isLeaving(req.socket)) req.socket.destroy();
      else this.#answer(req as express.Request, res as express.Response);
    });
    this.#listeners.push(listener);
    return listener;
  }

  /**
   * Gives its listeners away, for another face to `takeOver`: no port is free in between, and who connects or asks meanwhile
   * waits. Connections that are open stay here, and end with `close`.
   */
  handOver(): Listening[] {
    return this.#listeners.map((listener) => {
      const handed = listener.handOver();
      const requests: Listening['requests'] = [];
      handed.server.removeAllListeners('request');
      handed.server.on('request', (req, res) => void requests.push([req, res]));
      return { handed, requests };
    });
  }

  /** Goes on where another face listened. With `connections`, its open ones go on here, too. */
  takeOver(given: readonly Listening[], connections?: Face): void {
    for (const [i, { handed, requests }] of given.entries()) {
      handed.server.removeAllListeners('request');
      const listener = this.#open(handed.server as http.Server, handed.identity, handed);
      if (connections) connections.#listeners[i]!.share(listener);
      for (const [req, res] of requests) this.#answer(req as express.Request, res as express.Response);
    }
  }

  /** `http://127.0.0.1:port`, or with TLS `https://localhost:port`. Undefined when that listener is not open. */
  url(secure = false): string | undefined {
    const found = this.#listeners.find((one) => one.secure === secure)?.address;
    if (!found) return undefined;
    if (this.options.publicUrl) return this.options.publicUrl;
    const { port, address } = found;
    const host = secure ? 'localhost' : address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address;
    return `${secure ? 'https' : 'http'}://${host}:${port}`;
  }

  /** The port that it listens on. */
  port(secure = false): number | undefined {
    return this.#listeners.find((one) => one.secure === secure)?.address?.port;
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  #knock(socket: Socket): Promise<void> | undefined {
    const { rules, journal } = this.#kernel;
    if (this.options.internal || !rules.any) return undefined;
    const hold = () => socketWire(socket);
    const exchange = new Passing(journal.head, this.options, { operation: 'connect' }, undefined, hold);
    return rules.meets('connect', exchange) ? rules.fire('connect', exchange) : undefined;
  }

  // The TCP socket below one that may speak TLS: that one can be reset.
  #below(socket: Socket): Socket {
    for (const listener of this.#listeners) {
      const below = listener.below(socket);
      if (below !== socket) return below;
    }
    return socket;
  }

  // What can be done at once is done at once: each wait is a turn of promises, and most calls have no body, meet no rule
  // and want nothing that takes time.
  #serve(
    req: http.IncomingMessage,
    res: http.ServerResponse,
    target: Target,
    params: Record<string, string>,
  ): Promise<void> | undefined {
    const started = this.#kernel.clock.micros();
    const take = (body: Body): Promise<void> | undefined =>
      this.#take(new Received(req, params, body, this.options.publicUrl), req.socket, res, target, started);
    if (!announcesBody(req)) return take(NO_BODY);
    const broke = (error: unknown): void => this.#broke(req, error);
    readBody(req, this.options.maxBody ?? MAX_BODY, (body) => {
      if (!body) return void req.socket.destroy();
      try {
        take(body)?.catch(broke);
      } catch (error) {
        broke(error);
      }
    });
    return undefined;
  }

  #take(
    request: Request,
    socket: Socket,
    res: http.ServerResponse,
    { info, handler }: Target,
    started: number,
  ): Promise<void> | undefined {
    const { options } = this;
    const type = info.type?.startsWith(':') ? request.params[info.type.slice(1)] : info.type;
    const id = options.internal ? 0 : this.#journalRequest(request, info, type);
    const exchange = new Passing(id, options, info, type, () => socketWire(this.#below(socket)), request);
    const answer = (reply: Reply | undefined, ended?: string): void => {
      // Who hung up meanwhile hears nothing of it, however well it went.
      const severed = ended ?? reply?.delivery?.sever?.how ?? (socket.destroyed ? 'gone' : undefined);
      if (!options.internal) this.#journalReply(exchange, reply, severed, this.#kernel.clock.micros() - started);
      if (!reply || socket.destroyed) return;
      if (reply.delivery) this.#deliver(res, reply, reply.delivery, this.#headers(request));
      else REPLIES.add({ res, reply, more: this.#headers(request) });
    };
    const reply = this.#handle(new Dealing(this.#kernel, request, exchange, socket), handler);
    if (!(reply instanceof Promise)) {
      answer(reply);
      return undefined;
    }
    return reply.then(answer, (error) => {
      if (!(error instanceof Severed)) throw error;
      answer(undefined, error.how);
    });
  }

  #deliver(res: http.ServerResponse, reply: Reply, delivery: Delivery, more?: Headers): void {
    const { status, headers, body = '', stream } = reply;
    const socket = res.socket!;
    const bytes = Buffer.from(body as string);
    const length = !delivery.chunked && !stream && { 'content-length': bytes.length };
    res.writeHead(status, { ...more, ...headers, ...length });
    res.flushHeaders();
    const tools = { clock: this.#kernel.clock, out: res, socket, below: this.#below(socket) };
    if (!stream) return void deliver(bytes, delivery, tools).then((whole) => whole && res.end());
    const closed = new Promise<void>((resolve) => res.on('close', () => resolve()));
    stream(delivering(delivery, tools, closed), closed)?.then(
      () => res.end(),
      () => res.destroy(),
    );
  }

  // Node writes the true time; a place whose clock is wrong shows that.
  #headers(request: Request): Readonly<Record<string, string>> | undefined {
    const { clock } = this.#kernel;
    const more = this.options.replyHeaders?.(request);
    if (!(clock instanceof OffsetClock) || clock.offset === 0) return more;
    return { date: new Date(clock.now()).toUTCString(), ...more };
  }

  #handle(context: Context, handler: Handler): Reply | Promise<Reply> {
    if (this.#meets('request', context)) return this.#settle(context, this.#underRules(context, handler));
    let reply: Reply | Promise<Reply>;
    try {
      reply = begin(context, handler);
    } catch (error) {
      reply = this.#failed(context, error);
    }
    if (reply instanceof Promise) return this.#settle(context, reply);
    // What is done at once meets no rule that it did not meet before.
    if (!this.#kernel.rules.any) return reply;
    if (!this.#meets('reply', context) && !this.#meets('body', context)) {
      this.#remember(context, reply);
      return reply;
    }
    return this.#settle(context, Promise.resolve(reply));
  }

  #meets(hook: Hook, { exchange }: Context): boolean {
    return !this.options.internal && this.#kernel.rules.meets(hook, exchange);
  }

  async #underRules(context: Context, handler: Handler): Promise<Reply> {
    await this.#kernel.rules.fire('request', context.exchange);
    return begin(context, handler);
  }

  async #settle(context: Context, handled: Promise<Reply>): Promise<Reply> {
    const { exchange } = context;
    try {
      exchange.reply = await handled;
    } catch (error) {
      exchange.reply = this.#failed(context, error);
    }
    const own = exchange.reply;
    const before = this.#answered.get(exchange.client ?? '');
    if (before) exchange.previous = { reply: before };
    // Rules may have come meanwhile.
    for (const hook of ['reply', 'body'] as const)
      if (this.#meets(hook, context))
        await this.#kernel.rules.fire(hook, exchange).catch((error) => {
          exchange.reply = this.#failed(context, error);
        });
    this.#remember(context, own);
    return exchange.reply;
  }

  // For rules, so only while there are some.
  #remember({ exchange: { client } }: Context, reply: Reply): void {
    if (this.options.internal || !this.#kernel.rules.any) return;
    if (client !== undefined && !reply.stream) this.#answered.set(client, reply);
  }

  // The reply to a call that threw. @throws Severed
  #failed({ request, exchange }: Context, error: unknown): Reply {
    if (error instanceof Severed) throw error;
    const { renderError } = this.options;
    if (error instanceof Rejected) return renderError(error.error, error.params, request);
    this.#kernel.report(error, { sim: exchange.sim, tenant: exchange.tenant, cause: exchange.id });
    return renderError('internal', { message: 'the simulator failed; see the journal' }, request);
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
    return this.#kernel.journal.note({ sim, tenant, kind: 'request', data });
  }

  #journalReply(exchange: Exchange, reply: Reply | undefined, severed: string | undefined, micros: number): void {
    const { sim, tenant } = this.options;
    this.#kernel.journal.note({
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

const MAX_BODY = 16 * 1024 * 1024;

// Waiting for the end of a request that announces no body would be a third of what a read costs.
const announcesBody = ({ headers }: http.IncomingMessage): boolean =>
  headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;

// Calls back once, with nothing where the request was cut short. No promise: most bodies come in one piece, at once.
function readBody(req: http.IncomingMessage, limit: number, onEnd: (body: Body | undefined) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let over = false;
  const end = (body?: Body): void => {
    if (over) return;
    over = true;
    onEnd(body);
  };
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    // The rest is read and thrown away, so that the client hears why; a client that never ends is cut off.
    if (size > 4 * limit) end();
    if (size <= limit) chunks.push(chunk);
  });
  req.on('end', () =>
    end({ bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks), oversize: size > limit ? limit : undefined }),
  );
  req.on('error', () => end());
  req.on('close', () => end());
}

function begin(context: Context, handler: Handler): Reply | Promise<Reply> {
  const { oversize } = context.request;
  if (oversize) context.exchange.reject('invalid', { message: `the body exceeds ${oversize} bytes` });
  return handler(context);
}

// What an event-stream reader may leave unread before it is dropped, in bytes.
const MAX_UNREAD = 64 * 1024 * 1024;

type Headers = Readonly<Record<string, string>>;

// Names and values in a row, but for the length: what is not copied into an object need not be taken out of it again.
function merged(more: Headers, own: Headers): string[] {
  const list: string[] = [];
  for (const name in more) if (own[name] === undefined && name !== 'content-length') list.push(name, more[name]!);
  for (const name in own) if (name !== 'content-length') list.push(name, own[name]!);
  return list;
}

// Bytes of a body that node:net writes, with a head, from the stack.
const ONE_PIECE = 12 * 1024;

function send(res: http.ServerResponse, reply: Reply, more: Headers = {}): void {
  if (reply.stream) {
    res.writeHead(reply.status, { ...more, ...reply.headers });
    res.flushHeaders();
    const closed = new Promise<void>((resolve) => res.on('close', () => resolve()));
    // Whoever writes without waiting (a burst of events) shares one wait with those before.
    let drained: Promise<void> | undefined;
    const write = (text: string | Uint8Array): Promise<void> => {
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
  if (reply.copies && reply.copies > 1) repeat(res, reply.copies - 1);
  const { body = '' } = reply;
  const none = reply.status === 204;
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const headers = merged(more, reply.headers ?? {});
  if (!none) headers.push('content-length', String(length));
  res.writeHead(reply.status, headers);
  // A text goes out together with the head, in one piece; one without any other letters as it lies in memory. Bytes would
  // be a piece of their own, which costs more than to copy them while they are few.
  if (none) res.end();
  else if (typeof body === 'string') res.end(body, length === body.length ? 'latin1' : 'utf8');
  else if (length <= ONE_PIECE) res.end(body.toString('latin1'), 'latin1');
  else res.end(body);
}

const REPLIES = new TurnEnd<{ res: http.ServerResponse; reply: Reply; more?: Headers }>(({ res, reply, more }) => {
  if (!res.socket?.destroyed) send(res, reply, more);
});

// What is written for this reply goes out again, byte for byte, when all of it was written.
function repeat(res: http.ServerResponse, times: number): void {
  const { socket } = res;
  if (!socket) return;
  const written: Buffer[] = [];
  const { write } = socket;
  socket.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
    written.push(
      typeof chunk === 'string' ? Buffer.from(chunk, typeof rest[0] === 'string' ? rest[0] : 'utf8') : Buffer.from(chunk),
    );
    return write.call(socket, chunk, ...rest);
  }) as Socket['write'];
  // Before the server goes on to the answer to what was asked for next on this connection.
  res.prependListener('finish', () => {
    socket.write = write;
    for (let n = 0; n < times; n++) if (!socket.destroyed) socket.write(Buffer.concat(written));
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
