import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';

const executablePath = process.env.SYNCPROOF_CHROMIUM;
const skip = executablePath ? false : 'no Chromium: run by npm test where one is installed';
const CLI = fileURLToPath(new URL('../bin/syncproof.js', import.meta.url));

describe('the report in a real browser', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'syncproof-report-'));
  let browser: Browser;
  before(async () => {
    const run = spawn(process.execPath, [CLI, 'check', '--only', 'ID-01,AP-01', '--out', folder], { stdio: 'ignore' });
    await once(run, 'exit');
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  });
  after(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  it('opens offline: one file, no request, no error, the checks in it', async () => {
    const context = await browser.newContext({ offline: true });
    const page = await context.newPage();
    const requests: string[] = [];
    const errors: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    const url = pathToFileURL(join(folder, 'latest', 'report.html')).href;
    await page.goto(url);
    assert.deepEqual(errors, []);
    assert.deepEqual(
      requests.filter((request) => !request.startsWith('data:')),
      [url],
    );
    const text = await page.textContent('body');
    for (const words of ['ID-01', 'AP-01', 'reference-sync'])
      assert.ok(text?.includes(words), `the report does not show ${words}`);
    // No part of it may be wider than a laptop's window.
    assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth + 1'));
  });
});
