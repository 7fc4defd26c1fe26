import { createHash } from 'node:crypto';
import { type Context, digest } from '#kernel';
import { type ClientRegistration, isPublic } from './clients.ts';
import { type RefreshGrant, sweep, type TokenEndpoint } from './endpoint.ts';
import { TokenRefused } from './refusal.ts';
import { intersect } from './scopes.ts';
import { type Issue, secretOf } from './token.ts';

/** Scopes with which a token may be refreshed. */
const LASTING = ['offline_access', 'online_access'];

/**
 * A code of the approval page for what was approved; it works once (RFC 6749 section 4.1.3, RFC 7636).
 * @throws TokenRefused `invalid-grant` with the true reason.
 */
export function approvedBy(endpoint: TokenEndpoint, client: ClientRegistration, form: URLSearchParams): Issue {
  const { site, codes, salt } = endpoint;
  const no = (reason: string): never => {
    throw new TokenRefused('invalid-grant', reason, client.id);
  };
  const code = form.get('code');
  if (!code) throw new TokenRefused('invalid-request', 'code is missing', client.id);
  const key = digest(salt, 'code', code);
  const known = codes.get(key);
  if (!known) return no('the code is unknown');
  if (known.client !== client.id) return no(`the code was given to ${known.client}`);
  if (known.used) return no('the code was used before');
  // Whatever comes of it, a code has one try.
  codes.set(key, { ...known, used: true });
  if (known.expires <= site.kernel.clock.now()) return no('the code has expired');
  if (known.redirectUri !== form.get('redirect_uri')) return no(`redirect_uri is not ${known.redirectUri}`);
  const verifier = form.get('code_verifier') ?? undefined;
  if (known.challenge === undefined && verifier !== undefined) return no('code_verifier without a code_challenge before');
  if (known.challenge !== undefined && verifier === undefined) return no('code_verifier is missing');
  if (verifier !== undefined && !/^[A-Za-z0-9\-._~]{43,128}$/.test(verifier))
    return no('code_verifier must have 43 to 128 characters of A-Z a-z 0-9 - . _ ~');
  if (verifier !== undefined && createHash('sha256').update(verifier).digest('base64url') !== known.challenge)
    return no('code_verifier does not fit the code_challenge');
  const { scopes, user, launch } = known;
  const lasting = scopes.some((scope) => LASTING.includes(scope));
  const refreshToken = lasting ? refreshTokenOf(endpoint, { client: client.id, scopes, user, launch, expires: 0 }) : undefined;
  return { client, scopes: site.narrowedScopes(scopes), requestedScope: scopes.join(' '), user, launch, refreshToken };
}

/**
 * The public app that a refresh token was given to, where the request does not say who makes it: RFC 6749 section 6 asks
 * proof of confidential apps only.
 */
export function holderOf(
  { clients, refreshTokens, salt }: TokenEndpoint,
  { request }: Context,
  form: URLSearchParams,
): ClientRegistration | undefined {
  if (request.headers.authorization !== undefined || form.has('client_id') || form.has('client_assertion')) return undefined;
  const known = refreshTokens.get(digest(salt, 'refresh', form.get('refresh_token') ?? ''));
  const client = known && clients.get(known.client);
  return client && isPublic(client) ? client : undefined;
}

/**
 * A refresh token for a new access token, of the same scopes or fewer (RFC 6749 section 6).
 * @throws TokenRefused with the true reason.
 */
export function refreshed(endpoint: TokenEndpoint, client: ClientRegistration, form: URLSearchParams): Issue {
  const { site, refreshTokens, salt } = endpoint;
  const given = form.get('refresh_token');
  if (!given) throw new TokenRefused('invalid-request', 'refresh_token is missing', client.id);
  const key = digest(salt, 'refresh', given);
  const known = refreshTokens.get(key);
  const wrong = !known
    ? 'the refresh token is unknown'
    : known.client !== client.id
      ? `the refresh token was given to ${known.client}`
      : known.expires <= site.kernel.clock.now()
        ? 'the refresh token has expired'
        : undefined;
  if (!known || wrong) throw new TokenRefused('invalid-grant', wrong!, client.id);
  const requestedScope = form.get('scope') ?? '';
  const asked = requestedScope.split(' ').filter((scope) => scope !== '');
  const scopes = asked.length === 0 ? known.scopes : intersect(asked, known.scopes);
  if (scopes.length < asked.length)
    throw new TokenRefused('invalid-scope', `${requestedScope} goes beyond what was approved`, client.id);
  const { rotates } = site.vendor.auth;
  if (rotates) refreshTokens.delete(key);
  return {
    client,
    scopes: site.narrowedScopes(scopes),
    requestedScope,
    user: known.user,
    launch: known.launch,
    refreshToken: rotates ? refreshTokenOf(endpoint, known) : undefined,
  };
}

// A token that takes the place of another keeps its end.
function refreshTokenOf({ site, refreshTokens, salt }: TokenEndpoint, grant: RefreshGrant): string {
  const { kernel, vendor, name } = site;
  const now = kernel.clock.now();
  const token = secretOf(kernel.mint(`ehr.${name}.refresh`));
  sweep(refreshTokens, now);
  refreshTokens.set(digest(salt, 'refresh', token), {
    ...grant,
    expires: grant.expires || now + vendor.auth.refreshSeconds * 1000,
  });
  return token;
}
