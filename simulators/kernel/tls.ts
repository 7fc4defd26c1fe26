import { webcrypto } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { systemClock } from './clock.ts';
import { ConfigurationError } from './part.ts';

/** What can be wrong with a certificate. */
export const CERTIFICATE_FLAWS = ['expired', 'not-yet-valid', 'wrong-host', 'self-signed', 'untrusted'] as const;
export type CertificateFlaw = (typeof CERTIFICATE_FLAWS)[number];

/** A server's key and certificate chain, PEM. */
export interface Identity {
  key: string;
  cert: string;
  /** The same server with a certificate that no client may accept; absent where the certificate is not of our making. */
  flawed?(flaw: CertificateFlaw): Promise<Identity>;
}

/** The sandbox's certificate authority; one for all TLS faces. */
export interface Authority {
  /** PEM of the CA certificate: what the subject has to trust. */
  cert: string;
  /** Issues a certificate for these host names and addresses, for a server or for a client that must show one. */
  issue(hosts: string[]): Promise<Identity>;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY = 86_400_000;

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign']);
}

interface Pair {
  cert: x509.X509Certificate;
  key: webcrypto.CryptoKey;
}

async function makeAuthority(name = 'CN=Syncproof sandbox CA, O=Syncproof (test only)'): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: Date.now().toString(16).padStart(16, '0'),
    name,
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + 825 * DAY),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert, key: keys.privateKey };
}

/** How long another process that is making the authority may take. */
const MAKING_MS = 5_000;

// Processes that share the folder may start at once: the first to write the key makes the authority, the others wait for it.
async function keptIn(folder: string): Promise<Pair> {
  const files = { cert: join(folder, 'ca.pem'), key: join(folder, 'ca-key.pem') };
  if (!existsSync(files.key)) {
    const made = await makeAuthority();
    mkdirSync(folder, { recursive: true });
    try {
      writeFileSync(files.key, await exportKey(made.key), { mode: 0o600, flag: 'wx' });
      // Whole or not at all, for those who wait.
      writeFileSync(`${files.cert}.new`, `${made.cert.toString('pem')}\n`);
      renameSync(`${files.cert}.new`, files.cert);
      return made;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  for (const until = systemClock.now() + MAKING_MS; !existsSync(files.cert); await systemClock.sleep(20))
    if (systemClock.now() > until)
      throw new ConfigurationError(`${folder} holds a CA key but no certificate: remove ${files.key}, and a new CA is made`);
  return {
    cert: new x509.X509Certificate(readFileSync(files.cert, 'utf8')),
    key: await importKey(readFileSync(files.key, 'utf8')),
  };
}

/**
 * Opens the CA kept in `folder` (`ca.pem`, `ca-key.pem`), making it on first use; without a folder, one for this
 * process only. Certificates are valid from a day ago, so that a subject with a slow clock accepts them.
 * @throws when the folder holds half of one.
 */
export async function openAuthority(folder?: string): Promise<Authority> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const authority = folder ? await keptIn(folder) : await makeAuthority();
  const { cert } = authority;
  return {
    cert: `${cert.toString('pem')}\n`,
    async issue(hosts) {
      const flawed = (flaw: CertificateFlaw): Promise<Identity> => issueFlawed(authority, hosts, flaw);
      return { ...(await issueFrom(authority, hosts)), flawed };
    },
  };
}

let serial = 0;
const DAYS_OK: readonly [number, number] = [-1, 397];

// Signed by the authority; by its own key where there is none.
async function issueFrom(authority: Pair | undefined, hosts: string[], [from, until] = DAYS_OK): Promise<Identity> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const subject = `CN=${hosts[0]}`;
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: `${Date.now().toString(16)}${(++serial).toString(16).padStart(4, '0')}`.padStart(20, '0'),
    subject,
    issuer: authority?.cert.subject ?? subject,
    notBefore: new Date(Date.now() + from * DAY),
    notAfter: new Date(Date.now() + until * DAY),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: authority?.key ?? keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((host) => ({ type: /^[\d.]+$|:/.test(host) ? 'ip' : 'dns', value: host })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authority?.cert.publicKey ?? keys.publicKey),
    ],
  });
  const chain = [leaf, ...(authority ? [authority.cert] : [])].map((each) => `${each.toString('pem')}\n`);
  return { key: await exportKey(keys.privateKey), cert: chain.join('') };
}

// One thing is wrong with each, and the rest is as it should be: whoever refuses it refuses it for that.
async function issueFlawed(authority: Pair, hosts: string[], flaw: CertificateFlaw): Promise<Identity> {
  switch (flaw) {
    case 'expired':
      return issueFrom(authority, hosts, [-398, -1]);
    case 'not-yet-valid':
      return issueFrom(authority, hosts, [30, 397]);
    case 'wrong-host':
      return issueFrom(authority, ['elsewhere.example']);
    case 'self-signed':
      return issueFrom(undefined, hosts);
    case 'untrusted':
      return issueFrom(await makeAuthority('CN=Some other CA, O=Syncproof (test only)'), hosts);
  }
}
