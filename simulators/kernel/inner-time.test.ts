import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from './clock.ts';
import { Kernel } from './kernel.ts';

const MINUTE = 60_000;

test('quotas and outages run at their scale, also those that are under way; the wall does not', async () => {
  const clock = new ManualClock();
  const { inner } = new Kernel({ clock });
  const began = clock.now();
  const rung: [string, number][] = [];
  const ring = (name: string) => () => rung.push([name, clock.now() - began]);
  inner.after(60 * MINUTE, ring('hour'));
  inner.after(2 * 60 * MINUTE, ring('two hours'));
  inner.after(60 * MINUTE, ring('never'))();
  await clock.advance(30 * MINUTE);
  inner.scale = 60;
  await clock.advance(MINUTE);
  expect(rung).toEqual([['hour', 30 * MINUTE + MINUTE / 2]]);
  expect([inner.now() - began, clock.now() - began]).toEqual([90 * MINUTE, 31 * MINUTE]);
  inner.scale = 1;
  await clock.advance(30 * MINUTE);
  expect(rung.at(-1)).toEqual(['two hours', 61 * MINUTE]);
  expect(inner.onWall(5)).toBe(5);
});

test('a window of a rule is as long as the scale makes it', async () => {
  const clock = new ManualClock();
  const kernel = new Kernel({ clock });
  kernel.inner.scale = 60;
  kernel.rules.arm({ id: 'r', fault: 'latency', params: { ms: 0 }, when: { after: 60 * MINUTE, during: 60 * MINUTE } });
  const hits = async (): Promise<number> => {
    const { matched } = kernel.rules.list()[0]!;
    const exchange = { id: 1, sim: 'lamps', tenant: 'hall', operation: 'read', text: '', records: [], committed: false };
    await kernel.rules.fire('request', { ...exchange, wire: {} as never, reject: () => undefined as never });
    return kernel.rules.list()[0]!.matched - matched;
  };
  expect(await hits()).toBe(0);
  await clock.advance(MINUTE);
  expect(await hits()).toBe(1);
  await clock.advance(MINUTE);
  expect(await hits()).toBe(0);
});

test('the scale and what it has come to outlive the process', async () => {
  const data = mkdtempSync(join(tmpdir(), 'inner-'));
  onTestFinished(() => rmSync(data, { recursive: true }));
  const clock = new ManualClock();
  const first = new Kernel({ clock, data });
  first.inner.scale = 10;
  await clock.advance(MINUTE);
  const come = first.inner.now();
  first.close();
  const second = new Kernel({ clock, data });
  expect([second.inner.scale, second.inner.now()]).toEqual([10, come]);
  second.close();
});
