import fc from 'fast-check';
import { expect, it } from 'vitest';
import { e164 } from './phone.ts';

it.each([
  ['212-555-0143', '+12125550143'],
  ['(555) 123-4567', '+15551234567'],
  ['555.123.4567 x9', '+15551234567 x9'],
  ['(212)555-0143 ext. 12', '+12125550143 x12'],
  ['tel:+1-212-555-0143;ext=7', '+12125550143 x7'],
  ['1 212 555 0143', '+12125550143'],
  ['+1 212 555 0143', '+12125550143'],
  ['+44 20 7946 0958', '+442079460958'],
  ['011 44 20 7946 0958', '+442079460958'],
  ['212\u2011555\u20110143', '+12125550143'],
  ['+12125550143', '+12125550143'],
  ['999-999-9999', undefined],
  ['222-222-2222', undefined],
  ['000-000-0000', undefined],
  ['UNK', undefined],
  ['none', undefined],
  ['', undefined],
  ['555-0143', undefined],
  ['112-555-0143', undefined],
  ['292-555-0143', undefined],
  ['212-555-01434', undefined],
  ['+1 555', undefined],
  ['+44', undefined],
  ['call mother 212-555-0143', undefined],
])('%s is dialled as %s', (written, dialled) => {
  expect(e164(written)).toBe(dialled);
});

it('leaves what it made as it is', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[2-9][0-8]\d-555-01\d\d( x\d{1,4})?$/), (written) => {
      const once = e164(written) as string;
      return e164(once) === once;
    }),
  );
});
