import { defineCheck } from '../check.ts';

const MISTAKES = ['missing_segment', 'bad_value', 'unknown_event', 'processing_id'];

export const hl02 = defineCheck({
  id: 'HL-02',
  title: 'A wrong message is refused as declared, and leaves nothing',
  group: 'hl7v2',
  severity: 'B',
  level: 1,
  requirement:
    'A message without PID, with a bad date, of an unknown event or with a wrong processing id is answered AE or AR as declared, naming its control id, and nothing of it is written.',
  seeds: ['S0', 'S4'],
  harm: 'A test message of the vendor changes the chart of a patient; or the sender believes that nonsense arrived.',
  needs: ['hl7'],
  cases: MISTAKES,
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('before'))) return;
    const { mrn } = patient.person;
    const pid = (birth: string) => `PID|1||${world.link.pid3(mrn)}||Wrongly^Given^^^^^L||${birth}|F\r`;
    const give = (name: string, message: string, text: string) => world.link.give(name, { message, person: mrn, text });
    await world.note('declared', world.negativeAcks);
    await give('missing_segment', 'ADT^A08', `${world.link.header('A08')}PV1|1|O\r`);
    await give('bad_value', 'ADT^A08', `${world.link.header('A08')}${pid('19801399')}PV1|1|O\r`);
    await give('unknown_event', 'ADT^A99', `${world.link.header('A99')}${pid('19800101')}PV1|1|O\r`);
    await give('processing_id', 'ADT^A08', `${world.link.header('A08', { processing: 'T' })}${pid('19800101')}PV1|1|O\r`);
    await world.settled('refused');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const declared = facts.note<Record<string, string>>('declared') ?? {};
    const refusals = MISTAKES.flatMap((mistake) => facts.wasRefused(mistake, [declared[mistake] ?? 'AE']));
    return [...refusals, ...facts.asMapped('refused')];
  },
});
