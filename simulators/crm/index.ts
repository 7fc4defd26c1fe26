import { readFileSync } from 'node:fs';
import { Face, jsonReply, type Kernel, OffsetClock, type Part, type Request } from '#kernel';
import { RESULT_PAGES } from './bulk/pages.ts';
import { mountBulk1 } from './bulk/v1.ts';
import { type CrmCommit, type CrmCommitted, commitAsUser, rowsWhere } from './by-hand.ts';
import { mountControl } from './control.ts';
import { crmError, ERRORS, type ErrorName, NAMED_ERRORS } from './errors.ts';
import { reachOut, remind, type SendJob, type Sent } from './jobs.ts';
import { leversOf, NEXT_PUBLIC_KEY_FILE } from './levers.ts';
import { namedIn } from './named.ts';
import { mountOAuth, oauthError } from './oauth/index.ts';
import { type CrmClient, type CrmUser, Org } from './org.ts';
import { Outbound } from './outbound.ts';
import { peopleOf } from './people-of.ts';
import { mountRest, restFallback } from './rest/index.ts';
import { queryPages } from './rest/pages.ts';
import type { OrgRules } from './rules.ts';
import { loadSchema, type ObjectDefinition } from './schema.ts';
import type { CrmSettings } from './settings.ts';
import { mountSoap, soapError } from './soap.ts';
import { mountStreaming } from './streaming/index.ts';
import { loadStubs, mountStubs, type Stubs } from './stubs.ts';
import type { Row } from './values.ts';

export type { CrmCommit, CrmCommitted } from './by-hand.ts';
export { CRM_FAULTS } from './faults/index.ts';
export type { SendJob, Sent } from './jobs.ts';
export type { CrmClient, CrmUser } from './org.ts';
export type { OrgRules } from './rules.ts';
export type { FieldDefinition, ObjectDefinition } from './schema.ts';
export { CRM_SETTINGS, type CrmSettings } from './settings.ts';
export { compileCondition } from './soql/condition.ts';
export { SoqlError } from './soql/error.ts';
export type { StubCall, StubReply, Stubs } from './stubs.ts';
export { SYSTEM_FIELDS } from './system-fields.ts';
export type { Row, Value } from './values.ts';

/**
 * The objects of an org as the simulator will have them: of a folder of definitions, of describe output or of an sfdx project; the
 * built-in ones where none is named. @throws ConfigurationError naming the file
 */
export const readOrg = (schema?: string, options: { personAccounts?: boolean } = {}): ObjectDefinition[] =>
  loadSchema(schema, options).types.map(({ definition }) => definition);

/** Fixed, documented and visibly not real: what a client connects with unless the manifest says otherwise. */
export const CRM_DEFAULTS = {
  orgId: '00D000000000001EAA',
  clientId: '3MVG9.syncproof.fake.consumer.key',
  clientSecret: 'syncproof-fake-consumer-secret',
  username: 'sync@syncproof.example',
  password: 'syncproof-fake-password',
  securityToken: 'syncproofFakeSecurityToken',
  webhookSecret: 'syncproof-fake-webhook-secret',
  apiVersion: '60.0',
} as const;

/** The users of an org unless others are given: the integration user, the clerk, and a volunteer who is to see nothing clinical. */
export const CRM_USERS: readonly CrmUser[] = [
  {
    id: '005000000000001AAA',
    username: CRM_DEFAULTS.username,
    firstName: 'Integration',
    lastName: 'User',
    email: CRM_DEFAULTS.username,
    password: CRM_DEFAULTS.password,
    securityToken: CRM_DEFAULTS.securityToken,
  },
  {
    id: '005000000000002AAA',
    username: 'clerk@syncproof.example',
    firstName: 'Front',
    lastName: 'Desk',
    email: 'clerk@syncproof.example',
  },
  {
    id: '005000000000003AAA',
    username: 'volunteer@syncproof.example',
    firstName: 'Reception',
    lastName: 'Volunteer',
    email: 'volunteer@syncproof.example',
  },
];

export interface CrmOptions {
  /** 15 or 18 characters, beginning with 00D. */
  orgId?: string;
  /** Connected apps. */
  clients?: readonly CrmClient[];
  /** Users; the first is the integration user, one without password is the clerk who edits by hand. */
  users?: readonly CrmUser[];
  /** Folder of `<object>.json`, or the definitions themselves. */
  schema?: string | readonly ObjectDefinition[];
  /** Accounts may be persons: FirstName, LastName, Person… on Account, each with a hidden contact. */
  personAccounts?: boolean;
  /** How the org was customised. */
  rules?: OrgRules;
  /** What clients reach this face by, when it is not what they connect to. */
  publicUrl?: string;
  /** REST calls a day before REQUEST_LIMIT_EXCEEDED; 5 million. */
  dailyRequests?: number;
  /** The org's own code, as its clients see it: a module with `Stubs` as its default export, or the stubs themselves. */
  stubs?: string | Stubs;
  /** What an administrator has set up; the defaults are those of a new org. */
  settings?: Partial<CrmSettings>;
}

/** Verifies JWT bearer assertions unless the app brings a key of its own: the key pair of the fixtures, documented and not real. */
export const CRM_PUBLIC_KEY: Record<string, unknown> = JSON.parse(
  readFileSync(new URL('../../fixtures/credentials/subject-public.jwk.json', import.meta.url), 'utf8'),
);

/** A Salesforce-shaped CRM: one org with REST, SOQL, OAuth and SOAP login on one face. */
export interface Crm extends Part {
  readonly face: Face;
  /** Commits as a user of the CRM does by hand. @throws CrmError, ControlError; nothing is written then */
  commit(body: CrmCommit): Promise<CrmCommitted>;
  /** Live records of a type as journalled, in order of creation; `where` is a SOQL condition. */
  rows(type: string, where?: string): Row[];
  /** Runs a job that writes to people. @throws ControlError */
  remind(job?: SendJob): Promise<{ sent: Sent[]; skipped: number }>;
  reachOut(job?: SendJob): Promise<{ sent: Sent[]; skipped: number }>;
  /** Replaces lists of validation rules, duplicate rules, assignments, profiles; shows all. @throws ConfigurationError */
  rules(change?: OrgRules): OrgRules;
  /** Changes what an administrator has set up; shows all of it. @throws ConfigurationError */
  settings(change?: Partial<CrmSettings>): CrmSettings;
  /** Holds these records under a name, in place of what was held under it before. */
  lock(name: string, ids: readonly string[]): void;
  /** Ends all API sessions; says how many. */
  killSessions(): number;
}

// What a bulk job may upload, after Base64: Bulk API 2.0 limits.
const MAX_BODY = 150 * 1024 * 1024;

/** Makes the CRM; it listens once `start` is called. @throws when schema or org id are wrong */
export function createCrm(running: Kernel, options: CrmOptions = {}): Crm {
  const clock = new OffsetClock(running.clock);
  const kernel = running.with(clock);
  const { orgId = CRM_DEFAULTS.orgId, users = CRM_USERS, dailyRequests, publicUrl } = options;
  const { clientId, clientSecret } = CRM_DEFAULTS;
  const clients = options.clients ?? [
    { id: clientId, secret: clientSecret, runAs: users[0]!.username, publicKey: CRM_PUBLIC_KEY },
  ];
  for (const { id, runAs } of clients) {
    if (!users.some((user) => user.username === runAs))
      throw new Error(`createCrm: client ${id} runs as ${runAs}, who is no user`);
  }
  const settings = { ...(dailyRequests === undefined ? {} : { dailyRequests }), ...options.settings };
  const schema = loadSchema(options.schema, { personAccounts: options.personAccounts });
  const stubs = loadStubs(options.stubs ?? {});
  const org = new Org({ kernel, id: orgId, schema, users, clients, settings, rules: options.rules, afterSave: stubs.afterSave });
  const face: Face = new Face(kernel, {
    sim: 'crm',
    tenant: org.id,
    name: 'crm',
    publicUrl,
    maxBody: MAX_BODY,
    names: namedIn,
    kind: 'CRM API',
    types: () => schema.types.map(({ name }) => name),
    people: (exchange) => peopleOf(org, exchange),
    pages: [queryPages(org), RESULT_PAGES],
    renderError: (error, params, request) => renderError(org, error, params, request),
    errors: NAMED_ERRORS,
    fallback: restFallback(org, () => face),
  });
  const outbound = new Outbound(org, () => publicUrl ?? face.url(true) ?? face.url(false) ?? '');
  mountRest(face, org);
  mountOAuth(face, org);
  mountSoap(face, org);
  mountBulk1(face, org);
  mountStubs(face, org, stubs);
  mountStreaming(face, org);
  const nextKey = () => JSON.parse(readFileSync(NEXT_PUBLIC_KEY_FILE, 'utf8')) as Record<string, unknown>;
  const levers = leversOf(org, clock, nextKey);
  kernel.places.add({
    sim: 'crm',
    tenant: org.id,
    kind: 'CRM setup',
    name: 'setup of crm',
    hooks: [],
    operations: () => [],
    levers,
  });
  return {
    name: 'crm',
    sim: 'crm',
    tenant: org.id,
    face,
    faces: [face],
    start: async ({ host, ports, identity }) => {
      await face.listen({ host, port: ports.http, tlsPort: ports.https, identity });
      org.start();
      outbound.start();
    },
    stop: async () => {
      org.bayeux.drop();
      outbound.stop();
      await face.close();
      await org.stop();
    },
    describe: () => describe(org, face),
    control: (control) => mountControl(control, org),
    commit: (body) => commitAsUser(org, body),
    rows: (type, where) => rowsWhere(org, type, where),
    remind: (job) => remind(org, job),
    reachOut: (job) => reachOut(org, job),
    rules: (change = {}) => org.rules.change(change),
    settings: (change = {}) => org.settings.change(change),
    lock: (name, ids) => org.locks.take(name, ids),
    killSessions: () => org.sessions.kill({}),
  };
}

function describe(org: Org, face: Face): ReturnType<Part['describe']> {
  const [plain, tls] = [face.url(false), face.url(true)];
  // An app that is switched off keeps its name.
  const [user, client] = [org.users[0]!, org.clients[0] ?? org.known[0]!];
  return {
    name: 'crm',
    sim: 'crm',
    tenant: org.id,
    vendor: 'salesforce',
    addresses: { ...(plain ? { login: plain, instance: plain } : {}), ...(tls ? { loginTls: tls, instanceTls: tls } : {}) },
    credentials: {
      clientId: client.id,
      clientSecret: client.secret,
      username: user.username,
      password: user.password ?? '',
      securityToken: user.securityToken ?? '',
      orgId: org.id,
      apiVersion: CRM_DEFAULTS.apiVersion,
      webhookSecret: CRM_DEFAULTS.webhookSecret,
    },
  };
}

// Errors by name, in the form of the endpoint that was asked: token endpoint, SOAP and REST differ.
function renderError(org: Org, name: string, params: Record<string, unknown>, request: Request) {
  const known = Object.hasOwn(ERRORS, name) ? (name as ErrorName) : 'internal';
  const { status, entries } = crmError(known, params);
  const { errorCode, message } = entries[0]!;
  if (status === 502 || status === 504) return gatewayPage(status, message);
  if (/^\/services\/oauth2\//i.test(request.path))
    return oauthError(status >= 500 ? 'server_error' : errorCode.toLowerCase(), message, status);
  if (/^\/services\/Soap\//i.test(request.path)) return soapError(status === 503 ? 503 : 500, errorCode, message);
  const shown =
    known === 'invalid' && request.method === 'GET'
      ? [{ errorCode: 'MALFORMED_QUERY', message: 'unexpected token: <EOF>' }]
      : entries;
  return jsonReply(status, shown, { 'sforce-limit-info': org.limitInfo });
}

// Not recorded: what stands before an org answers for it when it hears nothing of it.
const gatewayPage = (status: number, title: string) => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: `<html>\r\n<head><title>${status} ${title}</title></head>\r\n<body>\r\n<center><h1>${status} ${title}</h1></center>\r\n</body>\r\n</html>\r\n`,
});
