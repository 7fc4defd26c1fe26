import { defineCheck } from '../check.ts';

const LINKS: { name: string; fault: string; params?: Record<string, unknown> }[] = [
  { name: 'on a new connection while the old one looks alive', fault: 'half-open' },
  { name: 'hung up before the answer', fault: 'gone-before-answer' },
  { name: 'beside connections that say nothing', fault: 'extra-connections', params: { count: 3 } },
  { name: 'after a pause', fault: 'idle', params: { ms: 500 } },
];

export const hl08 = defineCheck({
  id: 'HL-08',
  title: 'The link goes on after pauses, half-open sockets and reconnects',
  group: 'hl7v2',
  severity: 'M',
  level: 2,
  requirement:
    'After an idle time, a half-open socket, a lost connection and beside other connections, messages are taken without anybody restarting anything, and in order for each patient.',
  seeds: ['S4'],
  harm: 'A firewall dropped the connection at night; the feed stands still until somebody comes to work.',
  needs: ['hl7'],
  alone: true,
  async act(world) {
    for (const { name, fault, params } of LINKS) {
      const person = world.person(name);
      const where = { sim: 'hl7', tenant: world.site.name, operation: 'ADT^A04', text: person.mrn };
      await world.arm(name, { fault, params, where, times: 1 });
      await world.book(`visit of ${name}`, await world.register(name, person));
    }
    await world.settled('arrived');
  },
  expect: (facts) => [...LINKS.flatMap(({ name }) => facts.didBite(name)), ...facts.asMapped('arrived')],
});
