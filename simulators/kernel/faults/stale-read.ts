import { defineFault } from '../hooks.ts';

export const staleRead = defineFault({
  name: 'stale-read',
  family: 'reading',
  doc: 'For a while after a write, reads and searches give what was there before it: a replica lags behind.',
  params: { ms: { type: 'number', doc: 'by how many milliseconds it lags', default: 5000, range: [0, 600_000] } },
  idle: ({ ms }) => ms === 0,
  applies: ({ rereads, lately }, { ms }) => rereads === true && lately !== undefined && lately(Number(ms)).length > 0,
  hooks: {
    'store-read': (exchange, { ms }, { clock }) => {
      exchange.asOf = { since: clock.now() - Number(ms) };
    },
  },
  colour: '#65a30d',
});
