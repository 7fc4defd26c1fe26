import { defineCheck } from '../check.ts';

const COPIES = 10;
const TOLD = ['patient', 'appointment'] as const;

/** What is pushed, and how it comes several times at once: a message over ten connections, a notification in ten calls. */
const PUSHES = [
  { name: 'messages', kind: 'hl7', fault: 'at-once' },
  { name: 'notifications', kind: 'subscription', fault: 'storm' },
] as const;

export const ip03 = defineCheck({
  id: 'IP-03',
  title: 'The same message ten times at the same moment counts once',
  group: 'idempotency',
  severity: 'B',
  level: 2,
  requirement: 'What is pushed ten times at the same moment, before any of the ten is answered, has the effect of once.',
  seeds: ['S0 webhook retries'],
  harm: 'Ten deliveries look for the patient at once, none finds her, and each makes a contact of its own.',
  needs: ['push'],
  async act(world) {
    const person = world.person('patient');
    const { name: tenant, channels } = world.site;
    const copied = async (told: (typeof TOLD)[number]): Promise<void> => {
      for (const { name, kind, fault } of PUSHES.filter((push) => channels.read.some(({ kind }) => kind === push.kind))) {
        // A notification does not name the patient of an appointment: those of other checks come ten times as well.
        const where = kind === 'hl7' ? { sim: 'hl7', tenant, text: person.mrn } : { sim: 'ehr', tenant };
        const times = kind === 'hl7' ? { times: 1 } : {};
        await world.arm(`${name} of the ${told}`, { fault, params: { copies: COPIES }, where, ...times });
      }
    };
    await copied('patient');
    const patient = await world.register('patient', person);
    if (!(await world.settled('registered'))) return;
    for (const { name } of PUSHES) await world.heal(`${name} of the patient`);
    await copied('appointment');
    await world.book('appointment', patient);
    await world.settled('booked');
  },
  expect(facts) {
    const findings = TOLD.flatMap((name) => [
      ...facts.didBite(...PUSHES.map((push) => `${push.name} of the ${name}`)),
      ...facts.wereAtOnce(name),
      ...facts.createdOnce(name),
    ]);
    return [...facts.asMapped('registered'), ...(findings.length > 0 ? findings : facts.asMapped('booked'))];
  },
});
