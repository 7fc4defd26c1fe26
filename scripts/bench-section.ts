import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HEAD =
  '# Benchmarks\n\nEach section is written by its bench: `npm run bench <name>`. Ratios within a run carry over to other machines; rates do not.\n';

/** Replaces the section of one bench in docs/benchmarks.md, or adds it. */
export function writeSection(name: string, lines: readonly string[]): void {
  const file = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));
  const page = existsSync(file) ? readFileSync(file, 'utf8') : HEAD;
  const [start, end] = [`<!-- bench ${name} -->`, `<!-- /bench ${name} -->`];
  const section = `${start}\n## ${name}\n\n${lines.join('\n')}\n${end}`;
  const at = page.indexOf(start);
  writeFileSync(
    file,
    at < 0 ? `${page.trimEnd()}\n\n${section}\n` : page.slice(0, at) + section + page.slice(page.indexOf(end) + end.length),
  );
}
