import { defineMutant } from './define.ts';

let received = 0;

export const appliesReplays = defineMutant({
  id: 'applies-replays',
  breaks: 'Does not know a message again, and takes whatever comes for the newest.',
  steps: (reference) => ({
    receive: (message, text, inbox, machine) =>
      reference.receive({ ...message, control: `${message.control}-${++received}` }, text, inbox, machine),
    isNewer: () => true,
  }),
  kills: [{ check: 'IP-08', reason: 'replay-took-effect' }],
  mayFail: ['OR-01', 'OR-02'],
});
