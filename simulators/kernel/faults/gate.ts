import { GATE_DEADLINE_MS } from '../gates.ts';
import { defineFault, HOOKS } from '../hooks.ts';

export const gate = defineFault({
  name: 'gate',
  family: 'control',
  doc: 'Parks the call at a hook until it is released, until its deadline, or until its client hangs up.',
  params: {
    at: { type: 'string', doc: 'where it waits', default: 'request', oneOf: HOOKS },
    deadlineMs: {
      type: 'number',
      doc: 'after how many milliseconds it goes on by itself; 0 for never',
      default: GATE_DEADLINE_MS,
      range: [0, 86_400_000],
    },
  },
  at: ({ at = 'request' }) => [String(at)],
  applies: (_exchange, { at }, hook) => at === hook,
  hooks: Object.fromEntries(
    HOOKS.map((hook) => [
      hook,
      async (_exchange, { at, deadlineMs }, { park }) => {
        if (at === hook) await park(hook, Number(deadlineMs));
      },
    ]),
  ),
  colour: '#4338ca',
});
