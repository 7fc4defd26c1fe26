import { defineMutant } from './define.ts';

export const modifyIsNew = defineMutant({
  id: 'modify-is-new',
  breaks: 'Makes a second appointment out of every change to one.',
  steps: (reference) => ({
    mapMessage: (message, site, steps) =>
      reference
        .mapMessage(message, site, steps)
        .map((fact) =>
          message.event === 'S14' && 'object' in fact && fact.object === 'Appointment__c'
            ? { ...fact, key: `${fact.key}-m` }
            : fact,
        ),
  }),
  kills: [{ check: 'IP-02', reason: 'unexpected-row' }],
  mayFail: ['AP-05'],
});
