import type { Kernel } from '../kernel.ts';
import type { Part } from '../part.ts';
import { PART } from './forms.ts';
import type { ControlRoute } from './route.ts';
import { list, map, object, oneOf, text, whole } from './schema.ts';

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
  ];
}
