import { createHash } from 'node:crypto';
import { type Context, digest, type Reply } from '#kernel';
import { clientLogin } from '../login.ts';
import type { CrmClient, CrmUser, Org } from '../org.ts';
import { formOf, type Refusal } from './grants.ts';

/** The web server flow with PKCE: Help, "OAuth 2.0 Web Server Flow for Web App Integration". */

/** What the page was asked for; kept under the digest of the code that it gave out. */
export interface CodeGrant {
  clientId: string;
  userId: string;
  redirectUri: string;
  scope: string;
  challenge?: string;
  expires: number;
}

const CODE_LIFETIME = 15 * 60_000;

const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const page = (status: number, title: string, body: string): Reply => ({
  status,
  headers: { 'content-type': 'text/html; charset=UTF-8', 'cache-control': 'no-store' },
  body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1>${body}</body></html>`,
});

const refused = (error: string, description: string): Reply =>
  page(400, 'Salesforce Error', `<p>error=${escaped(error)}&amp;error_description=${escaped(description)}</p>`);

const redirect = (uri: string, params: Record<string, string | null>): Reply => {
  const at = new URL(uri);
  for (const [name, value] of Object.entries(params)) if (value !== null) at.searchParams.set(name, value);
  return { status: 302, headers: { location: at.href, 'cache-control': 'no-store' } };
};

function isUri(text: string): boolean {
  try {
    return Boolean(new URL(text));
  } catch {
    return false;
  }
}

/** The app and its redirect URI; a mistake in either is shown to the person, since there is nowhere safe to send it. */
function asked(org: Org, form: URLSearchParams): { client: CrmClient; uri: string } | Reply {
  const client = org.clients.find((c) => c.id === form.get('client_id'));
  if (!client) return refused('invalid_client_id', 'client identifier invalid');
  const uri = form.get('redirect_uri') ?? client.redirectUris?.[0] ?? '';
  const registered = client.redirectUris === undefined || client.redirectUris.includes(uri);
  if (!registered || !isUri(uri)) return refused('redirect_uri_mismatch', 'redirect_uri must match configuration');
  return { client, uri };
}

/** GET: the page on which a user approves; with the setting autoApprove it answers for that user at once. */
export function authorizePage(org: Org, { request }: Context): Reply {
  const found = asked(org, request.query);
  if ('status' in found) return found;
  const state = request.query.get('state');
  if (request.query.get('response_type') !== 'code')
    return redirect(found.uri, { error: 'unsupported_response_type', error_description: 'response type not supported', state });
  const method = request.query.get('code_challenge_method') ?? 'S256';
  if (method !== 'S256')
    return redirect(found.uri, { error: 'invalid_request', error_description: 'unsupported code challenge method', state });
  const { autoApprove } = org.settings.all;
  const user = org.users.find((u) => u.username === autoApprove);
  if (user) return giveCode(org, request.query, found, user);
  const hidden = [...request.query].map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  );
  const users = org.users.map((u) => `<option>${escaped(u.username)}</option>`);
  return page(
    200,
    'Allow Access?',
    `<p>${escaped(found.client.id)} is asking to access your data.</p><form method="post" action="/services/oauth2/authorize">${hidden.join('')}<p><label>User <select name="as">${users.join('')}</select></label></p><button name="save" value="allow">Allow</button> <button name="save" value="deny">Deny</button></form>`,
  );
}

/** POST of that page. */
export function approve(org: Org, context: Context): Reply {
  const form = formOf(context);
  const found = asked(org, form);
  if ('status' in found) return found;
  const user = org.users.find((u) => u.username === form.get('as'));
  if (form.get('save') !== 'allow' || !user)
    return redirect(found.uri, {
      error: 'access_denied',
      error_description: 'end-user denied authorization',
      state: form.get('state'),
    });
  return giveCode(org, form, found, user);
}

function giveCode(org: Org, form: URLSearchParams, { client, uri }: { client: CrmClient; uri: string }, user: CrmUser): Reply {
  const code = `aPrx${digest(org.kernel.mint('crm/code')).slice(0, 60)}==`;
  const now = org.kernel.clock.now();
  for (const [key, { expires }] of org.codes.entries()) if (expires < now) org.codes.delete(key);
  org.codes.set(digest(code), {
    clientId: client.id,
    userId: user.id,
    redirectUri: uri,
    scope: form.get('scope') ?? 'api refresh_token',
    challenge: form.get('code_challenge') ?? undefined,
    expires: now + CODE_LIFETIME,
  });
  return redirect(uri, { code, state: form.get('state') });
}

/** Turns a code into whom it stands for; it works once. */
export function exchangeCode(
  org: Org,
  form: URLSearchParams,
  { id, secret }: { id: string; secret: string },
): { client: CrmClient; user: CrmUser; scope: string } | Refusal {
  const no = (why: string, description: string, error = 'invalid_grant'): Refusal => ({
    refused: why,
    actor: id,
    error,
    description,
  });
  const key = digest(form.get('code') ?? '');
  const known = org.codes.get(key);
  if (!known) return no('the code is unknown or was used before', 'invalid authorization code');
  org.codes.delete(key);
  if (known.expires < org.kernel.clock.now()) return no('the code has expired', 'expired authorization code');
  if (known.clientId !== id) return no('the code was given to another app', 'client identifier invalid', 'invalid_client_id');
  if (known.redirectUri !== form.get('redirect_uri'))
    return no('another redirect_uri', 'redirect_uri must match configuration', 'redirect_uri_mismatch');
  // An app without a secret (a public one) proves itself by the verifier alone.
  const app = secret === '' && known.challenge ? undefined : clientLogin(org, id, secret);
  if (app && 'refused' in app) return no(app.refused, 'invalid client credentials', 'invalid_client');
  const verifier = form.get('code_verifier') ?? '';
  if (known.challenge && createHash('sha256').update(verifier).digest('base64url') !== known.challenge.replace(/=+$/, ''))
    return no('the code verifier does not fit the challenge', 'invalid code verifier');
  const client = org.clients.find((c) => c.id === id)!;
  return { client, user: org.user(known.userId), scope: known.scope };
}
