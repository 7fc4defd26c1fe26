import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '#sandbox';

const PAGE = readFileSync(new URL('../docs/quick-start.md', import.meta.url), 'utf8');

/** The blocks of that language on the page, as somebody copies them. */
const blocks = (language: string): string[] =>
  [...PAGE.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].filter(([, tag]) => tag === language).map(([, , text]) => text!);

const [, promised] = blocks('text');

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const LANGUAGES = [
  { language: 'bash', program: 'bash', needs: 'curl', file: 'quick-start.sh' },
  { language: 'python', program: 'python3', needs: 'python3', file: 'quick-start.py' },
  { language: 'typescript', program: process.execPath, needs: process.execPath, file: 'quick-start.ts' },
];

describe('the quick start', () => {
  const folder = mkdtempSync(join(tmpdir(), 'quick-start-'));
  beforeAll(() => {
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  // On CI none may be missing.
  const here = LANGUAGES.filter(({ needs }) => process.env.CI || has(needs));
  const missing = LANGUAGES.filter((one) => !here.includes(one));
  for (const { language, needs } of missing) test.skip(`in ${language}: there is no ${needs}`, () => {});

  test.each(here)('in $language prints what the page says', async ({ language, program, file }) => {
    const sandbox: Sandbox = await startSandbox({ sites: [], crm: {} });
    const crm = sandbox.parts[0]!.describe().addresses.login!;
    const path = join(folder, file);
    const [source] = blocks(language);
    writeFileSync(path, source!);
    const env = { ...process.env, CONTROL: sandbox.controlUrl, CRM: crm };
    const out = await new Promise<string>((resolve) =>
      execFile(program, [path], { env }, (error, stdout, stderr) => resolve(stdout + (error ? stderr : ''))),
    );
    await sandbox.stop();
    expect(out).toBe(promised);
  });
});
