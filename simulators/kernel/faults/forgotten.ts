import { defineFault } from '../hooks.ts';

export const forgotten = defineFault({
  name: 'forgotten',
  family: 'connection',
  doc: 'A half-open connection: the server forgets it without a FIN, and takes what is sent on it in silence; new connections meet the same. When it is healed, what was forgotten is reset, as by a host that came back and knows nothing of it. As near as a process comes to a peer that vanished: the system still acknowledges the bytes, where a vanished host would not.',
  params: {},
  hooks: {
    request: async ({ wire }, _params, { untilHealed }) => {
      await Promise.race([wire.hang(), untilHealed()]);
      wire.reset();
    },
  },
  colour: '#7c2d12',
});
