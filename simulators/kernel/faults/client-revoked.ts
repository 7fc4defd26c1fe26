import { defineFault } from '../hooks.ts';

export const clientRevoked = defineFault({
  name: 'client-revoked',
  family: 'credentials',
  doc: 'An app is switched off: no token is given to it, and those that it has end.',
  params: {
    client: { type: 'string', doc: 'client id; empty for every app', default: '' },
    tokens: { type: 'boolean', doc: 'end the tokens that it has, too', default: true },
  },
  hooks: {},
  lever: 'client-revoked',
  colour: '#6d28d9',
});
