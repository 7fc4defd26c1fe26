import { defineMutant } from './define.ts';

const PLAIN: Record<string, string> = { F: '|', S: '^', R: '~', E: '\\', T: '&' };

export const sendsUnescaped = defineMutant({
  id: 'sends-unescaped',
  breaks: 'Writes what a CRM user typed into a message as it is: an ampersand or a bar in it cuts the field.',
  steps: (reference) => ({
    writeBack: (...given) => reference.writeBack(...given).replace(/\\([FSRET])\\/g, (_, code: string) => PLAIN[code] as string),
  }),
  blind: true,
  kills: [{ check: 'AP-09', reason: 'not-written-back' }],
});
