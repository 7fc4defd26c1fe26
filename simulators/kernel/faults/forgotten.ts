import { defineFault } from '../hooks.ts';

export const forgotten = defineFault({
  name: 'forgotten',
  family: 'connection',
  doc: 'A half-open connection: the server forgets it without a FIN, and takes what is sent on it in silence, also after healing; new connections are served. As near as a process comes to a peer that vanished: the system still acknowledges the bytes, where a vanished host would not.',
  params: {},
  hooks: { request: (exchange) => exchange.wire.hang() },
  colour: '#7c2d12',
});
