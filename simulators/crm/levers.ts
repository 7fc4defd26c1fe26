import { clockLever, type Lever, type OffsetClock, Overrides, type Undo } from '#kernel';
import type { ObjectAccess } from './access.ts';
import { crmError } from './errors.ts';
import type { CrmClient, Org } from './org.ts';
import type { CrmSettings } from './settings.ts';

/** The public half of fixtures/credentials/subject-next-private.pem, which a test holds it against. */
export const NEXT_PUBLIC_KEY_FILE = new URL('../../fixtures/credentials/subject-next-public.jwk.json', import.meta.url);

/** What takes the place of every consumer secret when secrets are changed: fixed, public, and guarding nothing. */
export const NEXT_CLIENT_SECRET = 'syncproof-fake-next-consumer-secret';

/** What of an org can be otherwise for a while. */
export class OrgOverrides {
  readonly sessionSeconds = new Overrides<number>();
  /** What becomes of an app; undefined: it is as if there were none. */
  readonly clients = new Overrides<(client: CrmClient) => CrmClient | undefined>();
  readonly permissions = new Overrides<Record<string, ObjectAccess>>();
  readonly settings = new Overrides<Partial<CrmSettings>>();
  /** The oldest version of the API that is still served. */
  readonly oldest = new Overrides<number>();
}

const DENIED: Readonly<Record<string, ObjectAccess>> = {
  read: { read: false },
  create: { create: false },
  edit: { edit: false },
  delete: { delete: false },
  write: { create: false, edit: false, delete: false },
};

const nothing: Undo = () => {};

/** The levers of an org by name, for its place. @param nextKey the public key of apps after a change of keys */
export function leversOf(org: Org, clock: OffsetClock, nextKey: () => Record<string, unknown>): Record<string, Lever> {
  const { overrides, schema, sessions } = org;
  const about = (id: unknown, change: (client: CrmClient) => CrmClient | undefined) => (client: CrmClient) =>
    id === '' || client.id === id ? change(client) : client;
  const drift =
    (name: string): Lever =>
    (params) => {
      const undo = schema.drift(name, params as unknown as Parameters<typeof schema.drift>[1]);
      org.rules.forgetViews();
      return () => {
        undo();
        org.rules.forgetViews();
      };
    };
  return {
    tokens: () => {
      sessions.kill({});
      return nothing;
    },
    'token-life': ({ seconds }) => {
      sessions.shorten(Number(seconds) * 1000);
      return overrides.sessionSeconds.hold(Number(seconds));
    },
    'client-revoked': ({ client, tokens }) => {
      if (tokens) sessions.kill(client === '' ? { refresh: true } : { client: String(client), refresh: true });
      return overrides.clients.hold(about(client, () => undefined));
    },
    'client-rotated': ({ client, overlap }) => {
      const until = clock.now() + Number(overlap) * 1000;
      const rotated = (one: CrmClient): CrmClient => ({
        ...one,
        secret: NEXT_CLIENT_SECRET,
        publicKey: one.publicKey && nextKey(),
        former: { secret: one.secret, publicKey: one.publicKey, until },
      });
      return overrides.clients.hold(about(client, rotated));
    },
    permissions: ({ object, access }) => {
      const type = schema.type(String(object));
      if (!type) throw new Error(`the CRM has no object ${object}`);
      return overrides.permissions.hold({ [type.name]: DENIED[String(access)]! });
    },
    'daily-limit': ({ left }) => overrides.settings.hold({ dailyRequests: org.used + Number(left) }),
    'concurrent-limit': ({ requests, longMs }) =>
      overrides.settings.hold({ concurrentLong: Number(requests), longMs: Number(longMs) }),
    'api-retired': ({ below }) => overrides.oldest.hold(Number(below)),
    clock: clockLever(clock),
    ...Object.fromEntries(
      ['renamed', 'removed', 'retyped', 'required', 'shorter', 'picklist'].map((name) => [`field-${name}`, drift(name)]),
    ),
  };
}

/** @throws CrmError `GONE` for a version that is retired. */
export function checkRetired({ overrides }: Org, version: string | undefined): void {
  if (isRetired(overrides, version)) throw crmError('retired');
}

export const isRetired = ({ oldest }: OrgOverrides, version: string | undefined): boolean =>
  version !== undefined && oldest.current !== undefined && Number(version) < oldest.current;
