import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { CHECKS, judge, type Manifest } from '#conformance';
import { Random } from '#kernel';
import { REFERENCE_MANIFEST, readSubject } from './bring-up.ts';
import { executeRun } from './check.ts';
import { Workshop } from './testing/processes.ts';

const MUTANTS_MAIN = fileURLToPath(new URL('../conformance/mutants/main.ts', import.meta.url));
const workshop = new Workshop();
afterAll(() => workshop.tidy());

/** A check of each kind that is quick by polls; the one that must fail among them. */
const DOZEN = 'ID-01 ID-02 ID-03 DM-01 DM-02 DM-03 DM-05 DM-07 AP-01 AP-02 AP-03 DQ-01'.split(' ');

// Read by polls alone, a check is over as soon as two of them changed nothing: a dozen takes seconds.
function byPolls(manifest: Manifest, command: string[]): Manifest {
  const sites = manifest.sites.map((site) => {
    const read = site.channels.read.filter(({ kind }) => kind === 'poll');
    return { ...site, channels: { ...site.channels, read, discover: ['group' as const] } };
  });
  const start = { ...manifest.start, command, env: { ...manifest.start.env, SYNC_CHANNELS: 'poll' } };
  // A shared machine may be slow; what is right is over long before.
  return { ...manifest, start, sites, promises: { ...manifest.promises, sync_window: 8_000 } };
}

async function verdicts(command: string[], order: readonly string[], atOnce: number | undefined): Promise<string[]> {
  const { manifest, map } = readSubject(REFERENCE_MANIFEST);
  const checks = order.map((id) => CHECKS.find((check) => check.id === id)!);
  const folder = await executeRun({
    ...{ manifest: byPolls(manifest!, command), map, checks, atOnce },
    // The same people each time: only the order differs.
    ...{ seed: '42', runKey: 'shuffled', out: workshop.folder(), id: 'run' },
  });
  return judge(folder)
    .checks.map(({ id, verdict, reason }) => `${id} ${verdict} ${reason}`)
    .sort();
}

function shuffled(seed: string): string[] {
  const random = new Random(seed);
  const drawn = new Map(DOZEN.map((id) => [id, random.next()]));
  return DOZEN.toSorted((a, b) => drawn.get(a)! - drawn.get(b)!);
}

describe.each<[subject: string, command: string[], fails: string[]]>([
  ['the reference sync', ['node', 'main.ts'], []],
  [
    'a sync that takes a number that is over',
    ['node', MUTANTS_MAIN, 'former-address'],
    ['DM-01 fail wrong-value', 'DM-02 fail wrong-value', 'DM-05 fail wrong-value'],
  ],
])('%s', (_, command, fails) => {
  test('is judged alike in another order of the checks, and with few under way', { timeout: 180_000 }, async () => {
    const usual = await verdicts(command, DOZEN, undefined);
    expect(usual.filter((line) => !line.includes(' pass '))).toEqual(fails);
    expect(await verdicts(command, shuffled(command.join()), 4)).toEqual(usual);
  });
});
