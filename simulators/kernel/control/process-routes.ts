import { MOST_SCALE } from '../inner-time.ts';
import type { Kernel } from '../kernel.ts';
import type { Part } from '../part.ts';
import type { Schedule } from '../schedules.ts';
import { PART } from './forms.ts';
import type { ControlRoute } from './route.ts';
import { list, map, number, object, oneOf, text, whole } from './schema.ts';

/** What runs here, and how time passes in it. */
export function processRoutes(kernel: Kernel, parts: readonly Part[], document: () => unknown): ControlRoute<never>[] {
  return [
    {
      method: 'GET',
      path: '/v1/health',
      operation: 'health',
      doc: 'Answers once every part listens.',
      open: true,
      answer: object({ status: oneOf(['ok']), process: text() }),
      run: () => ({ status: 'ok', process: kernel.journal.process }),
    },
    {
      method: 'GET',
      path: '/v1/openapi.json',
      operation: 'openapi',
      doc: 'This API, described in OpenAPI 3.1.',
      answer: map({}, 'An OpenAPI document.'),
      run: document,
    },
    {
      method: 'GET',
      path: '/v1/parts',
      operation: 'parts',
      doc: 'The mounted parts with addresses and credentials, seed and run key.',
      answer: object(
        {
          process: text(),
          incarnation: whole(),
          seed: text(),
          runKey: text(),
          pid: whole(),
          parts: list(PART),
        },
        { name: 'ProcessInfo' },
      ),
      run: () => ({
        process: kernel.journal.process,
        incarnation: kernel.journal.incarnation,
        seed: kernel.seed,
        runKey: kernel.runKey,
        pid: process.pid,
        parts: parts.map((part) => part.describe()),
      }),
    },
    {
      method: 'GET',
      path: '/v1/time',
      operation: 'time',
      doc: 'Wall time, and how fast quotas and outages run.',
      answer: TIME,
      run: () => timeOf(kernel),
    },
  ];
}

const TIME = object(
  {
    timeScale: number('How much faster than the wall quotas and the windows of rules run.'),
    now: text('Wall time: all that a client is told is of it.'),
    inner: text('The time that quotas and windows have come to.'),
  },
  { name: 'Time' },
);

const timeOf = (kernel: Kernel) => ({
  timeScale: kernel.inner.scale,
  now: new Date(kernel.clock.now()).toISOString(),
  inner: new Date(kernel.inner.now()).toISOString(),
});

/** Sets how fast the simulators' own timers run. */
export const timeRoute = (kernel: Kernel): ControlRoute<{ timeScale: number }> => ({
  method: 'POST',
  path: '/v1/time',
  operation: 'set-time',
  doc: 'Lets quotas and the windows of rules (`after`, `during`) run faster. What a client can read stays wall time.',
  body: object({ timeScale: number('1 for the pace of the wall.', { minimum: 1, maximum: MOST_SCALE }) }),
  answer: TIME,
  run: ({ body: { timeScale } }) => {
    kernel.inner.scale = timeScale;
    kernel.journal.append({ sim: 'kernel', kind: 'setup', data: { timeScale } });
    return timeOf(kernel);
  },
});

/** Takes what a load script owes, before it begins. */
export const scheduleRoute = (kernel: Kernel): ControlRoute<Schedule> => ({
  method: 'POST',
  path: '/v1/schedules',
  operation: 'declare-schedule',
  doc: 'Declares what a load script owes, so that when each of its offers was due is known whenever it comes. In place of one of that id.',
  body: object({
    id: text('By which offers name it.', { minLength: 1 }),
    stages: list(
      object({
        seconds: number('How long it is.', { minimum: 0 }),
        from: number('Offers a second at its beginning.', { minimum: 0 }),
        to: number('The same at its end.', { minimum: 0 }),
      }),
      'Offer number i is due when the area under the rates reaches i + 1; without stages, at the start.',
    ),
  }),
  answer: object({ id: text() }),
  run: ({ body }) => {
    kernel.schedules.declare(body);
    return { id: body.id };
  },
});
