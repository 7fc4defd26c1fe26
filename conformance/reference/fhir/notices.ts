import { createHmac, timingSafeEqual } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { retryAfterMs } from '../http.ts';
import { askedToWait, Failure, nameOf } from '../retry.ts';
import type { Site, WebhookSettings } from '../settings.ts';
import type { Context } from '../sync.ts';
import type { Fhir, Resource } from './client.ts';
import type { Told } from './told.ts';

type Topic = Resource & { url?: string };
type Subscription = Resource & { criteria?: string; channel?: { endpoint?: string } };
/** What an event of a notification is about. Numbers are unique within a practice alone. */
export type Focus = { reference?: string; type?: string; identifier?: { system?: string; value?: string } };
type Notification = Resource & { entry?: { resource?: Resource & { notificationEvent?: { focus?: Focus }[] } }[] };

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
const TOPICS = /^(Patient|Appointment)\./;
/** Twenty ids make a few kilobytes. */
const MAX_BYTES = 1_000_000;

/** A site whose EHR notifies us. */
export type Notified = { site: Site; fhir: Fhir; told: Told };

/**
 * Takes notifications of all sites until the sync stops. It subscribes first and listens then, so that an open port says that we
 * are told of changes; a start after the first one listens at once, and sees to the subscriptions meanwhile.
 */
export async function takeNotices(context: Context, webhook: WebhookSettings, sites: Notified[]): Promise<void> {
  const { store, stop } = context;
  const isKnown = sites.every(({ site }) => store.cursor(`subscribed ${site.name}`));
  const subscribing = () => Promise.all(sites.map((one) => subscribe(context, webhook, one)));
  if (!isKnown) await subscribing();
  if (stop.aborted) return;
  const server = await listenNotices(context, webhook, sites);
  if (isKnown) await subscribing();
  if (!stop.aborted) await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
  await server.close();
}

/** Has the EHR notify us of all that happens to patients and appointments; tries until it does. */
async function subscribe(context: Context, webhook: WebhookSettings, { site, fhir }: Notified): Promise<void> {
  const { steps, store, machine, stop } = context;
  for (let attempt = 0; !stop.aborted; attempt += 1) {
    try {
      const topics = await fhir.search<Topic>('SubscriptionTopic', 'SubscriptionTopic');
      const there = await fhir.search<Subscription>('Subscription', 'Subscription');
      for (const { id = '', url = '' } of topics.filter((topic) => TOPICS.test(topic.id ?? ''))) {
        const own = there.find(({ criteria }) => criteria?.endsWith(`/SubscriptionTopic/${id}`));
        if (own?.channel?.endpoint === endpointOf(webhook, site)) continue;
        // There is one to a topic: one that leads elsewhere has to go.
        if (own) await send(fhir, machine.now, `Subscription/${own.id}`, { method: 'DELETE' });
        await send(fhir, machine.now, 'Subscription', wanted(webhook, site, url));
      }
      store.setCursor(`subscribed ${site.name}`, String(machine.now()));
      return;
    } catch (error) {
      if (stop.aborted) return;
      if (attempt === 0) machine.log(`subscribing fails: site=${site.name} ${nameOf(error)}`);
      await machine.sleep(steps.backoff(attempt, askedToWait(error), machine.random) ?? context.settings.pollMs, stop);
    }
  }
}

const endpointOf = ({ bind }: WebhookSettings, site: Site): string => `http://${bind.host}:${bind.port}${pathOf(site)}`;
const pathOf = (site: Site): string => `/ehr/${site.name}`;

function wanted(
  webhook: WebhookSettings,
  site: Site,
  topic: string,
): { method: string; headers: Record<string, string>; body: string } {
  const practice = site.fhir?.athena?.practice;
  const resource = {
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'keeps a CRM in step',
    criteria: topic,
    _criteria: {
      extension: [
        { url: `${BACKPORT}/backport-filter-criteria`, valueString: `ah-practice=Organization/a-1.Practice-${practice}` },
      ],
    },
    channel: {
      type: 'rest-hook',
      endpoint: endpointOf(webhook, site),
      payload: 'application/fhir+json',
      _payload: { extension: [{ url: `${BACKPORT}/backport-payload-content`, valueCode: 'id-only' }] },
    },
  };
  const headers = { 'content-type': 'application/fhir+json', 'x-hub-secret': webhook.secret };
  return { method: 'POST', headers, body: JSON.stringify(resource) };
}

async function send(fhir: Fhir, now: () => number, path: string, init: Parameters<Fhir['call']>[1]): Promise<void> {
  const { status, headers } = await fhir.call(path, init);
  if (status >= 300) throw new Failure(status, `subscription-${status}`, retryAfterMs(headers, now()));
}

/** The listener: a notification counts as taken once what it names is kept, and only then is it answered. */
export function listenNotices(
  { setAside, steps }: Pick<Context, 'setAside' | 'steps'>,
  { bind, secret }: WebhookSettings,
  sites: Pick<Notified, 'site' | 'told'>[],
): Promise<{ port: number; close(): Promise<void> }> {
  const answer = (request: http.IncomingMessage, body: Buffer): number => {
    const named = sites.find(({ site }) => pathOf(site) === request.url);
    if (!named) return 404;
    if (request.method !== 'POST') return 405;
    if (!steps.isSigned(body, secret, request.headers['x-hub-signature'])) {
      setAside(named.site.name, body.toString(), 'notification refused: not signed with our secret');
      return 401;
    }
    const practice = named.site.fhir?.athena?.practice;
    let told: Focus[];
    try {
      told = focusesIn(JSON.parse(body.toString()) as Notification);
    } catch {
      setAside(named.site.name, body.toString(), 'notification refused: not intelligible');
      return 400;
    }
    if (!told.every((focus) => steps.isOurs(focus, practice))) {
      setAside(named.site.name, body.toString(), 'notification refused: of another practice');
      return 403;
    }
    named.told.keep(told.flatMap((focus) => referenceTo(focus, practice)));
    return 204;
  };
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BYTES) request.destroy();
      else chunks.push(chunk);
    });
    request.on('error', () => undefined);
    request.on('end', () => {
      let status: number;
      try {
        status = answer(request, Buffer.concat(chunks));
      } catch {
        // What cannot be kept is not taken: it comes again.
        status = 503;
      }
      response.writeHead(status).end();
    });
  });
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    await closed;
  };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(bind.port, bind.host, () => resolve({ port: (server.address() as AddressInfo).port, close }));
  });
}

/** Whether whoever sent this knows the secret that we gave the EHR. */
export function isSigned(body: Buffer, secret: string, signature: string | string[] | undefined): boolean {
  const right = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const given = Buffer.from(String(signature));
  return given.length === right.length && timingSafeEqual(given, right);
}

/** Whether an event is about somebody of our practice, and not of another one that has the same number. */
export const isOurs = ({ identifier }: Focus, practice: string | undefined): boolean =>
  identifier?.system === undefined || identifier.system.endsWith(`:${practice}`);

function focusesIn(bundle: Notification): Focus[] {
  const events = (bundle.entry ?? []).flatMap(({ resource }) => resource?.notificationEvent ?? []);
  if (events.length === 0) throw new Error('no event');
  return events.map(({ focus = {} }) => focus);
}

// By a number that is the end of their FHIR id. Other types are none of ours.
function referenceTo({ type, identifier }: Focus, practice: string | undefined): string[] {
  const number = identifier?.value;
  if (type === 'Patient' && number) return [`Patient/a-${practice}.E-${number}`];
  if (type === 'Appointment' && number) return [`Appointment/a-${practice}.appointment-${number}`];
  return [];
}
