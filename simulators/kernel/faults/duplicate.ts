import { defineFault, type FaultHook } from '../hooks.ts';

const repeat: FaultHook = ({ outgoing }, { copies }) => {
  if (outgoing) outgoing.copies = Number(copies);
};

export const duplicate = defineFault({
  name: 'duplicate',
  family: 'notification',
  doc: 'Sends the same message or notification, with the same id, several times.',
  params: { copies: { type: 'number', doc: 'how often in all', default: 2, range: [1, 100] } },
  idle: ({ copies }) => copies === 1,
  hooks: { message: repeat, notify: repeat },
  colour: '#0369a1',
});
