import { defineFault, type Exchange } from '../hooks.ts';

const half = (bytes: Buffer): Buffer => bytes.subarray(0, Math.floor(bytes.length / 2));

// Cut where it cannot be read any more, with its length announced as sent.
const cut = ({ reply }: Exchange): void => {
  if (!reply?.body) return;
  reply.body = half(Buffer.from(reply.body as string));
  reply.served = undefined;
};

export const poisonRecord = defineFault({
  name: 'poison-record',
  family: 'reading',
  doc: "One record (say which: `where.record`, `where.text`) that nothing digests: whatever reads or finds it fails with the vendor's own error, or with a body that breaks off; a message about it is broken each time that it is sent.",
  params: { how: { type: 'string', doc: 'how a read fails', default: 'error', oneOf: ['error', 'broken-body'] } },
  // What is read is known at `store-read`; only what was read breaks off.
  applies: ({ records, outgoing }, _params, hook) => (hook === 'frame' ? outgoing !== undefined : records.length > 0),
  hooks: {
    'store-read': (exchange, { how }) => {
      if (how === 'error') exchange.reject('internal');
    },
    body: (exchange, { how }) => {
      if (how === 'broken-body') cut(exchange);
    },
    frame: ({ outgoing }) => {
      if (outgoing) outgoing.bytes = half(outgoing.bytes);
    },
  },
  colour: '#7e22ce',
});
