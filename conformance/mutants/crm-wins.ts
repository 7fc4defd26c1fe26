import { defineMutant } from './define.ts';

export const crmWins = defineMutant({
  id: 'crm-wins',
  breaks: 'Carries every CRM edit into the EHR, whoever owns the field.',
  steps: (reference) => ({
    resolveCrmEdit(row, link) {
      const { revert, writeBack } = reference.resolveCrmEdit(row, link);
      return { revert: {}, writeBack: { ...revert, ...writeBack } };
    },
    writeBack(link, edit, site, now) {
      const message = reference.writeBack(link, edit, site, now);
      if (typeof edit.MobilePhone !== 'string') return message;
      const phone = `^PRN^CP^^1^${edit.MobilePhone.slice(2, 5)}^${edit.MobilePhone.slice(5)}`;
      return message.replace(/^(PID(?:\|[^|\r]*){12})\|/m, `$1|${phone}`);
    },
  }),
  kills: [{ check: 'OW-01', reason: 'ehr-overwritten' }],
});
