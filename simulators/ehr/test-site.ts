import { readFileSync } from 'node:fs';
import { importPKCS8, type JWTHeaderParameters, SignJWT } from 'jose';
import { type Clock, ControlApi, KERNEL_FAULTS, Kernel, type KernelOptions } from '#kernel';
import { RESOURCE_TYPES } from './engine/definitions.ts';
import { createEhrSite, EHR_FAULTS, type EhrSite, type EhrSiteOptions, type Resource } from './index.ts';
import { PRIVATE_KEY_FILE } from './smart/reference-client.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests look into JSON as it comes
export type Json = any;

export const OID = '1.2.840.114350.1.13.999.2.7.5.737384.14';
export const BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const ALL = [
  ...[...RESOURCE_TYPES, 'Subscription', 'SubscriptionTopic'].map((type) => `system/${type}.*`),
  'athena/service/Athenanet.MDP.*',
];

/** A site on a free port with a client that may do everything, for tests. */
export interface TestSite {
  kernel: Kernel;
  site: EhrSite;
  fhir: string;
  token: string;
  /** Access token of `all`. */
  bearer: string;
  /** A call on the FHIR face with the token of `all`, in JSON unless headers say otherwise. */
  call(path: string, init?: RequestInit): Promise<Response>;
  /** Body of a GET. */
  get(path: string): Promise<Json>;
  close(): Promise<void>;
}

export async function startSite(
  options: Partial<EhrSiteOptions> & {
    clock?: Clock;
    data?: string;
    accessToken?: string;
    kernel?: KernelOptions;
  } = {},
): Promise<TestSite> {
  const { clock, data, accessToken, kernel: more, ...rest } = options;
  const kernel = new Kernel({ clock, data, faults: [...KERNEL_FAULTS, ...EHR_FAULTS], ...more });
  const site = createEhrSite(kernel, {
    name: 'north',
    vendor: 'epic',
    authority: OID,
    timeZone: 'America/Chicago',
    clients: [{ id: 'all', publicJwk: jwk(), secret: 'all-secret', scopes: ALL }],
    ...rest,
  });
  await site.start({ host: '127.0.0.1', ports: { http: 0 } });
  const { fhir, token } = site.describe().addresses as { fhir: string; token: string };
  const bearer = accessToken ?? (await fetchToken(kernel, token, 'all')).access_token;
  const practice = site.vendor.overlay.house?.['ah-practice'] && site.describe().credentials.tenant;
  const addressed = (url: string): string =>
    practice && url.startsWith(fhir) && !/[?&]ah-practice=/.test(url)
      ? `${url}${url.includes('?') ? '&' : '?'}ah-practice=Organization/a-1.Practice-${practice}`
      : url;
  const call = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(addressed(path.startsWith('http') ? path : `${fhir}${path}`), {
      ...init,
      headers: {
        accept: 'application/fhir+json',
        authorization: `Bearer ${bearer}`,
        ...(init.headers as Record<string, string>),
      },
    });
  return {
    kernel,
    site,
    fhir,
    token,
    bearer,
    call,
    get: async (path) => (await call(path)).json(),
    close: async () => {
      await site.stop();
      kernel.close();
    },
  };
}

const jwk = () =>
  JSON.parse(readFileSync(new URL('../../fixtures/credentials/subject-public.jwk.json', import.meta.url), 'utf8'));

/** A client assertion by the fixed test key; claims and header may be replaced, undefined removes. */
export async function assertion(
  kernel: Kernel,
  aud: string,
  client: string,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  pem = readFileSync(PRIVATE_KEY_FILE, 'utf8'),
): Promise<string> {
  const now = Math.floor(kernel.clock.now() / 1000);
  const full = { iss: client, sub: client, aud, exp: now + 240, iat: now, jti: `jti-${kernel.count('test.jti')}`, ...claims };
  const head = { alg: 'RS384', kid: 'syncproof-subject-1', ...header } as JWTHeaderParameters;
  return new SignJWT(full).setProtectedHeader(head).sign(await importPKCS8(pem, head.alg!));
}

export const form = (assertion: string, more: Record<string, string> = {}): URLSearchParams =>
  new URLSearchParams({ grant_type: 'client_credentials', client_assertion_type: BEARER, client_assertion: assertion, ...more });

/** Asks for all scopes in the name of `all`: some vendors give none that was not asked for. */
export async function fetchToken(
  kernel: Kernel,
  token: string,
  client: string,
  scope = client === 'all' ? ALL.join(' ') : '',
): Promise<Json> {
  const more: Record<string, string> = scope ? { scope } : {};
  return (await fetch(token, { method: 'POST', body: form(await assertion(kernel, token, client), more) })).json();
}

/** A token of an app with these scopes only. */
export async function narrowToken({ kernel, site, token }: TestSite, scopes: readonly string[]): Promise<string> {
  site.clients.add({ id: 'narrow', publicJwk: jwk(), secret: 'narrow-secret', scopes }, site.vendor.capability);
  return (await fetchToken(kernel, token, 'narrow', scopes.join(' '))).access_token;
}

/** A control face over the site, on a free port. */
export async function startControl({ kernel, site }: TestSite): Promise<{ url: string; close(): Promise<void> }> {
  const control = new ControlApi(kernel, [site]);
  await control.start({ host: '127.0.0.1', port: 0 });
  return { url: control.face.url()!, close: () => control.face.close() };
}

export const patient = (family: string, more: Partial<Resource> = {}): Resource => ({
  resourceType: 'Patient',
  active: true,
  name: [{ use: 'official', family, given: ['Ada', 'Mae'] }],
  gender: 'female',
  birthDate: '1984-02-29',
  telecom: [
    { system: 'phone', use: 'mobile', value: '312-555-0143' },
    { system: 'email', value: 'Ada@mail.example' },
  ],
  address: [{ use: 'home', line: ['1 Elm St'], city: 'Springfield', state: 'IL', postalCode: '62701', country: 'US' }],
  ...more,
});

/** Registers a patient with an MRN. @returns the id. */
export async function register(
  { site }: Pick<TestSite, 'site'>,
  family: string,
  mrn: string,
  more: Partial<Resource> = {},
): Promise<string> {
  const resource = patient(family, { identifier: [{ system: site.systems.mrn, value: mrn }], ...more });
  return (await site.commit({ act: 'register', changes: [{ op: 'create', type: 'Patient', resource }] })).resources[0]!.id;
}

export const appointment = (patientId: string, start: string, more: Partial<Resource> = {}): Resource => ({
  resourceType: 'Appointment',
  status: 'booked',
  start,
  end: new Date(Date.parse(start) + 1_800_000).toISOString(),
  participant: [{ status: 'accepted', actor: { reference: `Patient/${patientId}` } }],
  ...more,
});
