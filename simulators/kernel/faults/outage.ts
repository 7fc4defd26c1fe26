import { defineFault } from '../hooks.ts';

export const outage = defineFault({
  name: 'outage',
  doc: 'The system is away: connections are reset, open ones too, until healed.',
  params: {},
  hooks: { connect: (exchange) => exchange.wire.reset(), request: (exchange) => exchange.wire.reset() },
  colour: '#111827',
});
