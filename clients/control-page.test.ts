import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Sandbox, startSandbox } from './sandbox.ts';

const executablePath = process.env.SYNCPROOF_CHROMIUM;
const skip = executablePath ? false : 'no Chromium: run by npm test where one is installed';
const TOKEN = 'of-this-test';
// The browser notes each refusal, which the page shows in words of its own.
const REFUSED = /^Failed to load resource: .*\b4\d\d\b/;
const EVIL = '<img src=x onerror="document.title=\'broken\'"><script>document.title="broken"</script>';

interface Rule {
  fault: string;
  where?: Record<string, string>;
}

describe('the page on the control port, in a real browser', { skip }, () => {
  let sandbox: Sandbox;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];
  const elsewhere: string[] = [];
  before(async () => {
    sandbox = await startSandbox(TOKEN);
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    page = await browser.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && !REFUSED.test(message.text()) && errors.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith(sandbox.controlUrl) && !request.url().startsWith('data:')) elsewhere.push(request.url());
    });
    await page.goto(sandbox.controlUrl);
  });
  after(async () => {
    await browser.close();
    await sandbox.stop();
    assert.deepEqual(errors, []);
    assert.deepEqual(elsewhere, []);
  });
  const row = (table: string, text: string) => page.locator(`#${table} tbody tr`, { hasText: text });
  const rules = async (): Promise<Rule[]> => (await sandbox.control<{ rules: Rule[] }>('GET', '/v1/rules')).rules;

  it('asks for the token and shows nothing without it', async () => {
    await page.locator('#login').waitFor();
    assert.equal(await page.locator('#parts tbody tr').count(), 0);
    await page.locator('#token').fill('wrong');
    await page.locator('#login button').click();
    await page.locator('#problem', { hasText: 'needs its token' }).waitFor();
    await page.locator('#token').fill(TOKEN);
    await page.locator('#login button').click();
    await page.locator('#state', { hasText: 'live' }).waitFor();
  });

  it('shows parts, addresses and credentials', async () => {
    const { addresses, credentials } = sandbox.part('crm');
    await row('parts', addresses.login!).waitFor();
    const text = await row('parts', 'salesforce').textContent();
    for (const shown of [addresses.loginTls!, credentials.clientSecret!]) assert.ok(text?.includes(shown), shown);
    assert.equal(await page.locator('#parts tbody tr').count(), 4);
  });

  it('shows the journal as it is written, and nothing in it runs', async () => {
    await sandbox.register({ mrn: '1', family: EVIL, given: 'Ada' });
    await row('journal', 'Patient/').first().waitFor();
    await fetch(`${sandbox.part('crm').addresses.login}/services/data/${encodeURIComponent(EVIL)}`);
    await row('journal', 'onerror').first().waitFor();
    assert.equal(await page.title(), 'Syncproof sandbox');
    await page.locator('#kinds').fill('commit');
    await sandbox.register({ mrn: '2', family: 'Later', given: 'Bob' });
    await row('journal', 'Patient/').nth(1).waitFor();
  });

  it('arms a fault, shows its counts, and heals it', async () => {
    await page.locator('#fault').selectOption('latency');
    await page.locator('[data-param="ms"]').fill('5');
    await page.locator('#sim').selectOption('crm');
    await page.locator('#arm button[type="submit"], #arm button:not([type])').first().click();
    await row('rules', 'latency').waitFor();
    assert.deepEqual(
      (await rules()).map(({ fault, where }) => [fault, where]),
      [['latency', { sim: 'crm' }]],
    );
    await fetch(`${sandbox.part('crm').addresses.login}/services/data/`);
    await row('rules', 'latency').locator('td:nth-child(5)', { hasText: '1' }).waitFor();
    await row('rules', 'latency').getByText('Heal').click();
    await row('rules', 'latency').waitFor({ state: 'detached' });
    assert.deepEqual(await rules(), []);
  });

  it('says what is wrong with a rule', async () => {
    await page.locator('#operation').fill('no-such-operation');
    await page.locator('#arm button:not([type])').first().click();
    await page.locator('#problem', { hasText: 'no-such-operation' }).waitFor();
    await page.locator('#operation').fill('');
  });

  it('lists a parked call and lets it go', async () => {
    await sandbox.control('POST', '/v1/rules', { fault: 'gate', where: { sim: 'crm' }, times: 1 });
    const call = fetch(`${sandbox.part('crm').addresses.login}/services/data/`);
    await row('gates', 'crm').waitFor();
    await row('gates', 'crm').getByText('Release').click();
    assert.equal((await call).status, 200);
    await row('gates', 'crm').waitFor({ state: 'detached' });
    await page.locator('#heal-all').click();
  });

  it('takes a snapshot and goes back to it, and is live again', async () => {
    await page.locator('#name').fill('before');
    await page.locator('#snapshot button').click();
    await row('snapshots', 'before').waitFor();
    await sandbox.register({ mrn: '3', family: 'Gone', given: 'Cid' });
    await row('snapshots', 'before').getByText('Restore').click();
    await page.locator('#about', { hasText: 'start 2' }).waitFor();
    await page.locator('#state', { hasText: 'live' }).waitFor();
    const { resources } = await sandbox.control<{ resources: object[] }>('GET', '/v1/sites/epic/records/Patient');
    assert.equal(resources.length, 2);
    await sandbox.register({ mrn: '4', family: 'New', given: 'Dot' });
    await row('journal', 'Patient/').first().waitFor();
  });
});
