import { fileURLToPath } from 'node:url';
import type { CapabilityTable } from '../vendors/vendor.ts';
import type { ClientRegistration } from './clients.ts';

// What a sync to a CRM writes back, where the vendor lets it.
const WRITTEN = ['Patient', 'Appointment'];
const WRITES = ['create', 'update', 'patch', 'delete'];

/** What an app may do unless its registration says otherwise: read all that the vendor has, write people and bookings. */
export const defaultScopes = (capability: CapabilityTable, more: readonly string[] = []): string[] => [
  ...Object.entries(capability).flatMap(([type, table]) => (table ? [`system/${type}.read`] : [])),
  ...WRITTEN.flatMap((type) =>
    capability[type]?.interactions.some((one) => WRITES.includes(one)) ? [`system/${type}.write`] : [],
  ),
  ...more,
];

/** The public half of fixtures/credentials/subject-private.pem: a fixed, public test key that guards nothing. */
export const SUBJECT_KEY = {
  kid: 'syncproof-subject-1',
  kty: 'RSA',
  use: 'sig',
  alg: 'RS384',
  n: 'lzyeJA4c5A7tX-qgTt2mO9NEflGhZGeFnbNXRXYg-r8kGqbD8h6Mdgea5EBeCyzS2p_REMa2PeD56xhruHiLFz4DqY8o7BX0hwX9ffHfDinQilCKKvm5Ek4KYJN4Fnu9ygoK4y8yS7ux2ws_seBcYI7ob5qxGZeyOlMySaw-3UxWJPwWLYTUNlI1Juw2fte7aTW796Dm4VfAdd_HntyG_rXgEOl4eKWCuCHe3j5P5u0f_-_YWaQoIlnZnAgaKIN4EaSEywe4PzXIdvAtVsey3_w-mndfY8_x6w3aOUuYSoP1aGwsFJVeXaB9l1sYrdFGUu0z_gmILCzc2Z5WNo5X5Q',
  e: 'AQAB',
} as const;

/** Registered at every site, so that a sync can be pointed at it with documented credentials. */
export const REFERENCE_CLIENT: ClientRegistration = {
  id: 'syncproof-reference',
  publicJwk: SUBJECT_KEY,
  secret: 'syncproof-reference-secret',
};

/** Where the private half lies in the repository. */
export const PRIVATE_KEY_FILE = fileURLToPath(new URL('../../../fixtures/credentials/subject-private.pem', import.meta.url));

/** The public half of fixtures/credentials/subject-next-private.pem: what takes the place of the first when keys are changed. */
export const NEXT_KEY = {
  kid: 'syncproof-subject-2',
  kty: 'RSA',
  use: 'sig',
  alg: 'RS384',
  n: 'yZgXt8b0eh4B6MOVn86Mni6ECqOEnmCrJkmA1TeqzFRRA3Jth28ENwUGcV5v5v5FmJTmh_D2F5ncbIGQErGUnhcnmWUohJ7e5_pLBlGK4Zd6fhnOeQWRC8Hv5ZfPeBWyHSwid_eNZoufiFqcH8bCrOykQTYRSQCXqOybPuaMxLLtoRwT3PHd79e1WFc7LHg3Sz2jdXs_f3LI14H55guQk28VJLHB4ePZowGVl5ZLBi0igXpYEGG6gBdT6iEYtPU-cIiXxZD5fo7sNYtiBFye06LZSVZQLzCD5nxIJv8gmiKSj4PHTvxOdQbb8D0kGo55c1XSn9rTzxivuWzXiJrF5Q',
  e: 'AQAB',
} as const;

/** What takes the place of every client secret when secrets are changed: fixed, public, and guarding nothing. */
export const NEXT_SECRET = 'syncproof-reference-next-secret';

/** Where the private half of the next key lies in the repository. */
export const NEXT_PRIVATE_KEY_FILE = fileURLToPath(
  new URL('../../../fixtures/credentials/subject-next-private.pem', import.meta.url),
);
