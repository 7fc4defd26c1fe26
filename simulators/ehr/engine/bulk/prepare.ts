import type { ExportFile, ExportJob, Jobs } from './jobs.ts';
import { type Listing, rowsOf } from './listing.ts';

/** Lets everything else have its turn. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Lists what a job exports, a piece a turn: the process serves others meanwhile. Ends when it is done, or deleted; what
 * goes wrong is ours, and is reported.
 */
export async function prepare(jobs: Jobs, listing: Listing, key: string): Promise<void> {
  const { site, cell, progress } = jobs;
  const job = cell.get(key)!;
  const alive = (): boolean => !jobs.stopped && cell.get(key)?.number === job.number;
  try {
    // What a process that was killed had listed.
    while (listing.forget(job.number)) await turn();
    const files: ExportFile[] = [];
    const most = Math.min(site.vendor.bulk.perFile, site.fileLimit());
    for (const type of job.types) {
      let file: ExportFile | undefined;
      for (const rows of rowsOf(site, listing, job, type)) {
        for (let at = 0; at < rows.length; ) {
          if (!file || file.count >= most) {
            const id = site.vendor.bulk.key(site.kernel.mint(`ehr.${site.name}.export-file`));
            file = { id, number: files.length + 1, type, count: 0 };
            files.push(file);
          }
          const some = rows.slice(at, at + most - file.count);
          listing.add(job.number, file.number, some);
          file.count += some.length;
          at += some.length;
        }
        progress.set(key, (progress.get(key) ?? 0) + rows.length);
        await turn();
        if (!alive()) return;
      }
    }
    if (job.uncovered.length > 0) {
      const id = site.vendor.bulk.key(site.kernel.mint(`ehr.${site.name}.export-file`));
      files.push({ id, number: 0, type: 'OperationOutcome', count: job.uncovered.length });
    }
    finish(jobs, key, { state: 'done', files });
  } catch (error) {
    if (!alive()) return;
    site.kernel.report(error, { sim: 'ehr', tenant: site.name });
    finish(jobs, key, { state: 'failed' });
  } finally {
    progress.delete(key);
  }
}

function finish({ cell, site }: Jobs, key: string, result: Partial<ExportJob>): void {
  const { kept } = site.vendor.bulk.times;
  const done = { ...cell.get(key)!, ...result };
  const now = Math.max(site.kernel.clock.now(), done.notBefore);
  cell.set(key, { ...done, expires: now + kept * 1000 });
}

/** Takes up what was running when the process ended. */
export function resume(jobs: Jobs, listing: Listing): void {
  for (const { key, state } of [...jobs.cell.values()]) if (state === 'running') void prepare(jobs, listing, key);
}

/** Forgets a job and, a piece a turn, what was listed for it. */
export async function drop(jobs: Jobs, listing: Listing, { key, number }: ExportJob): Promise<void> {
  jobs.cell.delete(key);
  await turn();
  while (!jobs.stopped && listing.forget(number)) await turn();
}
