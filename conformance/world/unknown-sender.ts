import { fail } from '../check.ts';
import type { CheckFacts } from '../facts/check-facts.ts';
import type { Finding } from '../result.ts';
import type { World } from './world.ts';

/** Nobody's MSH-3^MSH-4: the subject was told those of the feed (`_MLLP_SENDER`). */
const STRANGER = 'STRANGER^ELSEWHERE';
/** A family name that nobody has. */
const NAME = 'Strangelove-Elsewhere';

/** A message about a known patient that another system sends to the subject's listener. */
export async function sendAsStranger(world: World): Promise<void> {
  const { person } = await world.register('patient');
  if (!(await world.settled('before'))) return;
  await world.note('lines before', world.subject.linesPrinted);
  await world.subject.countFailed('before');
  const pid = `PID|1||${world.link.pid3(person.mrn)}||${NAME}^Ada^^^^^L||19800101|F\r`;
  const text = `${world.link.header('A08', { sender: STRANGER })}${pid}PV1|1|O\r`;
  await world.link.give('stranger', { message: 'ADT^A08', person: person.mrn, text });
  await world.settled('genuine');
  await world.note('lines after', world.subject.linesPrinted);
  await world.subject.countFailed('after');
}

/** What it did. Whoever takes it and lets it be has to say elsewhere that it came. */
export function unknownSender(facts: CheckFacts): Finding[] {
  const baseline = facts.asMapped('before');
  if (baseline.length > 0) return baseline;
  // Whoever reads the chart, too, may have put it right again since.
  const writes = facts.crmWrites('patient', 'before').filter(({ image }) => Object.values(image ?? {}).includes(NAME));
  const effect = writes.slice(0, 1).map(({ event }) =>
    fail('stranger-took-effect', "What another system than the hospital's says of a patient was written to the CRM.", {
      actual: NAME,
      evidence: [event],
    }),
  );
  const [linesBefore = 0, linesAfter = 0] = ['lines before', 'lines after'].map((key) => facts.note<number>(key));
  const [failedBefore = 0, failedAfter = 0] = ['failed before', 'failed after'].map((key) => facts.note<number>(key));
  const isReported = linesAfter > linesBefore || failedAfter > failedBefore;
  const answered = isReported ? facts.wasAnswered('stranger') : facts.wasRefused('stranger', ['AE', 'AR']);
  return [...effect, ...answered, ...facts.asMapped('genuine')];
}
