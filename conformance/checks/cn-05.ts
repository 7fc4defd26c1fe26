import { defineCheck, fail } from '../check.ts';
import { LOADER } from '../world/world-crm.ts';

export const cn05 = defineCheck({
  id: 'CN-05',
  title: 'An old opt-in that is loaded again does not undo a newer opt-out',
  group: 'consent',
  severity: 'B',
  level: 2,
  requirement: 'When a list with an opt-in from before the opt-out is imported into the CRM, the opt-out stands in both systems.',
  seeds: ['S3'],
  harm: 'Marketing imports the list of the last agency, and everybody who ever unsubscribed is a subscriber again.',
  needs: ['poll', 'crm-back'],
  maps: [{ source: 'Consent', owner: 'shared' }],
  async act(world) {
    const patient = await world.register('patient');
    const old = { decision: 'permit', at: world.minutes(-600), method: 'web', source: 'Newsletter form' } as const;
    const consent = await world.consent('consent', patient, { purpose: 'marketing', channel: 'email', ...old });
    if (!(await world.settled('before'))) return;
    const opted = await world.decide(consent, {
      decision: 'deny',
      at: world.minutes(-5),
      method: 'web',
      source: 'Unsubscribe link',
    });
    if (!(await world.settled('opted out'))) return;
    await world.crm.decide(opted, old, LOADER);
    await world.settled('after');
  },
  expect(facts) {
    for (const mark of ['before', 'opted out']) {
      const findings = facts.asMapped(mark);
      if (findings.length > 0) return findings;
    }
    const undone = facts
      .ehrWrites('opted out')
      .map(({ event }) =>
        fail('opt-out-undone', 'The old opt-in was carried into the EHR over a newer opt-out.', { evidence: [event] }),
      );
    return [...undone, ...facts.wasEdited('consent', 'opted out'), ...facts.asMapped('after')];
  },
});
