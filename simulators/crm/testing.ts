import net from 'node:net';
import { type JournalEvent, KERNEL_FAULTS, Kernel, type KernelOptions, ManualClock } from '#kernel';
import { CRM_DEFAULTS, CRM_FAULTS, type Crm, type CrmOptions, createCrm } from './index.ts';

/** A CRM that listens on a free port, with a client that is logged in; for the tests of this folder. */
export interface TestCrm {
  kernel: Kernel;
  clock: ManualClock;
  crm: Crm;
  url: string;
  /** Calls below `/services/data/v60.0/` (or an absolute path) with the token. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>;
  query(soql: string, headers?: Record<string, string>): Promise<Answered>;
  token: string;
  commits(): JournalEvent[];
  close(): Promise<void>;
}

export interface Answered {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: replies are looked into freely in tests
  body: any;
  headers: Headers;
}

export async function openCrm(options: CrmOptions & { kernel?: KernelOptions } = {}): Promise<TestCrm> {
  const clock = new ManualClock();
  const kernel = new Kernel({ clock, faults: [...KERNEL_FAULTS, ...CRM_FAULTS], ...options.kernel });
  const crm = createCrm(kernel, options);
  await crm.start({ host: '127.0.0.1', ports: { http: 0 } });
  const url = crm.face.url()!;
  const form = { grant_type: 'client_credentials', client_id: CRM_DEFAULTS.clientId, client_secret: CRM_DEFAULTS.clientSecret };
  const granted = await fetch(`${url}/services/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) });
  const { access_token: token } = (await granted.json()) as { access_token: string };
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answered> => {
    const full = path.startsWith('/') ? path : `/services/data/v60.0/${path}`;
    const reply = await fetch(url + full, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await reply.text();
    const json = reply.headers.get('content-type')?.includes('json');
    return { status: reply.status, body: json ? JSON.parse(text) : text, headers: reply.headers };
  };
  return {
    kernel,
    clock,
    crm,
    url,
    call,
    query: (soql, headers) => call('GET', `query?q=${encodeURIComponent(soql)}`, undefined, headers),
    token,
    commits: () => kernel.journal.read({ kind: 'commit' }).filter((event) => event.actor !== 'system'),
    close: async () => {
      await crm.stop();
      kernel.close();
    },
  };
}

/** What comes back on a connection of its own for bytes that are written to it, until `enough` or until it ends, and how it ends. `more` goes out with it. */
export function rawCall(
  url: string,
  { method, path, headers = {}, body = '' }: { method: string; path: string; headers?: Record<string, string>; body?: string },
  enough: (text: string) => boolean = () => false,
  more = '',
): Promise<{ text: string; end: 'enough' | 'closed' | 'reset' }> {
  const { hostname, port, host } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  const lines = { host, 'content-length': String(Buffer.byteLength(body)), ...headers };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n${body}${more}`);
  return new Promise((resolve) => {
    let text = '';
    const done = (end: 'enough' | 'closed' | 'reset'): void => {
      socket.destroy();
      resolve({ text, end });
    };
    socket.on('data', (chunk) => {
      text += chunk;
      if (enough(text)) done('enough');
    });
    socket.on('error', () => done('reset'));
    socket.on('close', () => done('closed'));
  });
}
