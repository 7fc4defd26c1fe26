import { type Context, type Face, jsonReply, type Reply } from '../http.ts';
import { type Mistake, RuleError } from '../rule.ts';
import { ScheduleError } from '../schedules.ts';
import { mistakesIn, type Schema } from '../schema.ts';
import { SnapshotError } from '../snapshots/folder.ts';
import { fieldOf, told } from './schema.ts';

/** A mistake in a control call: answered with this status and message. */
export class ControlError extends Error {
  readonly status: number;
  /** What is wrong where, when the body is not as the route asks. */
  readonly mistakes?: readonly { field: string; why: string }[];
  constructor(status: number, message: string, found?: readonly Mistake[]) {
    super(message);
    this.status = status;
    this.mistakes = found?.map((one) => ({ field: fieldOf(one), why: one.message }));
  }
}

/** A control call, checked: what it brings is as its route declares. */
export interface Call<Body = unknown> {
  context: Context;
  params: Record<string, string>;
  query: Record<string, string | number | boolean | undefined>;
  body: Body;
}

/**
 * A route of the control API, all that is known of it in one place: the handler below is given what this says, and the
 * OpenAPI document and the typed client are printed from it.
 */
export interface ControlRoute<Body = never> {
  method: 'GET' | 'POST' | 'DELETE' | 'PUT';
  /** `/v1/sites/:site/commits` */
  path: string;
  operation: string;
  doc: string;
  /** Parameters of the path that are more than a text. */
  params?: Readonly<Record<string, Schema>>;
  /** Parameters of the query; all may be absent. */
  query?: Readonly<Record<string, Schema>>;
  /** More parameters of the query are taken as they come. */
  openQuery?: string;
  /** Form of the JSON body; none is read when absent. */
  body?: Schema;
  /** The handler holds the body against its form, and says more of it than that. */
  own?: boolean;
  /** The handler reads the body by itself: it may be YAML, too. */
  raw?: boolean;
  /** The body may be left out. */
  optional?: boolean;
  /** Form of what is answered with 200. */
  answer: Schema;
  /** Other ways to be answered, by content type. */
  also?: Readonly<Record<string, string>>;
  /** Answers without the token. */
  open?: boolean;
  run: (call: Call<Body>) => unknown;
}

/** What a mounted route says of itself to the document. */
export interface Contract extends Omit<ControlRoute, 'run'> {
  /** Values of this mount for parameters that the path is declared with. */
  fixed: Readonly<Record<string, string>>;
}

/** Adds a route to the control face. With `fixed`, some parameters of its path are written out, as the name of a site is. */
export function mount<Body>(face: Face, route: ControlRoute<Body>, fixed: Readonly<Record<string, string>> = {}): void {
  const path = route.path.replace(/:(\w+)/g, (whole, name: string) => fixed[name] ?? whole);
  const { run, ...rest } = route;
  const contract: Contract = { ...rest, fixed };
  const { operation, doc } = route;
  face.route(route.method, path, { operation, doc, tier: 'semantic', contract }, async (context) => {
    try {
      const value = await run(checked(route, context));
      return isReply(value) ? value : jsonReply(200, value ?? {});
    } catch (error) {
      return refusal(error);
    }
  });
}

const STATUS = { absent: 404, taken: 409, damaged: 422, foreign: 422, refused: 400 } as const;

function refusal(error: unknown): Reply {
  if (error instanceof ControlError)
    return jsonReply(error.status, { error: error.message, ...(error.mistakes && { mistakes: error.mistakes }) });
  if (error instanceof RuleError) return jsonReply(error.elsewhere ? 422 : 400, { error: error.message });
  if (error instanceof ScheduleError) return jsonReply(400, { error: error.message });
  if (error instanceof SnapshotError) return jsonReply(STATUS[error.kind], { error: error.message });
  throw error;
}

const isReply = (value: unknown): value is Reply =>
  typeof value === 'object' && value !== null && 'status' in value && typeof value.status === 'number' && 'headers' in value;

function checked<Body>(route: ControlRoute<Body>, context: Context): Call<Body> {
  const { request } = context;
  const body = route.body && !route.raw ? bodyOf(context, route.optional) : undefined;
  const found = [...queryMistakes(route, request.query)];
  if (route.body && !route.own && !route.raw && !(route.optional && body === undefined))
    found.push(...mistakesIn(route.body, body));
  for (const [name, schema] of Object.entries(route.params ?? {}))
    if (request.params[name] !== undefined) found.push(...mistakesIn(schema, request.params[name], [name]));
  if (found.length > 0) throw new ControlError(400, found.map(told).join('\n'), found);
  const query = Object.fromEntries(
    Object.entries(route.query ?? {}).map(([name, schema]) => [name, parsed(request.query.get(name), schema)]),
  );
  return { context, params: request.params, query, body: body as Body };
}

function bodyOf({ request }: Context, optional = false): unknown {
  const text = request.body.toString();
  if (text === '') return optional ? undefined : null;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ControlError(400, `the body is not JSON: ${(error as Error).message}`);
  }
}

function parsed(value: string | null, { type, default: otherwise }: Schema): string | number | boolean | undefined {
  if (value === null) return otherwise as string | number | boolean | undefined;
  if (type === 'integer' || type === 'number') return value.trim() === '' ? Number.NaN : Number(value);
  return type === 'boolean' ? value === 'true' : value;
}

function queryMistakes({ query = {}, openQuery }: Pick<ControlRoute, 'query' | 'openQuery'>, given: URLSearchParams): Mistake[] {
  return [...given.keys()].flatMap((name): Mistake[] => {
    const schema = Object.hasOwn(query, name) ? query[name]! : undefined;
    if (!schema) {
      if (openQuery) return [];
      return mistakesIn({ type: 'object', properties: query, additionalProperties: false }, { [name]: given.get(name) });
    }
    const text = given.get(name)!;
    if (schema.type === 'boolean' && !['true', 'false'].includes(text))
      return [{ path: [name], message: `must be true or false, not ${JSON.stringify(text)}` }];
    const value = parsed(text, schema);
    return mistakesIn(schema, Number.isNaN(value) ? text : value, [name]);
  });
}
