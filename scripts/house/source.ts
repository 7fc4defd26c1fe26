import { globSync, readFileSync } from 'node:fs';
import { posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OUTPUT = ['**/node_modules', '.git', '.cache', '.pack', '.syncproof', 'reports/runs', 'coverage'];

/** Files of the repository matching a glob, as paths from its root with `/`. */
export function files(pattern: string): string[] {
  return globSync(pattern, { cwd: ROOT, exclude: OUTPUT, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.split(sep).join('/').slice(ROOT.length))
    .sort();
}

export const read = (file: string): string => readFileSync(`${ROOT}${file}`, 'utf8');
export const isTest = (file: string): boolean => /\.(test|contract)\.ts$|(^|\/)testing?(\/|\.ts$)/.test(file);

/** The source with comments blanked out; positions and line breaks stay. Strings, templates and regular expressions are kept. */
export function withoutComments(source: string): string {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=(?:^|[(,=:[!&|?{};>]|return)\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//gm;
  return source.replace(token, (text) => (/^\/[/*]/.test(text) ? text.replace(/[^\n]/g, ' ') : text));
}

export interface Import {
  specifier: string;
  /** Only types come over: `import type`, `export type`, or each name marked `type`. */
  typesOnly: boolean;
}

// import x, { y } from 'z' · import * as x from 'z' · export { x } from 'z' · export * from 'z' · import 'z'
const STATIC =
  /^\s*(?:import|export)\s*((?:type\s+)?(?:[\w$]+\s*,?\s*)?(?:\{[^}]*\}|\*(?:\s*as\s+[\w$]+)?)?)\s*(?:(?<=\s|\}|\*)from\s*|(?<=import\s*))['"]([^'"]+)['"]/gm;

/** Imports, re-exports and literal dynamic imports of a file. */
export function imports(source: string): Import[] {
  const code = withoutComments(source);
  const found: Import[] = [];
  for (const [, clause = '', specifier = ''] of code.matchAll(STATIC)) {
    const names = /\{([\s\S]*)\}/
      .exec(clause)?.[1]
      ?.split(',')
      .map((name) => name.trim());
    const marked = /^\{/.test(clause) && names?.filter(Boolean).every((name) => name.startsWith('type '));
    found.push({ specifier, typesOnly: clause.startsWith('type ') || marked === true });
  }
  for (const [, specifier = ''] of code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)) found.push({ specifier, typesOnly: false });
  return found;
}

/** The file that a relative specifier means, as a path from the root. */
export const resolveFrom = (file: string, specifier: string): string => posix.normalize(`${posix.dirname(file)}/${specifier}`);

/** Lines (1-based) of `source` that match, as `file:line text`. */
export function matches(file: string, source: string, pattern: RegExp): string[] {
  return source.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1} ${line.trim()}`] : []));
}
