import { defineCheck, fail } from '../check.ts';

export const ow06 = defineCheck({
  id: 'OW-06',
  title: 'One change is written once, and nothing echoes',
  group: 'ownership',
  severity: 'B',
  level: 2,
  requirement:
    'One change in the EHR leads to at most one write to each record, and a value that differs only in form to no further one.',
  seeds: ['S0', 'S2'],
  harm: 'Two systems answer each other all night, until the CRM locks the integration out.',
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('before'))) return;
    const telecom = patient.person.telecom.map((entry) =>
      entry.system === 'phone' ? { ...entry, value: entry.value.replace(/^(\d{3})-(\d{3})-(\d{4})$/, '($1) $2-$3') } : entry,
    );
    const other = await world.update(patient, { telecom });
    await world.settled('respelled');
    await world.update(other, { birthDate: '1971-03-09' });
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const writes = facts.crmWrites('patient', 'before');
    const echoes =
      writes.length > 2
        ? [
            fail('repeated-writes', `Two changes led to ${writes.length} writes.`, {
              expected: 'at most 2',
              actual: String(writes.length),
              evidence: writes.slice(-3).map((write) => write.event),
            }),
          ]
        : [];
    const back = facts.messagesToEhr('before');
    const answers =
      back.length > 0
        ? [
            fail('echoed', 'What the EHR said was sent back to it, although nobody edited anything in the CRM.', {
              expected: '0 messages',
              actual: String(back.length),
              evidence: back.slice(-3),
            }),
          ]
        : [];
    return [...facts.asMapped('after'), ...echoes, ...answers];
  },
});
