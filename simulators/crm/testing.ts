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

/** One call of the SOAP API: its status, and the body behind the header. */
export async function soapCall(
  crm: Pick<TestCrm, 'url' | 'token'>,
  body: string,
  options: { header?: string; token?: string; path?: 'u' | 'c'; edition?: 'partner' | 'enterprise' } = {},
): Promise<{ status: number; text: string }> {
  const { header = '', token = crm.token, edition = 'partner', path = edition === 'partner' ? 'u' : 'c' } = options;
  const session = `<urn:SessionHeader><urn:sessionId>${token}</urn:sessionId></urn:SessionHeader>`;
  const envelope = `<?xml version="1.0"?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:${edition}.soap.sforce.com" xmlns:ens="urn:sobject.${edition}.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><env:Header>${session}${header}</env:Header><env:Body>${body}</env:Body></env:Envelope>`;
  const reply = await fetch(`${crm.url}/services/Soap/${path}/60.0/00D000000000001`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml', soapaction: '""' },
    body: envelope,
  });
  const text = await reply.text();
  return { status: reply.status, text: /<soapenv:Body>([\s\S]*)<\/soapenv:Body>/.exec(text)?.[1] ?? text };
}
