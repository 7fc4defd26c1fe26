import { defineCheck, fail, untestable } from '../check.ts';
import { offerAt, offerInTurn, systemsCalled } from '../world/tls-offers.ts';

/** What the systems speak, one after the other, and what a subject has to make of it. */
const OFFERS = [
  { only: '1.0-1.1', refused: true },
  { only: '1.2', refused: false },
  { only: '1.3', refused: false },
] as const;

export const se02 = defineCheck({
  id: 'SE-02',
  title: 'It speaks TLS 1.2 and 1.3, and nothing older',
  group: 'security',
  severity: 'B',
  level: 1,
  requirement:
    'A server that speaks TLS 1.0 and 1.1 alone is refused, one of 1.2 or 1.3 alone is spoken to, and where both can be had it is 1.3.',
  seeds: ['S0', 'S1', 'S3'],
  harm: 'Whoever sits on the line talks both ends down to a version that has been broken for years, and reads along.',
  needs: ['tls'],
  alone: true,
  act: (world) =>
    offerInTurn(
      world,
      OFFERS.map(({ only, refused }) => ({ name: only, fault: 'tls-versions', params: { only }, calls: !refused })),
    ),
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const systems = systemsCalled(facts);
    const found = systems.flatMap((sim) => [
      ...OFFERS.flatMap(({ only, refused }) => {
        const { handshakes, calls } = facts.offered(sim, only);
        const taken = [...handshakes.filter((one) => one.taken), ...calls].map(({ event }) => event);
        const sub = `TLS ${offerAt(only, sim)}`;
        if (handshakes.length === 0) return [untestable('did-not-bite', `Nobody tried to connect (${sub}).`, { sub })];
        if (refused && taken.length > 0)
          return [
            fail('old-protocol', `It was spoken to over ${sub}.`, {
              sub,
              expected: 'no connection',
              evidence: taken.slice(0, 3),
            }),
          ];
        if (!refused && calls.length === 0)
          return [
            fail('refuses-protocol', `No call came over ${sub}.`, {
              sub,
              expected: 'calls',
              evidence: handshakes.slice(0, 2).map(({ event }) => event),
            }),
          ];
        return [];
      }),
      ...facts
        .offered(sim)
        .handshakes.filter(({ taken, protocol }) => taken && protocol !== 'TLSv1.3')
        .slice(0, 1)
        .map(({ protocol, event }) =>
          fail('not-preferred', `Where the ${sim} offered both, it was ${protocol}.`, {
            expected: 'TLSv1.3',
            actual: protocol,
            evidence: [event],
          }),
        ),
    ]);
    return [...facts.didBite(...systems.map((sim) => offerAt('1.2', sim))), ...found, ...facts.asMapped('after')];
  },
});
