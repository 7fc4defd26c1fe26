import { defineMutant } from './define.ts';

export const lawfulMessages = defineMutant({
  id: 'lawful-messages',
  breaks: 'Takes messages and nothing else: what they do not carry is not in the CRM.',
  steps: () => ({}),
  kills: [],
});
