import { defineMutant } from './define.ts';

export const poisonBlocks = defineMutant({
  id: 'poison-blocks',
  breaks: 'Answers nothing intelligible to a message that it cannot take, so that the hospital sends it for ever.',
  steps: (reference) => ({
    ack: (message, refusal, now) => (refusal ? 'sorry' : reference.ack(message, refusal, now)),
  }),
  kills: [{ check: 'RS-08', reason: 'not-read' }],
  mayFail: ['*'],
});
