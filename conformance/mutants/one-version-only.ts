import { defineMutant } from './define.ts';

export const oneVersionOnly = defineMutant({
  id: 'one-version-only',
  breaks: 'Refuses every version of HL7 but 2.5.1.',
  steps: (reference) => ({
    validateMessage(message, site, steps) {
      const [version] = message.segments[0]?.fields[12]?.[0]?.[0] ?? [];
      if (version !== '2.5.1') return { code: 'AR', condition: 203, text: 'MSH-12: unsupported version' };
      return reference.validateMessage(message, site, steps);
    },
  }),
  kills: [{ check: 'HL-07', reason: 'refused' }],
});
