import { type Context, digest, type Handler, Rejected, type Reply, tokenMark } from '#kernel';
import type { LaunchContext } from '../engine/context.ts';
import { authenticateClient } from './client-authentication.ts';
import type { ClientRegistration } from './clients.ts';
import { approvedBy, holderOf, refreshed } from './codes.ts';
import { sweep, type TokenEndpoint } from './endpoint.ts';
import { noteRefusal, TokenRefused } from './refusal.ts';
import { intersect, parseScope, type ScopeStyle, spell } from './scopes.ts';

/** What a token is given for. */
export interface Issue {
  client: ClientRegistration;
  scopes: string[];
  requestedScope: string;
  user?: string;
  launch?: LaunchContext;
  refreshToken?: string;
}

/**
 * POST of a token request. Tokens are opaque; the cell keeps a salted digest of each. Refusals say to the client what
 * the vendor says, and to the journal (kind `auth`) why.
 */
export const tokenHandler = (endpoint: TokenEndpoint): Handler =>
  refusing(endpoint, 'token', async (context) => {
    const { vendor } = endpoint.site;
    if (endpoint.site.isOverQuota('tokens')) throw new Rejected('throttled');
    const form = readForm(context);
    const grant = form.get('grant_type');
    if (!grant) throw new TokenRefused('invalid-request', 'grant_type is missing');
    if (!(vendor.auth.grants as readonly string[]).includes(grant))
      throw new TokenRefused('unsupported-grant', `grant_type ${grant} is not supported`);
    const forItself = grant === 'client_credentials';
    const methods = forItself ? vendor.auth.methods : vendor.auth.userMethods;
    const client =
      (grant === 'refresh_token' && holderOf(endpoint, context, form)) ||
      (await authenticateClient(endpoint, context, form, methods));
    context.setActor(`client:${client.id}`);
    if (forItself) return issue(endpoint, context, byItself(endpoint, client, form.get('scope') ?? ''));
    const exchange = grant === 'authorization_code' ? approvedBy : refreshed;
    return issue(endpoint, context, exchange(endpoint, client, form));
  });

/** Turns refusals into the vendor's error, and notes the true reason. */
export const refusing =
  (endpoint: TokenEndpoint, at: string, run: (context: Context) => Promise<Reply>): Handler =>
  async (context) => {
    try {
      return await run(context);
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      noteRefusal(endpoint.site, context, at, error.message, error.client);
      throw new Rejected(error.error, { reason: error.message });
    }
  };

/** GET and other verbs at the token URL: refused as a bad request, never served. */
export const wrongVerb = (endpoint: TokenEndpoint, at: string): Handler =>
  refusing(endpoint, at, async ({ request }) => {
    throw new TokenRefused('invalid-request', `the ${at} request must be a POST, not ${request.method}`);
  });

/** The form of a request at an OAuth endpoint. @throws TokenRefused */
export function readForm({ request }: Context): URLSearchParams {
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded')
    throw new TokenRefused('invalid-request', `the body must be form-urlencoded, not ${type || 'untyped'}`);
  if ([...request.query].length > 0)
    throw new TokenRefused('invalid-request', 'parameters belong into the body, not into the query');
  const form = new URLSearchParams(request.body.toString());
  const twice = [...form.keys()].find((name, i, all) => all.indexOf(name) !== i);
  if (twice) throw new TokenRefused('invalid-request', `${twice} is given twice`);
  return form;
}

function byItself({ site, style, defaults }: TokenEndpoint, client: ClientRegistration, requestedScope: string): Issue {
  const { auth } = site.vendor;
  if (client.mapped === false)
    throw new TokenRefused('unauthorized-client', 'the site has not mapped the client to a background user', client.id);
  const asked = requestedScope.split(' ').filter((scope) => scope !== '');
  if (auth.scopeRequired && asked.length === 0) throw new TokenRefused('invalid-scope', 'scope is missing', client.id);
  const registered = site.narrowedScopes(client.scopes ?? defaults).filter((scope) => parseScope(scope)?.context !== 'user');
  const own = client.scopeStyle ?? style;
  const all = auth.granted === 'registration' || asked.length === 0;
  const scopes = all ? spell(registered, own) : grantedOf(asked, registered, client.scopeStyle);
  if (scopes.length === 0 && !all)
    throw new TokenRefused('invalid-scope', `nothing of ${requestedScope} is registered for the client`, client.id);
  return { client, scopes, requestedScope };
}

/** What of the asked is granted: what is registered, in the spelling that the app is set to where it is. */
export const grantedOf = (asked: readonly string[], registered: readonly string[], style?: ScopeStyle): string[] =>
  intersect(asked, registered).filter((scope) => style === undefined || (parseScope(scope)?.style ?? style) === style);

function issue(
  { site, salt }: TokenEndpoint,
  { kernel, exchange }: Context,
  { client, scopes, requestedScope, user, launch, refreshToken }: Issue,
): Reply {
  const token = secretOf(kernel.mint(`ehr.${site.name}.token`));
  const now = kernel.clock.now();
  sweep(site.grants, now);
  const expiresIn = site.tokenSeconds;
  site.grants.set(digest(salt, token), { client: client.id, scopes, expires: now + expiresIn * 1000, user, launch });
  const scope = scopes.join(' ');
  const refresh = refreshToken && tokenMark(kernel, refreshToken);
  const data = { client: client.id, scope, requestedScope, expiresIn, user, token: tokenMark(kernel, token), refresh };
  kernel.journal.append({ sim: 'ehr', tenant: site.name, kind: 'token', actor: `client:${client.id}`, cause: exchange.id, data });
  const body = {
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresIn,
    scope,
    refresh_token: refreshToken,
    ...launch,
  };
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache' },
    body: JSON.stringify(body),
  };
}

/** What is given out in place of hex digits: opaque, shorter. */
export const secretOf = (hex: string): string => Buffer.from(hex, 'hex').toString('base64url');
