import { describe, expect, it } from 'vitest';
import { CHECKS } from '../checks/index.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { Size } from '../result.ts';
import { MAP, manifest, site } from '../testing/setting.ts';
import { reachable } from './reachable.ts';

const reach = (of: Manifest = manifest(), size: Size = 'ci') => reachable(CHECKS, { manifest: of, map: MAP, size });
const declining = (name: string) => ({ ...manifest(), capabilities: { [name]: { no: 'later' } } }) as unknown as Manifest;
const polled = site({ read: [{ kind: 'poll', interval: 500 }], discover: ['group'], write_back: 'none' });

describe('how far a manifest can come', () => {
  it.each<[string, ReturnType<typeof reach>, RegExp]>([
    ['all of it, in ci size', reach(), /^At best level 1 \(Correct\), the checks of level 3 \(Race-proof\) in ci size$/],
    ['all of it, in full size', reach(manifest(), 'full'), /^At best level 2 \(Resilient\), the checks of level 3/],
    ['polling alone', reach(manifest([polled], { kind: 'none' })), /^At best level 1/],
    [
      'without reconciliation',
      reach(declining('reconciliation')),
      /^At best level 1 \(Correct\); beyond that it lacks reconciliation \(declined: later\)$/,
    ],
    [
      'without appointments',
      reach(declining('appointments')),
      /^At best level 0 \(Connected\); .*appointments \(declined: later\)/,
    ],
  ])('%s', (_, { text }, says) => expect(text).toMatch(says));
});
