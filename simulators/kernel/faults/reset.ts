import { defineFault } from '../hooks.ts';

export const reset = defineFault({
  name: 'reset',
  family: 'connection',
  doc: 'Resets the TCP connection before the request is served; nothing is committed.',
  params: {},
  hooks: { request: (exchange) => exchange.wire.reset(), frame: (exchange) => exchange.wire.reset() },
  colour: '#7f1d1d',
});
