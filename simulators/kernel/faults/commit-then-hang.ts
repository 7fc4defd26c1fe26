import { defineFault } from '../hooks.ts';

export const commitThenHang = defineFault({
  name: 'commit-then-hang',
  family: 'in-doubt',
  doc: 'Commits, then keeps the answer back until the client gives up or the rule is healed. On a link out the answer that came is kept from the sender for as long as it waits.',
  params: {},
  applies: ({ committed, incoming }) => committed || incoming !== undefined,
  hooks: {
    reply: async (exchange, _params, { untilHealed }) => {
      await Promise.race([exchange.wire.hang(), untilHealed()]);
    },
    ack: (exchange) => {
      exchange.incoming = undefined;
    },
  },
  colour: '#86198f',
});
