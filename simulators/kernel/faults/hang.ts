import { defineFault } from '../hooks.ts';

export const hang = defineFault({
  name: 'hang',
  family: 'time',
  doc: 'Takes the request and does not answer until the client gives up or the rule is healed; nothing is committed before.',
  params: {},
  hooks: {
    request: async (exchange, _params, { untilHealed }) => {
      await Promise.race([exchange.wire.hang(), untilHealed()]);
    },
  },
  colour: '#6b21a8',
});
