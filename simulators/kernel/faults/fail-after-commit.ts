import { defineFault } from '../hooks.ts';

export const failAfterCommit = defineFault({
  name: 'fail-after-commit',
  family: 'in-doubt',
  doc: "Commits, then answers with the vendor's own error of the server, as if nothing had been done.",
  params: {
    error: { type: 'string', doc: 'which of its errors', default: 'internal', oneOf: ['unavailable', 'internal'] },
  },
  applies: ({ committed }) => committed,
  hooks: { reply: (exchange, { error }) => exchange.reject(String(error)) },
  colour: '#e11d48',
});
