import { defineFault } from '../hooks.ts';

export const partition = defineFault({
  name: 'partition',
  family: 'connection',
  doc: 'The network between drops everything: nothing is reset and nothing answers, on open connections and on new ones, until healed; what was sent meanwhile then arrives. With a path, a region of the routes is cut off and connections open as usual.',
  params: {},
  hooks: Object.fromEntries(
    (['connect', 'request', 'frame'] as const).map((hook) => [
      hook,
      async (exchange, _params, { untilHealed }) => {
        await Promise.race([exchange.wire.hang(), untilHealed()]);
      },
    ]),
  ),
  colour: '#0f172a',
});
