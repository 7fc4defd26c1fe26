import { defineMutant } from './define.ts';

export const keepsEscapes = defineMutant({
  id: 'keeps-escapes',
  breaks: 'Does not know escape sequences: they arrive in the CRM as they were sent.',
  steps: (reference) => ({
    decodeMessage: (text) => reference.decodeMessage(text.replace(/^(?!MSH).*$/gm, (line) => line.replaceAll('\\', '\\E\\'))),
  }),
  kills: [{ check: 'HL-05', reason: 'wrong-value' }],
});
