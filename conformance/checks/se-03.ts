import { defineCheck, fail, untestable } from '../check.ts';
import { offerAt, offerInTurn, systemsCalled } from '../world/tls-offers.ts';

const FLAWS = ['expired', 'wrong-host', 'self-signed', 'untrusted'] as const;

export const se03 = defineCheck({
  id: 'SE-03',
  title: 'It talks to nobody whose certificate is wrong',
  group: 'security',
  severity: 'B',
  level: 1,
  requirement:
    'Where a certificate has expired, names another host, is signed by itself or by nobody who is trusted, no call is made; once it is right again, nothing is missing.',
  seeds: ['S4'],
  harm: 'Whoever can place a machine between hospital and CRM is handed tokens and charts, and nobody notices.',
  needs: ['tls'],
  alone: true,
  act: (world) =>
    offerInTurn(
      world,
      FLAWS.map((flaw) => ({ name: flaw, fault: 'tls-certificate', params: { flaw }, calls: false })),
    ),
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const systems = systemsCalled(facts);
    const found = systems.flatMap((sim) =>
      FLAWS.flatMap((flaw) => {
        const { handshakes, calls } = facts.offered(sim, flaw);
        const sub = offerAt(flaw, sim);
        if (handshakes.length === 0) return [untestable('did-not-bite', `Nobody tried to connect (${sub}).`, { sub })];
        if (calls.length === 0) return [];
        const evidence = calls.slice(0, 3).map(({ event }) => event);
        return [fail('wrong-certificate', `${calls.length} calls were made (${sub}).`, { sub, expected: 'none', evidence })];
      }),
    );
    return [...facts.didBite(...systems.map((sim) => offerAt('expired', sim))), ...found, ...facts.asMapped('after')];
  },
});
