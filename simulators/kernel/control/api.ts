import { timingSafeEqual } from 'node:crypto';
import { type Context, Face, jsonReply, type Reply } from '../http.ts';
import type { Kernel } from '../kernel.ts';
import { ConfigurationError, type Part } from '../part.ts';
import type { Snapshots } from '../snapshots/store.ts';
import { armPlanRoute, armRoute, faultRoutes, releaseRoute } from './fault-routes.ts';
import { journalRoutes } from './journal-routes.ts';
import { CallLimit, isLoopback } from './limits.ts';
import { openApi } from './openapi.ts';
import { pageRoute } from './page.ts';
import { processRoutes, scheduleRoute, timeRoute } from './process-routes.ts';
import { mount } from './route.ts';
import { type Restore, restoreRoute, snapshotRoutes } from './snapshot-routes.ts';

const NO_ROUTE = 'no such route; see GET /v1/openapi.json';

export interface ControlOptions {
  /** When given, each call (but health and the page) needs `Authorization: Bearer <token>`. */
  token?: string;
  /** Whether people find the page on this port; absent, they do. In a run nobody has the token for it. */
  page?: boolean;
  snapshots?: Snapshots;
  /** Whether an address may call as often as it likes; those of this host when absent. */
  near?: (address: string | undefined) => boolean;
}

/** How anything outside drives a sandbox: JSON on its own port, under `/v1/`. */
export class ControlApi {
  readonly face: Face;
  /** Puts the sandbox back; without it a restore is refused. */
  onRestore?: Restore;
  #kernel: Kernel;
  #token?: string;
  #ended = new AbortController();

  constructor(kernel: Kernel, parts: readonly Part[], options: ControlOptions = {}) {
    this.#kernel = kernel;
    this.#token = options.token;
    this.face = new Face(kernel, {
      sim: 'control',
      tenant: 'control',
      name: 'control',
      internal: true,
      admit: admission(kernel, options.near ?? isLoopback),
      renderError: (error, params) =>
        jsonReply({ 'not-found': 404, invalid: 413 }[error] ?? 500, { error: String(params.message ?? NO_ROUTE) }),
      // Whoever looks around on this port is no less an intruder.
      fallback: (context) => (this.#allowed(context) ? jsonReply(404, { error: NO_ROUTE }) : this.#refuse(context)),
    });
    this.#guard();
    if (options.page !== false) mount(this.face, pageRoute);
    for (const route of processRoutes(kernel, parts, () => openApi(this.face))) mount(this.face, route);
    for (const route of journalRoutes(kernel, this.#ended.signal)) mount(this.face, route as never);
    for (const route of [
      timeRoute(kernel),
      scheduleRoute(kernel),
      ...faultRoutes(kernel),
      armRoute(kernel),
      armPlanRoute(kernel),
      releaseRoute(kernel),
    ])
      mount(this.face, route as never);
    if (options.snapshots)
      for (const route of [...snapshotRoutes(options.snapshots), restoreRoute(options.snapshots, () => this.onRestore)])
        mount(this.face, route as never);
    for (const part of parts) part.control(this.face);
  }

  /** @throws when asked to leave loopback without a token. */
  async start(options: { host: string; port: number }): Promise<void> {
    const loopback = ['127.0.0.1', '::1', 'localhost'].includes(options.host);
    if (!loopback && !this.#token)
      throw new ConfigurationError('the control API needs a token (--control-token) to listen beyond loopback');
    await this.face.listen({ host: options.host, port: options.port });
  }

  /** Ends what follows the journal: each reader comes back and goes on where it was. */
  endStreams(): void {
    this.#ended.abort();
  }

  // Every route added to the face, the parts' own included, is guarded here and nowhere else.
  #guard(): void {
    const add = this.face.route.bind(this.face);
    this.face.route = (method, path, info, handler) =>
      add(method, path, info, (context) => {
        if (info.contract?.open || this.#allowed(context)) return handler(context);
        return this.#refuse(context);
      });
  }

  #refuse({ request: { method, path, headers } }: Context): Reply {
    this.#kernel.journal.append({ sim: 'control', kind: 'intruder', data: { method, path, agent: headers['user-agent'] } });
    return jsonReply(401, { error: 'this control API needs its token: Authorization: Bearer <token>' });
  }

  #allowed({ request }: Context): boolean {
    if (!this.#token) return true;
    const given = Buffer.from((request.headers.authorization ?? '').replace(/^Bearer /i, ''));
    const wanted = Buffer.from(this.#token);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }
}

function admission({ clock }: Kernel, near: (address: string | undefined) => boolean) {
  const limit = new CallLimit(clock);
  return (address: string | undefined): Reply | undefined => {
    if (near(address)) return undefined;
    const wait = limit.take(address ?? '');
    if (wait === undefined) return undefined;
    return jsonReply(429, { error: `too many calls: wait ${wait} s` }, { 'retry-after': String(wait) });
  };
}
