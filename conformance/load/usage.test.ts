import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { usageOf } from './usage.ts';

const isLinux = process.platform === 'linux';

it.skipIf(!isLinux)('measures a process with what it started, and by itself', async () => {
  const child = spawn(process.execPath, ['-e', 'console.log(1); process.stdin.resume()'], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const [alone, all] = [usageOf([process.pid], true)!, usageOf([process.pid])!];
  child.kill('SIGKILL');
  expect(alone.cpuMs).toBeGreaterThan(0);
  expect(alone.rssMb).toBeGreaterThan(10);
  expect(all.rssMb).toBeGreaterThan(alone.rssMb);
});

it('says nothing of processes that are gone', () => {
  expect(usageOf([])).toBeUndefined();
  expect(usageOf([2 ** 30])).toBeUndefined();
});
