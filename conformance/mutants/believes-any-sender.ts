import { defineMutant } from './define.ts';

export const believesAnySender = defineMutant({
  id: 'believes-any-sender',
  breaks: 'Never looks at who sent a message: MSH-3 and MSH-4 may be anybody.',
  steps: (reference) => ({
    validateMessage: (message, site, steps) =>
      reference.validateMessage(message, { ...site, mllp: site.mllp && { ...site.mllp, sender: undefined } }, steps),
  }),
  kills: [{ check: 'SE-09', reason: 'stranger-took-effect' }],
});
