import { defineCheck } from '../check.ts';
import { referral } from '../world/referral.ts';

/** Longer than two moments may be apart and still count as one. */
const APART_MS = 4_000;

/**
 * Which field tells what is for the map to say (`provenance:…`). Where the subject asks for what it reads, a change is kept from it for a
 * while, so that when it was made and when it was read are two moments.
 */
export const se07 = defineCheck({
  id: 'SE-07',
  title: 'Each record says which system it is from, when it was read, and how old it was',
  group: 'security',
  severity: 'M',
  level: 1,
  requirement:
    'Each CRM record that stems from the EHR names the source system, when it was fetched, and when the source last changed it (where the source says so; else when it was fetched), and all of it is true.',
  seeds: ['S1'],
  harm: 'Two numbers for one patient, and nobody can tell which of them is of today and which of last spring.',
  needs: ['provenance'],
  async act(world) {
    await world.note('showings', 'all');
    const patient = await world.register('patient');
    await world.book('visit', patient);
    if (world.site.channels.read.some(({ kind }) => kind === 'poll')) {
      await world.visit('last visit', patient);
      await referral(world, 'referral', patient);
    }
    if (!(await world.settled('arrived'))) return;
    await world.pass(APART_MS);
    await world.calls.withheld(patient, APART_MS, () => world.update(patient, { telecom: world.person('number').telecom }));
    await world.settled('changed');
  },
  expect(facts) {
    const baseline = facts.asMapped('arrived');
    if (baseline.length > 0) return baseline;
    return [...facts.provenance.findings('arrived'), ...facts.provenance.findings('changed'), ...facts.asMapped('changed')];
  },
});
