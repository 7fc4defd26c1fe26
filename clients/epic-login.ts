import { readFileSync } from 'node:fs';
import { importPKCS8, SignJWT } from 'jose';
import type { Part } from './sandbox.ts';

/** An access token by SMART backend services: the one step that these clients leave to their caller. */
export async function backendToken({ addresses, credentials }: Part): Promise<string> {
  const key = await importPKCS8(readFileSync(credentials.privateKeyFile!, 'utf8'), 'RS384');
  const assertion = await new SignJWT({})
    .setProtectedHeader({ alg: 'RS384', typ: 'JWT', kid: credentials.keyId })
    .setIssuer(credentials.clientId!)
    .setSubject(credentials.clientId!)
    .setAudience(addresses.token!)
    .setJti(crypto.randomUUID())
    .setIssuedAt()
    .setExpirationTime('4m')
    .sign(key);
  const reply = await fetch(addresses.token!, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: credentials.scopes!,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }),
  });
  const { access_token: token } = (await reply.json()) as { access_token: string };
  return token;
}
