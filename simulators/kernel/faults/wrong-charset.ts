import { defineFault } from '../hooks.ts';
import { headerOf, NO_HEADERS } from './no-headers.ts';

export const wrongCharset = defineFault({
  name: 'wrong-charset',
  family: 'content',
  doc: 'The bytes are in another character set than Content-Type declares: names with accents come out garbled, or the text is no text at all.',
  params: {
    bytes: { type: 'string', doc: 'what the bytes are in', default: 'latin1', oneOf: ['latin1', 'utf8', 'utf16le'] },
    declared: { type: 'string', doc: 'what Content-Type says that they are in', default: 'UTF-8' },
  },
  notIn: NO_HEADERS,
  applies: ({ reply }) => Boolean(reply?.body),
  hooks: {
    body: ({ reply }, { bytes, declared }) => {
      const { name, value } = headerOf(reply!, 'content-type');
      const type = value.split(';')[0] || 'application/octet-stream';
      reply!.body = Buffer.from(String(reply!.body), bytes as BufferEncoding);
      reply!.headers = { ...reply!.headers, [name]: `${type};charset=${declared}` };
      reply!.served = undefined;
    },
  },
  colour: '#581c87',
});
