import { createHmac } from 'node:crypto';
import { type Context, jsonReply, type Reply } from '#kernel';
import type { CrmClient, CrmUser, Org } from '../org.ts';

export const NO_STORE = { 'cache-control': 'no-store' };

/** An error of the token endpoint, in its own form: Help, "OAuth 2.0 Errors". */
export const oauthError = (error: string, description: string, status = 400): Reply =>
  jsonReply(status, { error, error_description: description }, NO_STORE);

/** Why nobody is let in: the truth, and what the client is told. */
export interface Refusal {
  refused: string;
  /** Consumer key or username that was tried. */
  actor: string;
  error: string;
  description: string;
}

export function refuse(org: Org, { exchange }: Context, { refused, actor, error, description }: Refusal): Reply {
  org.sessions.refused(refused, exchange.id, `client:${actor}`);
  return oauthError(error, description);
}

export const formOf = ({ request }: Context): URLSearchParams => new URLSearchParams(request.body.toString());

/** The app's credentials, from the form or from HTTP Basic. */
export function credentials({ request }: Context, form: URLSearchParams): { id: string; secret: string } {
  const [, basic] = /^Basic\s+(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (!basic) return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' };
  const [id, ...secret] = Buffer.from(basic, 'base64').toString().split(':');
  return { id: id ?? '', secret: secret.join(':') };
}

export interface Grant {
  client: CrmClient;
  user: CrmUser;
  grant: string;
  /** As the journal names the client. */
  actor: string;
  scope?: string;
  /** A refresh token goes with it: the first exchange of the web server flow. */
  refresh?: boolean;
}

/** The answer of the token endpoint; which keys it has differs by grant. */
export function granted(org: Org, context: Context, { client, user, grant, actor, scope, refresh }: Grant): Reply {
  context.setActor(actor);
  const { origin } = context.request;
  const id = `${origin}/id/${org.id}/${user.id}`;
  const issued = String(org.kernel.clock.now());
  const signature = createHmac('sha256', client.secret)
    .update(id + issued)
    .digest('base64');
  const session = { userId: user.id, actor, clientId: client.id, scope };
  const access_token = org.sessions.issue(session, grant);
  const common = { instance_url: origin, id, token_type: 'Bearer' };
  if (grant === 'jwt-bearer') return jsonReply(200, { access_token, scope: scope ?? 'api', ...common }, NO_STORE);
  const more = grant === 'client_credentials' ? { scope: 'api', api_instance_url: origin } : scope === undefined ? {} : { scope };
  const refreshing = refresh ? { refresh_token: org.sessions.issueRefresh(session) } : {};
  return jsonReply(200, { access_token, ...refreshing, signature, ...more, ...common, issued_at: issued }, NO_STORE);
}
