import { defineMutant } from './define.ts';

export const dialsByHospital = defineMutant({
  id: 'dials-by-hospital',
  breaks: 'Writes the telephone numbers of the second hospital in another spelling.',
  sites: 2,
  second: 'cerner',
  reads: 'both',
  steps(reference) {
    const respelt = (fields: ReturnType<typeof reference.mapPatient>, site: string) =>
      site === 'lakeside' && typeof fields.MobilePhone === 'string'
        ? { ...fields, MobilePhone: fields.MobilePhone.replace(/^\+1(\d{3})(\d{3})(\d{4})/, '($1) $2-$3') }
        : fields;
    return {
      mapPatient: (patient, site, steps) => respelt(reference.mapPatient(patient, site, steps), site.name),
      mapMessagePatient: (message, site, steps) => respelt(reference.mapMessagePatient(message, site, steps), site.name),
    };
  },
  kills: [{ check: 'SV-03', reason: 'vendors-differ' }],
  mayFail: ['*'],
});
