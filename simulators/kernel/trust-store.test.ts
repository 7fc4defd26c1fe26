import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openAuthority } from './tls.ts';
import { trustStore } from './trust-store.ts';

const authority = await openAuthority();

/** The leaves of a DER structure, in order; throws where a length goes beyond its parent. */
function leaves(bytes: Buffer): { tag: number; value: Buffer }[] {
  const found: { tag: number; value: Buffer }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at]!;
    const first = bytes[at + 1]!;
    const more = first & 0x80 ? first & 0x7f : 0;
    const length = more ? bytes.readUIntBE(at + 2, more) : first;
    const start = at + 2 + more;
    if (start + length > bytes.length) throw new Error(`the element at ${at} ends after its parent`);
    const value = bytes.subarray(start, start + length);
    found.push(...(tag & 0x20 ? leaves(value) : [{ tag, value }]));
    at = start + length;
  }
  return found;
}

test('holds the certificate in the envelopes of PKCS #12', () => {
  const [version, , outer] = leaves(trustStore(authority.cert));
  const [, inner] = leaves(outer!.value);
  const [, , certificate] = leaves(inner!.value);
  expect(version!.value).toEqual(Buffer.from([3]));
  expect(new X509Certificate(certificate!.value).subject).toContain('Syncproof sandbox CA');
});

const keytool = ((): boolean => {
  try {
    execFileSync('keytool', ['-help'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

test.skipIf(!keytool)('is read by Java as a trusted certificate, under any password (needs keytool)', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'trust-')), 'ca.p12');
  writeFileSync(file, trustStore(authority.cert));
  const args = ['-list', '-keystore', file, '-storetype', 'PKCS12', '-storepass', 'changeit'];
  expect(execFileSync('keytool', args, { encoding: 'utf8' })).toMatch(/syncproof, .*trustedCertEntry/s);
});
