import { defineCheck, fail, untestable } from '../check.ts';

const PEOPLE = 6;
const EDITS = 18;
const EVERY_MS = 50;

export const lt05 = defineCheck({
  id: 'LT-05',
  title: 'Edits of CRM users are in the EHR within the promised time',
  group: 'latency',
  severity: 'm',
  level: 1,
  requirement:
    'Of a steady trickle of edits of CRM-owned fields, 95 of 100 are in the EHR, from commit to commit, within the declared sync window.',
  seeds: ['S1'],
  harm: 'The patient asked for an interpreter on the way to the clinic, and arrives before the wish does.',
  capabilities: ['write_back'],
  needs: ['crm-back', 'write-back'],
  maps: [{ source: 'Patient', owner: 'crm' }],
  async act(world) {
    const people = [];
    for (let n = 1; n <= PEOPLE; n++) people.push(await world.register(`person ${n}`));
    if (!(await world.settled('before'))) return;
    for (let n = 0; n < EDITS; n++) {
      const person = people[n % PEOPLE]!;
      const edit = world.ownedField('crm', person);
      if (edit) await world.crmEdit(person, { [edit.field]: edit.value });
      await world.pass(EVERY_MS);
    }
    await world.settled('edited');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const { p95, samples, window } = facts.crm.writeBackLatency('before');
    if (!p95) return [untestable('no-edit', 'No CRM user could edit a field with that owner.')];
    const ms = Math.round(p95.micros / 1000);
    const actual = `${p95.atLeast ? 'more than ' : ''}${ms} ms`;
    const expected = `at most ${window} ms`;
    const isLate = ms > window || p95.atLeast;
    const late = isLate ? [fail('too-late', `95 of 100 of ${samples} edits took ${actual}.`, { expected, actual })] : [];
    return [...facts.asMapped('edited'), ...late];
  },
});
