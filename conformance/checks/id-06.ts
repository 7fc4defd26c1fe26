import { defineCheck } from '../check.ts';

export const id06 = defineCheck({
  id: 'ID-06',
  title: 'A late message does not revive a merged-away chart',
  group: 'identity',
  severity: 'M',
  level: 2,
  requirement:
    'A message about an MRN that was merged away is applied to the survivor or put aside; the retired contact stays retired.',
  seeds: ['S3', 'S4'],
  harm: 'The duplicate that was cleaned up yesterday is back today, with its own reminders.',
  capabilities: ['identity', 'merges'],
  needs: ['hl7'],
  async act(world) {
    const survivor = await world.register('survivor');
    const loser = await world.register('loser');
    if (!(await world.settled('before'))) return;
    await world.merge(loser, survivor);
    if (!(await world.settled('merged'))) return;
    const { mrn, names } = loser.person;
    const pid = `PID|1||${world.link.pid3(mrn)}||${names[0]?.family}^${names[0]?.given[0]}^^^^^L\r`;
    await world.link.give('late', { message: 'ADT^A08', person: mrn, text: `${world.link.header('A08')}${pid}PV1|1|O\r` });
    await world.settled('late');
  },
  expect(facts) {
    const baseline = [...facts.asMapped('before'), ...facts.asMapped('merged')];
    return baseline.length > 0 ? baseline : [...facts.wasAnswered('late'), ...facts.asMapped('late')];
  },
});
