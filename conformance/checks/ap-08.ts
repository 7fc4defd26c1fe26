import { defineCheck } from '../check.ts';

export const ap08 = defineCheck({
  id: 'AP-08',
  title: 'An appointment that arrives before its patient is linked',
  group: 'appointments',
  severity: 'B',
  level: 2,
  requirement:
    'An appointment that is heard of before its patient ends as one record, linked to the one contact; nothing stays orphaned.',
  seeds: ['S0', 'S4'],
  harm: 'The visit belongs to nobody, and nobody is reminded of it.',
  needs: ['hl7'],
  async act(world) {
    const person = world.person('patient');
    const where = { sim: 'hl7', tenant: world.site.name, operation: 'ADT^A04', text: person.mrn };
    await world.arm('reorder', { fault: 'reorder', where, times: 1 });
    await world.book('appointment', await world.register('patient', person));
    await world.settled('arrived');
  },
  expect: (facts) => [...facts.didBite('reorder'), ...facts.asMapped('arrived')],
});
