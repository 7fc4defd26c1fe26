import { defineFault } from '../hooks.ts';

export const noAccept = defineFault({
  name: 'no-accept',
  family: 'connection',
  doc: 'Connections open and nobody ever reads from them: not a byte comes back, not even of a TLS handshake, until healed; then they are served. To the peer it is as if the process hung. (A host that drops even the first packet, so that connecting itself takes for ever, needs a firewall.)',
  params: {},
  hooks: {
    connect: async (exchange, _params, { untilHealed }) => {
      await Promise.race([exchange.wire.hang(), untilHealed()]);
    },
  },
  colour: '#4b5563',
});
