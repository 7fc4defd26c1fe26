import { defineFault, type FaultHook } from '../hooks.ts';

const hold: FaultHook = ({ outgoing }) => {
  if (outgoing) outgoing.holdForNext = true;
};

export const reorder = defineFault({
  name: 'reorder',
  family: 'notification',
  doc: 'Delivers the next message of the same person, or the next notification to the same subscriber, before this one.',
  params: {},
  hooks: { message: hold, notify: hold },
  colour: '#0e7490',
});
