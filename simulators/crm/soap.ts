import type { Context, Face, Reply } from '#kernel';
import { CrmError } from './errors.ts';
import { isRetired } from './levers.ts';
import { passwordLogin } from './login.ts';
import type { Org } from './org.ts';
import { CALLS, dataCall } from './soap-calls.ts';
import { EDITIONS, type Edition, namespaceOf, namespacesOf, PARTNER } from './soap-edition.ts';
import { BadXml, element, escaped, parseXml } from './soap-xml.ts';

// The envelope and its names are those of the WSDL ("SOAP API Developer Guide", login()). Clients cut the values
// out by text, so the tags carry neither prefix nor attribute.
const envelope = (edition: Edition, body: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope ${namespacesOf(edition, 'an error')}><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`;

const xml = (status: number, body: string, edition: Edition): Reply => ({
  status,
  headers: { 'content-type': 'text/xml; charset=utf-8', 'cache-control': 'no-store' },
  body: envelope(edition, body),
});

/** A SOAP error with the prefix `sf` that clients look for. */
export function soapError(status: number, code: string, message: string, edition: Edition = PARTNER): Reply {
  const name = code === 'INVALID_LOGIN' ? 'LoginFault' : 'UnexpectedErrorFault';
  const detail = `<sf:${name} xsi:type="sf:${name}"><sf:exceptionCode>${code}</sf:exceptionCode><sf:exceptionMessage>${escaped(message)}</sf:exceptionMessage></sf:${name}>`;
  const text = `<faultcode>sf:${code}</faultcode><faultstring>${code}: ${escaped(message)}</faultstring><detail>${detail}</detail>`;
  return xml(status, `<soapenv:Fault>${text}</soapenv:Fault>`, edition);
}

/** SOAP, in both its WSDLs: login and logout, as jsforce and simple-salesforce use them, and data calls; all else is refused loudly. */
export function mountSoap(face: Face, org: Org): void {
  const calls = `login() (up to API 64.0) and logout(); ${Object.keys(CALLS).join(', ')}`;
  const info = { operation: 'login', tier: 'semantic', secret: true } as const;
  for (const edition of EDITIONS) {
    const doc = edition === PARTNER ? `SOAP ${calls}` : 'the same calls in the enterprise API, typed by the org';
    const handler = (context: Context): Reply | Promise<Reply> => soap(org, edition, context);
    face.route('POST', `/services/Soap/${edition.path}/:version`, { ...info, doc }, handler);
    face.route('POST', `/services/Soap/${edition.path}/:version/:org`, { ...info, doc }, handler);
  }
  face.route('POST', '/services/Soap/*rest', { ...info, tier: 'missing', doc: 'other SOAP APIs' }, () =>
    soapError(
      501,
      'NOT_IMPLEMENTED',
      'This simulator serves the partner API (/services/Soap/u) and the enterprise API (/c) only.',
    ),
  );
}

// Of one call, as the SOAP API has it.
const LARGEST = 50 * 1024 * 1024;

/** The call that an envelope makes. */
const callIn = (source: string): string | undefined =>
  /<(?:[\w.-]+:)?Body[^>]*>\s*(?:<!--[\s\S]*?-->\s*)*<(?:[\w.-]+:)?(\w+)/.exec(source)?.[1];

/** What a server says to a call that is in none of its WSDL's names: sent to the wrong one of the two. */
function strange(edition: Edition, source: string, call: string): Reply | undefined {
  const other = EDITIONS.find((one) => one !== edition)!;
  if (source.includes(namespaceOf(edition)) || !source.includes(namespaceOf(other))) return undefined;
  const text = `No operation available for request {${namespaceOf(other)}}${call}, please check the WSDL for the service.`;
  return xml(
    500,
    `<soapenv:Fault><faultcode>soapenv:Client</faultcode><faultstring>${text}</faultstring></soapenv:Fault>`,
    edition,
  );
}

async function data(org: Org, edition: Edition, name: string, source: string, context: Context): Promise<Reply> {
  try {
    return await dataCall(org, edition, name, parseXml(source), context);
  } catch (error) {
    if (error instanceof BadXml)
      return soapError(500, 'INVALID_REQUEST', `The request is no SOAP envelope: ${error.message}`, edition);
    if (!(error instanceof CrmError)) throw error;
    const { errorCode, message } = error.entries[0]!;
    return soapError(error.status === 501 || error.status === 503 ? error.status : 500, errorCode, message, edition);
  }
}

function soap(org: Org, edition: Edition, context: Context): Reply | Promise<Reply> {
  const { request, exchange, setActor } = context;
  const source = request.body.length > LARGEST ? '' : request.body.toString();
  const version = Number(request.params.version);
  const call = callIn(source.slice(0, 100_000));
  const refuse = (status: number, code: string, message: string) => soapError(status, code, message, edition);
  if (isRetired(org.overrides, request.params.version))
    return refuse(500, 'UNSUPPORTED_API_VERSION', `API version ${request.params.version} is retired`);
  const wrong = strange(edition, source.slice(0, 100_000), call ?? '');
  if (wrong) return wrong;
  if (call !== undefined && Object.hasOwn(CALLS, call)) return data(org, edition, call, source, context);
  // A login is short; nobody may keep us reading.
  if (request.body.length > 100_000) return refuse(500, 'EXCEEDED_MAX_SIZE_REQUEST', 'The request exceeds 100,000 bytes');
  if (call === 'logout') {
    org.sessions.revoke(element(source, 'sessionId') ?? '');
    return xml(200, '<logoutResponse/>', edition);
  }
  if (call !== 'login') {
    return refuse(
      501,
      'NOT_IMPLEMENTED',
      `This simulator implements login(), logout() and ${Object.keys(CALLS).join('(), ')}() in SOAP, not ${call ?? 'this request'}.`,
    );
  }
  // login() is not offered from API 65.0 on and retires in Summer '27 (release notes).
  if (!(version >= 20 && version < 65) || !org.settings.all.soapLogin) {
    return refuse(500, 'UNSUPPORTED_API_VERSION', 'SOAP API login() is not supported in this API version');
  }
  const username = element(source, 'username') ?? '';
  const login = passwordLogin(org, username, element(source, 'password') ?? '', element(source, 'organizationId'));
  if ('refused' in login) {
    org.sessions.refused(login.refused, exchange.id, `client:${username}`);
    return refuse(500, 'INVALID_LOGIN', 'Invalid username, password, security token; or user locked out.');
  }
  const { user } = login;
  setActor(`client:${user.username}`);
  const token = org.sessions.issue({ userId: user.id, actor: `client:${user.username}` }, 'soap');
  const name = escaped([user.firstName, user.lastName].filter(Boolean).join(' '));
  const server = escaped(`${request.origin}/services/Soap/${edition.path}/${request.params.version}/${org.id}`);
  const info = `<userInfo><organizationId>${org.id}</organizationId><organizationName>Syncproof</organizationName><userEmail>${escaped(user.email)}</userEmail><userFullName>${name}</userFullName><userId>${user.id}</userId><userLanguage>en_US</userLanguage><userLocale>en_US</userLocale><userName>${escaped(user.username)}</userName><userTimeZone>GMT</userTimeZone><userType>Standard</userType></userInfo>`;
  return xml(
    200,
    `<loginResponse><result><metadataServerUrl>${server.replace(`/Soap/${edition.path}/`, '/Soap/m/')}</metadataServerUrl><passwordExpired>false</passwordExpired><sandbox>false</sandbox><serverUrl>${server}</serverUrl><sessionId>${token}</sessionId><userId>${user.id}</userId>${info}</result></loginResponse>`,
    edition,
  );
}
