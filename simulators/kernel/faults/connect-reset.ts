import { defineFault } from '../hooks.ts';

export const connectReset = defineFault({
  name: 'connect-reset',
  family: 'connection',
  doc: 'Resets each new TCP connection as soon as it is open, before anything is said on it; those that are open go on.',
  params: {},
  hooks: { connect: (exchange) => exchange.wire.reset() },
  colour: '#991b1b',
});
