import { defineFault } from '../hooks.ts';
import type { Random } from '../random.ts';

// At least one byte, so that a fault that fires is one; each becomes another than it was.
function garble(bytes: Buffer, share: number, random: Random): Buffer {
  const changed = Buffer.from(bytes);
  for (let n = Math.max(1, Math.round(bytes.length * share)); n > 0 && bytes.length > 0; n--) {
    const at = random.int(0, bytes.length - 1);
    changed[at] = (bytes[at]! + random.int(1, 255)) % 256;
  }
  return changed;
}

export const garbled = defineFault({
  name: 'garbled',
  family: 'content',
  doc: 'Some bytes of a body or a message become others on the way; its length stays.',
  params: { share: { type: 'number', doc: 'share of the bytes that change, at least one', default: 0.02, range: [0, 1] } },
  idle: ({ share }) => share === 0,
  applies: ({ reply, outgoing }) => Boolean(reply?.body) || outgoing !== undefined,
  hooks: {
    body: ({ reply }, { share }, { random }) => {
      reply!.body = garble(Buffer.from(reply!.body as string), Number(share), random);
      reply!.served = undefined;
    },
    message: ({ outgoing }, { share }, { random }) => {
      if (outgoing) outgoing.bytes = garble(outgoing.bytes, Number(share), random);
    },
  },
  colour: '#a21caf',
});
