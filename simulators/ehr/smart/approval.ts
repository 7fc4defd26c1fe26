import type { HumanName } from '@medplum/fhirtypes';
import { type Context, digest, type Handler, type Reply } from '#kernel';
import { type ClientRegistration, isPublic } from './clients.ts';
import { type Launch, registered, spellings, sweep, type TokenEndpoint } from './endpoint.ts';
import { launchOf } from './launch.ts';
import { noteRefusal, TokenRefused } from './refusal.ts';
import { parseScope, spell } from './scopes.ts';
import { grantedOf, secretOf } from './token.ts';

/** A request for approval that passed: who asks, where the browser goes back to, what would be granted. */
interface Asked {
  client: ClientRegistration;
  redirectUri: string;
  scopes: string[];
  /** Launched from the EHR. */
  launch?: Launch;
}

/** A refusal that the browser takes back to the app (RFC 6749 section 4.1.2.1). */
export class SentBack extends Error {
  readonly error: string;
  constructor(error: string, reason: string) {
    super(reason);
    this.error = error;
  }
}

/**
 * The authorization endpoint: GET or POST of a request (`authorize-post`), and POST of the page's own form. Approves by
 * itself where the site is set to.
 */
export function approvalHandler(endpoint: TokenEndpoint): Handler {
  return (context) => {
    const { request } = context;
    const form = request.method === 'POST' ? new URLSearchParams(request.body.toString()) : request.query;
    let back: Pick<Asked, 'client' | 'redirectUri'> | undefined;
    try {
      back = whoAsks(endpoint, form);
      const asked = checkRequest(endpoint, context, form, back);
      const decision = request.method === 'POST' ? form.get('decision') : null;
      if (decision === null && endpoint.approve() === 'ask') return approvalPage(endpoint, form, asked);
      if (decision === 'deny') throw new SentBack('access_denied', 'the user denied it');
      return approve(endpoint, form, asked);
    } catch (error) {
      if (!(error instanceof SentBack || error instanceof TokenRefused)) throw error;
      noteRefusal(endpoint.site, context, 'authorize', error.message, form.get('client_id') ?? undefined);
      if (error instanceof SentBack && back) {
        const why = endpoint.site.vendor.auth.explains ? error.message : null;
        return sendBack(back.redirectUri, { error: error.error, error_description: why, state: form.get('state') });
      }
      return page(400, 'Error', `<p>${escaped(endpoint.site.vendor.auth.authorizeError)}</p>`);
    }
  };
}

// A mistake in either is shown to the person: there is nowhere safe to send the browser.
function whoAsks(endpoint: TokenEndpoint, form: URLSearchParams): Pick<Asked, 'client' | 'redirectUri'> {
  const client = registered(endpoint, form.get('client_id') ?? '');
  const redirectUri = form.get('redirect_uri') ?? '';
  if (!client.redirectUris?.includes(redirectUri))
    throw new TokenRefused('invalid-request', `redirect_uri ${redirectUri} is not registered for the client`, client.id);
  return { client, redirectUri };
}

function checkRequest(
  endpoint: TokenEndpoint,
  context: Context,
  form: URLSearchParams,
  { client, redirectUri }: Pick<Asked, 'client' | 'redirectUri'>,
): Asked {
  const { site, style, defaults } = endpoint;
  const { auth } = site.vendor;
  const aud = form.get('aud')?.replace(/\/$/, '');
  const wrongAudience =
    aud === undefined
      ? auth.audience === 'required' || form.has('launch')
      : !spellings(endpoint, context, site.paths.fhir).includes(aud);
  if (wrongAudience) throw new TokenRefused('invalid-request', `aud ${aud} is not the FHIR base`, client.id);
  if (form.get('response_type') !== 'code')
    throw new SentBack('unsupported_response_type', `response_type must be code, not ${form.get('response_type')}`);
  const challenge = form.get('code_challenge');
  const method = form.get('code_challenge_method');
  if (challenge === null && (auth.pkce === 'everybody' || isPublic(client)))
    throw new SentBack('invalid_request', 'code_challenge is missing');
  if (challenge !== null && method !== 'S256')
    throw new SentBack('invalid_request', `code_challenge_method must be S256, not ${method}`);
  if (challenge !== null && !/^[A-Za-z0-9\-_]{43}$/.test(challenge))
    throw new SentBack('invalid_request', 'code_challenge is no SHA-256 in base64url');
  const all = [...(client.scopes ?? ofUsers(defaults)), ...SESSION].filter((scope) => parseScope(scope)?.context !== 'system');
  const asked = (form.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
  const wanted = form.get('launch');
  if (asked.includes('launch') !== (wanted !== null))
    throw new SentBack('invalid_request', 'the scope launch and the parameter launch go together');
  const launch = wanted === null ? undefined : launchOf(endpoint, client, wanted);
  if (wanted !== null && !launch) throw new SentBack(auth.launchError, 'the launch is unknown, used, over or of another app');
  const scopes =
    auth.granted === 'registration'
      ? [
          ...spell(
            all.filter((scope) => !SESSION.includes(scope)),
            client.scopeStyle ?? style,
          ),
          ...SESSION.filter((one) => asked.includes(one)),
        ]
      : grantedOf(asked, all, client.scopeStyle);
  if (!scopes.some((scope) => parseScope(scope)))
    throw new SentBack('invalid_scope', `nothing of "${asked.join(' ')}" is registered for the client and its users`);
  return { client, redirectUri, scopes, launch };
}

const SESSION = ['offline_access', 'online_access', 'launch'];
const ofUsers = (scopes: readonly string[]): string[] => scopes.map((scope) => scope.replace(/^system\//, 'user/'));

function approve(endpoint: TokenEndpoint, form: URLSearchParams, { client, redirectUri, scopes, launch }: Asked): Reply {
  const { site, codes, salt, launches } = endpoint;
  const { kernel, vendor, name } = site;
  const users = usersOf(site);
  const stated = form.get('user') ?? launch?.user?.replace(/^Practitioner\//, '');
  const user = users.find(({ id }) => id === stated) ?? users[0];
  // Works once.
  if (launch) launches.delete(digest(salt, 'launch', form.get('launch')!));
  if (!user) throw new SentBack('access_denied', 'the site has nobody who could approve');
  const code = secretOf(kernel.mint(`ehr.${name}.code`));
  const now = kernel.clock.now();
  sweep(codes, now);
  codes.set(digest(salt, 'code', code), {
    client: client.id,
    redirectUri,
    scopes,
    user: `Practitioner/${user.id}`,
    ...(launch && {
      launch: { patient: launch.patient, ...(launch.encounter !== undefined && { encounter: launch.encounter }) },
    }),
    challenge: form.get('code_challenge') ?? undefined,
    expires: now + vendor.auth.codeSeconds * 1000,
  });
  return sendBack(redirectUri, { code, state: form.get('state') });
}

const usersOf = ({ store }: TokenEndpoint['site']): { id: string; name: string }[] =>
  store
    .search({ type: 'Practitioner', criteria: [], limit: 20 })
    .map(({ id }) => ({ id, name: (store.read('Practitioner', id)?.name as HumanName[] | undefined)?.[0]?.text ?? id }));

function approvalPage({ site }: TokenEndpoint, form: URLSearchParams, { client, scopes }: Asked): Reply {
  const hidden = [...form]
    .filter(([name]) => !['user', 'decision'].includes(name))
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`);
  const users = usersOf(site).map(({ id, name }) => `<option value="${escaped(id)}">${escaped(name)}</option>`);
  return page(
    200,
    'Allow access?',
    `<p><strong>${escaped(client.id)}</strong> asks ${escaped(site.vendor.title)} (${escaped(site.name)}, simulated) for:</p>
<ul>${scopes.map((scope) => `<li>${escaped(scope)}</li>`).join('')}</ul>
<form method="post" action="${escaped(site.paths.authorize)}">${hidden.join('')}
<p><label>As <select name="user">${users.join('')}</select></label></p>
<p><button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></p></form>`,
  );
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

const page = (status: number, title: string, body: string): Reply => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1>\n${body}</body></html>\n`,
});

function sendBack(uri: string, params: Record<string, string | null>): Reply {
  const at = new URL(uri);
  for (const [name, value] of Object.entries(params)) if (value !== null) at.searchParams.set(name, value);
  return { status: 302, headers: { location: at.href, 'cache-control': 'no-store' } };
}
