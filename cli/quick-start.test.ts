import { describe, expect, test } from 'vitest';
import { startSandbox } from '#sandbox';
import { blocks, runBlock, runnable } from './testing/page.ts';

const PAGE = 'quick-start.md';
const LANGUAGES = [
  { language: 'bash', program: 'bash', needs: 'curl', file: 'quick-start.sh' },
  { language: 'python', program: 'python3', needs: 'python3', file: 'quick-start.py' },
  { language: 'typescript', program: process.execPath, needs: process.execPath, file: 'quick-start.mts' },
];

describe('the quick start', () => {
  const here = runnable(LANGUAGES);
  for (const { language, needs } of LANGUAGES.filter((one) => !here.includes(one)))
    test.skip(`in ${language}: there is no ${needs}`, () => {});

  test.each(here)('in $language prints what the page says', async (language) => {
    const sandbox = await startSandbox({ sites: [], crm: {} });
    const env = { CONTROL: sandbox.controlUrl, CRM: sandbox.parts[0]!.describe().addresses.login! };
    const out = await runBlock(PAGE, language, env);
    await sandbox.stop();
    expect(out).toBe(blocks(PAGE, 'text')[1]);
  });
});
