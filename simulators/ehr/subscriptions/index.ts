import { type Context, Rejected, type Reply } from '#kernel';
import type { Site } from '../engine/context.ts';
import { localInstant } from '../engine/local-time.ts';
import { fhirReply, refuse } from '../engine/replies.ts';
import { body } from '../engine/writes.ts';
import { authorize } from '../smart/authorize.ts';
import type { Access } from '../smart/scopes.ts';
import type { Companion, CompanionTools } from '../vendors/vendor.ts';
import { Courier, type Desk, openDesk } from './courier.ts';
import type { Subscription } from './notice.ts';
import { TOPICS } from './topics.ts';

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';

/** athenahealth's FHIR Subscriptions: ids alone, over HTTP, one subscription a topic and practice. */
export function subscriptions({ face, site, salt }: CompanionTools): Companion {
  const desk = openDesk(site);
  const base = (): string => `${face.url(false) ?? face.url(true) ?? ''}${site.paths.fhir}`;
  const courier = new Courier(site, desk, base);
  const { fhir } = site.paths;
  const add = (
    method: string,
    path: string,
    type: string,
    access: Access,
    doc: string,
    run: (context: Context) => Reply,
  ): void => {
    const operation = { GET: path.endsWith(':id') ? 'read' : 'search', POST: 'create', DELETE: 'delete' }[method]!;
    face.route(method, `${fhir}${path}`, { operation, type, tier: 'semantic', doc }, (context) => {
      const grant = authorize(site, salt, context, type, access);
      if (grant.user !== undefined) refuse('forbidden', {});
      return run(context);
    });
  };
  const reply = (context: Context, status: number, value: unknown): Reply =>
    fhirReply(site.vendor, context.request, status, JSON.stringify(value));
  const own = (context: Context): Subscription[] =>
    [...desk.subscriptions.values()].filter(({ client }) => `client:${client}` === context.exchange.client);
  const one = (context: Context): Subscription =>
    own(context).find(({ id }) => id === context.request.params.id) ?? refuse('not-found', { expression: 'id' });

  add('GET', '/SubscriptionTopic', 'SubscriptionTopic', 's', 'Topics that one can subscribe to.', (context) =>
    reply(
      context,
      200,
      searchset(
        site,
        TOPICS.map((topic) => topicResource(`${context.request.origin}${fhir}`, topic)),
      ),
    ),
  );
  add('GET', '/SubscriptionTopic/:id', 'SubscriptionTopic', 'r', 'A topic.', (context) => {
    const topic = TOPICS.find((name) => name === context.request.params.id);
    return topic
      ? reply(context, 200, topicResource(`${context.request.origin}${fhir}`, topic))
      : refuse('not-found', { expression: 'id' });
  });
  add('GET', '/Subscription', 'Subscription', 's', 'The subscriptions of this client.', (context) => {
    const all = own(context).map(({ resource }) => resource);
    return reply(context, 200, { ...searchset(site, all), id: site.kernel.mint('bundle').slice(0, 32), total: all.length });
  });
  add('GET', '/Subscription/:id', 'Subscription', 'r', 'A subscription.', (context) =>
    reply(context, 200, one(context).resource),
  );
  add('POST', '/Subscription', 'Subscription', 'c', 'Subscribes to a topic; notifications carry ids alone.', (context) => {
    const made = read(site, desk, context, body(context));
    desk.subscriptions.set(made.id, made);
    return reply(context, 201, made.resource);
  });
  add('DELETE', '/Subscription/:id', 'Subscription', 'd', 'Ends a subscription.', (context) => {
    desk.subscriptions.delete(one(context).id);
    return { status: 204, headers: { ...site.vendor.headers } };
  });
  return { start: () => courier.start(), stop: () => courier.stop() };
}

interface Given {
  resourceType?: string;
  status?: string;
  criteria?: string;
  _criteria?: { extension?: { url?: string; valueString?: string }[] };
  channel?: {
    type?: string;
    endpoint?: string;
    payload?: string;
    _payload?: { extension?: { url?: string; valueCode?: string }[] };
    header?: string[];
  };
}

// What a client asks for, checked by what the vendor describes. @throws Rejected naming the element
function read(site: Site, desk: Desk, context: Context, given: unknown): Subscription {
  const bad = (expression: string, message: string): never =>
    refuse('invalid', { diagnostics: `${expression}: ${message}`, expression });
  const resource = (given ?? {}) as Given;
  if (typeof given !== 'object' || resource.resourceType !== 'Subscription') bad('resourceType', 'must be Subscription');
  if (resource.status !== 'requested') bad('Subscription.status', 'must be requested');
  const topic = /\/SubscriptionTopic\/([A-Za-z.-]+)$/.exec(String(resource.criteria))?.[1] ?? '';
  if (!TOPICS.includes(topic)) bad('Subscription.criteria', `must name a topic of this server, not ${resource.criteria}`);
  const filters = (resource._criteria?.extension ?? []).filter(({ url }) => url === `${BACKPORT}/backport-filter-criteria`);
  const practice = `ah-practice=Organization/a-1.Practice-${site.tenant}`;
  if (!filters.some(({ valueString }) => valueString === practice))
    bad('Subscription.criteria.extension', `must hold the filter ${practice}`);
  const { type, endpoint, payload, _payload, header = [] } = resource.channel ?? {};
  if (type !== 'rest-hook') bad('Subscription.channel.type', 'must be rest-hook');
  if (!/^https?:\/\/[^/]+/.test(String(endpoint))) bad('Subscription.channel.endpoint', 'must be an address');
  if (payload !== 'application/fhir+json') bad('Subscription.channel.payload', 'must be application/fhir+json');
  const content = _payload?.extension?.find(({ url }) => url === `${BACKPORT}/backport-payload-content`)?.valueCode;
  if (content !== 'id-only') bad('Subscription.channel.payload.extension', 'must say id-only');
  const client = String(context.exchange.client).replace(/^client:/, '');
  if ([...desk.subscriptions.values()].some((one) => one.client === client && one.topic === topic))
    throw new Rejected('conflict', {
      details: [{ error: 'conflict', diagnostics: `There is a subscription to ${topic} already.` }],
    });
  const id = site.kernel.mint(`ehr.${site.name}.subscription`).slice(0, 32);
  return {
    id,
    client,
    topic,
    endpoint: endpoint!,
    since: site.kernel.journal.head,
    headers: header,
    secret: context.request.headers['x-hub-secret'],
    resource: { ...(given as object), id, status: 'active' },
  };
}

const topicResource = (base: string, topic: string): Record<string, unknown> => ({
  resourceType: 'SubscriptionTopic',
  id: topic,
  url: `${base}/SubscriptionTopic/${topic}`,
  status: 'active',
  title: topic,
});

const searchset = ({ kernel, store }: Site, resources: readonly Record<string, unknown>[]) => ({
  resourceType: 'Bundle',
  type: 'searchset',
  timestamp: localInstant(kernel.clock.now(), store.zone),
  entry: resources.map((resource) => ({ resource, search: { mode: 'match' } })),
});
