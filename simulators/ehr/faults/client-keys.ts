import { defineFault } from '#kernel';

export const clientKeys = defineFault({
  name: 'client-keys',
  family: 'credentials',
  doc: 'The site treats the key sets that apps publish otherwise: it keeps what it fetched and looks no more, so that a new key is unknown to it; or it forgets them, and fetches each anew.',
  params: {
    how: { type: 'string', doc: 'what it does with fetched key sets', default: 'kept', oneOf: ['kept', 'forgotten'] },
  },
  hooks: {},
  lever: 'client-keys',
  colour: '#a855f7',
});
