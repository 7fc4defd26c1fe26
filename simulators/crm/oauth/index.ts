import type { Context, Face, Reply } from '#kernel';
import { clientLogin, passwordLogin } from '../login.ts';
import type { Org } from '../org.ts';
import { approve, authorizePage, exchangeCode } from './authorize.ts';
import { credentials, formOf, granted, NO_STORE, oauthError, type Refusal, refuse } from './grants.ts';
import { identity, introspect, openidConfiguration } from './identity.ts';
import { jwtLogin } from './jwt.ts';

export { oauthError } from './grants.ts';

const JWT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** The OAuth endpoints: Help, "OAuth Authorization Flows", "OpenID Connect". */
export function mountOAuth(face: Face, org: Org): void {
  const info = (operation: string, doc: string) => ({ operation, doc, tier: 'semantic', secret: true }) as const;
  const grants = 'client_credentials (form or Basic), password, JWT bearer, refresh_token, authorization_code with PKCE';
  face.route('POST', '/services/oauth2/token', info('token', grants), (c) => token(org, c));
  face.route('GET', '/services/oauth2/authorize', info('authorize', 'the approval page, or its answer at once'), (c) =>
    authorizePage(org, c),
  );
  face.route('POST', '/services/oauth2/authorize', info('authorize', 'somebody approves or denies'), (c) => approve(org, c));
  for (const method of ['GET', 'POST']) {
    face.route(method, '/services/oauth2/revoke', info('token', 'revokes an access or refresh token'), (c) => revoke(org, c));
    face.route(method, '/services/oauth2/userinfo', info('read', 'who the token stands for'), (c) =>
      identity(org, c, 'userinfo'),
    );
  }
  face.route('POST', '/services/oauth2/introspect', info('token', 'whether a token is active, and whose'), (c) =>
    introspect(org, c),
  );
  face.route('GET', '/id/:org/:user', info('read', 'the identity URL'), (c) => identity(org, c, 'identity'));
  face.route('GET', '/.well-known/openid-configuration', info('read', 'the OAuth endpoints; needs no token'), (c) =>
    openidConfiguration(c),
  );
}

function token(org: Org, context: Context): Reply {
  const form = formOf(context);
  const grant = form.get('grant_type') ?? '';
  const told = (refusal: Refusal) => refuse(org, context, refusal);
  if (grant === JWT) {
    const login = jwtLogin(org, form.get('assertion') ?? '', context.request.origin);
    if ('refused' in login) return told(login);
    return granted(org, context, { ...login, grant: 'jwt-bearer', actor: `client:${login.client.id}` });
  }
  if (grant === 'authorization_code') {
    const done = exchangeCode(org, form, credentials(context, form));
    return 'refused' in done
      ? told(done)
      : granted(org, context, { ...done, grant, refresh: true, actor: `client:${done.client.id}` });
  }
  if (grant === 'refresh_token') return refresh(org, context, form);
  if (grant !== 'client_credentials' && grant !== 'password')
    return oauthError('unsupported_grant_type', 'grant type not supported');
  const { id, secret } = credentials(context, form);
  const app = clientLogin(org, id, secret);
  if ('refused' in app) return told(appRefusal(app, id));
  if (grant === 'client_credentials') {
    const user = org.users.find((u) => u.username === app.client.runAs)!;
    return granted(org, context, { client: app.client, user, grant, actor: `client:${app.client.id}` });
  }
  const username = form.get('username') ?? '';
  const login = passwordLogin(org, username, form.get('password') ?? '');
  if ('refused' in login)
    return told({ refused: login.refused, actor: username, error: 'invalid_grant', description: 'authentication failure' });
  return granted(org, context, { client: app.client, user: login.user, grant, actor: `client:${login.user.username}` });
}

const appRefusal = (app: { refused: string; unknown: boolean }, id: string): Refusal =>
  app.unknown
    ? { refused: app.refused, actor: id, error: 'invalid_client_id', description: 'client identifier invalid' }
    : { refused: app.refused, actor: id, error: 'invalid_client', description: 'invalid client credentials' };

function refresh(org: Org, context: Context, form: URLSearchParams): Reply {
  const { id, secret } = credentials(context, form);
  const client = org.clients.find((c) => c.id === id);
  const app = secret === '' && client ? { client } : clientLogin(org, id, secret);
  if ('refused' in app) return refuse(org, context, appRefusal(app, id));
  const known = org.sessions.refreshable(form.get('refresh_token') ?? '');
  if (!known || known.clientId !== id) {
    const refused = known ? 'the refresh token was given to another app' : 'the refresh token is unknown or revoked';
    const description = 'expired access/refresh token';
    return refuse(org, context, { refused, actor: id, error: 'invalid_grant', description });
  }
  const { userId, actor, scope } = known;
  return granted(org, context, { client: app.client, user: org.user(userId), grant: 'refresh_token', actor, scope });
}

function revoke(org: Org, context: Context): Reply {
  const form = context.request.method === 'GET' ? context.request.query : formOf(context);
  if (org.sessions.revoke(form.get('token') ?? '')) return { status: 200, headers: NO_STORE };
  // jsforce reads this one as a query string.
  const body = 'error=unsupported_token_type&error_description=this+type+of+token+is+not+supported';
  return { status: 400, headers: { ...NO_STORE, 'content-type': 'application/x-www-form-urlencoded' }, body };
}
