import { defineCheck } from '../check.ts';

export const rs08 = defineCheck({
  id: 'RS-08',
  title: 'One poison message does not hold up the others',
  group: 'resilience',
  severity: 'B',
  level: 2,
  requirement:
    'A message that cannot be processed is refused with AE or AR, so that the hospital sees it; those before and behind it are applied.',
  seeds: ['S0', 'S4'],
  harm: 'One odd character at two in the morning, and no patient has been synced since.',
  needs: ['hl7'],
  alone: true,
  async act(world) {
    await world.register('before');
    const { mrn } = world.person('poison');
    const pid = `PID|1||${world.link.pid3(mrn)}||^^^^^^L||19801345|Q\r`;
    await world.link.give('poison', { message: 'ADT^A08', person: mrn, text: `${world.link.header('A08')}${pid}PV1\r` });
    for (const n of [1, 2, 3, 4, 5]) await world.register(`behind ${n}`);
    await world.settled('passed');
  },
  expect: (facts) => [...facts.wasRefused('poison', ['AE', 'AR']), ...facts.asMapped('passed')],
});
