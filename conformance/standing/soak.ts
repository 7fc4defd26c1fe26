import { formatDuration } from '../manifest/duration.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { Lack } from '../result.ts';

/** What a load run has to show to be the soak of a level; frozen with an edition. */
export interface SoakTerms {
  /** For how long changes came. */
  ms: number;
  /** No longer without a change than this: an hour with a change at either end is none. */
  gapMs: number;
  /** How much the subject's memory may grow between the second and the last quarter, in percent. */
  growth: number;
}

export const SOAK: SoakTerms = { ms: 3_600_000, gapMs: 60_000, growth: 25 };

/** As much as a level asks of a load run: kept with the evidence of the run of checks that is held to it. */
export interface Soak {
  run: string;
  subject: { name: string; version: string; digest?: string };
  /** Hash of its data map. */
  map: string;
  /** From the first change to the last, as they were due, and the longest time between two. */
  forMs: number;
  gapMs: number;
  changes: number;
  /** Of the slowest hundredth; absent where one of those was never seen. */
  p99Ms?: number;
  growth?: number;
  exitCode: number;
  /** Why it counts for nothing, or what was wrong at its end. */
  why: string[];
  /** The last seal of each of its journals: whoever has the folder can tell that it is this one. */
  seals: Record<string, string>;
}

/** How a soak stands to what a level asks for. */
export interface SoakStanding {
  run: string;
  /** In a few words, to be read beside the level. */
  words: string;
  /** What keeps it from counting; with one that failed, the subject did. */
  lacks: Pick<Lack, 'kind' | 'why'>[];
}

/** For who subject and map are those of the run of checks, by which the soak is to count. */
export interface SoakOf {
  manifest: Pick<Manifest, 'subject' | 'promises'>;
  /** Hash of its data map. */
  map: string;
}

/** Holds a load run against what a level asks for. One of another sync, or too short a one, says nothing about the subject. */
export function heldUp(
  soak: Soak,
  { manifest: { subject, promises }, map }: SoakOf,
  { levels }: { levels: readonly { soak?: SoakTerms }[] },
): SoakStanding {
  // An edition without one asks for that of today.
  const terms = levels.flatMap((level) => level.soak ?? [])[0] ?? SOAK;
  const { forMs, changes, p99Ms, growth, exitCode } = soak;
  const rate = forMs > 0 ? Math.round((changes / forMs) * 10_000) / 10 : 0;
  const long = formatDuration(Math.floor(forMs / 1000) * 1000);
  const named = ({ name, version, digest }: Soak['subject']): string => `${name} ${version}${digest ? ` ${digest}` : ''}`;
  const unknown: (string | false)[] = [
    named(soak.subject) !== named(subject) && `it was of ${named(soak.subject)}, not of ${named(subject)}`,
    soak.map !== map && 'it was judged by another data map',
    forMs < terms.ms && `its changes came for ${long}, and ${formatDuration(terms.ms)} are asked for`,
    soak.gapMs > terms.gapMs && `no change came for ${formatDuration(Math.ceil(soak.gapMs / 1000) * 1000)} of it`,
    rate < promises.tps && `it offered ${rate} changes a second, and ${promises.tps} are promised`,
    exitCode > 1 && `it came to nothing: ${soak.why.join('; ') || `exit code ${exitCode}`}`,
  ];
  const failed: (string | false)[] = [
    exitCode === 1 && `failed: ${soak.why.join('; ') || 'a limit of it was missed'}`,
    exitCode <= 1 &&
      (p99Ms === undefined || p99Ms > promises.sync_window) &&
      `failed: p99 was ${p99Ms === undefined ? 'never seen' : `${p99Ms} ms`}, and ${formatDuration(promises.sync_window)} are promised`,
    growth !== undefined && growth > terms.growth && `failed: the memory of the sync grew by ${growth} %, over ${terms.growth} %`,
  ];
  const said = (kind: Lack['kind'], all: readonly (string | false)[]) =>
    all.flatMap((why) => (why === false ? [] : [{ kind, why }]));
  // Of another sync, or of no hour, a failure is told where it was run.
  const missing = said('unknown', unknown);
  const memory = growth === undefined ? ', its memory not measured' : '';
  return {
    run: soak.run,
    words: `soak of ${long} at ${rate} changes a second${memory}`,
    lacks: missing.length > 0 ? missing : said('failed', failed),
  };
}
