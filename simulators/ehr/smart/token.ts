import { type Cell, type Context, digest, type Handler, Rejected, type Reply } from '#kernel';
import type { Site } from '../engine/context.ts';
import type { ErrorName } from '../vendors/vendor.ts';
import { ClientRefused, verifyAssertion } from './assertion.ts';
import type { ClientKeys, ClientRegistration } from './clients.ts';
import { DEFAULT_SCOPES } from './reference-client.ts';
import { intersect, spell } from './scopes.ts';

export interface TokenEndpoint {
  site: Site;
  clients: ReadonlyMap<string, ClientRegistration>;
  keys: ClientKeys;
  /** jti in use, until when (milliseconds). */
  jtis: Cell<number>;
  /** Mixed into the digests under which tokens and jtis are kept. */
  salt: string;
  style: 'v1' | 'v2';
  /** Origins under which this face is known beside the one that the client used. */
  origins(): string[];
}

const BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * POST of a client_credentials request. Tokens are opaque; the cell keeps a salted digest of each. Refusals say to the
 * client what the vendor says, and to the journal (kind `auth`) why.
 */
export function tokenHandler(endpoint: TokenEndpoint): Handler {
  return async (context) => {
    const { site } = endpoint;
    try {
      const form = readForm(context);
      const client = await authenticate(endpoint, context, form);
      context.setActor(`client:${client.id}`);
      return issue(endpoint, context, client, form.get('scope') ?? '');
    } catch (error) {
      if (!(error instanceof TokenRefused || error instanceof ClientRefused)) throw error;
      const reason = error.message;
      const { exchange } = context;
      site.kernel.journal.append({
        sim: 'ehr',
        tenant: site.name,
        kind: 'auth',
        actor: error.client && `client:${error.client}`,
        cause: exchange.id,
        data: { at: 'token', client: error.client, reason },
      });
      throw new Rejected(error instanceof TokenRefused ? error.error : 'invalid-client', { reason });
    }
  };
}

class TokenRefused extends Error {
  readonly error: ErrorName;
  readonly client?: string;
  constructor(error: ErrorName, reason: string) {
    super(reason);
    this.error = error;
  }
}

/** GET and other verbs at the token URL: refused as a bad request, never served. */
export function wrongVerb(endpoint: TokenEndpoint): Handler {
  return ({ request, exchange }) => {
    const { site } = endpoint;
    const reason = `the token request must be a POST, not ${request.method}`;
    site.kernel.journal.append({
      sim: 'ehr',
      tenant: site.name,
      kind: 'auth',
      cause: exchange.id,
      data: { at: 'token', reason },
    });
    throw new Rejected('invalid-request', { reason });
  };
}

function readForm({ request }: Context): URLSearchParams {
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded')
    throw new TokenRefused('invalid-request', `the body must be form-urlencoded, not ${type || 'untyped'}`);
  if ([...request.query].length > 0)
    throw new TokenRefused('invalid-request', 'parameters belong into the body, not into the query');
  const form = new URLSearchParams(request.body.toString());
  const grant = form.get('grant_type');
  if (!grant) throw new TokenRefused('invalid-request', 'grant_type is missing');
  if (grant !== 'client_credentials') throw new TokenRefused('unsupported-grant', `grant_type ${grant} is not supported`);
  return form;
}

async function authenticate(endpoint: TokenEndpoint, context: Context, form: URLSearchParams): Promise<ClientRegistration> {
  const { vendor } = endpoint.site;
  const { authorization } = context.request.headers;
  const assertion = form.get('client_assertion');
  if (assertion !== null) {
    if (form.get('client_assertion_type') !== BEARER) throw new ClientRefused(`client_assertion_type must be ${BEARER}`);
    return byAssertion(endpoint, context, assertion);
  }
  const basic = /^Basic (.+)$/i.exec(authorization ?? '');
  if (basic && vendor.auth.methods.includes('client_secret_basic')) {
    const [id = '', secret = ''] = Buffer.from(basic[1]!, 'base64').toString().split(':').map(decodeForm);
    return bySecret(endpoint, id, secret);
  }
  const id = form.get('client_id');
  const secret = form.get('client_secret');
  if (id !== null && secret !== null && vendor.auth.methods.includes('client_secret_post')) return bySecret(endpoint, id, secret);
  throw new ClientRefused(`the client must authenticate by ${vendor.auth.methods.join(' or ')}`, id ?? undefined);
}

const decodeForm = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
};

function bySecret({ clients, salt }: TokenEndpoint, id: string, secret: string): ClientRegistration {
  const client = clients.get(id);
  if (!client) throw new ClientRefused(`no client ${id} is registered`, id);
  // Compared as digests, which have one length whatever was sent.
  if (client.secret === undefined || digest(salt, client.secret) !== digest(salt, secret))
    throw new ClientRefused('the client secret is wrong', id);
  return client;
}

async function byAssertion(
  endpoint: TokenEndpoint,
  { request, kernel }: Context,
  assertion: string,
): Promise<ClientRegistration> {
  const { site, jtis, salt } = endpoint;
  const now = kernel.clock.now();
  const origins = [request.origin, ...endpoint.origins()];
  const spellings = origins.flatMap((origin) => [origin, origin.replace(/^http(s?):/, (_, s) => (s ? 'http:' : 'https:'))]);
  return verifyAssertion(assertion, {
    auth: site.vendor.auth,
    audiences: [...new Set(spellings)].map((origin) => `${origin}${site.paths.token}`),
    now: now / 1000,
    clients: endpoint.clients,
    keys: endpoint.keys,
    take: (client, jti, exp) => {
      if (jtis.size >= 1000) for (const [key, until] of [...jtis.entries()]) if (until <= now) jtis.delete(key);
      const key = digest(salt, client, jti);
      if ((jtis.get(key) ?? 0) > now) return false;
      jtis.set(key, exp * 1000);
      return true;
    },
  });
}

function issue(
  endpoint: TokenEndpoint,
  { kernel, exchange }: Context,
  client: ClientRegistration,
  requestedScope: string,
): Reply {
  const { site, salt, style } = endpoint;
  const registered = client.scopes ?? DEFAULT_SCOPES;
  const asked = requestedScope.split(' ').filter((scope) => scope !== '');
  const scopes =
    site.vendor.auth.granted === 'registration' || asked.length === 0 ? spell(registered, style) : intersect(asked, registered);
  const token = Buffer.from(kernel.mint(`ehr.${site.name}.token`), 'hex').toString('base64url');
  const now = kernel.clock.now();
  if (site.grants.size >= 1000)
    for (const [key, { expires }] of [...site.grants.entries()]) if (expires <= now) site.grants.delete(key);
  const expiresIn = site.tokenSeconds;
  site.grants.set(digest(salt, token), { client: client.id, scopes, expires: now + expiresIn * 1000 });
  const scope = scopes.join(' ');
  const data = { client: client.id, scope, requestedScope, expiresIn };
  kernel.journal.append({ sim: 'ehr', tenant: site.name, kind: 'token', actor: `client:${client.id}`, cause: exchange.id, data });
  const body = JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: expiresIn, scope });
  return { status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache' }, body };
}
