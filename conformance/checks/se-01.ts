import { defineCheck, fail, untestable } from '../check.ts';

// A vendor's own scope (athenahealth's v1 API knows one for all) is the app's registration to narrow, not the sync's.
const isWild = (scope: string): boolean => scope.includes('*') && /^(system|user|patient)\//.test(scope);

export const se01 = defineCheck({
  id: 'SE-01',
  title: 'It asks for no more than it needs, and shows what it got to nobody else',
  group: 'security',
  severity: 'B',
  level: 1,
  requirement:
    'The scopes that are asked for lie within those that the app is registered for; nothing is asked for all resources at once; and a token goes to the site that gave it alone.',
  seeds: ['S1'],
  harm: 'A stolen token opens every chart of the hospital, not only what the sync reads.',
  needs: ['poll'],
  async act(world) {
    await world.register('patient');
    await world.settled('arrived');
  },
  expect(facts) {
    const tokens = facts.tokens();
    if (tokens.length === 0) return [untestable('did-not-bite', 'The subject never asked this site for a token.')];
    // A right that is withdrawn for a while was asked for by right.
    const registered = new Set(tokens.flatMap(({ granted }) => granted));
    const wild = tokens.flatMap(({ requested, event }) =>
      requested
        .filter((scope) => isWild(scope) || !registered.has(scope))
        .map((scope) =>
          fail('excess-scope', `The scope ${scope} was asked for.`, {
            expected: [...registered].join(' '),
            actual: scope,
            evidence: [event],
          }),
        ),
    );
    const shown = facts.strangersTokens().map(({ site, event }) =>
      fail('token-of-another', `A token that ${site} had given was shown to this site.`, {
        expected: 'none',
        evidence: [event],
      }),
    );
    return [...wild.slice(0, 3), ...shown.slice(0, 1), ...facts.asMapped('arrived')];
  },
});
