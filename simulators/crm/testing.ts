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
