import { type FaultDefinition, type FaultParam, type FaultPlace, type Random, type Rule, reasonAgainst } from '#kernel';

// What keeps somebody waiting does so for a moment: a minute shall hold many faults.
const SHORT = /ms$|^ms|seconds|after/i;
const MOST_MS = 300;

/** Rules about every fault in turn, in an order and with a strength that come from the seed. */
export function* mix(faults: readonly FaultDefinition[], places: () => readonly FaultPlace[], random: Random): Generator<Rule> {
  for (let round = 0; ; round++) {
    const turn = random.fork(`round ${round}`);
    const left = [...faults];
    while (left.length > 0) {
      const [fault] = left.splice(turn.int(0, left.length - 1), 1);
      const able = places().filter((place) => reasonAgainst(fault!, place) === undefined);
      if (able.length > 0) yield draw(fault!, turn.pick(able), turn);
    }
  }
}

function draw(fault: FaultDefinition, place: FaultPlace, random: Random): Rule {
  const { sim, tenant } = place;
  const params = paramsOf(fault, place, random);
  if (fault.lever !== undefined) return { fault: fault.name, params, where: { sim, tenant } };
  const operations = place.operations().filter((one) => fault.operations?.test(one) ?? one !== 'connect');
  const operation = random.chance(0.3) && operations.length > 0 ? { operation: random.pick(operations) } : {};
  const attempt = random.chance(0.15) ? { attempt: random.int(1, 2) } : {};
  const whens = [{}, { every: 2 }, { probability: 0.3 }, { nth: 2 }, { after: 50, during: 500 }];
  const times = random.chance(0.3) ? { times: random.int(1, 5) } : {};
  return { fault: fault.name, params, where: { sim, tenant, ...operation, ...attempt }, when: random.pick(whens), ...times };
}

// Some say by a parameter at which hook they act.
const DRAWS = 50;

/** Parameters with which a fault can act at a place; those with a default may be left out. */
export function paramsOf(fault: FaultDefinition, place: FaultPlace, random: Random): Record<string, unknown> {
  for (let n = 0; ; n++) {
    const params = Object.fromEntries(
      Object.entries(fault.params).flatMap(([name, param]) => {
        const value = drawn(name, param, place, random);
        return value === undefined ? [] : [[name, value]];
      }),
    );
    if (n >= DRAWS || reasonAgainst(fault, place, params) === undefined) return params;
  }
}

function drawn(name: string, param: FaultParam, place: FaultPlace, random: Random): unknown {
  if (param.error) return random.pick(place.errors?.() ?? ['unavailable']);
  if (param.oneOf) return random.pick(param.oneOf);
  if (param.type === 'boolean') return random.chance(0.5);
  if (param.type === 'string') return param.default === undefined ? (param.example ?? 'chaos') : undefined;
  const [least, most] = param.range ?? [0, 10];
  // A call that nobody releases goes on before its client gives up; 0 would be never.
  if (name === 'deadlineMs') return random.int(1, MOST_MS);
  if (SHORT.test(name)) return Math.min(most, Math.max(least, random.int(0, MOST_MS)));
  return random.chance(0.5) && param.default !== undefined ? undefined : Math.min(most, Math.max(least, random.int(0, 5)));
}
