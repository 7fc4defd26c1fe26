import { COMMON } from '#fixtures';
import { defineCheck } from '../check.ts';

export const en03 = defineCheck({
  id: 'EN-03',
  title: 'A visit recorded by mistake is forgotten',
  group: 'encounters',
  severity: 'M',
  level: 2,
  requirement: 'When the newest visit turns out to be an error, the one before it is the last visit again.',
  seeds: ['S1'],
  harm: 'A patient who never came counts as seen, and is not recalled.',
  capabilities: ['encounters', 'deletes'],
  takes: ['Encounter'],
  async act(world) {
    const patient = await world.register('patient');
    await world.visit('before', patient, 40);
    const mistake = await world.visit('mistake', patient, 2, COMMON.procedure);
    if (!(await world.settled('visited'))) return;
    await world.update(mistake, { status: 'entered-in-error' }, 'delete-visit');
    await world.settled('taken back');
  },
  expect(facts) {
    const baseline = facts.asMapped('visited');
    if (baseline.length > 0) return baseline;
    return [...facts.asksOtherwise('visited', 'taken back'), ...facts.asMapped('taken back')];
  },
});
