import { parseArgs } from 'node:util';
import { InitError, initProject, STACKS, type Stack } from '#conformance';
import { parsing, suggestion } from './arguments.ts';
import { UsageError } from './usage.ts';

export const INIT_USAGE = `syncproof init [folder] [--for ${STACKS.join('|')}]   writes syncproof.yaml, a data map and a CI workflow`;

const OPTIONS = { for: { type: 'string', default: 'node' } } as const;

/** `syncproof init [folder] [--for stack]` */
export async function init(args: string[]): Promise<number> {
  const { values, positionals } = parsing(OPTIONS, () => parseArgs({ args, options: OPTIONS, allowPositionals: true }));
  const stack = values.for as Stack;
  if (!STACKS.includes(stack)) throw new UsageError(`--for ${stack}: no such stack${suggestion(stack, STACKS)}`);
  const folder = positionals[0] ?? '.';
  try {
    for (const file of initProject(folder, { stack })) console.log(`wrote ${file}`);
  } catch (error) {
    if (!(error instanceof InitError)) throw error;
    throw new UsageError(`${error.message}: nothing was written. Move it away, or name another folder: syncproof init <folder>`);
  }
  console.log(`
Next:
  1. put your start command into syncproof.yaml, and your fields into map/fields.csv
  2. npx syncproof doctor --subject syncproof.yaml
  3. npx syncproof check --subject syncproof.yaml --only go-live`);
  return 0;
}
