import { SEVER_HOWS, type SeverHow } from '../delivery.ts';
import { defineFault } from '../hooks.ts';

export const cutBody = defineFault({
  name: 'cut-body',
  family: 'connection',
  doc: 'The answer breaks off in the middle of its body: the connection is reset, closed in order, or left in silence. Its length was announced, or it came in chunks of which the last is missing. One that is written piece by piece, such as an exported file, breaks off in the first piece.',
  params: {
    after: { type: 'number', doc: 'share of the bytes that comes; 1 is all of them, and no fault', default: 0.5, range: [0, 1] },
    how: { type: 'string', doc: 'what becomes of the connection', default: 'reset', oneOf: SEVER_HOWS },
    framing: {
      type: 'string',
      doc: 'how the client can tell that more was to come',
      default: 'length',
      oneOf: ['length', 'chunked'],
    },
  },
  idle: ({ after }) => after === 1,
  applies: ({ reply }) => (reply?.body ?? reply?.stream) !== undefined,
  hooks: {
    body: ({ reply }, { after, how, framing }) => {
      const sever = { after: Number(after), how: how as SeverHow };
      reply!.delivery = { ...reply!.delivery, sever, chunked: framing === 'chunked' };
      reply!.served = undefined;
    },
  },
  colour: '#dc2626',
});
