import type { BaselineRow, RunResult } from '#conformance';

/** Something that a reader has to know beside verdicts and numbers; every report draws it in the same words. */
export interface Remark {
  title: string;
  lines: string[];
}

const STATE: Record<BaselineRow['state'], string> = {
  known: 'fails as known',
  expired: 'still fails, and its day is over: it counts',
  stale: 'does not fail any more: remove it from the baseline',
  otherwise: 'fails in another way than is known: that counts',
  rowless: 'names no row of the map, and fails in some: that counts',
  unjudged: 'was not judged in this run',
};

function knownFailures({ baseline }: RunResult): Remark | undefined {
  if (baseline === undefined) return undefined;
  const lines = baseline.map(({ check, sub, channel, row, code, owner, reason, expires, state, rows = [] }) => {
    const where = [sub, channel, row].filter(Boolean).join(', ');
    // As entries were once: each has to be looked at by its owner, since one could hide what nobody knew of.
    const mend =
      rows.length > 0
        ? ` (add "row: ${rows[0]}"${rows.length > 1 ? `, and an entry each for ${rows.slice(1).join(', ')}` : ''})`
        : '';
    return `${check}${where && ` (${where})`} ${code}: ${STATE[state]}${mend}; ${owner}, until ${expires}: ${reason}`;
  });
  return { title: 'Known failures', lines: lines.length > 0 ? lines : ['the baseline names none'] };
}

function notSeen({ unseen }: RunResult): Remark | undefined {
  if (unseen === undefined) return undefined;
  const lines = unseen.map(({ what, why, checks }) => {
    const lacking = checks.length > 0 ? `untestable for want of it: ${checks.join(', ')}` : 'no check of this run needed it';
    return `${what}: ${why}; ${lacking}`;
  });
  return { title: 'What could not be seen', lines };
}

function leftOut({ leftOut: checks }: RunResult): Remark | undefined {
  if (!checks || checks.length === 0) return undefined;
  const lines = checks.map(({ id, title, ms }) => `${id} ${title}: it would have taken about ${Math.ceil(ms / 1000)} s more`);
  return { title: 'Left out for want of time', lines };
}

const REMARKS: readonly ((result: RunResult) => Remark | undefined)[] = [knownFailures, leftOut, notSeen];

/** What there is to remark about a run, in the order in which it is read. */
export const remarks = (result: RunResult): Remark[] => REMARKS.flatMap((one) => one(result) ?? []);
