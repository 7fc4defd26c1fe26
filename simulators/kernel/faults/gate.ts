import { defineFault } from '../hooks.ts';

export const gate = defineFault({
  name: 'gate',
  family: 'control',
  doc: 'Parks the call at a hook until it is released, or until the deadline of gates.',
  params: {
    at: {
      type: 'string',
      doc: 'where it waits',
      default: 'request',
      oneOf: ['request', 'store-read', 'before-commit', 'after-commit', 'reply', 'message', 'ack'],
    },
  },
  hooks: Object.fromEntries(
    (['request', 'store-read', 'before-commit', 'after-commit', 'reply', 'message', 'ack'] as const).map((hook) => [
      hook,
      async (_exchange, { at }, { park }) => {
        if (at === hook) await park(hook);
      },
    ]),
  ),
  colour: '#4338ca',
});
