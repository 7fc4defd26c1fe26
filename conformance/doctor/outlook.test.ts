import { describe, expect, it } from 'vitest';
import { CHECKS } from '../checks/index.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { MAP, manifest, site } from '../testing/setting.ts';
import { outlook } from './outlook.ts';

const lines = (of: Manifest) => outlook(CHECKS, { manifest: of, map: MAP }).join('\n');
const polled = site({ read: [{ kind: 'poll', interval: 500 }], discover: ['group'], write_back: 'none' });

describe('the outlook names the blockers that do not apply, and why', () => {
  it.each<[string, Manifest, RegExp[]]>([
    ['one site', manifest(), [/^ {2}without ID-04.*: the manifest names one site$/m]],
    ['no restart', manifest(), [/^ {2}without .*RS-09.*: .*\(start\.restart\)$/m]],
    [
      'polling alone',
      manifest([polled]),
      [/^ {2}without .*HL-02.*: epic declares no hl7 channel for reading$/m, /write_back: none/],
    ],
    ['no TLS', manifest([site({}, { tls: false })]), [/^ {2}without .*SE-02.*: TLS is off for epic$/m]],
  ])('%s', (_, of, says) => {
    for (const pattern of says) expect(lines(of)).toMatch(pattern);
  });

  it('begins with how far it can come', () => {
    expect(lines(manifest()).split('\n')[0]).toMatch(/^(At best|No level can be awarded).*\.$/);
  });
});
