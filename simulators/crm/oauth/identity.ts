import { type Context, jsonReply, type Reply } from '#kernel';
import { CrmError, crmError } from '../errors.ts';
import { clientLogin } from '../login.ts';
import type { CrmUser, Org } from '../org.ts';
import { credentials, formOf, NO_STORE, oauthError } from './grants.ts';

const VERSION_URLS: Record<string, string> = {
  enterprise: '/services/Soap/c/{version}/ORG',
  metadata: '/services/Soap/m/{version}/ORG',
  partner: '/services/Soap/u/{version}/ORG',
  rest: '/services/data/v{version}/',
  sobjects: '/services/data/v{version}/sobjects/',
  search: '/services/data/v{version}/search/',
  query: '/services/data/v{version}/query/',
  recent: '/services/data/v{version}/recent/',
  tooling_soap: '/services/Soap/T/{version}/ORG',
  tooling_rest: '/services/data/v{version}/tooling/',
  profile: '/USER',
  feeds: '/services/data/v{version}/chatter/feeds',
  groups: '/services/data/v{version}/chatter/groups',
  users: '/services/data/v{version}/chatter/users',
  feed_items: '/services/data/v{version}/chatter/feed-items',
  custom_domain: '',
};

/** GET /id/{org}/{user} and /services/oauth2/userinfo: Help, "Identity URLs" and "User Info Endpoint Response". */
export function identity(org: Org, { request, exchange, setActor }: Context, form: 'userinfo' | 'identity'): Reply {
  const given = request.query.get('oauth_token') ?? new URLSearchParams(request.body.toString()).get('oauth_token');
  try {
    const session = org.sessions.check(given ? `Bearer ${given}` : request.headers.authorization, exchange.id);
    setActor(session.actor);
    const { params } = request;
    const same = (a = '', b = '') => a.slice(0, 15) === b.slice(0, 15);
    if (form === 'identity' && !(same(params.org, org.id) && same(params.user, session.userId))) throw crmError('forbidden');
    const user = org.user(session.userId);
    return jsonReply(200, form === 'userinfo' ? userinfo(org, request.origin, user) : full(org, request.origin, user));
  } catch (error) {
    // These two answer a bad token in plain text, not in the form of the REST API.
    if (!(error instanceof CrmError)) throw error;
    const text = error.status === 401 ? 'Bad_OAuth_Token' : 'Wrong_Org';
    return { status: 403, headers: { 'content-type': 'text/html; charset=UTF-8' }, body: text };
  }
}

const nameOf = ({ firstName, lastName }: CrmUser): string => [firstName, lastName].filter(Boolean).join(' ');

function common(org: Org, origin: string, user: CrmUser): Record<string, unknown> {
  const fill = (path: string) => origin + path.replace('ORG', org.id.slice(0, 15)).replace('USER', user.id);
  return {
    user_id: user.id,
    organization_id: org.id,
    email: user.email,
    email_verified: true,
    photos: { picture: `${origin}/profilephoto/005/F`, thumbnail: `${origin}/profilephoto/005/T` },
    urls: Object.fromEntries(Object.entries(VERSION_URLS).map(([name, path]) => [name, fill(path)])),
    active: true,
    user_type: 'STANDARD',
    language: 'en_US',
    locale: 'en_US',
    utcOffset: 0,
    is_app_installed: true,
  };
}

function userinfo(org: Org, origin: string, user: CrmUser): Record<string, unknown> {
  return {
    sub: `${origin}/id/${org.id}/${user.id}`,
    ...common(org, origin, user),
    preferred_username: user.username,
    nickname: user.username.split('@')[0],
    name: nameOf(user),
    given_name: user.firstName ?? null,
    family_name: user.lastName,
    zoneinfo: 'GMT',
    updated_at: org.store.find(user.id)?.row.LastModifiedDate,
  };
}

function full(org: Org, origin: string, user: CrmUser): Record<string, unknown> {
  return {
    id: `${origin}/id/${org.id}/${user.id}`,
    asserted_user: true,
    ...common(org, origin, user),
    username: user.username,
    nick_name: user.username.split('@')[0],
    display_name: nameOf(user),
    first_name: user.firstName ?? null,
    last_name: user.lastName,
    timezone: 'GMT',
    addr_street: null,
    addr_city: null,
    addr_state: null,
    addr_country: null,
    addr_zip: null,
    mobile_phone: null,
    mobile_phone_verified: false,
    is_lightning_login_user: false,
    status: { created_date: null, body: null },
    last_modified_date: org.store.find(user.id)?.row.LastModifiedDate,
  };
}

/** POST /services/oauth2/introspect: Help, "OpenID Connect Token Introspection". */
export function introspect(org: Org, context: Context): Reply {
  const form = formOf(context);
  const { id, secret } = credentials(context, form);
  const app = clientLogin(org, id, secret);
  if ('refused' in app) {
    org.sessions.refused(app.refused, context.exchange.id, `client:${id}`);
    return oauthError('invalid_client', 'invalid client credentials', 401);
  }
  context.setActor(`client:${id}`);
  const token = form.get('token') ?? '';
  const session = org.sessions.find(token);
  const seconds = (ms: number) => Math.floor(ms / 1000);
  if (session && session.expires >= org.kernel.clock.now()) {
    const user = org.user(session.userId);
    return jsonReply(
      200,
      {
        active: true,
        scope: session.scope ?? 'api',
        client_id: session.clientId ?? id,
        username: user.username,
        sub: `${context.request.origin}/id/${org.id}/${user.id}`,
        token_type: 'access_token',
        exp: seconds(session.expires),
        iat: seconds(session.issued),
        nbf: seconds(session.issued),
      },
      NO_STORE,
    );
  }
  const refresh = org.sessions.refreshable(token);
  if (!refresh) return jsonReply(200, { active: false }, NO_STORE);
  const { username } = org.user(refresh.userId);
  return jsonReply(
    200,
    { active: true, scope: refresh.scope ?? 'api', client_id: refresh.clientId, username, token_type: 'refresh_token' },
    NO_STORE,
  );
}

/** GET /.well-known/openid-configuration. */
export function openidConfiguration({ request: { origin } }: Context): Reply {
  const at = (name: string) => `${origin}/services/oauth2/${name}`;
  return jsonReply(200, {
    issuer: origin,
    authorization_endpoint: at('authorize'),
    token_endpoint: at('token'),
    revocation_endpoint: at('revoke'),
    userinfo_endpoint: at('userinfo'),
    introspection_endpoint: at('introspect'),
    jwks_uri: `${origin}/id/keys`,
    scopes_supported: ['api', 'refresh_token', 'offline_access', 'openid', 'id', 'profile', 'email', 'web', 'full'],
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic', 'private_key_jwt'],
    code_challenge_methods_supported: ['S256'],
  });
}
