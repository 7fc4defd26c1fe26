import { type Cell, ControlError } from '#kernel';
import type { CapabilityTable } from '../vendors/vendor.ts';
import type { ClientLookup, ClientRegistration } from './clients.ts';
import { parseScope } from './scopes.ts';

const TEXTS = ['publicKeyPem', 'secret', 'jwksUrl'] as const;
const KEYS = [
  ...['id', 'scopes', 'publicJwk', 'jwks', 'redirectUris', 'scopeStyle', 'mapped', 'activeFrom'],
  ...TEXTS,
] as readonly string[];

/** The apps of a site: those that it was started with, and those that were registered since, which win. */
export class Registry implements ClientLookup {
  #fixed: ReadonlyMap<string, ClientRegistration>;
  #added: Cell<ClientRegistration>;
  #asItIs: (client: ClientRegistration | undefined) => ClientRegistration | undefined;

  /**
   * @param added keeps what is registered while the site runs.
   * @param asItIs what has become of a registration: nothing, where the app is switched off.
   */
  constructor(
    fixed: readonly ClientRegistration[],
    added: Cell<ClientRegistration>,
    asItIs: (client: ClientRegistration | undefined) => ClientRegistration | undefined,
  ) {
    this.#fixed = new Map(fixed.map((client) => [client.id, client]));
    this.#added = added;
    this.#asItIs = asItIs;
  }

  get(id: string): ClientRegistration | undefined {
    return this.#asItIs(this.#added.get(id) ?? this.#fixed.get(id));
  }

  list(): ClientRegistration[] {
    return [...new Map([...this.#fixed, ...this.#added.entries()]).values()].flatMap((client) => this.#asItIs(client) ?? []);
  }

  /** Registers an app, or replaces its registration. @throws ControlError naming what is wrong with it. */
  add(given: unknown, capability: CapabilityTable): ClientRegistration {
    const client = checkRegistration(given, capability);
    this.#added.set(client.id, client);
    return client;
  }

  /** Takes back what was registered while the site runs. @returns false when there was nothing. */
  remove(id: string): boolean {
    return this.#added.delete(id);
  }
}

function checkRegistration(given: unknown, capability: CapabilityTable): ClientRegistration {
  const wrong = (message: string): never => {
    throw new ControlError(400, message);
  };
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return wrong('a client is an object with an "id"');
  const client = given as ClientRegistration & Record<string, unknown>;
  if (typeof client.id !== 'string' || client.id === '') wrong('a client needs an "id": its client id');
  const strange = Object.keys(client).find((key) => !KEYS.includes(key));
  if (strange) wrong(`"${strange}" is no part of a client; there are ${KEYS.join(', ')}`);
  for (const key of TEXTS)
    if (client[key] !== undefined && (typeof client[key] !== 'string' || client[key] === '')) wrong(`"${key}" must be a text`);
  if (client.publicKeyPem !== undefined && !/-----BEGIN (PUBLIC KEY|CERTIFICATE)-----/.test(client.publicKeyPem))
    wrong('"publicKeyPem" must be the PEM of a public key (BEGIN PUBLIC KEY) or of a certificate (BEGIN CERTIFICATE)');
  if (client.jwks !== undefined && !Array.isArray(client.jwks?.keys)) wrong('"jwks" must be a key set: {"keys": [...]}');
  if (client.publicJwk !== undefined && typeof client.publicJwk?.kty !== 'string') wrong('"publicJwk" must be a JSON Web Key');
  const half = [client.publicJwk, ...(client.jwks?.keys ?? [])].find((key) => key?.d !== undefined || key?.k !== undefined);
  if (half) wrong('a key is private: register the public half only');
  for (const uri of [...(client.redirectUris ?? []), ...(client.jwksUrl === undefined ? [] : [client.jwksUrl])])
    if (!URL.canParse(uri)) wrong(`${JSON.stringify(uri)} is no absolute URL`);
  if (client.jwksUrl !== undefined && !/^https?:/.test(client.jwksUrl)) wrong('"jwksUrl" must be an http or https URL');
  if (client.scopeStyle !== undefined && !['v1', 'v2'].includes(client.scopeStyle)) wrong('"scopeStyle" is v1 or v2');
  if (client.activeFrom !== undefined && Number.isNaN(Date.parse(client.activeFrom))) wrong('"activeFrom" must be an instant');
  if (client.scopes !== undefined && !Array.isArray(client.scopes)) wrong('"scopes" must be a list');
  for (const scope of client.scopes ?? []) {
    const type = parseScope(scope)?.type;
    if (scope.startsWith('patient/')) wrong(`${scope}: scopes on one patient are not simulated; use system/ or user/`);
    if (/^(system|user)\//.test(scope) && type === undefined) wrong(`${JSON.stringify(scope)} is no scope`);
    if (type !== undefined && type !== '*' && !capability[type]) wrong(`${scope}: this site has no ${type}`);
  }
  return client;
}

/** A registration as it may be shown: without its secret. */
export const shown = ({ secret, former: _, ...rest }: ClientRegistration): object =>
  secret === undefined ? rest : { ...rest, secret: '…' };
