import { defineFault } from '../hooks.ts';

export const ownWritesLate = defineFault({
  name: 'own-writes-late',
  family: 'reading',
  doc: 'For a while after a write, the one who wrote reads what was there before; everybody else sees the write at once.',
  params: { ms: { type: 'number', doc: 'for how many milliseconds', default: 5000, range: [0, 600_000] } },
  idle: ({ ms }) => ms === 0,
  applies: ({ rereads, lately, client }, { ms }) =>
    rereads === true && client !== undefined && lately?.(Number(ms)).some(({ actor }) => actor === client) === true,
  hooks: {
    'store-read': (exchange, { ms }, { clock }) => {
      exchange.asOf = { since: clock.now() - Number(ms), actor: exchange.client };
    },
  },
  colour: '#84cc16',
});
