import { defineCheck, fail, untestable } from '../check.ts';

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
  async act(world) {
    const known = await world.register('known');
    if (!(await world.settled('before'))) return;
    await world.note('called over TLS', world.calledSystems);
    for (const flaw of FLAWS) {
      for (const sim of world.calledSystems)
        await world.arm(`${flaw} at the ${sim}`, { fault: 'tls-certificate', params: { flaw }, where: world.whereIs(sim) });
      await world.update(known, { telecom: world.person(`number under ${flaw}`).telecom });
      await world.tried(flaw);
      for (const sim of world.calledSystems) await world.heal(`${flaw} at the ${sim}`);
    }
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const systems = facts.note<string[]>('called over TLS') ?? [];
    const found = systems.flatMap((sim) =>
      FLAWS.flatMap((flaw) => {
        const { handshakes, calls } = facts.offered(sim, flaw);
        const sub = `${flaw} at the ${sim}`;
        if (handshakes.length === 0) return [untestable('did-not-bite', `Nobody tried to connect (${sub}).`, { sub })];
        if (calls.length === 0) return [];
        const evidence = calls.slice(0, 3).map(({ event }) => event);
        return [fail('wrong-certificate', `${calls.length} calls were made (${sub}).`, { sub, expected: 'none', evidence })];
      }),
    );
    return [...facts.didBite(...systems.map((sim) => `expired at the ${sim}`)), ...found, ...facts.asMapped('after')];
  },
});
