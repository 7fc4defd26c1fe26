import { COMMON, toCondition } from '#fixtures';
import { defineCheck, fail, untestable } from '../check.ts';

export const cs03 = defineCheck({
  id: 'CS-03',
  title: 'What is excluded leaves no trace',
  group: 'clinical',
  severity: 'B',
  level: 1,
  requirement: 'A problem of a category that the map excludes changes nothing in the CRM, not even a count.',
  seeds: ['S0', 'S3'],
  harm: 'From a number that went up by one, the front desk guesses that a patient has HIV.',
  takes: ['Condition'],
  needs: ['exclusions'],
  async act(world) {
    const patient = await world.register('patient');
    await world.visit('visit', patient);
    await world.settled('arrived');
    const guarded = world.guarded(patient) as { code?: { text?: string } }[];
    await world.note(
      'names',
      guarded.map(({ code }) => code?.text),
    );
    for (const [i, condition] of guarded.entries()) await world.chart(`guarded ${i + 1}`, 'diagnose', condition);
    if (!(await world.settled('recorded'))) return;
    // Whoever lacks the right to a summary learns nothing of it from the fields that are left.
    await world.crm.closeToVolunteers();
    await world.crm.volunteerLooks('before', patient);
    const common = toCondition({ patientRef: `Patient/${patient.ref.id}`, code: COMMON.diabetes, recorded: world.day(-1) });
    await world.chart('common', 'diagnose', common);
    await world.settled('flagged');
    await world.crm.volunteerLooks('after', patient);
  },
  expect(facts) {
    const baseline = facts.asMapped('arrived');
    if (baseline.length > 0) return baseline;
    const names = facts.note<string[]>('names') ?? [];
    if (names.length === 0)
      return [untestable('did-not-bite', 'The map excludes none of the problems that this check can record.')];
    const traces = facts
      .changesSince('arrived')
      .filter(({ at }) => at <= facts.at('recorded'))
      .map(({ ref, event }) =>
        fail('trace', `${ref.type} changed when an excluded problem was recorded.`, { expected: 'no change', evidence: [event] }),
      );
    const named = names.flatMap((name) =>
      facts
        .rowsWith(name)
        .map(({ type, evidence }) => fail('named', `${type} names an excluded problem.`, { actual: name, evidence })),
    );
    const told = facts.shownOtherwise('before', 'after').map((field) =>
      fail('role-sees', `A user without the right to clinical fields sees from ${field} that something was recorded.`, {
        sub: 'volunteer',
        actual: field,
      }),
    );
    const flagged = [...facts.asksOtherwise('recorded', 'flagged'), ...facts.asMapped('flagged')];
    return [...named, ...traces, ...facts.asMapped('recorded'), ...told, ...flagged];
  },
});
