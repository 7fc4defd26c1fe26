import { CLINIC } from '../clinic.ts';
import { capabilityOf } from '../engine/capability.ts';
import type { Grant, Site } from '../engine/context.ts';
import { localInstant } from '../engine/local-time.ts';
import { refuse } from '../engine/replies.ts';
import type { Resource } from '../engine/resource.ts';
import { subscriptions } from '../subscriptions/index.ts';
import { V1_SCOPE, v1 } from '../v1/index.ts';
import statement from './athena/capability.generated.json' with { type: 'json' };
import { ATHENA_ERRORS, ATHENA_TROUBLES, POLICY } from './athena/errors.ts';
import { idOf, mintId, numberOf, PRACTICE, practiceOf, settle } from './athena/ids.ts';
import { ATHENA_OVERLAY } from './athena/overlay.ts';
import { ATHENA_BULK } from './bulk.ts';
import { r4 } from './r4.ts';
import { defineVendor, type Given, type SiteFacts } from './vendor.ts';

/** Calls a second that the rate headers speak of (recorded). A true quota is a rule's business. */
const RATE = 500;

// Whoever acts for itself must say for which practice; what a user approved says so already.
function onCall(request: { query: URLSearchParams; method: string; body: Buffer }, grant: Grant, site: Site): void {
  if (grant.user !== undefined) return;
  const form = request.method === 'POST' ? new URLSearchParams(request.body.toString()) : undefined;
  const stated = request.query.get('ah-practice') ?? form?.get('ah-practice');
  if (!stated) refuse('tenant-required', {});
  const practice = stated!.replace(/^Organization\//, '').replace(/^a-1\.Practice-/, '');
  if (practice !== site.tenant) refuse('tenant-forbidden', {});
}

function onSearch(type: string, given: Given[], site: SiteFacts): Given[] {
  const bare = type === 'Condition' && given.find(({ name, value }) => name === 'category' && !value.includes('|'));
  if (bare)
    site.reject('invalid-parameter', { diagnostics: `category must be system|code, not ${bare.value}`, expression: 'category' });
  return given;
}

function onReply(
  { headers, url, origin }: { headers: Record<string, string>; url: string; origin: string },
  operation: string,
  site: Site,
) {
  const left = String(Math.max(0, RATE - site.spend()));
  const id = site.kernel.mint(`ehr.${site.name}.request`);
  const own = ['limit', 'remaining', 'reset'].flatMap((name) => {
    const value = { limit: String(RATE), remaining: left, reset: '1' }[name]!;
    return [
      [`ratelimit-${name}`, value],
      [`x-ratelimit-${name}`, value],
    ];
  });
  return {
    ...Object.fromEntries(own),
    // Echoed, for tracing; a made-up one otherwise.
    'x-request-id': headers['x-request-id'] ?? `rrt-${id.slice(0, 24)}`,
    'x-athena-request-id': id.slice(24, 56),
    // Even on a GET (recorded).
    ...(operation === 'read' ? { location: `${origin}${url.replace(/\?.*$/, '')}` } : {}),
  };
}

function seed(practice: string): Resource[] {
  const organization = (id: string, name: string): Resource => ({ resourceType: 'Organization', id, active: true, name });
  return [
    organization(practiceOf(practice), 'Springfield Medical Group'),
    ...CLINIC.locations.map(({ number, name }) => organization(idOf(practice, 'Organization', number), name)),
  ];
}

/** athenahealth (athenaOne): FHIR R4 as published and recorded, the v1 API beside it, and notifications. */
export const athena = defineVendor(r4, {
  id: 'athena',
  title: 'athenahealth',
  software: { name: 'athenahealth FHIR Server', version: '2.0.0' },
  paths: {
    fhir: '/fhir/r4',
    token: '/oauth2/v1/token',
    authorize: '/oauth2/v1/authorize',
    introspect: '/oauth2/v1/introspect',
  },
  ...capabilityOf(statement, ATHENA_OVERLAY),
  overlay: ATHENA_OVERLAY,
  auth: {
    // Its discovery document names none.
    ehrLaunch: false,
    methods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    tokenSeconds: 3600,
    explains: true,
    scopeRequired: true,
    moreScopes: [V1_SCOPE, 'system/SubscriptionTopic.read', 'system/Subscription.read', 'system/Subscription.write'],
  },
  // A call more is answered with 429; the number of calls is that of client authors.
  quota: { perSecond: 100, tokensPerMinute: 50 },
  search: {
    defaultCount: 50,
    maxCount: 1000,
    prefixes: ['eq', 'lt', 'le', 'gt', 'ge'],
    shaping: ['_include', '_revinclude', '_sort'],
    summaries: ['false'],
    total: 'none',
    entryLinks: true,
    session: { parameter: 'cursor', key: (hex) => hex, seconds: 900 },
    cursor: true,
  },
  versions: 'updated',
  formats: { json: ['application/fhir+json', 'application/json'] },
  // None recorded, and client notes say that browsers cannot use its token endpoint.
  cors: undefined,
  headers: { 'cache-control': 'no-cache,no-store,must-revalidate', server: 'Apache' },
  errors: ATHENA_ERRORS,
  troubles: ATHENA_TROUBLES,
  // `ah-practice` is a parameter of this call too.
  bulk: { ...ATHENA_BULK, unknown: 'ignore' },
  companions: [v1, subscriptions],
  sources: [
    'https://api.platform.athenahealth.com/fhir/r4/metadata (ah-r4-base 2.0.0)',
    'https://docs.athenahealth.com/api/guides/overview',
    'https://github.com/fastenhealth/fasten-sources (recorded sandbox traffic)',
    'https://github.com/athenahealth/aone-fhir-subscriptions (README 0.11)',
    'https://github.com/eleanorhealth/go-athenahealth (v1 client with recorded replies)',
    'https://github.com/metriport/metriport (v1 and FHIR client)',
  ],
  notes: [
    'Required combinations missing: 403, as recorded; client authors also report 400 for the same text.',
    'Tokens live 3600 s, as documented; one client author notes 300 s.',
    'FHIR page size: 50 by default (recorded in next links), 1000 at most (not published).',
    'Ids that do not exist, and deleted ones: 404 with an OperationOutcome; bodies are not recorded.',
    "Unknown resource types: the gateway's 404 with a bare JSON string, as recorded for unknown paths.",
    'Bodies of 401, 429 and 503 are not recorded. Rate headers count calls of the last second; the quota itself is a rule.',
    'Patients carry, beside their ah-patient identifier, the number and authority that HL7 sends; recorded sandboxes show none.',
    'Kinds in the ids of Appointment, Condition, Coverage and DocumentReference are not recorded.',
    'base-appointment-id and group-appointment-id read extensions of these names; the names that _query takes are not published.',
    'ah-redact-inline-security, ah-include-quality-codes and ah-most-recent-medication-… are taken and change nothing.',
    'v1: names in the reply of a cancellation, events of patients/changed and states of merged patients are not verified.',
    'v1: an open slot is an appointment that is proposed and about nobody; a reschedule cancels one and books the other.',
    'Changed feeds: 300 s late by default (about 5 minutes is reported; a site setting); what a lost reply consumed is gone.',
    'Subscriptions: no handshake and no heartbeat, as described; endpoints without TLS or on other ports are taken, so that tests can listen.',
    'Subscriptions: waits between attempts are not published; here 1 s, then twice as long each time up to 5 minutes, for an hour.',
  ],
  hooks: {
    mintId,
    numberOf,
    settle,
    seed,
    tenant: () => PRACTICE,
    onCall,
    onSearch,
    onReply,
    nextQuery: (first, session) => {
      const query = new URLSearchParams(first);
      query.delete('cursor');
      if (!query.has('_count')) query.set('_count', '50');
      return `${query}&${session}`;
    },
    shapeBundle: (_page, { now, zone }) => ({ timestamp: localInstant(Date.parse(now()), zone) }),
    shapeError: ({ severity, issue, text, status }, { error, diagnostics, expression }, { path }) => {
      const type = /\/fhir\/r4\/([A-Za-z]+)/.exec(path)?.[1];
      const where = expression?.split(';') ?? (error === 'forbidden' && type ? [type] : undefined);
      return {
        details: { text: status === 403 && text ? text : (diagnostics ?? text) },
        ...(where ? { expression: where } : {}),
        severity,
        code: issue,
      };
    },
    tokenError: ({ oauth, text }) => ({
      body: oauth === 'access_denied' ? { detailedmessage: POLICY, error: oauth } : { error: oauth, error_description: text },
      headers: {},
    }),
  },
});
