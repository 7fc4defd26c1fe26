import { defineFault } from '../hooks.ts';

export const goesBack = defineFault({
  name: 'goes-back',
  family: 'reading',
  doc: 'Who was shown a new version is shown the one before, then the new one again: two replicas answer in turn, and one lags behind.',
  params: { ms: { type: 'number', doc: 'by how many milliseconds the other one lags', default: 5000, range: [0, 600_000] } },
  idle: ({ ms }) => ms === 0,
  // Of what changed lately, something that this client has seen: else nothing goes back.
  applies: ({ rereads, lately, seen }, { ms }) => {
    if (!rereads || !lately || !seen) return false;
    const before = new Set(seen(Number(ms)).map(({ type, id }) => `${type}/${id}`));
    return lately(Number(ms)).some(({ record: { type, id } }) => before.has(`${type}/${id}`));
  },
  hooks: {
    'store-read': (exchange, { ms }, { clock }) => {
      exchange.asOf = { since: clock.now() - Number(ms) };
    },
  },
  colour: '#4d7c0f',
});
