import { defineFault } from '../hooks.ts';
import { headerOf, NO_HEADERS } from './no-headers.ts';

export const wrongContentType = defineFault({
  name: 'wrong-content-type',
  family: 'content',
  doc: 'The answer is right and says that it is something else; an empty type leaves the header out.',
  params: { type: { type: 'string', doc: 'what Content-Type says', default: 'text/plain' } },
  notIn: NO_HEADERS,
  applies: ({ reply }) => Boolean(reply?.body),
  hooks: {
    body: ({ reply }, { type }) => {
      const { name } = headerOf(reply!, 'content-type');
      const { [name]: _, ...others } = reply!.headers ?? {};
      reply!.headers = { ...others, ...(type !== '' && { [name]: String(type) }) };
    },
  },
  colour: '#065f46',
});
