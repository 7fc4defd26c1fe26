import {
  BADGES,
  CAPABILITIES,
  CHECKS,
  capabilitiesOf,
  editionIds,
  GATE_KEYS,
  LEVELS,
  loadEdition,
  SOAK,
  termsOf,
} from '#conformance';
import { table } from './markdown.ts';

const terms = termsOf(CHECKS);

const percentOf = (share: number | undefined): string => (share === undefined ? '' : `${share} %`);

const levelRows = LEVELS.map(({ id, name, meantFor, needs, majors, profile, beyond }) => [
  ...[id, name, needs, percentOf(majors), profile.join(', ')],
  ...[beyond({ size: 'ci' }).join(', '), meantFor],
]);

const mustRows = terms.levels
  .filter(({ must }) => must.length > 0)
  .map(({ id, must }) => [id, String(must.length), must.join(' ')]);

const badgeRows = terms.badges.map(({ id, must }) => [id, BADGES.find((badge) => badge.id === id)!.title, must.join(' ')]);

const capabilityRows = Object.entries(CAPABILITIES).map(([name, doc]) => {
  const of = CHECKS.filter((check) => capabilitiesOf(check).some((one) => one === name)).map(({ id }) => id);
  return [name, doc, of.join(' ')];
});

const editionRows = editionIds().map((id) => {
  const { status, from, until, terms: frozen, hash } = loadEdition(id);
  return [id, status, from, until, String(frozen.checks.length), `\`${hash.slice(0, 12)}\``];
});

const seconds = (ms: number): string => (ms >= 120_000 ? `${ms / 60_000} min` : `${ms / 1000} s`);

/** Levels, badges, gates and editions, from the tables by which they are awarded. */
export const levelsPage = (): string => `# Levels, badges, gates, editions

A level is a set of checks that all have to pass, never a percentage of everything: one patient mixed up with another is not outweighed
by a hundred right phone numbers. What does not apply to a manifest is left out, by name and reason; what could not be judged does
not count as passed. Every report says the same sentence about it, and what stands between the run and the next level.

## Levels

${table(['level', 'name', 'asks for', 'majors at least', 'has to be declared and witnessed', 'beyond ci size', 'meant for'], levelRows)}

Each level includes those below it. Majors count by weight over all levels up to it, a failed one with those of its sub-cases that hold.

- **ci size shows less than a level asks for.** Volumes, explored schedules and durations of levels 2 and 3 are those of \`--size full\`. A run in
  ci size says "level 2 in ci size only" where their checks hold, and never awards them.
- **A full run takes 25 minutes and more**: LT-03 offers changes for ten minutes, LT-04 is out for ten, OR-06 explores 300 schedules, BV-02 loads
  10,000 people. \`check --size full --dry-run\` estimates it. Of the bundled sync no full run has come to its end yet: the one that was begun (2026-11-20, on two
  cores that twenty others wanted) had 100 checks passed when it was ended in LT-04, nine failed and LT-03 void; of the failed ones eight were run again in full size with a
  sync window of 20 s in place of 4 s: six passed, RS-07 met nothing and SE-08 failed, both after the exploration of OR-06 and by charts that were read too late. It
  came before them; it comes after them now, which no run has shown yet.
- **The hour of soak** that level 3 asks for is no check: \`syncproof load soak\` runs it, and \`check --size full --soak <its run folder>\` goes by
  it. Its evidence is judged again first. It counts when it was of the same sync (name, version, digest) and the same data map, when
  changes came for an hour at the promised rate or more, never a minute without one, when nothing was wrong at its end, p99 stayed within the promised sync
  window, and the memory of the sync grew by no more than ${SOAK.growth} %. One that failed fails level 3; one that is void, too short or of another
  sync leaves it open, and says why. What it showed is kept with the run, with the seals of its journals; \`syncproof judge <run> --soak <load run>\`
  holds a run that is there to one that came later.
- **Nothing is awarded** to a run of a selection (\`--only\`), to one that was interrupted, to a subject that called the control API, and when
  the sandbox failed.
- **A broken invariant** stands against the level of the check among whose people it was seen. Where that check failed as well, it is told there and
  weighs what the check weighs, but for G2: a value of another patient is never weighed.
- **Read beside the level**: TLS that is off, capabilities that are declined, the edition.

What has to pass, where it applies ([each check](checks.md)):

${table(['level', 'checks', 'ids'], mustRows)}

## Badges

What a sync can do, beside its level and never without one. Badges of a vendor or a channel go by the verdicts at the sites that are read so.

${table(['badge', 'what it says', 'must pass, where it applies'], badgeRows)}

The class of latency goes by the slowest p95 of the checks that measure it, from commit to commit: ${Object.entries(terms.latency)
  .map(([name, ms]) => `${name} at most ${seconds(ms)}`)
  .join(', ')}. A change that never came, or a check of them that failed, is of no class.

## Capabilities

A manifest declines what a sync does not do, with the reason (\`capabilities: {referrals: {no: not in scope}}\`); its checks then do not apply, and
the reason is printed beside the level. What is declared and absent fails. What is seen and not declared is a warning.

${table(['capability', 'meaning', 'checks'], capabilityRows)}

## Score

For trends, beside the level. Weights: blocker 8, major 4, minor 2. A check of several cases that fails is worth those that hold. A failed
blocker leaves its dimension 49 of 100 at most; what could not be judged scores nothing and is drawn hatched. Overall is the lowest of
correctness, idempotency and security. **Coverage** stands apart: the weight of what was seen to hold or not to, of what applies.

## Gates

\`syncproof check --gate level=L1,regressions=0,latency=B,coverage=100 --against main/result.json\`

${table(
  ['asks for', 'example'],
  GATE_KEYS.map(({ doc, example }) => [doc, `\`${example}\``]),
)}

| exit code | with a gate |
| --- | --- |
| 0 | all of it is met; what it does not ask for may fail |
| 1 | the sync does not meet it |
| 2 | it cannot be read, or no such run could meet it: said before anything is run |
| 3 | something that it needs could not be judged, or the run was interrupted |
| 4 | it is met, and a known failure does not fail any more |
| 5 | the harness failed |

The gate is kept with the evidence. \`syncproof judge <run> --gate …\` holds a run to another one and leaves its folder as it is.

## Editions

An edition freezes ids, severities, levels and the sentences of checks (a digest of each; a test fails when one drifts), the minimum map and all thresholds in one hashed file, so that two results a year apart
mean the same. Checks that came later are run and not scored (\`added-after-freeze\`); a map that lacks a part of the minimum is refused. A
draft may change until it is frozen, and says so beside the level.

${table(['edition', 'status', 'from', 'until', 'checks', 'hash'], editionRows)}
`;
