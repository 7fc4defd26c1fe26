import { defineFault } from '../hooks.ts';

export const shortTokens = defineFault({
  name: 'short-tokens',
  family: 'credentials',
  doc: 'Access tokens live so many seconds from now on; those that live already end within that time.',
  params: {
    seconds: { type: 'number', doc: 'life of a token; 0 for its own', default: 5, range: [0, 86_400] },
  },
  hooks: {},
  lever: 'token-life',
  idle: ({ seconds }) => Number(seconds) === 0,
  colour: '#8b5cf6',
});
