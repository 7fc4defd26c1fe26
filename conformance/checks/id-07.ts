import { defineCheck, fail } from '../check.ts';

export const id07 = defineCheck({
  id: 'ID-07',
  title: 'A message that names nobody makes no contact',
  group: 'identity',
  severity: 'B',
  level: 1,
  requirement: 'A message without any identifier of the patient writes no contact, and its refusal can be seen.',
  seeds: ['S0'],
  harm: 'A contact without an identity catches the next update that has none either: two strangers in one record.',
  needs: ['hl7'],
  async act(world) {
    const known = await world.register('somebody known');
    const { names, birthDate } = world.person('nobody');
    await world.note('nobody', names[0]?.family);
    const pid = `PID|1||||${names[0]?.family}^${names[0]?.given[0]}^^^^^L||${birthDate.replaceAll('-', '')}|F\r`;
    await world.link.give('nameless', {
      message: 'ADT^A04',
      person: known.person.mrn,
      text: `${world.link.header('A04')}${pid}PV1|1|O\r`,
    });
    await world.settled('given');
  },
  expect(facts) {
    const rows = facts.rowsWith(facts.note<string>('nobody') ?? '');
    const made = rows.map((row) =>
      fail('made-nobody', `A ${row.type} was made of a patient who has no identifier.`, {
        actual: row.key,
        evidence: row.evidence,
      }),
    );
    return [...facts.asMapped('given'), ...facts.wasRefused('nameless', ['AE', 'AR']), ...made];
  },
});
