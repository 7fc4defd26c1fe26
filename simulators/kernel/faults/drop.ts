import { defineFault, type FaultHook } from '../hooks.ts';

const lose: FaultHook = ({ outgoing }) => {
  if (outgoing) outgoing.copies = 0;
};

export const drop = defineFault({
  name: 'drop',
  family: 'notification',
  doc: 'Never sends the message or the notification; its sender takes it for delivered.',
  params: {},
  hooks: { message: lose, notify: lose },
  colour: '#525252',
});
