import { defineCheck } from '../check.ts';

export const se10 = defineCheck({
  id: 'SE-10',
  title: 'New credentials need new settings, and no more',
  group: 'security',
  severity: 'A',
  level: 2,
  requirement:
    'After the client secrets or keys were changed, and the tokens ended, the sync works again with the new ones in its settings; what cannot be witnessed is attested, and marked as such.',
  seeds: ['S4 hardcoded creds', 'S1', 'S3'],
  harm: 'The key leaked, and cannot be changed before the vendor of the sync has built a new release.',
  needs: ['restart', 'given-credentials', 'api'],
  alone: true,
  async act(world) {
    const [ehr, crm] = [{ sim: 'ehr', tenant: world.site.name }, { sim: 'crm' }];
    const patient = await world.register('patient');
    if (!(await world.settled('before'))) return;
    await world.arm('site', { fault: 'client-rotated', where: ehr });
    await world.arm('org', { fault: 'client-rotated', where: crm });
    await world.arm('tokens of the site', { fault: 'tokens-end', where: ehr });
    await world.arm('tokens of the org', { fault: 'tokens-end', where: crm });
    try {
      await world.update(patient, { telecom: world.person('other number').telecom });
      await world.subject.reconfigure();
      await world.book('visit', patient);
      await world.settled('after');
    } finally {
      for (const name of ['tokens of the org', 'tokens of the site', 'org', 'site']) await world.heal(name);
      await world.subject.reconfigure();
    }
    await world.settled('back');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const found = [...facts.didBite('site'), ...facts.didBite('org'), ...facts.asMapped('after'), ...facts.asMapped('back')];
    return found.length > 0 ? found : facts.attestations();
  },
});
