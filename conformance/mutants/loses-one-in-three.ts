import { defineMutant } from './define.ts';

let taken = 0;

export const losesOneInThree = defineMutant({
  id: 'loses-one-in-three',
  breaks: 'Loses every third update.',
  steps: (reference) => ({
    mapMessage: (message, site, steps) =>
      message.event === 'A08' && ++taken % 3 === 0 ? [] : reference.mapMessage(message, site, steps),
  }),
  kills: [{ check: 'LT-02', reason: 'never-visible' }],
  mayFail: ['*'],
});
