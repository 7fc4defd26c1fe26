import { type Context, digest } from '#kernel';
import type { ClientMethod } from '../vendors/vendor.ts';
import { verifyAssertion } from './assertion.ts';
import { type ClientRegistration, isPublic, proofsOf } from './clients.ts';
import { registered, spellings, type TokenEndpoint } from './endpoint.ts';
import { ClientRefused } from './refusal.ts';

const BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Who makes a request at an OAuth endpoint.
 * @param methods the ways that are taken here.
 * @throws ClientRefused with the true reason.
 */
export async function authenticateClient(
  endpoint: TokenEndpoint,
  context: Context,
  form: URLSearchParams,
  methods: readonly (ClientMethod | 'none')[],
): Promise<ClientRegistration> {
  const assertion = form.get('client_assertion');
  if (assertion !== null && methods.includes('private_key_jwt')) {
    if (form.get('client_assertion_type') !== BEARER) throw new ClientRefused(`client_assertion_type must be ${BEARER}`);
    return byAssertion(endpoint, context, assertion);
  }
  const basic = /^Basic (.+)$/i.exec(context.request.headers.authorization ?? '');
  if (basic && methods.includes('client_secret_basic')) {
    const text = Buffer.from(basic[1]!, 'base64').toString();
    const colon = text.indexOf(':');
    return bySecret(endpoint, decodeForm(text.slice(0, Math.max(0, colon))), decodeForm(text.slice(colon + 1)));
  }
  const id = form.get('client_id');
  const secret = form.get('client_secret');
  if (id !== null && secret !== null && methods.includes('client_secret_post')) return bySecret(endpoint, id, secret);
  if (id !== null && secret === null && assertion === null && !basic && methods.includes('none')) {
    const client = registered(endpoint, id);
    if (isPublic(client)) return client;
  }
  throw new ClientRefused(`the client must authenticate by ${methods.join(' or ')}`, id ?? undefined);
}

const decodeForm = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
};

function bySecret(endpoint: TokenEndpoint, id: string, secret: string): ClientRegistration {
  const { salt } = endpoint;
  const client = registered(endpoint, id);
  const known = proofsOf(client, endpoint.site.kernel.clock.now());
  // Compared as digests, which have one length whatever was sent.
  if (!known.some((one) => one.secret !== undefined && digest(salt, one.secret) === digest(salt, secret)))
    throw new ClientRefused('the client secret is wrong', id);
  return client;
}

async function byAssertion(endpoint: TokenEndpoint, context: Context, assertion: string): Promise<ClientRegistration> {
  const { site, jtis, salt, keys } = endpoint;
  const now = context.kernel.clock.now();
  return verifyAssertion(assertion, {
    auth: site.vendor.auth,
    audiences: spellings(endpoint, context, site.paths.token),
    now: now / 1000,
    clients: { get: (id) => registered(endpoint, id) },
    keys,
    take: (client, jti, exp) => {
      if (jtis.size >= 1000) for (const [key, until] of [...jtis.entries()]) if (until <= now) jtis.delete(key);
      const key = digest(salt, client, jti);
      if ((jtis.get(key) ?? 0) > now) return false;
      jtis.set(key, exp * 1000);
      return true;
    },
  });
}
