import { defineMutant } from './define.ts';

const seen = new Set<string>();

export const refusesCopies = defineMutant({
  id: 'refuses-copies',
  breaks: 'Answers AE to a message that it has already.',
  steps: (reference) => ({
    validateMessage(message, site, steps) {
      const known = seen.has(message.control);
      seen.add(message.control);
      return known
        ? { code: 'AE', condition: 205, text: 'MSH-10 was used before' }
        : reference.validateMessage(message, site, steps);
    },
  }),
  kills: [
    { check: 'IP-01', reason: 'copy-refused' },
    { check: 'HL-03', reason: 'resend-refused' },
  ],
});
