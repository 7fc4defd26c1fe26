import { defineCheck } from '../check.ts';

export const id08 = defineCheck({
  id: 'ID-08',
  title: 'A lead that looks like a new patient is dealt with as the map says',
  group: 'identity',
  severity: 'M',
  level: 1,
  requirement:
    'When a patient arrives whose phone and mail address stand on a lead, the rule of the map is followed, and neither overwrites the other.',
  seeds: ['S0'],
  harm: 'A web form that somebody else filled in becomes the chart, or the marketing history of a patient vanishes overnight.',
  capabilities: ['leads'],
  maps: [{ source: 'Patient' }],
  async act(world) {
    const person = world.person('patient');
    await world.crm.lead('lead', person);
    await world.register('patient', person);
    await world.settled('arrived');
  },
  expect: (facts) => [...facts.crm.leadFindings('lead'), ...facts.asMapped('arrived')],
});
