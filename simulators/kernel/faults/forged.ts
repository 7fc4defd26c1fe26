import { defineFault, type Outgoing } from '../hooks.ts';

// A signature of the right form over something else.
const otherwise = ({ bytes, sign }: Outgoing): Readonly<Record<string, string>> | undefined =>
  sign?.(Buffer.concat([bytes, Buffer.from(' ')]));

export const forged = defineFault({
  name: 'forged',
  family: 'notification',
  doc: 'In place of the notification comes one that its sender did not make: without signature, with a wrong one, or one of another tenant. The genuine one waits until the rule is healed, unless the forged one is taken for it.',
  params: {
    how: {
      type: 'string',
      doc: 'what is wrong with it',
      default: 'unsigned',
      oneOf: ['unsigned', 'wrong-signature', 'other-tenant'],
    },
  },
  against: ({ forgeries = [] }, params) => {
    if (forgeries.length === 0) return 'nobody else could make what comes from there';
    return params === undefined || forgeries.includes(String(params.how)) ? undefined : 'what comes from there is not signed';
  },
  // Where nothing is signed, a signature can be neither left out nor wrong.
  applies: ({ outgoing }, { how }) => (how === 'other-tenant' ? outgoing?.foreign : outgoing?.sign) !== undefined,
  hooks: {
    notify: ({ outgoing }, { how }) => {
      if (!outgoing) return;
      if (how === 'unsigned') outgoing.signature = {};
      else if (how === 'wrong-signature') outgoing.signature = otherwise(outgoing);
      else if (outgoing.foreign) outgoing.bytes = outgoing.foreign();
    },
  },
  colour: '#164e63',
});
