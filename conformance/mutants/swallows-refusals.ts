import { defineMutant } from './define.ts';

export const swallowsRefusals = defineMutant({
  id: 'swallows-refusals',
  breaks: 'Takes a write that the CRM refused for done, and tells nobody.',
  steps: (reference) => ({
    async save(crm, link, steps) {
      try {
        return await reference.save(crm, link, steps);
      } catch (error) {
        if (reference.isRetryable(error)) throw error;
        return link.held ?? {};
      }
    },
  }),
  kills: [
    { check: 'DQ-08', reason: 'not-reported' },
    { check: 'SV-05', reason: 'not-reported' },
  ],
  mayFail: ['*'],
});
