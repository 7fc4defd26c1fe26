import { defineCheck } from '../check.ts';

export const hl07 = defineCheck({
  id: 'HL-07',
  title: 'Other versions, Z segments and extra fields are taken',
  group: 'hl7v2',
  severity: 'm',
  level: 1,
  requirement:
    'Messages of versions 2.3 to 2.5.1, with unknown Z segments and extra fields, are accepted; what is unknown is ignored.',
  seeds: ['S1'],
  harm: 'The upgrade of the interface engine stops the feed.',
  needs: ['hl7'],
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('before'))) return;
    const { mrn, names } = patient.person;
    const pid = `PID|1||${world.link.pid3(mrn)}||${names[0]?.family}^${names[0]?.given[0]}^^^^^L${'|'.repeat(40)}extra|more\r`;
    for (const version of ['2.3', '2.3.1', '2.4']) {
      const text = `${world.link.header('A08', { version })}${pid}PV1|1|O\rZPD|1|local^thing|~|x\r`;
      await world.link.give(`version ${version}`, { message: 'ADT^A08', person: mrn, text });
    }
    await world.settled('taken');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    return [...['2.3', '2.3.1', '2.4'].flatMap((version) => facts.wasTaken(`version ${version}`)), ...facts.asMapped('taken')];
  },
});
