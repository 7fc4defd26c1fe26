import { digest } from '#kernel';
import type { ClientRegistration } from './clients.ts';
import { type Launch, registered, sweep, type TokenEndpoint } from './endpoint.ts';
import { TokenRefused } from './refusal.ts';
import { secretOf } from './token.ts';

/** How long a user may take from the click in the EHR to the app's request. */
const LAUNCH_MS = 300_000;

/** What a user does who starts an app with a patient's chart open. */
export interface LaunchRequest {
  client: string;
  patient: string;
  encounter?: string;
  user?: string;
}

/**
 * Starts an app from within the EHR. @returns the token that the EHR puts into the app's launch address.
 * @throws naming what is wrong: a client, patient, encounter or user that is not there.
 */
export function startLaunch(endpoint: TokenEndpoint, { client, patient, encounter, user }: LaunchRequest): string {
  const { site, salt, launches } = endpoint;
  if (!site.vendor.auth.ehrLaunch) throw new Error(`${site.vendor.title} launches no apps here`);
  const known = (type: string, id: string | undefined): void => {
    if (id !== undefined && !site.store.exists(type, id)) throw new Error(`there is no ${type}/${id} at ${site.name}`);
  };
  try {
    registered(endpoint, String(client));
  } catch (error) {
    if (!(error instanceof TokenRefused)) throw error;
    throw new Error(error.message, { cause: error });
  }
  if (typeof patient !== 'string') throw new Error('a launch names the "patient" (an id)');
  known('Patient', patient);
  known('Encounter', encounter);
  known('Practitioner', user);
  const token = secretOf(site.kernel.mint(`ehr.${site.name}.launch`));
  const now = site.kernel.clock.now();
  sweep(launches, now);
  launches.set(digest(salt, 'launch', token), {
    client,
    patient,
    ...(encounter !== undefined && { encounter }),
    ...(user !== undefined && { user: `Practitioner/${user}` }),
    expires: now + LAUNCH_MS,
  });
  return token;
}

/** The launch of that token, if it is this app's and still good. */
export function launchOf({ launches, salt, site }: TokenEndpoint, client: ClientRegistration, token: string): Launch | undefined {
  const known = launches.get(digest(salt, 'launch', token));
  return known && known.client === client.id && known.expires > site.kernel.clock.now() ? known : undefined;
}
