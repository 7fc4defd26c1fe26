import { defineFault } from '../hooks.ts';

export const tokensEnd = defineFault({
  name: 'tokens-end',
  family: 'credentials',
  doc: 'Every access token that lives ends at once, in the middle of whatever it is used for; new ones are given as ever.',
  params: {},
  hooks: {},
  lever: 'tokens',
  once: true,
  colour: '#7c3aed',
});
