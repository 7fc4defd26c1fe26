import { defineFault } from '../hooks.ts';

export const refuseBeforeCommit = defineFault({
  name: 'refuse-before-commit',
  family: 'in-doubt',
  doc: "Checks the write to the end, then refuses it with the vendor's own error of the server; nothing is committed.",
  params: {
    error: { type: 'string', doc: 'which of its errors', default: 'unavailable', oneOf: ['unavailable', 'internal'] },
  },
  hooks: { 'before-commit': (exchange, { error }) => exchange.reject(String(error)) },
  colour: '#9f1239',
});
