import { defineCheck } from '../check.ts';

export const cn04 = defineCheck({
  id: 'CN-04',
  title: 'When, how and where a consent was given is kept word for word',
  group: 'consent',
  severity: 'M',
  level: 1,
  requirement:
    'The time of a decision, the method by which it was taken down and its source are in the CRM as the EHR holds them.',
  seeds: ['S3'],
  harm: 'Asked by an auditor on what ground it writes to a patient, the clinic can show the night on which the sync ran.',
  needs: ['poll'],
  maps: [{ source: 'Consent' }],
  async act(world) {
    const patient = await world.register('patient');
    const written = { at: world.minutes(-60 * 24 * 400), method: 'paper', source: 'Form 12/b — "Aufnahme" & Süd' } as const;
    const consent = await world.consent('consent', patient, {
      purpose: 'marketing',
      channel: 'email',
      decision: 'permit',
      ...written,
    });
    if (!(await world.settled('before'))) return;
    // The decision stays; it was only confirmed, in another way and place.
    await world.decide(consent, {
      decision: 'permit',
      at: world.minutes(-3),
      method: 'phone',
      source: "Call centre, agent O'Neil",
    });
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    return baseline.length > 0 ? baseline : facts.asMapped('after');
  },
});
