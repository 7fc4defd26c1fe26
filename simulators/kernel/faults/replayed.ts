import { defineFault } from '../hooks.ts';

const DAY = 86_400_000;
const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** The same, as it would have been said so many days before. */
const aged = (bytes: Buffer, days: number): Buffer =>
  days === 0
    ? bytes
    : Buffer.from(bytes.toString().replace(INSTANT, (at) => new Date(Date.parse(at) - days * DAY).toISOString()));

export const replayed = defineFault({
  name: 'replayed',
  family: 'notification',
  doc: 'The notification comes again later, with the times of then: somebody has kept it, or a queue was played back. Where the sender signs, its signature is right, or is of a body with other times.',
  params: {
    ms: { type: 'number', doc: 'milliseconds until it comes again', default: 0, range: [0, 604_800_000] },
    days: { type: 'number', doc: 'its times lie so many days back', default: 3, range: [0, 365] },
    signature: {
      type: 'string',
      doc: 'what it is signed for: what it says, or what it said first',
      default: 'valid',
      oneOf: ['valid', 'old'],
    },
  },
  hooks: {
    notify: ({ outgoing }, { ms, days, signature }) => {
      if (!outgoing) return;
      const { bytes, sign } = outgoing;
      const again = { bytes: aged(bytes, Number(days)), ms: Number(ms) };
      outgoing.later = [{ ...again, ...(signature === 'old' && sign ? { signature: sign(bytes) } : {}) }];
    },
  },
  colour: '#155e75',
});
