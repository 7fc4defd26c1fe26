import { timingSafeEqual } from 'node:crypto';
import { type Context, Face, type Handler, jsonReply, type Reply } from './http.ts';
import type { EventDraft, JournalEvent } from './journal.ts';
import type { Kernel } from './kernel.ts';
import { ConfigurationError, type Part } from './part.ts';
import { type ArmedRule, type Rule, RuleError } from './rule.ts';
import type { Identity } from './tls.ts';

/** A mistake in a control call: answered with this status and message. */
export class ControlError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Reads a JSON body. @throws ControlError naming the position when it is not JSON. */
export function jsonBody<T>(context: Context): T {
  try {
    return JSON.parse(context.request.body.toString() || 'null') as T;
  } catch (error) {
    throw new ControlError(400, `the body is not JSON: ${(error as Error).message}`);
  }
}

/** Wraps a control handler: answers its value as JSON, and a ControlError or RuleError as a message with a status. */
export function controlHandler(run: (context: Context) => unknown): Handler {
  return async (context) => {
    try {
      const value = await run(context);
      return isReply(value) ? value : jsonReply(200, value ?? {});
    } catch (error) {
      if (error instanceof ControlError) return jsonReply(error.status, { error: error.message });
      if (error instanceof RuleError) return jsonReply(error.elsewhere ? 422 : 400, { error: error.message });
      throw error;
    }
  };
}

const isReply = (value: unknown): value is Reply =>
  typeof value === 'object' && value !== null && 'status' in value && typeof value.status === 'number' && 'headers' in value;

const NO_ROUTE = 'no such route; see GET /v1/openapi.json';

/** How anything outside drives a sandbox: JSON on its own port, under `/v1/`. */
export class ControlApi {
  readonly face: Face;
  #kernel: Kernel;
  #token?: string;
  #parts: Part[];

  /** @param options.token when given, each call (but health) needs `Authorization: Bearer <token>`. */
  constructor(kernel: Kernel, parts: Part[], options: { token?: string } = {}) {
    this.#kernel = kernel;
    this.#parts = parts;
    this.#token = options.token;
    this.face = new Face(kernel, {
      sim: 'control',
      tenant: 'control',
      name: 'control',
      internal: true,
      renderError: (error, params) =>
        jsonReply(error === 'not-found' ? 404 : 500, {
          error: String(params.message ?? NO_ROUTE),
        }),
      // Whoever looks around on this port is no less an intruder.
      fallback: (context) => (this.#allowed(context) ? jsonReply(404, { error: NO_ROUTE }) : this.#refuse(context)),
    });
    this.#guard();
    this.#routes();
    for (const part of parts) part.control(this.face);
  }

  /** @throws when asked to leave loopback without a token. */
  async start(options: { host: string; port: number; identity?: Identity }): Promise<void> {
    const loopback = ['127.0.0.1', '::1', 'localhost'].includes(options.host);
    if (!loopback && !this.#token)
      throw new ConfigurationError('the control API needs a token (--control-token) to listen beyond loopback');
    await this.face.listen({ host: options.host, port: options.port });
  }

  // Every route added to the face, the parts' own included, is guarded here and nowhere else.
  #guard(): void {
    const add = this.face.route.bind(this.face);
    this.face.route = (method, path, info, handler) =>
      add(method, path, info, (context) => {
        if (info.operation === 'health' || this.#allowed(context)) return handler(context);
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

  #routes(): void {
    const kernel = this.#kernel;
    const add = (method: string, path: string, operation: string, doc: string, run: (context: Context) => unknown) =>
      this.face.route(method, path, { operation, tier: 'semantic', doc }, controlHandler(run));

    add('GET', '/v1/health', 'health', 'Answers once every part listens.', () => ({
      status: 'ok',
      process: kernel.journal.process,
    }));
    add('GET', '/v1/openapi.json', 'openapi', 'This API, described in OpenAPI 3.1.', () => openApi(this.face, kernel));
    add('GET', '/v1/parts', 'parts', 'The mounted parts with addresses and credentials, seed and run key.', () => ({
      process: kernel.journal.process,
      incarnation: kernel.journal.incarnation,
      seed: kernel.seed,
      runKey: kernel.runKey,
      pid: process.pid,
      parts: this.#parts.map((part) => part.describe()),
    }));
    add(
      'GET',
      '/v1/journal',
      'journal',
      'Events after `after`: JSON, or Server-Sent Events when asked for text/event-stream (resumes by Last-Event-ID).',
      (c) => this.#journal(c),
    );
    add('POST', '/v1/journal', 'note', 'Adds events of the judge (kinds run, check, subject): an array of drafts.', (context) => {
      const drafts = jsonBody<EventDraft[]>(context);
      if (!Array.isArray(drafts)) throw new ControlError(400, 'the body must be an array of events');
      const foreign = drafts.find((draft) => !['run', 'check', 'subject'].includes(draft.kind));
      if (foreign) throw new ControlError(400, `events of kind ${JSON.stringify(foreign.kind)} are the simulators' own`);
      return kernel.database.transaction(() => ({ seqs: drafts.map((draft) => kernel.journal.append(draft).seq) }));
    });
    add('GET', '/v1/faults', 'faults', 'The catalogue of faults with their parameters.', () => ({
      faults: kernel.faults.map(({ name, family, doc, params, colour, hooks, lever }) => ({
        name,
        family,
        lever,
        doc,
        params,
        colour,
        hooks: Object.keys(hooks),
      })),
    }));
    add('GET', '/v1/rules', 'rules', 'The armed rules with their counters.', () => ({ rules: kernel.rules.list() }));
    add(
      'POST',
      '/v1/rules',
      'arm',
      'Arms one rule, or an array of rules (all or none; with ?partial, without those that no part of this process can suffer).',
      async (context) => {
        const body = jsonBody<Rule | Rule[]>(context);
        const rules = Array.isArray(body) ? body : [body];
        const partial = context.request.query.has('partial');
        return effectively(kernel, partial ? kernel.rules.armSome(rules) : { armed: kernel.rules.armAll(rules) });
      },
    );
    add('GET', '/v1/plans', 'plans', 'The armed plans with their rules.', () => ({ plans: plansOf(kernel) }));
    add(
      'POST',
      '/v1/plans',
      'arm-plan',
      'Arms a plan, {"name", "doc", "rules"}: YAML or JSON. Refused whole where it has a mistake, with line, reason and the nearest valid name. With ?partial, rules that no part of this process can suffer are left out and told.',
      async ({ request }) => {
        const partial = request.query.has('partial');
        const done = kernel.rules.armPlan(request.body.toString(), request.query.get('source') ?? 'body', partial);
        return effectively(kernel, done);
      },
    );
    add('DELETE', '/v1/plans/:name', 'heal-plan', 'Heals the rules of one plan.', ({ request }) => {
      const healed = kernel.rules.heal({ plan: request.params.name! });
      if (healed === 0) throw new ControlError(404, `no plan ${request.params.name} is armed`);
      return { healed };
    });
    add('DELETE', '/v1/rules', 'heal-all', 'Heals every rule.', () => ({ healed: kernel.rules.heal() }));
    add('DELETE', '/v1/rules/:id', 'heal', 'Heals one rule.', ({ request }) => {
      if (kernel.rules.heal(request.params.id) === 0) throw new ControlError(404, `no rule ${request.params.id} is armed`);
      return { healed: 1 };
    });
    add('GET', '/v1/gates', 'gates', 'The parked calls with the records that they touch.', () => ({
      parked: kernel.gates.list(),
    }));
    add('POST', '/v1/gates/:id/release', 'release', 'Lets one parked call go on.', ({ request }) => {
      if (!kernel.gates.release(request.params.id!)) throw new ControlError(404, `no call is parked as ${request.params.id}`);
      return { released: request.params.id };
    });
    add(
      'POST',
      '/v1/snapshot',
      'snapshot',
      'Writes all state of this process, its journal included, as a data folder: {"folder": path}. A process started with --data on it, or on copies of it, goes on from there.',
      (context) => {
        const { folder } = jsonBody<{ folder?: string }>(context) ?? {};
        if (!folder) throw new ControlError(400, 'say where: {"folder": "/path/to/a-new-folder"}');
        try {
          return { file: kernel.snapshot(folder) };
        } catch (error) {
          throw new ControlError(400, `no snapshot was written to ${folder}: ${(error as Error).message}`);
        }
      },
    );
  }

  #journal({ request }: Context): unknown {
    const { journal } = this.#kernel;
    const after = Number(request.headers['last-event-id'] ?? request.query.get('after') ?? 0);
    if (!Number.isInteger(after) || after < 0)
      throw new ControlError(400, `"after" must be a sequence number, not ${request.query.get('after')}`);
    if (!request.headers.accept?.includes('text/event-stream')) {
      const limit = Math.min(Number(request.query.get('limit') ?? 1000), 10_000);
      const events = journal.read({
        after,
        limit,
        kind: (request.query.get('kind') ?? undefined) as JournalEvent['kind'] | undefined,
      });
      return { head: journal.head, events };
    }
    const reply: Reply = {
      status: 200,
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
      stream: (write, closed) => {
        // A reader that is slow or gone must not hold up the sandbox: the shell drops it, and it resumes by id.
        const stop = journal.follow(after, (event) => write(`id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`));
        void closed.then(stop);
      },
    };
    return reply;
  }
}

// A standing fault that could not be set up leaves none of them armed.
async function effectively(
  kernel: Kernel,
  done: { armed: ArmedRule[]; elsewhere?: { index: number; error: string }[] },
): Promise<unknown> {
  try {
    await kernel.rules.effective();
  } catch (error) {
    for (const { id } of done.armed) kernel.rules.heal(id);
    throw error;
  }
  return { rules: done.armed, ...(done.elsewhere ? { elsewhere: done.elsewhere } : {}) };
}

function plansOf(kernel: Kernel): { name: string; rules: ArmedRule[] }[] {
  const plans = new Map<string, ArmedRule[]>();
  for (const rule of kernel.rules.list()) if (rule.plan) plans.set(rule.plan, [...(plans.get(rule.plan) ?? []), rule]);
  return [...plans].map(([name, rules]) => ({ name, rules }));
}

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

function openApi(face: Face, { rules: { schemas } }: Kernel): unknown {
  const bodies: Record<string, unknown> = {
    arm: { 'application/json': { schema: { anyOf: [ref('Rule'), { type: 'array', items: ref('Rule') }] } } },
    'arm-plan': { 'application/yaml': { schema: ref('Plan') }, 'application/json': { schema: ref('Plan') } },
  };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, path, operation, doc } of face.routes) {
    const template = path.replace(/:(\w+)/g, '{$1}');
    const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    }));
    const body = ['POST', 'PUT', 'PATCH'].includes(method)
      ? { requestBody: { content: bodies[operation] ?? { 'application/json': {} } } }
      : {};
    paths[template] = {
      ...paths[template],
      [method.toLowerCase()]: {
        operationId: `${operation}`,
        summary: doc,
        parameters,
        ...body,
        responses: { 200: { description: 'done' }, 400: { description: 'a mistake in the call; `error` says which' } },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Syncproof control API', version: '1' },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Rule: schemas.rule,
        Plan: {
          ...schemas.plan,
          properties: { ...schemas.plan.properties, rules: { ...schemas.plan.properties!.rules, items: ref('Rule') } },
        },
      },
    },
    paths,
  };
}
