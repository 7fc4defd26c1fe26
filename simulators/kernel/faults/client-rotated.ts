import { defineFault } from '../hooks.ts';

export const clientRotated = defineFault({
  name: 'client-rotated',
  family: 'credentials',
  doc: 'The secret or key of an app is changed: the new one takes effect, and the old one is refused once the overlap is over. Tokens that live go on. What the part says of itself holds the new one.',
  params: {
    client: { type: 'string', doc: 'client id; empty for every app', default: '' },
    overlap: { type: 'number', doc: 'seconds for which the old one is taken as well', default: 0, range: [0, 31_536_000] },
  },
  hooks: {},
  lever: 'client-rotated',
  colour: '#5b21b6',
});
