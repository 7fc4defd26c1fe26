import { clockLever, type Lever, type OffsetClock, Overrides, type Undo } from '#kernel';
import type { Pace } from './engine/bulk/jobs.ts';
import type { Grant } from './engine/context.ts';
import { shapeOf } from './engine/definitions.ts';
import { DRIFTS, type Drift } from './engine/drift.ts';
import type { ClientRegistration } from './smart/clients.ts';
import { NEXT_KEY, NEXT_SECRET } from './smart/reference-client.ts';
import { type Withdrawal, without } from './smart/scopes.ts';
import type { Vendor } from './vendors/vendor.ts';

/** The quota of a vendor while it holds. */
export interface Quota {
  perSecond: number;
  tokensPerMinute: number;
}

/** What of a site can be set otherwise for a while, over its settings. */
export class SiteOverrides {
  readonly tokenSeconds = new Overrides<number>();
  /** What becomes of an app; undefined: it is as if there were none. */
  readonly clients = new Overrides<(client: ClientRegistration) => ClientRegistration | undefined>();
  readonly withdrawn = new Overrides<Withdrawal>();
  readonly keptKeys = new Overrides<true>();
  readonly quota = new Overrides<Quota>();
  readonly pace = new Overrides<Pace>();
  readonly drifts = new Overrides<Drift>();

  /** A grant as it counts now. */
  narrowed(grant: Grant, types: readonly string[]): Grant {
    const { all } = this.withdrawn;
    return all.length === 0 ? grant : { ...grant, scopes: this.narrowedScopes(grant.scopes, types) };
  }

  narrowedScopes(scopes: readonly string[], types: readonly string[]): string[] {
    return this.withdrawn.all.reduce((left, one) => without(left, one, types), [...scopes]);
  }

  client(client: ClientRegistration | undefined): ClientRegistration | undefined {
    return this.clients.all.reduce((left, change) => left && change(left), client);
  }
}

/** What the levers of a site reach beside its overrides. */
export interface Reach {
  vendor: Vendor;
  clock: OffsetClock;
  /** Ends the tokens of an app, or all. */
  endTokens(client?: string): void;
  /** Shortens what is left of living tokens to so many seconds. */
  shortenTokens(seconds: number): void;
  /** Forgets the key sets of apps that were fetched. */
  forgetKeys(): void;
}

const nothing: Undo = () => {};
const both =
  (...undos: Undo[]): Undo =>
  () => {
    for (const undo of undos) undo();
  };

/** The levers of a site by name, for its place. */
export function leversOf(overrides: SiteOverrides, reach: Reach): Record<string, Lever> {
  const { clock, vendor } = reach;
  const about =
    (change: (client: ClientRegistration) => ClientRegistration | undefined, id: unknown) => (client: ClientRegistration) =>
      id === '' || client.id === id ? change(client) : client;
  const drift =
    (name: string): Lever =>
    (params) => {
      checkElement(vendor, String(params.type), String(params.element));
      return overrides.drifts.hold(DRIFTS[name]!(params as unknown as Parameters<(typeof DRIFTS)[string]>[0]));
    };
  return {
    tokens: () => {
      reach.endTokens();
      return nothing;
    },
    'token-life': ({ seconds }) => {
      reach.shortenTokens(Number(seconds));
      return overrides.tokenSeconds.hold(Number(seconds));
    },
    'client-revoked': ({ client, tokens }) => {
      if (tokens) reach.endTokens(client === '' ? undefined : String(client));
      return overrides.clients.hold(about(() => undefined, client));
    },
    'client-rotated': ({ client, overlap }) => {
      const until = clock.now() + Number(overlap) * 1000;
      return overrides.clients.hold(about((one) => rotated(one, until), client));
    },
    scopes: ({ type, access }) => {
      if (type !== '*') checkType(vendor, String(type));
      return overrides.withdrawn.hold({ type: String(type), access: access as Withdrawal['access'] });
    },
    'client-keys': ({ how }) => {
      if (how === 'kept') return overrides.keptKeys.hold(true);
      reach.forgetKeys();
      return nothing;
    },
    quota: ({ perSecond }) => {
      const { perSecond: own = Number.POSITIVE_INFINITY, tokensPerMinute = Number.POSITIVE_INFINITY } = vendor.quota ?? {};
      const quota = { perSecond: Number(perSecond) || own, tokensPerMinute };
      return both(overrides.quota.hold(quota), overrides.pace.hold('vendor'));
    },
    clock: clockLever(clock),
    ...Object.fromEntries(Object.keys(DRIFTS).map((name) => [`element-${name}`, drift(name)])),
  };
}

function rotated(client: ClientRegistration, until: number): ClientRegistration {
  const { secret, publicJwk, publicKeyPem } = client;
  const keyed = publicJwk !== undefined || publicKeyPem !== undefined;
  return {
    ...client,
    ...(secret !== undefined && { secret: NEXT_SECRET }),
    ...(keyed && { publicJwk: NEXT_KEY, publicKeyPem: undefined }),
    former: { secret, publicJwk, publicKeyPem, until },
  };
}

function checkType({ capability, id }: Vendor, type: string): void {
  if (!capability[type]) throw new Error(`${id} has no ${type}`);
}

function checkElement(vendor: Vendor, type: string, path: string): void {
  checkType(vendor, type);
  let shape = shapeOf(type);
  for (const name of path.split('.')) {
    const element = shape?.elements.get(name);
    if (!element) throw new Error(`${type} has no element ${path}`);
    shape = shapeOf(element.type);
  }
}
