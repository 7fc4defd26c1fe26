import { COMMON, freeText, toAllergyIntolerance } from '#fixtures';
import { defineCheck } from '../check.ts';

const SUBSTANCES = {
  coded: COMMON.penicillin,
  local: { system: 'urn:oid:1.2.840.114350.1.13.999.2.7.2.696580', code: '10472', display: 'CONTRAST DYE (LOCAL)' },
  typed: freeText('sulfa?? per pt, hives as child'),
};

export const dq07 = defineCheck({
  id: 'DQ-07',
  title: 'What has no code keeps its words',
  group: 'quality',
  severity: 'B',
  level: 1,
  requirement:
    'A local code and free text arrive marked as unmapped with the words of the source: no code is made up, and nothing is left blank.',
  seeds: ['S1', 'S4'],
  harm: 'An allergy that somebody typed disappears, or becomes another one.',
  takes: ['AllergyIntolerance'],
  async act(world) {
    const patient = await world.register('patient');
    await world.visit('visit', patient);
    if (!(await world.settled('arrived'))) return;
    for (const [name, code] of Object.entries(SUBSTANCES))
      await world.chart(
        name,
        'allergy',
        toAllergyIntolerance({ patientRef: `Patient/${patient.ref.id}`, code, recorded: world.day(-1) }),
      );
    await world.settled('recorded');
  },
  expect(facts) {
    const baseline = facts.asMapped('arrived');
    if (baseline.length > 0) return baseline;
    return [...facts.asksOtherwise('arrived', 'recorded'), ...facts.asMapped('recorded')];
  },
});
