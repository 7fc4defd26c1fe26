import { defineCheck } from '../check.ts';

const EMERGENCY = [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0131', code: 'C' }] }];

export const dm06 = defineCheck({
  id: 'DM-06',
  title: 'Whom to call in an emergency stays, whoever else has that phone',
  group: 'demographics',
  severity: 'B',
  level: 1,
  requirement:
    "A patient's emergency contact is in the CRM as the map says, and stays when a lead with the same phone appears there and the patient is written again.",
  seeds: ['S0 emergency contact overwritten'],
  harm: 'The hospital calls the number that it has for emergencies, and a stranger who once filled in a web form answers.',
  capabilities: ['demographics', 'leads'],
  needs: ['poll'],
  maps: [{ source: 'Patient', path: 'Patient.contact' }],
  async act(world) {
    const friend = world.person('friend');
    const [official] = friend.names;
    const phone = friend.telecom.find(({ system, use }) => system === 'phone' && use === 'mobile');
    const contact = [
      {
        relationship: EMERGENCY,
        name: { text: `${official?.given[0]} ${official?.family}` },
        telecom: [{ system: 'phone', value: phone?.value }],
      },
    ];
    const patient = await world.update(await world.register('patient'), { contact });
    if (!(await world.settled('before'))) return;
    await world.crm.lead('lead', friend);
    await world.update(patient, { address: world.person('other address').addresses });
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    return baseline.length > 0 ? baseline : facts.asMapped('after');
  },
});
