import { defineCheck } from '../check.ts';

export const dm04 = defineCheck({
  id: 'DM-04',
  title: 'What a message leaves out stays as it is',
  group: 'demographics',
  severity: 'B',
  level: 1,
  requirement: 'A message that omits a field or a segment leaves that value untouched in the CRM: absent is not cleared.',
  seeds: ['S0'],
  harm: 'A short update from the ward empties phone and address of the patient.',
  needs: ['hl7'],
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('before'))) return;
    const { mrn, names } = patient.person;
    const pid = `PID|1||${world.link.pid3(mrn)}||${names[0]?.family}^${names[0]?.given[0]}^^^^^L\r`;
    await world.link.give('short', { message: 'ADT^A08', person: mrn, text: `${world.link.header('A08')}${pid}` });
    await world.settled('short');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    return baseline.length > 0 ? baseline : [...facts.wasAnswered('short'), ...facts.asMapped('short')];
  },
});
