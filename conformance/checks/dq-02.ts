import { defineCheck } from '../check.ts';

export const dq02 = defineCheck({
  id: 'DQ-02',
  title: 'A placeholder is not a phone number',
  group: 'quality',
  severity: 'M',
  level: 1,
  requirement:
    'What cannot be dialled (999-999-9999, UNK) is not written as if it were a number, and does not replace one that works.',
  seeds: ['S0', 'S1'],
  harm: 'Half of the campaign dials 999-999-9999, and its success rate is computed from it.',
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('before'))) return;
    const mail = patient.person.telecom.filter((entry) => entry.system === 'email');
    const phone = (use: string, value: string) => ({ system: 'phone', use, value });
    await world.update(patient, { telecom: [phone('mobile', '999-999-9999'), phone('home', 'UNK'), ...mail] });
    await world.settled('replaced');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    return baseline.length > 0 ? baseline : facts.asMapped('replaced');
  },
});
