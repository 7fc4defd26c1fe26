import { defineFault } from '../hooks.ts';

export const outage = defineFault({
  name: 'outage',
  family: 'connection',
  doc: 'The system is away: connections are reset, open ones too, until healed.',
  params: {},
  // A link has its connection open long before: it is cut when the next message would go out.
  hooks: {
    connect: (exchange) => exchange.wire.reset(),
    request: (exchange) => exchange.wire.reset(),
    frame: (exchange) => exchange.wire.reset(),
  },
  colour: '#111827',
});
