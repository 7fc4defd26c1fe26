import type { Kernel } from '../kernel.ts';
import type { ArmedRule, Rule } from '../rule.ts';
import { ARMED_RULE, FAULT, PARKED } from './forms.ts';
import { ControlError, type ControlRoute } from './route.ts';
import { flag, list, object, text, whole } from './schema.ts';

/** Faults and rules. */
export function faultRoutes(kernel: Kernel): ControlRoute<never>[] {
  return [
    {
      method: 'GET',
      path: '/v1/faults',
      operation: 'faults',
      doc: 'The catalogue of faults with their parameters.',
      answer: object({ faults: list(FAULT) }),
      run: () => ({
        faults: kernel.faults.map(({ name, family, doc, params, colour, hooks, lever }) => ({
          name,
          family,
          doc,
          params,
          colour,
          hooks: Object.keys(hooks),
          lever,
        })),
      }),
    },
    {
      method: 'GET',
      path: '/v1/rules',
      operation: 'rules',
      doc: 'The armed rules with their counters.',
      answer: object({ rules: list(ARMED_RULE) }),
      run: () => ({ rules: kernel.rules.list() }),
    },
    {
      method: 'DELETE',
      path: '/v1/rules',
      operation: 'heal-all',
      doc: 'Heals every rule.',
      answer: object({ healed: whole() }),
      run: () => ({ healed: kernel.rules.heal() }),
    },
    {
      method: 'DELETE',
      path: '/v1/rules/:id',
      operation: 'heal',
      doc: 'Heals one rule.',
      answer: object({ healed: whole() }),
      run: ({ params: { id } }) => {
        if (kernel.rules.heal(id) === 0) throw new ControlError(404, `no rule ${id} is armed`);
        return { healed: 1 };
      },
    },
    {
      method: 'GET',
      path: '/v1/plans',
      operation: 'plans',
      doc: 'The armed plans with their rules.',
      answer: object({ plans: list(object({ name: text(), rules: list(ARMED_RULE) })) }),
      run: () => ({ plans: plansOf(kernel.rules.list()) }),
    },
    {
      method: 'DELETE',
      path: '/v1/plans/:name',
      operation: 'heal-plan',
      doc: 'Heals the rules of one plan.',
      answer: object({ healed: whole() }),
      run: ({ params: { name = '' } }) => {
        const healed = kernel.rules.heal({ plan: name });
        if (healed === 0) throw new ControlError(404, `no plan ${name} is armed`);
        return { healed };
      },
    },
    {
      method: 'GET',
      path: '/v1/gates',
      operation: 'gates',
      doc: 'The parked calls with the records that they touch.',
      answer: object({ parked: list(PARKED) }),
      run: () => ({ parked: kernel.gates.list() }),
    },
  ];
}

function plansOf(rules: readonly ArmedRule[]): { name: string; rules: ArmedRule[] }[] {
  const names = new Set(rules.flatMap(({ plan }) => plan ?? []));
  return [...names].map((name) => ({ name, rules: rules.filter(({ plan }) => plan === name) }));
}

const ARMED = object({
  rules: list(ARMED_RULE),
  'elsewhere?': list(object({ index: whole(), error: text() }), 'Those that only another process may have a part for.'),
});

/** Arms one rule, or all or none of several. */
export const armRoute = (kernel: Kernel): ControlRoute<Rule | Rule[]> => {
  const rule = { ...kernel.rules.schemas.rule, name: 'Rule' };
  return {
    method: 'POST',
    path: '/v1/rules',
    operation: 'arm',
    doc: 'Arms one rule, or an array of rules (all or none; with ?partial=true, without those that no part of this process can suffer).',
    query: { partial: flag('Leaves out, and tells, what only another process may have a part for.') },
    body: { anyOf: [rule, list(rule)] },
    own: true,
    answer: ARMED,
    run: ({ body, query }) => {
      const rules = Array.isArray(body) ? body : [body];
      return effectively(kernel, query.partial ? kernel.rules.armSome(rules) : { armed: kernel.rules.armAll(rules) });
    },
  };
};

/** Arms a plan as one. */
export const armPlanRoute = (kernel: Kernel): ControlRoute => ({
  method: 'POST',
  path: '/v1/plans',
  operation: 'arm-plan',
  doc: 'Arms a plan, YAML or JSON. Refused whole where it has a mistake, with line, reason and the nearest valid name; with ?partial=true, without rules that no part of this process can suffer.',
  query: {
    partial: flag('Leaves out, and tells, what only another process may have a part for.'),
    source: text('What messages call it: the name of its file.'),
  },
  body: { ...kernel.rules.schemas.plan, name: 'Plan' },
  raw: true,
  answer: ARMED,
  run: ({ context: { request }, query: { source = 'body', partial } }) =>
    effectively(kernel, kernel.rules.armPlan(request.body.toString(), String(source), partial === true)),
});

// A standing fault that could not be set up leaves none of them armed.
async function effectively(
  kernel: Kernel,
  { armed, elsewhere }: { armed: ArmedRule[]; elsewhere?: { index: number; error: string }[] },
): Promise<unknown> {
  try {
    await kernel.rules.effective(armed);
  } catch (error) {
    for (const { id } of armed) kernel.rules.heal(id);
    throw error;
  }
  return { rules: armed, ...(elsewhere && { elsewhere }) };
}

export const releaseRoute = (kernel: Kernel): ControlRoute<{ waitMs?: number } | undefined> => ({
  method: 'POST',
  path: '/v1/gates/:id/release',
  operation: 'release',
  doc: 'Lets one parked call go on; with `waitMs`, answers after its commit, reply or next gate, or after so many milliseconds.',
  body: object({ 'waitMs?': { type: 'number', minimum: 0, maximum: 60_000 } }),
  optional: true,
  answer: object({
    released: text(),
    'next?': text('What it did then: commit, reply, ack, notice or gate.'),
    'seq?': whole('Number of that event.'),
  }),
  run: async ({ params: { id = '' }, body }) => {
    const { waitMs = 0 } = body ?? {};
    const next = waitMs > 0 ? await kernel.gates.releaseAndSee(id, waitMs) : kernel.gates.release(id) ? {} : undefined;
    if (!next) throw new ControlError(404, `no call is parked as ${id}`);
    return { released: id, ...next };
  },
});
