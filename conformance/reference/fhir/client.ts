import { type Audit, NO_AUDIT, shownIn } from '../audit.ts';
import { type Answer, type Http, retryAfterMs } from '../http.ts';
import { Failure, ofFurtherPage } from '../retry.ts';
import type { FhirSettings, Site } from '../settings.ts';
import type { Steps } from '../steps.ts';
import { type Appointment, mrnSystem, type Patient } from './map.ts';
import type { Token } from './token.ts';
import { type Athena, visitIds } from './visits.ts';

export type Resource = { resourceType: string; id?: string };
export type Bundle = Resource & { link?: { relation: string; url: string }[]; entry?: { resource?: Resource }[] };

/** A bulk export, had whole. */
/** What an export shows, and of when: a file at a time, as those of a large hospital do not fit into memory together. */
export type Export = { at: string; files: AsyncIterable<Resource[]> };

export type Fhir = {
  /** Logs in if need be, and says nothing else. */
  connect(): Promise<void>;
  /** Reads one resource or one page: a path below the base, or a link that the server gave. */
  read<T extends Resource>(pathOrLink: string): Promise<T>;
  /** All resources of that type that a search finds, over all its pages. */
  search<T extends Resource>(path: string, type: T['resourceType']): Promise<T[]>;
  /** Any other call, to the FHIR face or to athenahealth's v1 API: the answer as it came, whatever it says. */
  call(pathOrLink: string, init: { method: string; headers?: Record<string, string>; body?: string }): Promise<Answer>;
  /** Changes one resource; where a version is given, only if it still has that one. @throws Failure with the server's status. */
  patch(path: string, version: string | undefined, operations: object[]): Promise<void>;
  /** Starts a bulk export and waits for its end: the moment that it shows, the addresses of its files, patients first, and how many it says it left out. */
  startExport(path: string): Promise<{ at: string; files: string[]; errors: number }>;
  /** All resources of a file of an export; a file that breaks off is a failure. */
  download(file: string): Promise<Resource[]>;
  /** athenahealth: the FHIR ids of a patient's visits, which its FHIR face cannot list. Absent at other vendors. */
  listVisits?(patientId: string): Promise<string[]>;
};

type ExportManifest = { transactionTime?: string; output?: { type?: string; url: string }[]; error?: unknown[] };

/** How long to wait for an export where the server does not say. */
const EXPORT_POLL_MS = 100;

/** A client of one site's FHIR face. Throws `Failure`; a failed page fails the search, which is never a shorter result. */
export function openFhir(
  fhir: FhirSettings,
  http: Http,
  now: () => number,
  steps: Steps,
  pause: (ms: number) => Promise<void> = async () => {},
  audit: Audit = NO_AUDIT,
): Fhir {
  let token: Token | undefined;
  let renewal: Promise<Token> | undefined;

  function tellOf(action: 'read' | 'export', what: string[]): void {
    if (what.length > 0) audit({ who: fhir.clientId, action, what });
  }

  // Many requests find the token stale at once; one of them fetches the new one.
  async function authorization(): Promise<string> {
    if (steps.needsToken(token, now())) {
      renewal ??= steps.refreshToken(http, fhir, now).finally(() => {
        renewal = undefined;
      });
      token = await renewal;
    }
    return `Bearer ${token?.value}`;
  }

  async function get(url: URL, accept: string, again = true): Promise<unknown> {
    const sent = await authorization();
    const { status, headers, body } = await http(url.href, { headers: { accept, authorization: sent } });
    if (status === 401 && again) {
      if (sent === `Bearer ${token?.value}`) token = undefined;
      return get(url, accept, false);
    }
    if (status !== 200) throw new Failure(status, `fhir-${status}`, retryAfterMs(headers, now()));
    tellOf('read', shownIn(body));
    return body;
  }

  async function read<T extends Resource>(pathOrLink: string): Promise<T> {
    const url = sameOrigin(pathOrLink);
    if (fhir.athena && !url.searchParams.has('ah-practice'))
      url.searchParams.set('ah-practice', `Organization/a-1.Practice-${fhir.athena.practice}`);
    const body = await get(url, 'application/fhir+json');
    if (typeof (body as Resource | undefined)?.resourceType !== 'string') throw new Failure(0, 'not-fhir');
    return body as T;
  }

  async function search<T extends Resource>(path: string, type: T['resourceType']): Promise<T[]> {
    const found: T[] = [];
    const seen = new Set<string>();
    for (let page: string | undefined = path; page !== undefined; ) {
      if (seen.has(page)) throw new Failure(0, 'endless-paging');
      seen.add(page);
      const isFurther = seen.size > 1;
      const bundle: Bundle = await read<Bundle>(page).catch((error: unknown) => {
        throw isFurther ? ofFurtherPage(error) : error;
      });
      if (bundle.resourceType !== 'Bundle') throw new Failure(0, 'not-a-bundle');
      // Servers put warnings (OperationOutcome) among the matches.
      for (const { resource } of bundle.entry ?? []) if (resource?.resourceType === type) found.push(resource as T);
      page = steps.nextPage(bundle);
    }
    return found;
  }

  async function patch(path: string, version: string | undefined, operations: object[], again = true): Promise<void> {
    const sent = await authorization();
    const { status, headers } = await http(sameOrigin(path).href, {
      method: 'PATCH',
      headers: {
        accept: 'application/fhir+json',
        'content-type': 'application/json-patch+json',
        authorization: sent,
        ...(version !== undefined && { 'if-match': `W/"${version}"` }),
      },
      body: JSON.stringify(operations),
    });
    if (status === 401 && again) {
      if (sent === `Bearer ${token?.value}`) token = undefined;
      return patch(path, version, operations, false);
    }
    if (status >= 300) throw new Failure(status, `fhir-${status}`, retryAfterMs(headers, now()));
  }

  async function startExport(path: string): Promise<{ at: string; files: string[]; errors: number }> {
    const headers = { accept: 'application/fhir+json', prefer: 'respond-async', authorization: await authorization() };
    const kicked = await http(new URL(path, `${fhir.url}/`).href, { headers });
    const job = kicked.headers.get('content-location');
    if (kicked.status !== 202 || !job)
      throw new Failure(kicked.status, `export-${kicked.status}`, retryAfterMs(kicked.headers, now()));
    for (;;) {
      const authorized = { accept: 'application/json', authorization: await authorization() };
      const { status, headers: answered, body } = await http(sameOrigin(job).href, { headers: authorized });
      if (status === 200) {
        const { transactionTime = '', output = [], error = [] } = (body ?? {}) as ExportManifest;
        if (!Array.isArray(output) || Number.isNaN(Date.parse(transactionTime))) throw new Failure(0, 'not-a-manifest');
        // Visits name their patients by an id that is known once those are.
        const late = ({ type }: { type?: string }): number => Number(type !== 'Patient');
        const files = output.toSorted((a, b) => late(a) - late(b)).map(({ url }) => url);
        return { at: transactionTime, files, errors: error.length };
      }
      if (status !== 202 && status !== 429) throw new Failure(status, `export-${status}`, retryAfterMs(answered, now()));
      await pause(retryAfterMs(answered, now()) || EXPORT_POLL_MS);
    }
  }

  async function download(file: string): Promise<Resource[]> {
    const headers = { accept: 'application/fhir+ndjson', authorization: await authorization() };
    const { status, headers: answered, body } = await http(sameOrigin(file).href, { headers });
    if (status !== 200) throw new Failure(status, `export-file-${status}`, retryAfterMs(answered, now()));
    const resources = (body as Resource[] | undefined) ?? [];
    tellOf('export', resources.flatMap(shownIn));
    return resources;
  }

  async function call(pathOrLink: string, init: Parameters<Fhir['call']>[1]): Promise<Answer> {
    const own = [fhir.url, fhir.athena?.v1Url].flatMap((url) => (url ? [new URL(url).origin] : []));
    const url = new URL(pathOrLink, `${fhir.url}/`);
    if (!own.includes(url.origin)) throw new Failure(400, 'foreign-link');
    const headers = { accept: 'application/json', ...init.headers, authorization: await authorization() };
    const answer = await http(url.href, { ...init, headers });
    if (answer.status === 401 && headers.authorization === `Bearer ${token?.value}`) token = undefined;
    return answer;
  }

  // A link to another server would be handed our token.
  function sameOrigin(link: string): URL {
    const url = new URL(link, `${fhir.url}/`);
    if (url.origin !== new URL(fhir.url).origin) throw new Failure(400, 'foreign-link');
    return url;
  }

  return {
    startExport,
    download,
    patch,
    connect: async () => void (await authorization()),
    read,
    search,
    call,
    listVisits:
      fhir.athena &&
      (async (patientId) => {
        const ids = await visitIds(fhir.athena as Athena, patientId, (url) => get(url, 'application/json'));
        tellOf('read', [`Patient/${patientId}`, ...ids.map((id) => `Appointment/${id}`)]);
        return ids;
      }),
  };
}

/** The link to the next page, taken as it is: what it means is the server's secret. */
export function nextPage(bundle: Bundle): string | undefined {
  return bundle.link?.find((link) => link.relation === 'next')?.url;
}

/** The patient with exactly this MRN of this site, if the EHR has one. A search may find more than was asked for. */
export async function findPatient(fhir: Fhir, site: Site, mrn: string): Promise<Patient | undefined> {
  const found = await fhir.search<Patient>(`Patient?identifier=${encodeURIComponent(`${mrnSystem(site)}|${mrn}`)}`, 'Patient');
  return found.find((patient) => patient.identifier?.some((id) => id.system === mrnSystem(site) && id.value === mrn));
}

/** All appointments of a patient, over all pages. Most EHRs cannot say which of them changed; what is the same is not written again. */
export async function changedAppointments(fhir: Fhir, patientId: string): Promise<Appointment[]> {
  if (fhir.listVisits) {
    const ids = await fhir.listVisits(patientId);
    return ids.length === 0 ? [] : fhir.search<Appointment>(`Appointment?_id=${ids.join(',')}`, 'Appointment');
  }
  const query = `Appointment?patient=${encodeURIComponent(patientId)}`;
  const search = () => fhir.search<Appointment>(wantsDate.has(fhir) ? `${query}&${EVER}` : query, 'Appointment');
  try {
    return await search();
  } catch (error) {
    if (!(error instanceof Failure && error.code === 'fhir-400') || wantsDate.has(fhir)) throw error;
    wantsDate.add(fhir);
    return search();
  }
}

/** Cerner refuses a search for appointments without a date; others need none. What a server wants is learned once. */
const wantsDate = new WeakSet<Fhir>();
const EVER = 'date=ge1900-01-01T00:00:00Z';
