import { createHmac } from 'node:crypto';
import { type Context, type Face, jsonReply, type Reply } from '#kernel';
import { CrmError, crmError } from './errors.ts';
import { clientLogin, passwordLogin } from './login.ts';
import type { CrmClient, CrmUser, Org } from './org.ts';

const NO_STORE = { 'cache-control': 'no-store' };

/** An error of the token endpoint, in its own form: Help, "OAuth 2.0 Errors". */
export const oauthError = (error: string, description: string, status = 400): Reply =>
  jsonReply(status, { error, error_description: description }, NO_STORE);

/** The OAuth endpoints that the grants client_credentials and password need. */
export function mountOAuth(face: Face, org: Org): void {
  const info = (operation: string, doc: string) => ({ operation, doc, tier: 'semantic', secret: true }) as const;
  face.route('POST', '/services/oauth2/token', info('token', 'client_credentials (form or Basic) and password'), (c) =>
    token(org, c),
  );
  face.route('POST', '/services/oauth2/revoke', info('token', 'revokes a token'), (c) => revoke(org, c));
  face.route('GET', '/services/oauth2/revoke', info('token', 'revokes a token'), (c) => revoke(org, c));
  const userinfo = { operation: 'read', doc: 'who the token stands for', tier: 'shape', secret: true } as const;
  face.route('GET', '/services/oauth2/userinfo', userinfo, (c) => identity(org, c, 'userinfo'));
  face.route('POST', '/services/oauth2/userinfo', userinfo, (c) => identity(org, c, 'userinfo'));
  face.route('GET', '/id/:org/:user', userinfo, (c) => identity(org, c, 'identity'));
  for (const [method, path] of [
    ['GET', '/services/oauth2/authorize'],
    ['POST', '/services/oauth2/introspect'],
  ] as const) {
    face.route(method, path, { operation: 'token', tier: 'missing', secret: true, doc: 'not implemented' }, () =>
      oauthError('not_implemented', `This simulator does not implement ${path}.`, 501),
    );
  }
}

function token(org: Org, context: Context): Reply {
  const form = new URLSearchParams(context.request.body.toString());
  const grant = form.get('grant_type') ?? '';
  if (grant !== 'client_credentials' && grant !== 'password') {
    return ['refresh_token', 'authorization_code', 'urn:ietf:params:oauth:grant-type:jwt-bearer'].includes(grant)
      ? oauthError('not_implemented', `This simulator does not implement the grant ${grant}.`, 501)
      : oauthError('unsupported_grant_type', 'grant type not supported');
  }
  const refuse = (reason: string, actor: string, error: string, description: string): Reply => {
    org.sessions.refused(reason, context.exchange.id, actor);
    return oauthError(error, description);
  };
  const { id, secret } = credentials(context, form);
  const app = clientLogin(org, id, secret);
  if ('refused' in app) {
    return app.unknown
      ? refuse(app.refused, `client:${id}`, 'invalid_client_id', 'client identifier invalid')
      : refuse(app.refused, `client:${id}`, 'invalid_client', 'invalid client credentials');
  }
  if (grant === 'client_credentials') {
    const user = org.users.find((u) => u.username === app.client.runAs)!;
    return granted(org, context, app.client, user, grant, `client:${app.client.id}`);
  }
  const username = form.get('username') ?? '';
  const login = passwordLogin(org, username, form.get('password') ?? '');
  if ('refused' in login) return refuse(login.refused, `client:${username}`, 'invalid_grant', 'authentication failure');
  return granted(org, context, app.client, login.user, grant, `client:${login.user.username}`);
}

function credentials({ request }: Context, form: URLSearchParams): { id: string; secret: string } {
  const [, basic] = /^Basic\s+(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (!basic) return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' };
  const [id, ...secret] = Buffer.from(basic, 'base64').toString().split(':');
  return { id: id ?? '', secret: secret.join(':') };
}

function granted(org: Org, context: Context, client: CrmClient, user: CrmUser, grant: string, actor: string): Reply {
  context.setActor(actor);
  const { origin } = context.request;
  const id = `${origin}/id/${org.id}/${user.id}`;
  const issued = String(org.kernel.clock.now());
  const more = grant === 'client_credentials' ? { scope: 'api', api_instance_url: origin } : {};
  return jsonReply(
    200,
    {
      access_token: org.sessions.issue({ userId: user.id, actor }, grant),
      signature: createHmac('sha256', client.secret)
        .update(id + issued)
        .digest('base64'),
      ...more,
      instance_url: origin,
      id,
      token_type: 'Bearer',
      issued_at: issued,
    },
    NO_STORE,
  );
}

function revoke(org: Org, { request }: Context): Reply {
  const form = request.method === 'GET' ? request.query : new URLSearchParams(request.body.toString());
  if (org.sessions.revoke(form.get('token') ?? '')) return { status: 200, headers: NO_STORE };
  // jsforce reads this one as a query string.
  const body = 'error=unsupported_token_type&error_description=this+type+of+token+is+not+supported';
  return { status: 400, headers: { ...NO_STORE, 'content-type': 'application/x-www-form-urlencoded' }, body };
}

function identity(org: Org, { request, exchange, setActor }: Context, form: 'userinfo' | 'identity'): Reply {
  const given = request.query.get('oauth_token') ?? new URLSearchParams(request.body.toString()).get('oauth_token');
  try {
    const session = org.sessions.check(given ? `Bearer ${given}` : request.headers.authorization, exchange.id);
    setActor(session.actor);
    if (form === 'identity' && request.params.user?.slice(0, 15) !== session.userId.slice(0, 15)) throw crmError('forbidden');
    const user = org.user(session.userId);
    const id = `${request.origin}/id/${org.id}/${user.id}`;
    const name = [user.firstName, user.lastName].filter(Boolean).join(' ');
    const common = {
      user_id: user.id,
      organization_id: org.id,
      email: user.email,
      active: true,
      language: 'en_US',
      locale: 'en_US',
    };
    const rest = {
      sobjects: `${request.origin}/services/data/v{version}/sobjects/`,
      query: `${request.origin}/services/data/v{version}/query/`,
    };
    if (form === 'userinfo') {
      return jsonReply(200, {
        sub: id,
        ...common,
        preferred_username: user.username,
        nickname: user.username,
        name,
        email_verified: true,
        zoneinfo: 'GMT',
        utcOffset: 0,
        urls: rest,
      });
    }
    return jsonReply(200, {
      id,
      asserted_user: true,
      ...common,
      username: user.username,
      nick_name: user.username,
      display_name: name,
      urls: rest,
      user_type: 'STANDARD',
      utcOffset: 0,
      timezone: 'GMT',
    });
  } catch (error) {
    // These two answer a bad token in plain text, not in the form of the REST API.
    if (!(error instanceof CrmError)) throw error;
    const text = error.status === 401 ? 'Bad_OAuth_Token' : 'Wrong_Org';
    return { status: 403, headers: { 'content-type': 'text/html; charset=UTF-8' }, body: text };
  }
}
