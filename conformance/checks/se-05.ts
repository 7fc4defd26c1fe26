import { defineCheck, fail, untestable } from '../check.ts';

const WRITES = 'create|upsert|update|collections|composite|bulk-upload';

export const se05 = defineCheck({
  id: 'SE-05',
  title: 'No patient data and no secrets in the output',
  group: 'security',
  severity: 'B',
  level: 1,
  requirement:
    'What the sync prints holds no name, contact data or medical record number of a patient, no token and no secret, on error paths too.',
  seeds: ['S4'],
  harm: 'Charts and keys end in a log service that half of the company reads.',
  async act(world) {
    const unavailable = { fault: 'vendor-error', params: { error: 'unavailable' }, times: 1 };
    // Who looks first meets an error there; what is said of a write that failed is another line.
    for (const [name, operation] of Object.entries({ patient: undefined, 'patient of a write': WRITES })) {
      const person = world.person(name);
      const where = { sim: 'crm', text: person.mrn, ...(operation && { operation }) };
      await world.arm(`error of ${name}`, { ...unavailable, where });
      await world.register(name, person);
    }
    await world.settled('arrived');
  },
  expect(facts) {
    const lines = facts.outputWithPeople();
    if (!lines) return [untestable('no-output', "The subject's output is not ours to see.")];
    const leaks = lines.map(({ line, word }) =>
      fail('phi-in-output', `Line ${line} of the output holds ${word}, of a patient's name, mail or chart number.`, {
        actual: `subject.log:${line}`,
      }),
    );
    const secrets = facts.outputWithSecrets().map(({ line, name }) =>
      fail('secret-in-output', `Line ${line} of the output holds ${name}; its digest stands there now.`, {
        actual: `subject.log:${line}`,
      }),
    );
    return [
      ...leaks.slice(0, 3),
      ...secrets.slice(0, 3),
      ...facts.didBite('error of patient', 'error of patient of a write'),
      ...facts.asMapped('arrived'),
    ];
  },
});
