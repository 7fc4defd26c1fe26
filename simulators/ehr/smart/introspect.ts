import { digest, type Handler, jsonReply } from '#kernel';
import { authenticateClient } from './client-authentication.ts';
import { spellings, type TokenEndpoint } from './endpoint.ts';
import { readForm, refusing } from './token.ts';

/**
 * RFC 7662: what a token is good for. Asked by the client with its own proof, or with the token itself as bearer; about
 * the tokens of others it says that they are not active.
 */
export const introspectionHandler = (endpoint: TokenEndpoint): Handler =>
  refusing(endpoint, 'introspect', async (context) => {
    const { site, salt, refreshTokens } = endpoint;
    const form = readForm(context);
    const now = context.kernel.clock.now();
    const bearer = /^Bearer +(.+)$/i.exec(context.request.headers.authorization ?? '')?.[1];
    const own = bearer === undefined ? undefined : site.grants.get(digest(salt, bearer));
    const { auth } = site.vendor;
    const asks =
      own && own.expires > now
        ? own.client
        : (await authenticateClient(endpoint, context, form, [...new Set([...auth.methods, ...auth.userMethods])])).id;
    context.setActor(`client:${asks}`);
    const token = form.get('token') ?? '';
    const grant = site.grants.get(digest(salt, token)) ?? refreshTokens.get(digest(salt, 'refresh', token));
    if (!grant || grant.client !== asks || grant.expires <= now) return jsonReply(200, { active: false }, NO_STORE);
    const [base] = spellings(endpoint, context, site.paths.fhir);
    const { client, scopes, expires, user, launch } = grant;
    return jsonReply(
      200,
      {
        active: true,
        scope: scopes.join(' '),
        client_id: client,
        username: user ?? client,
        exp: Math.floor(expires / 1000),
        sub: user ?? client,
        iss: base,
        ...(user ? { fhirUser: `${base}/${user}` } : {}),
        ...launch,
      },
      NO_STORE,
    );
  });

const NO_STORE = { 'cache-control': 'no-store' };
