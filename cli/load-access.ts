import { createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Manifest, SandboxClient } from '#conformance';

/** The app as which a script reads: one of its own, so that no quota or token of the sync is used up. */
const CLIENT = 'syncproof-load';

/** Where a script reads charts, and with which token. */
export interface ReadAccess {
  url: string;
  token: string;
}

/** Registers an app for reading at a site and gets it a token, by SMART backend services as every vendor takes it. */
export async function readAccess(sandbox: SandboxClient, site: Manifest['sites'][number], now: number): Promise<ReadAccess> {
  const { addresses, credentials } = sandbox.parts.find(({ name }) => name === site.name)!;
  const key = createPrivateKey(readFileSync(credentials.privateKeyFile!));
  const publicKeyPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  await sandbox.of(site.name).call('POST', `/v1/sites/${site.name}/clients`, { id: CLIENT, publicKeyPem });
  // No TLS here: what is asked is how fast the sandbox answers.
  const { fhir, token } = addresses as { fhir: string; token: string };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const iat = Math.floor(now / 1000);
  const claims = { iss: CLIENT, sub: CLIENT, aud: token, jti: randomBytes(16).toString('hex'), iat, exp: iat + 240 };
  const content = `${part({ alg: 'RS384', typ: 'JWT' })}.${part(claims)}`;
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: `${content}.${sign('RSA-SHA384', Buffer.from(content), key).toString('base64url')}`,
    scope: 'system/Patient.read',
  });
  const reply = await fetch(token, { method: 'POST', body });
  const { access_token, ...other } = (await reply.json()) as { access_token?: string };
  if (!access_token) throw new Error(`${site.name} gives the load script no token: ${reply.status} ${JSON.stringify(other)}`);
  return { url: fhir, token: access_token };
}
