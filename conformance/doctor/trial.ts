import { cohortOf } from '../applicable.ts';
import { Evidence } from '../facts/evidence.ts';
import { openRun } from '../judge.ts';
import type { Problem } from '../manifest/problem.ts';
import { readChannels } from '../manifest/read-channels.ts';
import type { Finding } from '../result.ts';
import type { RunFolder } from '../run-folder.ts';
import { canary } from './canary.ts';

/** What came of the canary, from the folder of its run: the channels that did not show it, and where the CRM differs from the map. */
export function canaryProblems(folder: RunFolder): Problem[] {
  const { facts, manifest, map } = openRun(folder);
  const evidence = new Evidence(facts, map, manifest);
  return manifest.sites.flatMap((site) => {
    const cohort = cohortOf(canary, site);
    const patient = facts.truthOf(cohort).find(({ type }) => type === 'Patient')?.versions[0]?.ref;
    if (!patient) return [];
    const unseen = readChannels(site).filter((kind) => facts.servedAt(patient, `${site.name}/${kind}`) === undefined);
    const findings = evidence.asMapped(cohort).filter(({ reason }) => reason !== 'not-read' || unseen.length === 0);
    return [
      ...unseen.map((kind) =>
        error(
          `the canary patient of ${site.name} was never shown on the channel ${kind}`,
          CHANNEL_FIX[kind] ?? 'let the sync read it, or take the channel out of the manifest',
        ),
      ),
      ...findings.map((finding) => error(`${site.name}: ${said(finding)}`, fixOf(finding))),
    ];
  });
}

const CHANNEL_FIX: Record<string, string> = {
  poll: 'let the sync find new patients there, or take poll out of channels.read',
  hl7: 'take the message and acknowledge it, or take hl7 out of channels.read',
};

const said = ({ message, row, expected, actual }: Finding): string =>
  [message, row && `(${row})`, expected !== undefined && `expected ${expected}`, actual !== undefined && `found ${actual}`]
    .filter(Boolean)
    .join(' ');

function fixOf({ reason, row }: Finding): string {
  if (reason === 'missing') return 'its output may say what the CRM refused; the fields of the map are what it has to write';
  if (reason === 'not-written-back') return 'let the sync write back what the CRM owns, or set write_back: none';
  return row ? 'correct the sync, or the row of the map if it is that which is wrong' : 'correct the sync';
}

const error = (message: string, fix: string): Problem => ({ severity: 'error', message, fix });
