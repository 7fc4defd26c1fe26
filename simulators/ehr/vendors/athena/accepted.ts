import type { Accepted } from '../accepted.ts';

/** Requests that athenahealth accepts: named queries for some parameters. For tests. */
export const ATHENA_ACCEPTED: Accepted = {
  asks: Object.fromEntries(
    ['base-appointment-id', 'group-appointment-id'].map((name) => [
      `Appointment.${name}`,
      (value: string): [string, string][] => [
        ['_query', name],
        [name, value],
      ],
    ]),
  ),
};
