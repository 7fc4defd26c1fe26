import { expect, test } from 'vitest';
import { ControlClient } from '#simulators';
import { splitSandbox } from './split-sandbox.ts';
import { UsageError } from './usage.ts';

const SITE = { name: 'epic', vendor: 'epic', authority: '1.2.3', timeZone: 'UTC' };

test('the CRM and each site with its links are processes of their own', async () => {
  const sandbox = await splitSandbox({ sites: [SITE], controlToken: 'secret', seed: 's', runKey: 'k' });
  try {
    const infos = await Promise.all(sandbox.urls.map((url) => new ControlClient(url, 'secret').parts()));
    expect(infos.map(({ process, parts }) => [process, parts.map(({ name }) => name)])).toEqual([
      ['epic', ['epic', 'epic-hl7']],
      ['crm', ['crm']],
    ]);
    expect(new Set([process.pid, ...infos.map(({ pid }) => pid)]).size).toBe(3);
    expect(sandbox.ca).toContain('BEGIN CERTIFICATE');
  } finally {
    await sandbox.stop();
  }
  await expect(fetch(`${sandbox.urls[0]}/v1/health`)).rejects.toThrow();
}, 40_000);

test('what cannot be had is refused as it is in one process, and nothing is left running', async () => {
  const refused = await splitSandbox({ sites: [{ ...SITE, capability: '/nowhere.json' }] }).catch((error: Error) => error);
  expect(refused).toBeInstanceOf(UsageError);
  expect((refused as Error).message).toContain('/nowhere.json');
});
