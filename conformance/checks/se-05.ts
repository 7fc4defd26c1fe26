import { defineCheck, fail, untestable } from '../check.ts';

export const se05 = defineCheck({
  id: 'SE-05',
  title: 'No patient data and no secrets in the output',
  group: 'security',
  severity: 'B',
  level: 1,
  requirement: 'What the sync prints holds no name or contact data of a patient, no token and no secret, on error paths too.',
  seeds: ['S4'],
  harm: 'Charts and keys end in a log service that half of the company reads.',
  async act(world) {
    const person = world.person('patient');
    await world.arm('error', {
      fault: 'vendor-error',
      params: { error: 'unavailable' },
      where: { sim: 'crm', text: person.mrn },
      times: 1,
    });
    await world.register('patient', person);
    await world.settled('arrived');
  },
  expect(facts) {
    const lines = facts.outputWithPeople();
    if (!lines) return [untestable('no-output', "The subject's output is not ours to see.")];
    const leaks = lines.map(({ line, word }) =>
      fail('phi-in-output', `Line ${line} of the output holds ${word}, of a patient's name or mail.`, {
        actual: `subject.log:${line}`,
      }),
    );
    const secrets = facts.outputWithSecrets().map(({ line, name }) =>
      fail('secret-in-output', `Line ${line} of the output holds ${name}; its digest stands there now.`, {
        actual: `subject.log:${line}`,
      }),
    );
    return [...leaks.slice(0, 3), ...secrets.slice(0, 3), ...facts.didBite('error'), ...facts.asMapped('arrived')];
  },
});
