import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '#simulators';
import { EvidenceUnwritten, Recorder } from './recorder.ts';
import { JournalFile, RunFolder } from './run-folder.ts';
import { JournalBuilder } from './testing/journal-builder.ts';
import { MAP, manifest } from './testing/setting.ts';
import type { SandboxClient } from './world/sandbox-client.ts';

// What takes no byte: on Linux there is a device for that.
test.skipIf(!existsSync('/dev/full'))('a full disk is told once, at once, and what was heard is not lost', async () => {
  const root = mkdtempSync(join(tmpdir(), 'recorder-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const folder = RunFolder.create(root, 'run');
  folder.journal = () => new JournalFile('/dev/full');
  const given = { folder, clock: systemClock, map: MAP, manifest: { ...manifest(), start: {} } as never };
  const recorder = new Recorder({ ...given, header: { load: {} } });
  let told = 0;
  recorder.onBroken = () => told++;
  const journal = new JournalBuilder();
  for (let n = 0; n < 500; n++)
    recorder.hear(journal.add({ sim: 'crm', kind: 'reply', data: { status: 503, operation: 'upsert' } }));
  expect(told).toBe(1);
  const unwritten = await recorder.caughtUp({ processes: [] } as unknown as SandboxClient).catch((error: Error) => error);
  expect(unwritten).toBeInstanceOf(EvidenceUnwritten);
  expect((unwritten as Error).message).toMatch(/takes no more of the journal \(ENOSPC/);
  expect((unwritten as EvidenceUnwritten).seen.load.errorKinds()).toMatchObject([{ kind: 'crm upsert 503', count: 500 }]);
  expect(() => recorder.close()).toThrow(EvidenceUnwritten);
});
