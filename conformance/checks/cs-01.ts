import { COMMON, rxnorm, toCondition, toMedicationRequest, toObservation } from '#fixtures';
import { defineCheck, fail } from '../check.ts';

const METFORMIN = rxnorm('860975', 'metformin hydrochloride 500 MG Extended Release Oral Tablet');

export const cs01 = defineCheck({
  id: 'CS-01',
  title: 'Notes stay in the chart',
  group: 'clinical',
  severity: 'B',
  level: 1,
  requirement:
    'Of conditions, results and prescriptions only the summaries that the map names reach the CRM: no note, no narrative, no log line.',
  seeds: ['S0', 'S3'],
  harm: 'A marketer reads why a patient sees the psychiatrist.',
  takes: ['Condition'],
  async act(world) {
    const patient = await world.register('patient');
    await world.visit('visit', patient);
    if (!(await world.settled('arrived'))) return;
    const word = world.person('noted').canary.name;
    await world.note('word', word);
    const of = { patientRef: `Patient/${patient.ref.id}` };
    const noted = (resource: object) => ({
      ...resource,
      text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">Told by ${word}</div>` },
      note: [{ text: `Seen with ${word}, who worries.` }],
    });
    await world.chart('problem', 'diagnose', noted(toCondition({ ...of, code: COMMON.diabetes, recorded: world.day(-1) })));
    const value = { value: 82, unit: 'kg' };
    await world.chart(
      'weight',
      'result',
      noted(toObservation({ ...of, code: COMMON.weight, category: 'vital-signs', value, effective: world.day(-1) })),
    );
    await world.chart(
      'prescription',
      'prescribe',
      noted(toMedicationRequest({ ...of, medication: METFORMIN, authored: world.day(-1) })),
    );
    await world.settled('recorded');
  },
  expect(facts) {
    const baseline = facts.asMapped('arrived');
    if (baseline.length > 0) return baseline;
    const word = facts.note<string>('word') ?? '';
    const copied = facts
      .rowsWith(word)
      .map(({ type, evidence }) => fail('note-copied', `${type} holds words of a note.`, { actual: word, evidence }));
    const logged = (facts.outputWith(word) ?? [])
      .slice(0, 3)
      .map(({ line }) => fail('note-logged', `Line ${line} of the subject's output holds words of a note.`, { actual: word }));
    return [...facts.asksOtherwise('arrived', 'recorded'), ...copied, ...logged, ...facts.asMapped('recorded')];
  },
});
