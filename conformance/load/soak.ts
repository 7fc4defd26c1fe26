import { type Opened, openRun } from '../judge.ts';
import { EvidenceError, type RunFolder } from '../run-folder.ts';
import type { Soak } from '../standing/soak.ts';
import { isLoadRun, judgeLoad, type Wrong } from './load-result.ts';
import { growthOf } from './series.ts';

/** What a load run showed, from its folder: verified, and judged again. @throws EvidenceError when it cannot be trusted, or is none */
export function soakIn(folder: RunFolder): Soak {
  const opened = openRun(folder);
  if (!isLoadRun(opened)) throw new EvidenceError('it is no load run: "syncproof load soak" makes one');
  return soakOf(opened, folder.lastSeals());
}

export function soakOf(opened: Opened, seals: Record<string, string>): Soak {
  const { result } = judgeLoad(opened);
  const due = [...opened.facts.offers.values()].map((offer) => offer.due).sort((a, b) => a - b);
  const gapMs = due.reduce((most, at, i) => Math.max(most, at - (due[i - 1] ?? at)), 0);
  const p99 = result.latency.all?.p99;
  const wrong = (Object.keys(result.wrong) as Wrong[]).flatMap((name) => {
    const { count } = result.wrong[name];
    return count > 0 ? [`${count} ${name}`] : [];
  });
  const missed = result.limits.filter(({ met }) => !met).map(({ name, limit, actual }) => `${name} ${actual} of ${limit}`);
  const growth = growthOf(result.series, 'subject');
  const { name, version, digest } = opened.manifest.subject;
  return {
    run: result.id,
    subject: { name, version, ...(digest && { digest }) },
    map: opened.header.map,
    forMs: Math.round((due.at(-1) ?? 0) - (due[0] ?? 0)),
    gapMs: Math.round(gapMs),
    changes: due.length,
    ...(p99 && !p99.atLeast && { p99Ms: Math.ceil(p99.micros / 1000) }),
    ...(growth !== undefined && { growth }),
    exitCode: result.exitCode,
    why: result.exitCode > 1 ? [...result.void, ...result.warnings] : [...wrong, ...missed, ...result.warnings],
    seals,
  };
}
