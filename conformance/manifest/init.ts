import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manifestTemplate, type Stack, workflowTemplate } from './init-template.ts';

export { STACKS, type Stack } from './init-template.ts';

/** Something is there already: `init` never writes over what a user has. */
export class InitError extends Error {
  readonly files: string[];
  constructor(files: string[]) {
    super(`${files.join(', ')} ${files.length === 1 ? 'exists' : 'exist'} already`);
    this.files = files;
  }
}

const DEFAULT_MAP = fileURLToPath(new URL('../../fixtures/maps/default', import.meta.url));

/**
 * Writes `syncproof.yaml`, a copy of the default map and a CI workflow into a folder, which is made if need be. All or nothing.
 * @returns the files written, relative to the folder.
 * @throws InitError naming every file that is in the way.
 */
export function initProject(folder: string, { stack = 'node' }: { stack?: Stack } = {}): string[] {
  const texts: Record<string, string> = {
    'syncproof.yaml': manifestTemplate(stack),
    '.github/workflows/syncproof.yml': workflowTemplate(stack),
  };
  const tables = readdirSync(DEFAULT_MAP).filter((name) => name.endsWith('.csv'));
  const files = [...Object.keys(texts), ...tables.map((name) => join('map', name))].sort();
  const inTheWay = files.filter((file) => existsSync(join(folder, file)));
  if (inTheWay.length > 0) throw new InitError(inTheWay.map((file) => relative(process.cwd(), join(folder, file)) || file));

  for (const file of files) {
    const target = join(folder, file);
    mkdirSync(dirname(target), { recursive: true });
    const text = texts[file];
    if (text === undefined) cpSync(join(DEFAULT_MAP, relative('map', file)), target);
    else writeFileSync(target, text);
  }
  return files;
}
