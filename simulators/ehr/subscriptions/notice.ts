import { createHmac } from 'node:crypto';
import type { RecordRef } from '#kernel';
import { numberOf } from '../vendors/athena/ids.ts';

/** A subscription as a client made it. */
export interface Subscription {
  id: string;
  client: string;
  /** `Patient.update` */
  topic: string;
  endpoint: string;
  /** Journal sequence number after which events are told. */
  since: number;
  /** Header lines of the channel. */
  headers: string[];
  /** Signs each delivery, where the client gave one (`X-Hub-Secret`). */
  secret?: string;
  /** As it was sent, with id and status. */
  resource: Record<string, unknown>;
}

/** One event of a topic, waiting to be told or being told. */
export interface Notice {
  /** The event's own id: the same in every attempt, by which duplicates are known. */
  id: string;
  subscription: string;
  record: RecordRef;
  /** Instant of the event. */
  at: string;
  actor?: string;
  /** Journal sequence number of the commit. */
  cause: number;
  attempts: number;
  /** Epoch ms of the next attempt, and after which there is none. */
  due: number;
  deadline: number;
  /** Kept back on the way: until another one of the subscription was told, or for a while. */
  held?: 'next' | 'while';
}

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';

/**
 * The bundle that one delivery carries: ids alone, numbers that start again at 1 in each bundle, as strings
 * (aone-fhir-subscriptions README, sections 4 and 5).
 */
export function noticeBundle(
  subscription: Subscription,
  notices: readonly Notice[],
  where: { base: string; practice: string; now: string },
): unknown {
  const { base, practice, now } = where;
  const request = { method: 'GET', url: `Subscription/${subscription.id}/$status` };
  const entry = (id: string, resource: unknown) => ({
    fullUrl: `urn:uuid:${id}`,
    resource,
    request,
    response: { status: '200' },
  });
  const focus = ({ record: { type, id } }: Notice) => ({
    // Appointments are read by v1: no FHIR reference there.
    ...(type === 'Appointment' ? {} : { reference: `${type}/${id}` }),
    type,
    identifier: { system: `urn:athenahealth:athenanet:${type.toLowerCase()}:${practice}`, value: numberOf(id) },
  });
  const status = {
    resourceType: 'SubscriptionStatus',
    status: 'active',
    type: 'event-notification',
    eventsSinceSubscriptionStart: String(notices.length),
    eventsInNotification: notices.length,
    notificationEvent: notices.map((notice, i) => ({
      eventNumber: String(i + 1),
      id: notice.id,
      timestamp: notice.at,
      focus: focus(notice),
    })),
    subscription: { reference: `Subscription/${subscription.id}` },
    topic: `${base}/SubscriptionTopic/${subscription.topic}`,
  };
  return {
    resourceType: 'Bundle',
    meta: { profile: [`${BACKPORT}/backport-subscription-notification`] },
    type: 'history',
    timestamp: now,
    entry: [
      entry(`${notices[0]!.id}-status`, status),
      ...notices.map((notice) =>
        entry(notice.id, {
          resourceType: 'AuditEvent',
          id: notice.id,
          type: { system: `${base}/SubscriptionTopic`, code: subscription.topic },
          recorded: notice.at,
          agent: [{ altId: notice.actor ?? 'athenahealth', requestor: true }],
          source: { observer: { reference: `Organization/a-1.Practice-${practice}` } },
          entity: [{ what: focus(notice) }],
        }),
      ),
    ],
  };
}

/** The bundle as it would come from another practice. */
export function foreignBundle(bytes: Buffer, practice: string): Buffer {
  const other = practice.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + 1) % 10));
  return Buffer.from(bytes.toString().replaceAll(practice, other === practice ? `${practice}-other` : other));
}

/** `X-Hub-Signature` of a body. */
export const signature = (secret: string, body: Buffer): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
