/**
 * One control API in front of a sandbox that runs as several processes (docker-compose.yml): each call goes to the process
 * that holds the part it names, to all of them where it names none. It keeps nothing and checks no token: the caller's goes
 * along, and the processes check it.
 *
 *   SYNCPROOF_GATEWAY_PROCESSES   control URLs, separated by commas
 *   SYNCPROOF_GATEWAY_PORT        where to listen (4000), on SYNCPROOF_UP_HOST (127.0.0.1)
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pathToFileURL } from 'node:url';

interface Call {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body?: string;
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

interface Process {
  process: string;
  parts: { name: string; sim: string; tenant: string }[];
}

class GatewayError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface Operation {
  parameters?: { name: string; schema: { enum?: string[] } }[];
}
interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
}

/** The same operation of two processes: each has sites of its own. */
const bothNames = (one: Operation, other: Operation): Operation => ({
  ...one,
  parameters: one.parameters?.map((parameter, i) => {
    const names = [...(parameter.schema.enum ?? []), ...(other.parameters?.[i]?.schema.enum ?? [])];
    return names.length > 0 ? { ...parameter, schema: { ...parameter.schema, enum: [...new Set(names)] } } : parameter;
  }),
});

/** How the answers of several processes become one; the first refusal stands for all. */
type Merge = (answers: Answer[]) => Answer;

const refusal = (answers: Answer[]): Answer | undefined => answers.find(({ status }) => status >= 400);
/** Lists are joined, counts added; of anything else the first process's is kept. */
const joined: Merge = (answers) => {
  const merged: Record<string, unknown> = {};
  for (const { body } of answers)
    for (const [key, value] of Object.entries(body)) {
      const before = merged[key];
      if (Array.isArray(value) && Array.isArray(before)) merged[key] = [...before, ...value];
      else if (typeof value === 'number' && typeof before === 'number') merged[key] = before + value;
      else merged[key] = before ?? value;
    }
  return refusal(answers) ?? { status: 200, body: merged };
};
/** For what only one of the processes knows: the one that did not refuse. */
const found: Merge = (answers) => answers.find(({ status }) => status < 400) ?? answers[0]!;

export class Gateway {
  #urls: string[];
  constructor(urls: string[]) {
    this.#urls = urls;
  }

  /** Answers one call. */
  async answer(call: Call): Promise<Answer> {
    const { pathname } = call.url;
    const [, , group, name, rest] = pathname.split('/');
    const route = `${call.method} /v1/${group}`;
    if (group === 'sites' && name) return this.#one(call, rest === 'link' ? `${name}-hl7` : name);
    if (group === 'crm') return this.#one(call, 'crm');
    if (route === 'GET /v1/health' || route === 'GET /v1/gates' || route === 'DELETE /v1/rules' || route === 'DELETE /v1/plans')
      return (name ? found : joined)(await this.#all(call));
    if (route === 'POST /v1/gates') return this.#release(call, name!);
    if (route === 'GET /v1/rules' || route === 'GET /v1/plans') return joined(await this.#all(call));
    if (route === 'POST /v1/schedules') return joined(await this.#all(call));
    if (route === 'POST /v1/rules' || route === 'POST /v1/plans') return this.#arm(call);
    if (route === 'GET /v1/parts') return this.#parts(call);
    if (['GET /v1/faults', 'POST /v1/journal'].includes(route)) return this.#send(this.#urls[0]!, call);
    if (route === 'GET /v1/openapi.json') return this.#openApi(call);
    if (route === 'POST /v1/snapshots' || route === 'POST /v1/restore') return this.#whole(call);
    if (route === 'GET /v1/snapshots') return this.#send(this.#urls[0]!, call);
    throw new GatewayError(501, `each process has its own ${group ?? 'root'}: ask ${this.#urls.join(', ')}`);
  }

  async #send(base: string, { method, url, headers, body }: Call): Promise<Answer> {
    try {
      const reply = await fetch(new URL(url.pathname + url.search, base), { method, headers, body });
      return { status: reply.status, body: (await reply.json()) as Answer['body'] };
    } catch (error) {
      const { cause, message } = error as Error;
      throw new GatewayError(502, `${base} does not answer: ${(cause as Error | undefined)?.message ?? message}`);
    }
  }

  #all(call: Call, urls = this.#urls): Promise<Answer[]> {
    return Promise.all(urls.map((url) => this.#send(url, call)));
  }

  async #processes(call: Call): Promise<{ url: string; answer: Answer; info: Process }[]> {
    const parts = { ...call, method: 'GET', url: new URL('/v1/parts', call.url), body: undefined };
    const answers = await this.#all(parts);
    const refused = refusal(answers);
    if (refused) throw new GatewayError(refused.status, String(refused.body.error));
    return answers.map((answer, index) => ({ url: this.#urls[index]!, answer, info: answer.body as unknown as Process }));
  }

  async #one(call: Call, part: string): Promise<Answer> {
    const processes = await this.#processes(call);
    const owner = processes.find(({ info }) => info.parts.some(({ name }) => name === part));
    if (!owner)
      throw new GatewayError(
        404,
        `no process holds ${part}; there are ${processes.flatMap(({ info }) => info.parts.map(({ name }) => name)).join(', ')}`,
      );
    return this.#send(owner.url, call);
  }

  async #parts(call: Call): Promise<Answer> {
    const processes = await this.#processes(call);
    const { seed, runKey } = processes[0]!.answer.body;
    const parts = processes.flatMap(({ info }) => info.parts.map((part) => ({ ...part, process: info.process })));
    return {
      status: 200,
      body: {
        process: 'control',
        seed,
        runKey,
        processes: processes.map(({ url, answer }) => ({ url, ...answer.body, parts: undefined })),
        parts,
      },
    };
  }

  // Each process counts its parked calls by itself: an id that two of them have is released in neither.
  async #release(call: Call, id: string): Promise<Answer> {
    const lists = await this.#all({ ...call, method: 'GET', url: new URL('/v1/gates', call.url), body: undefined });
    const holders = this.#urls.filter((_, index) =>
      (lists[index]!.body.parked as { id: string }[] | undefined)?.some((parked) => parked.id === id),
    );
    if (holders.length > 1)
      throw new GatewayError(409, `a call is parked as ${id} in ${holders.join(' and ')}: release it there`);
    return refusal(lists) ?? this.#send(holders[0] ?? this.#urls[0]!, call);
  }

  // Each process arms what a part of it can suffer; what none can is a mistake, and then nothing is armed anywhere.
  async #arm(call: Call): Promise<Answer> {
    const url = new URL(call.url);
    url.searchParams.set('partial', 'true');
    const answers = await this.#all({ ...call, url });
    const left = answers.map(({ body }) => (body.elsewhere ?? []) as { index: number; error: string }[]);
    const nowhere = left[0]!.find(({ index }) => left.every((some) => some.some((one) => one.index === index)));
    const refused = refusal(answers) ?? (nowhere && { status: 422, body: { error: nowhere.error } });
    if (!refused) return { status: 200, body: { ...joined(answers).body, elsewhere: undefined } };
    for (const [n, { body }] of answers.entries())
      for (const { id } of (body.rules ?? []) as { id: string }[]) {
        const heal = new URL(`/v1/rules/${encodeURIComponent(id)}`, call.url);
        await this.#send(this.#urls[n]!, { ...call, method: 'DELETE', url: heal, body: undefined });
      }
    return refused;
  }

  async #openApi(call: Call): Promise<Answer> {
    const answers = await this.#all(call);
    const refused = refusal(answers);
    if (refused) return refused;
    const documents = answers.map(({ body }) => body as unknown as OpenApi);
    const paths: OpenApi['paths'] = {};
    for (const document of documents)
      for (const [path, methods] of Object.entries(document.paths))
        for (const [method, operation] of Object.entries(methods)) {
          paths[path] ??= {};
          paths[path][method] = paths[path][method] ? bothNames(paths[path][method], operation) : operation;
        }
    const schemas = Object.assign({}, ...documents.map(({ components }) => components.schemas));
    return { status: 200, body: { ...answers[0]!.body, paths, components: { ...documents[0]!.components, schemas } } };
  }

  // The first process takes it for all, and keeps the folder.
  async #whole(call: Call): Promise<Answer> {
    const [first, ...others] = this.#urls;
    const body = { ...(JSON.parse(call.body || '{}') as Record<string, unknown>), peers: others };
    return this.#send(first!, { ...call, body: JSON.stringify(body) });
  }

  /** Serves until closed. Port 0 takes a free one. */
  async listen(port: number, host: string): Promise<Server> {
    const server = createServer((request, reply) => void this.#serve(request, reply));
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
    return server;
  }

  async #serve(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    let answer: Answer;
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const headers: Record<string, string> = { 'content-type': request.headers['content-type'] ?? 'application/json' };
      for (const [name, value] of Object.entries(request.headers))
        if (name === 'authorization' || name.startsWith('x-syncproof-')) headers[name] = String(value);
      const body = chunks.length > 0 ? Buffer.concat(chunks).toString() : undefined;
      answer = await this.answer({ method: request.method!, url: new URL(request.url!, 'http://control'), headers, body });
    } catch (error) {
      const status = error instanceof GatewayError ? error.status : error instanceof SyntaxError ? 400 : 500;
      answer = { status, body: { error: (error as Error).message } };
    }
    reply.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { SYNCPROOF_GATEWAY_PROCESSES = '', SYNCPROOF_GATEWAY_PORT = '4000', SYNCPROOF_UP_HOST = '127.0.0.1' } = process.env;
  const urls = SYNCPROOF_GATEWAY_PROCESSES.split(',').filter(Boolean);
  if (urls.length === 0) {
    console.error('SYNCPROOF_GATEWAY_PROCESSES is empty: it must hold the control URLs of the processes');
    process.exit(2);
  }
  const server = await new Gateway(urls).listen(Number(SYNCPROOF_GATEWAY_PORT), SYNCPROOF_UP_HOST);
  console.log(`control API of ${urls.length} processes on port ${SYNCPROOF_GATEWAY_PORT}`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close().closeAllConnections());
}
