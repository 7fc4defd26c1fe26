import { expect, test } from 'vitest';
import { JournalBuilder } from '../testing/journal-builder.ts';
import { factsOf } from '../testing/setting.ts';
import { offered } from './tls-facts.ts';

const ALWAYS = [0, Number.POSITIVE_INFINITY] as const;

type Tell = (b: JournalBuilder) => unknown;
const flawed: Tell = (b) => b.offers('ehr', 'expired');
const calls: Tell = (b) => b.request('ehr', 'GET', '/');
const shaken =
  (taken: boolean): Tell =>
  (b) =>
    b.handshake('ehr', taken, 'TLSv1.3', 'expired');
const plain: Tell = (b) => b.add({ sim: 'ehr', tenant: 'epic', kind: 'request', data: { method: 'GET', secure: false } });
const northOf =
  (what: 'offers' | 'request'): Tell =>
  (b) =>
    what === 'offers'
      ? b.add({ sim: 'ehr', tenant: 'epic-north', kind: 'connection', data: { state: 'offers', certificate: 'expired' } })
      : b.add({ sim: 'ehr', tenant: 'epic-north', kind: 'request', data: { method: 'GET', secure: true } });

/** What a history comes to: handshakes, those gone through with, and calls, while a certificate of the EHR has expired. */
test.each<[string, Tell[], [number, number, number]]>([
  ['nobody came', [flawed], [0, 0, 0]],
  ['one who hung up', [flawed, shaken(false)], [1, 0, 0]],
  ['one who looked afterwards, and left', [flawed, shaken(true)], [1, 1, 0]],
  ['one who went on', [flawed, shaken(true), calls], [1, 1, 1]],
  ['a call before it', [calls, flawed], [0, 0, 0]],
  ['a call after it', [flawed, (b) => b.offers('ehr'), calls], [0, 0, 0]],
  ['a call to the other system', [flawed, (b) => b.request('crm', 'GET', '/')], [0, 0, 0]],
  ['another flaw', [(b) => b.offers('ehr', 'untrusted'), calls], [0, 0, 0]],
  ['a call to a hospital whose name begins like this one', [flawed, northOf('offers'), northOf('request')], [0, 0, 0]],
  ['a call without TLS', [flawed, plain], [0, 0, 0]],
])('%s', (_, history, expected) => {
  const b = new JournalBuilder();
  for (const tell of history) tell(b);
  const { handshakes, calls } = offered(factsOf(b).tls, { sim: 'ehr', site: 'epic' }, 'expired', ALWAYS);
  expect([handshakes.length, handshakes.filter(({ taken }) => taken).length, calls.length]).toEqual(expected);
});

test('only what came in the time of the check counts', () => {
  const b = new JournalBuilder();
  b.offers('crm', '1.2');
  const first = b.handshake('crm', true, 'TLSv1.2', '1.2');
  b.wait(10);
  const second = b.handshake('crm', true, 'TLSv1.2', '1.2');
  const { handshakes } = offered(factsOf(b).tls, { sim: 'crm', site: 'epic' }, '1.2', [first.at + 1, second.at]);
  expect(handshakes.map(({ at }) => at)).toEqual([second.at]);
});
