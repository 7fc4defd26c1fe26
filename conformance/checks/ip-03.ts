import { defineCheck } from '../check.ts';

const COPIES = 10;
const TOLD = ['patient', 'appointment'] as const;

/**
 * The messages of a link are what is pushed to every subject that this suite judges, so the copies are of a message: ten
 * connections, one copy on each, all written before one is answered. Notifications of subscriptions are not judged yet: no
 * sync that is told of changes by them alone can be, until what they owe is known.
 */
export const ip03 = defineCheck({
  id: 'IP-03',
  title: 'The same message ten times at the same moment counts once',
  group: 'idempotency',
  severity: 'B',
  level: 2,
  requirement: 'What is pushed ten times at the same moment, before any of the ten is answered, has the effect of once.',
  seeds: ['S0 webhook retries'],
  harm: 'Ten deliveries look for the patient at once, none finds her, and each makes a contact of its own.',
  needs: ['hl7'],
  async act(world) {
    const person = world.person('patient');
    const where = { sim: 'hl7', tenant: world.site.name, text: person.mrn };
    await world.arm('copies of the patient', { fault: 'at-once', params: { copies: COPIES }, where, times: 1 });
    const patient = await world.register('patient', person);
    if (!(await world.settled('registered'))) return;
    await world.arm('copies of the appointment', { fault: 'at-once', params: { copies: COPIES }, where, times: 1 });
    await world.book('appointment', patient);
    await world.settled('booked');
  },
  expect(facts) {
    const findings = TOLD.flatMap((name) => [
      ...facts.didBite(`copies of the ${name}`),
      ...facts.wereAtOnce(name),
      ...facts.createdOnce(name),
    ]);
    return [...facts.asMapped('registered'), ...(findings.length > 0 ? findings : facts.asMapped('booked'))];
  },
});
