import { digest, Face, type Kernel, type ListenOptions, OffsetClock, type Part, type PartDescription, Rejected } from '#kernel';
import { seedChanges } from './clinic.ts';
import { addControl } from './control.ts';
import type { ExportJob, Jobs, Pace } from './engine/bulk/jobs.ts';
import { applyChanges, type CommitRequest, type Registrar } from './engine/changes.ts';
import type { Grant, PagingSession, Site } from './engine/context.ts';
import { criterion } from './engine/criterion.ts';
import { isHeld, RESOURCE_TYPES } from './engine/definitions.ts';
import { Drifts } from './engine/drift.ts';
import { bundlePages } from './engine/pages.ts';
import { parametersOf } from './engine/parameters.ts';
import { renderError } from './engine/replies.ts';
import type { Stored } from './engine/resource.ts';
import { addRoutes } from './engine/routes.ts';
import { given } from './engine/search.ts';
import { Store } from './engine/store.ts';
import { InvalidResource } from './engine/validate.ts';
import { withMembers } from './engine/wire.ts';
import { leversOf, type Reach, SiteOverrides } from './levers.ts';
import { namedIn } from './named.ts';
import { peopleOf } from './people-of.ts';
import { registrarOf } from './registrar.ts';
import { type CommitResult, checkZone, type EhrSiteOptions, vendorOf } from './site-options.ts';
import { ClientKeys, type ClientRegistration, type FetchedKeys } from './smart/clients.ts';
import { corsHeaders } from './smart/cors.ts';
import type { ApprovedCode, Launch, RefreshGrant, TokenEndpoint } from './smart/endpoint.ts';
import { type LaunchRequest, startLaunch } from './smart/launch.ts';
import {
  defaultScopes,
  NEXT_KEY,
  NEXT_PRIVATE_KEY_FILE,
  PRIVATE_KEY_FILE,
  REFERENCE_CLIENT,
  SUBJECT_KEY,
} from './smart/reference-client.ts';
import { Registry } from './smart/registry.ts';
import { LIST_PAGES } from './v1/pages.ts';
import { VENDORS } from './vendors/index.ts';
import { type Companion, refusals, type Vendor } from './vendors/vendor.ts';

interface Settings {
  salt: string;
  groupId: string;
  locations: string[];
  practitioners: string[];
  /** As set while the site runs. */
  approve?: 'auto' | 'ask';
  pace?: Pace;
  pageLimit?: number;
  fileLimit?: number;
}

// How many calls this second of the clock has seen, or this minute.
function meter({ inner }: Kernel, seconds = 1): () => number {
  let span = 0;
  let spent = 0;
  return () => {
    const now = Math.floor(inner.now() / 1000 / seconds);
    spent = now === span ? spent + 1 : 1;
    span = now;
    return spent;
  };
}

function quotaOf(kernel: Kernel, { quota }: SiteOverrides): Site['isOverQuota'] {
  const [calls, tokens] = [meter(kernel), meter(kernel, 60)];
  return (what) => {
    const holds = quota.current;
    if (!holds) return false;
    return what === 'calls' ? calls() > holds.perSecond : tokens() > holds.tokensPerMinute;
  };
}

// Is it an address of this vendor, but of another hospital?
function isElsewhere(template: string, tenant: string, path: string): boolean {
  const [before, after = ''] = template.split('{tenant}');
  if (before === template || !path.startsWith(before!)) return false;
  const [stated = '', ...rest] = path.slice(before!.length).split('/');
  return stated !== tenant && `/${rest.join('/')}`.startsWith(after);
}

/** One hospital or practice: its records, its FHIR face, its token endpoint. */
export class EhrSite implements Part {
  readonly sim = 'ehr';
  readonly name: string;
  readonly tenant: string;
  readonly vendor: Vendor;
  readonly authority: string;
  readonly timeZone: string;
  /** Identifier systems of the site's numbers. */
  readonly systems: { mrn: string; appointment: string; provider: string };
  readonly face: Face;
  readonly faces: readonly Face[];
  #kernel: Kernel;
  #store: Store;
  #registrar: Registrar;
  #site: Site;
  #settings;
  #companions: readonly Companion[];
  readonly #clients: Registry;
  readonly #defaults: readonly string[];
  readonly #exports: { start(): void; stop(): void };
  readonly #oauth: TokenEndpoint;
  #approve: 'auto' | 'ask';
  #pace: Pace;
  readonly #overrides: SiteOverrides;

  constructor(running: Kernel, options: EhrSiteOptions) {
    const { name, authority, timeZone, publicUrl } = options;
    const clock = new OffsetClock(running.clock);
    const kernel = running.with(clock);
    const overrides = new SiteOverrides();
    this.name = name;
    this.tenant = name;
    this.authority = authority;
    this.timeZone = timeZone;
    this.vendor = vendorOf(options.vendor, options.capability);
    this.#kernel = kernel;
    const { systems, paths, auth } = this.vendor;
    this.systems = {
      mrn: systems.mrn(authority),
      appointment: systems.appointment(authority),
      provider: systems.provider(authority),
    };
    this.#store = new Store(kernel.database, name, checkZone(timeZone));
    this.#settings = kernel.cell<Settings>(`ehr.${name}.settings`);
    const added = kernel.cell<ClientRegistration>(`ehr.${name}.clients`);
    this.#overrides = overrides;
    const fixed = [REFERENCE_CLIENT, ...(options.clients ?? [])];
    this.#clients = new Registry(fixed, added, (client) => overrides.client(client));
    this.#defaults = defaultScopes(this.vendor.capability, auth.moreScopes);
    this.#approve = this.#settings.get('site')?.approve ?? options.approve ?? 'auto';
    const inPaths = options.tenant ?? this.vendor.hooks.tenant?.(digest(authority, name)) ?? name;
    this.#registrar = registrarOf(kernel, name, this.vendor, this.systems, inPaths);
    const fill = (path: string): string => path.replace('{tenant}', inPaths);
    const types = Object.keys(this.vendor.capability);
    this.#site = {
      name,
      tenant: inPaths,
      vendor: this.vendor,
      kernel,
      store: this.#store,
      paths: Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, fill(path)])) as Vendor['paths'],
      systems: this.systems,
      groupId: () => this.#settings.get('site')?.groupId,
      sessions: kernel.cell<PagingSession>(`ehr.${name}.paging`),
      grants: kernel.cell<Grant>(`ehr.${name}.tokens`),
      get tokenSeconds() {
        return overrides.tokenSeconds.current ?? options.tokenSeconds ?? auth.tokenSeconds;
      },
      drift: new Drifts(overrides.drifts),
      narrowed: (grant) => overrides.narrowed(grant, types),
      narrowedScopes: (scopes) => overrides.narrowedScopes(scopes, types),
      isOverQuota: quotaOf(kernel, overrides),
      pageLimit: () => this.pageLimit,
      fileLimit: () => this.fileLimit,
      spend: meter(kernel),
    };
    const oauth = [this.#site.paths.token, this.#site.paths.introspect];
    this.face = new Face(kernel, {
      sim: 'ehr',
      tenant: name,
      name,
      publicUrl,
      kind: `${this.vendor.id} API`,
      types: () => [...RESOURCE_TYPES],
      pages: [bundlePages(this.#site), LIST_PAGES],
      people: (exchange) => peopleOf(this.#site, exchange),
      replyHeaders: (request) => corsHeaders(this.vendor, request),
      names: namedIn,
      errors: refusals(this.vendor),
      renderError: (error, params, request) =>
        this.#companions.find((one) => one.owns?.(request.path))?.renderError?.(error, params, request) ??
        renderError(this.vendor, oauth, error, params, request, () => kernel.mint(`ehr.${name}.error`)),
      fallback: ({ request }) => {
        throw new Rejected(isElsewhere(paths.fhir, inPaths, request.path) ? 'unknown-tenant' : 'unknown-path');
      },
    });
    this.faces = [this.face];
    const tools = { face: this.face, site: this.#site, salt: this.#salt(), registrar: this.#registrar };
    this.#companions = (this.vendor.companions ?? []).map((make) => make({ ...tools, feedSeconds: options.feedSeconds }));
    this.#pace = this.#settings.get('site')?.pace ?? options.pace ?? 'run';
    this.#oauth = this.#endpoint(options.scopeStyle ?? 'v1');
    const writes = { registrar: this.#registrar };
    this.#exports = addRoutes(this.face, this.#site, this.#oauth, writes, this.#jobs(this.#oauth.salt));
    const levers = leversOf(overrides, this.#reach(clock));
    kernel.places.add({
      sim: 'ehr',
      tenant: name,
      kind: 'EHR setup',
      name: `setup of ${name}`,
      hooks: [],
      operations: () => [],
      levers,
    });
  }

  #reach(clock: OffsetClock): Reach {
    const { grants } = this.#site;
    return {
      vendor: this.vendor,
      clock,
      endTokens: (client) => {
        for (const [key, grant] of [...grants.entries()]) if (client === undefined || grant.client === client) grants.delete(key);
      },
      shortenTokens: (seconds) => {
        const latest = clock.now() + seconds * 1000;
        for (const [key, grant] of [...grants.entries()])
          if (grant.expires > latest) grants.set(key, { ...grant, expires: latest });
      },
      forgetKeys: () => this.#kernel.cell<FetchedKeys>(`ehr.${this.name}.keys`).clear(),
    };
  }

  #jobs(salt: string): Jobs {
    return {
      site: this.#site,
      salt,
      cell: this.#kernel.cell<ExportJob>(`ehr.${this.name}.exports`),
      last: this.#kernel.cell<number>(`ehr.${this.name}.exported`),
      progress: new Map(),
      pace: () => this.#overrides.pace.current ?? this.#pace,
      stopped: false,
    };
  }

  #endpoint(style: 'v1' | 'v2'): TokenEndpoint {
    const kernel = this.#kernel;
    return {
      site: this.#site,
      clients: this.#clients,
      defaults: this.#defaults,
      keys: new ClientKeys(
        kernel,
        kernel.cell<FetchedKeys>(`ehr.${this.name}.keys`),
        this.vendor.auth.jwksSeconds,
        () => this.#overrides.keptKeys.current === true,
      ),
      jtis: kernel.cell<number>(`ehr.${this.name}.jtis`),
      codes: kernel.cell<ApprovedCode>(`ehr.${this.name}.codes`),
      refreshTokens: kernel.cell<RefreshGrant>(`ehr.${this.name}.refresh`),
      launches: kernel.cell<Launch>(`ehr.${this.name}.launches`),
      salt: this.#salt(),
      style,
      approve: () => this.#approve,
      origins: () => [this.face.url(false), this.face.url(true)].filter((url) => url !== undefined),
    };
  }

  // Kept, so that tokens outlive a restart.
  #salt(): string {
    const kept = this.#settings.get('site') ?? {
      salt: this.#kernel.mint(`ehr.${this.name}.salt`),
      groupId: '',
      locations: [],
      practitioners: [],
    };
    this.#settings.set('site', kept);
    return kept.salt;
  }

  /** Opens the listeners. A site that starts for the first time gets its practitioners, locations and group. */
  async start({ host, ports, identity }: ListenOptions): Promise<void> {
    await this.seed();
    await this.face.listen({ host, port: ports.http, tlsPort: ports.https, identity });
    this.#exports.start();
    for (const companion of this.#companions) companion.start?.();
  }

  /** Commits the clinic (act `seed`) unless that was done before; `start` does it too. */
  async seed(): Promise<void> {
    const settings = this.#settings.get('site')!;
    if (settings.groupId !== '') return;
    const own = this.vendor.hooks.seed?.(this.#site.tenant) ?? [];
    const changes = seedChanges(this.systems.provider, own);
    const { records } = await this.commit({ act: 'seed', actor: 'user:clinic', changes });
    const ids = (type: string): string[] => records.filter((record) => record.type === type).map(({ id }) => id);
    this.#settings.set('site', {
      ...settings,
      groupId: ids('Group')[0]!,
      locations: ids('Location'),
      practitioners: ids('Practitioner'),
    });
  }

  async stop(): Promise<void> {
    this.#exports.stop();
    for (const companion of this.#companions) await companion.stop?.();
    await this.face.close();
  }

  /** The group that lists every patient: what a sync that only polls discovers people by. */
  get groupId(): string {
    return this.#settings.get('site')?.groupId ?? '';
  }

  get locations(): readonly string[] {
    return this.#settings.get('site')?.locations ?? [];
  }

  get practitioners(): readonly string[] {
    return this.#settings.get('site')?.practitioners ?? [];
  }

  /**
   * Writes truth as a clerk, a clinician or a link does: all changes or none, one commit event.
   * @throws InvalidResource naming each wrong element.
   */
  async commit({ act, actor, cohort, cause, call, offer, changes }: CommitRequest): Promise<CommitResult> {
    const now = new Date(this.#kernel.clock.now()).toISOString();
    const done = await this.#kernel.commit({
      sim: 'ehr',
      tenant: this.name,
      act,
      actor: actor ?? 'user:control',
      cohort,
      cause,
      call,
      data: offer && { offer: this.#kernel.schedules.dueOf(offer) },
      apply: () => applyChanges(this.#store, this.#registrar, changes, now),
    });
    return { records: done.records, resources: done.after as (Stored | null)[], seq: done.seq };
  }

  /** The current version of a resource, frozen; undefined when there is none. */
  read(type: string, id: string): Stored | undefined {
    const found = this.#store.read(type, id);
    return found && type === 'Group' && id === this.groupId
      ? (JSON.parse(withMembers(this.#site, JSON.stringify(found))) as Stored)
      : found;
  }

  /**
   * Resources of a type that match FHIR search parameters (all that the engine knows, whatever the vendor offers), in
   * order of creation: `find('Patient', { identifier: 'urn:oid:…|123' })`; pairs where a name repeats.
   */
  find(type: string, params: Record<string, string> | readonly (readonly [string, string])[], limit?: number): Stored[] {
    const vendor = { ...this.vendor, search: { ...this.vendor.search, prefixes: VENDORS[0]!.search.prefixes } };
    const pairs = Array.isArray(params)
      ? (params as readonly (readonly [string, string])[])
      : Object.entries(params as Record<string, string>);
    const criteria = pairs.map(([key, value]) => criterion({ vendor, store: this.#store }, type, given(key, value)));
    return this.#store.search({ type, criteria, limit }).flatMap(({ id }) => this.read(type, id) ?? []);
  }

  /**
   * The same, for a type and parameters that come from outside.
   * @throws InvalidResource for a type or a parameter that the engine does not know.
   */
  list(type: string, limit?: number, params: readonly (readonly [string, string])[] = []): Stored[] {
    const refuse = (expression: string, known: string[], given: string): never => {
      throw new InvalidResource([{ code: 'value', expression, message: `must be one of ${known.join(', ')}, not ${given}` }]);
    };
    if (!isHeld(type)) refuse('type', [...RESOURCE_TYPES], type);
    const names = ['_id', ...Object.keys(parametersOf(type))];
    const strange = params.find(([key, value]) => !names.includes(given(key, value).name));
    if (strange) refuse('query', ['limit', ...names], strange[0]);
    return this.find(type, params, limit);
  }

  /** Ends all tokens, as when a hospital resets an app. @returns how many. */
  revokeTokens(): number {
    const { grants } = this.#site;
    const count = grants.size;
    grants.clear();
    return count;
  }

  /**
   * Starts an app from within the EHR, as a user does with a chart open. @returns what the EHR adds to the app's launch address.
   * @throws Error naming what is wrong.
   */
  launch(request: LaunchRequest): { iss: string; launch: string } {
    const launch = startLaunch(this.#oauth, request);
    return { iss: this.describe().addresses.fhirTls ?? this.describe().addresses.fhir ?? '', launch };
  }

  /** The apps of the site. */
  get clients(): Registry {
    return this.#clients;
  }

  /** How requests for approval are answered. */
  get approve(): 'auto' | 'ask' {
    return this.#approve;
  }

  set approve(how: 'auto' | 'ask') {
    this.#approve = how;
    this.#settings.set('site', { ...this.#settings.get('site')!, approve: how });
  }

  /** How long exports take, and how often they may be had. */
  get pace(): Pace {
    return this.#pace;
  }

  set pace(pace: Pace) {
    this.#pace = pace;
    this.#settings.set('site', { ...this.#settings.get('site')!, pace });
  }

  /** The most that a page of search results holds; without a number the vendor's own counts hold alone. */
  get pageLimit(): number {
    return this.#settings.get('site')?.pageLimit ?? Number.POSITIVE_INFINITY;
  }

  set pageLimit(most: number) {
    const pageLimit = most > 0 && Number.isFinite(most) ? most : undefined;
    this.#settings.set('site', { ...this.#settings.get('site')!, pageLimit });
  }

  /** The most that a file of an export holds; without a number the vendor's own count holds alone. */
  get fileLimit(): number {
    return this.#settings.get('site')?.fileLimit ?? Number.POSITIVE_INFINITY;
  }

  set fileLimit(most: number) {
    const fileLimit = most > 0 && Number.isFinite(most) ? most : undefined;
    this.#settings.set('site', { ...this.#settings.get('site')!, fileLimit });
  }

  /** Ends all paging sessions. @returns how many. */
  endPaging(): number {
    const { sessions } = this.#site;
    const count = sessions.size;
    sessions.clear();
    return count;
  }

  describe(): PartDescription {
    const { paths } = this.#site;
    const { methods, grants } = this.vendor.auth;
    const addresses: Record<string, string> = {};
    for (const [suffix, secure] of [
      ['', false],
      ['Tls', true],
    ] as const) {
      const origin = this.face.url(secure);
      if (origin === undefined) continue;
      addresses[`fhir${suffix}`] = `${origin}${paths.fhir}`;
      addresses[`token${suffix}`] = `${origin}${paths.token}`;
      for (const described of this.#companions)
        for (const [which, path] of Object.entries(described.describe?.().paths ?? {}))
          addresses[`${which}${suffix}`] = `${origin}${path}`;
      if (grants.includes('authorization_code')) addresses[`authorize${suffix}`] = `${origin}${paths.authorize}`;
    }
    // An app that is switched off keeps its name.
    const { secret, publicJwk } = this.#clients.get(REFERENCE_CLIENT.id) ?? REFERENCE_CLIENT;
    const credentials: Record<string, string> = {
      clientId: REFERENCE_CLIENT.id,
      keyId: publicJwk?.kid ?? SUBJECT_KEY.kid,
      privateKeyFile: publicJwk?.kid === NEXT_KEY.kid ? NEXT_PRIVATE_KEY_FILE : PRIVATE_KEY_FILE,
      scopes: (this.#clients.get(REFERENCE_CLIENT.id)?.scopes ?? this.#defaults).join(' '),
    };
    if (methods.some((method) => method.startsWith('client_secret')))
      credentials.clientSecret = secret ?? REFERENCE_CLIENT.secret!;
    const settings = {
      authority: this.authority,
      timeZone: this.timeZone,
      mrnSystem: this.systems.mrn,
      appointmentSystem: this.systems.appointment,
      groupId: this.groupId,
      locations: this.locations.join(' '),
      ...Object.assign({}, ...this.#companions.map((one) => one.describe?.().settings ?? {})),
    };
    return {
      name: this.name,
      sim: 'ehr',
      tenant: this.name,
      vendor: this.vendor.id,
      addresses,
      credentials: { ...credentials, ...settings },
    };
  }

  control(face: Face): void {
    addControl(face, this);
    for (const companion of this.#companions) companion.control?.(face);
  }
}
