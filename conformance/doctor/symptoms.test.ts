import { describe, expect, test } from 'vitest';
import type { JournalEvent } from '#simulators';
import { SYMPTOMS } from './symptoms.ts';

const event = (sim: string, kind: string, data: Record<string, unknown>) => ({ sim, kind, data }) as unknown as JournalEvent;
const auth = (reason: string) => event('ehr', 'auth', { reason });
const failed = (data: Record<string, unknown>) => event('ehr', 'connection', { state: 'failed', ...data });
const ack = (outcome: string, data: Record<string, unknown> = {}) => event('hl7', 'ack', { outcome, ...data });
const refused = (data: Record<string, unknown>) => event('ehr', 'notice', { state: 'refused', ...data });

/** What the simulators write into the journal, by the symptom that it is of. */
const SHOWN: Record<string, JournalEvent[]> = {
  'plain-http': [failed({ reason: 'http request' })],
  'unknown-ca': [failed({ alert: 'unknown ca' }), failed({ reason: 'ssl/tls alert bad certificate' })],
  distrust: [failed({ reason: 'the client hung up' })],
  'tls-version': [failed({ reason: 'unsupported protocol' })],
  'wrong-audience': [auth('aud "x" is not the token URL y')],
  'clock-skew': [auth('exp passed 3600 s ago'), auth('exp lies more than 300 s ahead'), auth('nbf lies in the future')],
  'unknown-client': [auth('no client x is registered'), auth('no connected app has the consumer key x')],
  'wrong-secret': [auth('the client secret is wrong'), auth('wrong consumer secret')],
  'wrong-password': [auth('wrong password or security token'), auth('the security token is missing')],
  'wrong-key': [auth('no registered key (kid k) verifies the signature'), auth('alg RS1 is not one of RS384')],
  'assertion-used-twice': [auth('jti was used before')],
  'wrong-scopes': [auth('nothing of system/X.read is registered for the client'), auth('scope is missing')],
  'wrong-token-request': [auth('grant_type is missing')],
  'missing-scope': [event('ehr', 'reply', { status: 403, operation: 'search', type: 'Appointment' })],
  'mllp-is-http': [ack('garbled', { text: 'HTTP/1.1 400 Bad Request' })],
  'mllp-is-tls': [ack('garbled', { text: '\u0015\u0003\u0003' })],
  'mllp-garbage': [ack('garbled', { text: 'hello', reason: 'bytes outside any frame' })],
  'mllp-refused': [ack('refused', { reason: 'connect ECONNREFUSED' })],
  'mllp-closed': [ack('closed', { reason: 'the receiver closed the connection before it answered' })],
  'mllp-silent': [ack('silent', { reason: 'no answer within 1000 ms' })],
  'message-refused': [ack('error', { code: 'AE', reason: 'PID-3' }), ack('reject', { code: 'AR' })],
  'wrong-webhook-secret': [refused({ status: 401 }), refused({ status: 403 })],
  'webhook-refused': [refused({ status: 500 }), refused({ error: 'connect ECONNREFUSED' })],
  'no-mllp-to-us': [event('hl7', 'connection', { state: 'junk', bytes: 5 })],
  died: [event('judge', 'subject', { what: 'died', how: 'ended by itself with exit code 1' })],
};

/** What a good set-up shows. */
const GOOD = [
  event('ehr', 'connection', { state: 'secured' }),
  event('ehr', 'reply', { status: 200 }),
  // What a reader that looks before it writes is told of somebody who is not there yet.
  event('crm', 'reply', { status: 404 }),
  event('crm', 'reply', { status: 403 }),
  ack('positive', { code: 'AA' }),
  event('ehr', 'notice', { state: 'taken', status: 204 }),
  event('judge', 'subject', { what: 'ready' }),
  event('hl7', 'connection', { state: 'open', direction: 'out' }),
];

const first = (of: JournalEvent) => SYMPTOMS.find((symptom) => symptom.shows(of) !== undefined)?.id;

describe('symptoms', () => {
  test('each has an example here', () => expect(Object.keys(SHOWN)).toEqual(SYMPTOMS.map(({ id }) => id)));

  test.each(Object.entries(SHOWN))('%s is the first that fits what is its', (id, events) => {
    expect(events.map(first)).toEqual(events.map(() => id));
  });

  test('nothing of a good set-up is one', () => expect(GOOD.map(first)).toEqual(GOOD.map(() => undefined)));

  test.each(SYMPTOMS)('$id says what to do', ({ fix }) => expect(fix).toMatch(/^[a-z].{20,}[^.]$/));
});
