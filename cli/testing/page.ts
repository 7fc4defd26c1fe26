import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A language whose blocks of a page are run as somebody would who copied them. */
export interface Language {
  language: string;
  /** What runs the file. */
  program: string;
  /** The program without which there is nothing to run. */
  needs: string;
  file: string;
}

/** The code blocks of a page of `docs/` in that language. */
export function blocks(page: string, language: string): string[] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].filter(([, tag]) => tag === language).map(([, , code]) => code!);
}

/** Those whose program is here; on CI all of them, so that none can be missing unseen. */
export const runnable = (languages: readonly Language[]): Language[] =>
  languages.filter(({ needs }) => process.env.CI || has(needs));

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Runs the page's first block of a language. @returns what it printed; with what it complained of, when it failed. */
export function runBlock(page: string, { language, program, file }: Language, env: Record<string, string>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  const path = join(folder, file);
  writeFileSync(path, blocks(page, language)[0]!);
  return new Promise((resolve) =>
    execFile(program, [path], { env: { ...process.env, ...env } }, (error, out, complaint) =>
      resolve(out + (error ? complaint : '')),
    ),
  );
}
