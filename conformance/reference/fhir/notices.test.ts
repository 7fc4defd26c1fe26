import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Site } from '../settings.ts';
import type { Steps } from '../steps.ts';
import { isOurs, isSigned, listenNotices } from './notices.ts';

const SECRET = 'hush';
const site = { name: 'north', fhir: { athena: { practice: '7', departments: [] } } } as unknown as Site;
let kept: string[];
let isFull: boolean;
let server: Awaited<ReturnType<typeof listenNotices>>;

beforeEach(async () => {
  kept = [];
  isFull = false;
  const told = {
    keep(references: string[]) {
      if (isFull) throw new Error('the disk is full');
      kept.push(...references);
    },
    close: async () => {},
  };
  const webhook = { bind: { host: '127.0.0.1', port: 0 }, secret: SECRET };
  server = await listenNotices({ setAside: () => undefined, steps: { isSigned, isOurs } as Steps }, webhook, [{ site, told }]);
});
afterEach(() => server.close());

const sign = (body: string, secret = SECRET) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
const post = async (body: string, { signature = sign(body), path = '/ehr/north', method = 'POST' } = {}) => {
  const headers = { 'x-hub-signature': signature, connection: 'close' };
  const sent = method === 'GET' ? { method, headers } : { method, headers, body };
  return (await fetch(`http://127.0.0.1:${server.port}${path}`, sent)).status;
};
const notice = (...focus: object[]) =>
  JSON.stringify({
    resourceType: 'Bundle',
    entry: [{ resource: { resourceType: 'SubscriptionStatus', notificationEvent: focus.map((one) => ({ focus: one })) } }, {}],
  });
const ann = { type: 'Patient', reference: 'Patient/a-7.E-5', identifier: { value: '5' } };

it('keeps what a notification names, and answers then', async () => {
  const visit = { type: 'Appointment', identifier: { value: '9' } };
  expect(await post(notice(ann, visit, { type: 'Encounter', identifier: { value: '3' } }))).toBe(204);
  expect(kept).toEqual(['Patient/a-7.E-5', 'Appointment/a-7.appointment-9']);
});

it('takes nothing of another practice, which has the same numbers', async () => {
  const other = { ...ann, identifier: { system: 'urn:athenahealth:athenanet:patient:8', value: '5' } };
  expect(await post(notice(other))).toBe(403);
  expect(kept).toEqual([]);
});

it('does not take what it cannot keep', async () => {
  isFull = true;
  expect(await post(notice(ann))).toBe(503);
});

it.each([
  ['another secret', { signature: sign(notice(ann), 'other') }, 401],
  ['no signature', { signature: '' }, 401],
  ['another path', { path: '/ehr/south' }, 404],
  ['another method', { method: 'GET' }, 405],
])('takes nothing with %s', async (_, how, status) => {
  expect(await post(notice(ann), how)).toBe(status);
  expect(kept).toEqual([]);
});

it('takes nothing unintelligible, whoever signed it', async () => {
  const bodies = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.json(),
    fc.json().map((text) => `{"entry":${text}}`),
  );
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      expect(await post(body)).toBe(400);
      expect(kept).toEqual([]);
    }),
    { numRuns: 50 },
  );
});
