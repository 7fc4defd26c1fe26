import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CheckDefinition } from '../check.ts';
import { nearest } from '../manifest/problem.ts';
import { asksOf, type Terms } from './terms.ts';

/**
 * Checks, minimum map and thresholds at one moment, so that two runs a year apart are held to the same. A draft may still be made
 * anew; what is frozen never is. The hash covers all the rest.
 */
export interface Edition {
  v: 1;
  edition: string;
  status: 'draft' | 'frozen';
  /** Days from and until which results by it can be had. */
  from: string;
  until: string;
  terms: Terms;
  hash: string;
}

/** An edition that there is not, or that was changed. */
export class EditionError extends Error {}

export const EDITIONS_FOLDER = fileURLToPath(new URL('../editions', import.meta.url));
const SUFFIX = '.generated.json';

/** Names of all editions, oldest first. */
export const editionIds = (): string[] =>
  readdirSync(EDITIONS_FOLDER)
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => name.slice(0, -SUFFIX.length))
    .sort();

export const editionFile = (id: string): string => `${EDITIONS_FOLDER}/${id}${SUFFIX}`;

export const hashOfEdition = ({ hash: _, ...rest }: Omit<Edition, 'hash'> & { hash?: string }): string =>
  createHash('sha256').update(JSON.stringify(rest)).digest('hex');

/** @throws EditionError when it is not what its hash says. */
export function parseEdition(text: string): Edition {
  const edition = JSON.parse(text) as Edition;
  if (edition.hash !== hashOfEdition(edition))
    throw new EditionError(
      `edition ${edition.edition} was changed: its content no longer has the hash ${edition.hash?.slice(0, 12)}`,
    );
  return edition;
}

/**
 * Checks that say something else of themselves by now than when the edition was made, or are gone: two results by it would no longer
 * mean the same.
 */
export function driftOf({ terms }: Pick<Edition, 'terms'>, checks: readonly CheckDefinition[]): string[] {
  return terms.checks.flatMap(({ id, asks }) => {
    const now = checks.find((check) => check.id === id);
    if (!now) return [`${id} is gone`];
    return asksOf(now) === asks ? [] : [`${id} asks for something else: its title, requirement, severity or level was changed`];
  });
}

/** @throws EditionError naming what there is. */
export function loadEdition(id: string): Edition {
  const known = editionIds();
  if (!known.includes(id) || !existsSync(editionFile(id))) {
    const close = nearest(id, known);
    throw new EditionError(
      `there is no edition ${JSON.stringify(id)}; ${close ? `did you mean ${close}? There are` : 'there are'} ${known.join(', ')}`,
    );
  }
  return parseEdition(readFileSync(editionFile(id), 'utf8'));
}
