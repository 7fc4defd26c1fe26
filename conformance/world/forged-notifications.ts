import { fail, untestable } from '../check.ts';
import type { CheckFacts } from '../facts/check-facts.ts';
import type { Finding } from '../result.ts';
import type { World } from './world.ts';

/** What is wrong with a forged notification. */
const FORGED = ['unsigned', 'wrong-signature', 'other-tenant'] as const;

const DAYS = 3;

/**
 * Notifications that the EHR did not send, and one that comes again days later. Where the site is read otherwise too, what a forgery did could not be told from what was read anyway. A notification that comes
 * again is harmless as long as it changes nothing: what is compared are the writes that a change leads to by itself, and those
 * when its notification comes again with the times of three days ago. Who answers a forgery by 2xx has to say elsewhere that it came.
 */
export async function forgeNotifications(world: World): Promise<void> {
  const known = await world.register('known');
  if (!(await world.settled('before'))) return;
  const where = { sim: 'ehr', tenant: world.site.name };
  await world.note('lines before', world.subject.linesPrinted);
  await world.subject.countFailed('before');
  const people = [];
  for (const how of FORGED) {
    const person = world.person(how);
    await world.arm(how, { fault: 'forged', params: { how }, where: { ...where, person: person.mrn } });
    people.push(await world.register(how, person));
  }
  await world.update(known, { telecom: world.person('second phone').telecom });
  await world.seen(() => FORGED.every((how) => world.hasFired(how)));
  await world.settled('forged');
  await world.note('lines after', world.subject.linesPrinted);
  await world.subject.countFailed('after');
  for (const how of FORGED) await world.heal(how);
  // Who discarded a forgery and said that it was taken hears of the genuine one no more, but of the next.
  for (const patient of people) await world.update(patient, { birthDate: world.person('another day').birthDate });
  await world.arm('replay', {
    fault: 'replayed',
    params: { days: DAYS },
    where: { ...where, person: known.person.mrn },
    times: 1,
  });
  await world.update(known, { telecom: world.person('third phone').telecom });
  await world.settled('genuine');
}

/** What they did. */
export function forgedNotifications(facts: CheckFacts): Finding[] {
  const baseline = facts.asMapped('before');
  if (baseline.length > 0) return baseline;
  const made = FORGED.flatMap((how) => {
    const write = facts.crmWrites(how, 'before').find(({ at }) => at <= facts.at('forged'));
    const message = `A notification (${how}) that the EHR did not send made a record in the CRM.`;
    return write ? [fail('forged-took-effect', message, { sub: how, evidence: [write.event] })] : [];
  });
  const [linesBefore = 0, linesAfter = 0] = ['lines before', 'lines after'].map((key) => facts.note<number>(key));
  const [failedBefore = 0, failedAfter = 0] = ['failed before', 'failed after'].map((key) => facts.note<number>(key));
  const isReported = linesAfter > linesBefore || failedAfter > failedBefore;
  const silent = FORGED.flatMap((how) => {
    const answers = facts.answersToForged(how);
    if (isReported || answers.some(({ status = 0 }) => status >= 400)) return [];
    const evidence = answers.map(({ event }) => event).slice(0, 1);
    return [
      fail('not-reported', `A forged notification (${how}) was answered like any other, and nothing says so.`, { evidence }),
    ];
  });
  const usual = facts.crmWrites('known', 'before').filter(({ at }) => at <= facts.at('forged'));
  const again = facts.crmWrites('known', 'forged');
  const late = facts.wasReplayed('known') ? [] : [untestable('did-not-bite', 'No notification came a second time.')];
  const acted =
    again.length > usual.length
      ? [
          fail('replay-took-effect', 'A notification that came again with the times of days ago led to a write of its own.', {
            expected: `${usual.length} write(s), as for a change that is told once`,
            actual: String(again.length),
            evidence: again.map(({ event }) => event).slice(-1),
          }),
        ]
      : [];
  return [...FORGED.flatMap((how) => facts.didBite(how)), ...made, ...silent, ...late, ...acted, ...facts.asMapped('genuine')];
}
