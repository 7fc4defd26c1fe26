import type { Cell } from '#kernel';
import type { Site } from '../context.ts';

/** How long things take: as in a run that has no time to lose, or as the vendor has it. */
export type Pace = 'run' | 'vendor';

export interface ExportFile {
  /** In its address. */
  id: string;
  /** Counts from 1; resources are kept by it. */
  number: number;
  type: string;
  count: number;
}

/** One export, as it survives a restart. */
export interface ExportJob {
  key: string;
  /** Under which its resources are listed. */
  number: number;
  client: string;
  scopes: string[];
  /** The request as it was made: part of the manifest. */
  request: string;
  /** Id of the group; absent for all patients, and for everything. */
  group?: string;
  everything: boolean;
  types: string[];
  since?: string;
  /** Queries of `_typeFilter` by type: a resource must match one. */
  filters: Record<string, string[]>;
  /** Types that were wanted and are not covered. */
  uncovered: string[];
  /** Instant of which it shows the state. */
  at: string;
  state: 'running' | 'done' | 'failed';
  files: ExportFile[];
  /** Milliseconds since the epoch. */
  notBefore: number;
  expires: number;
  polled?: number;
}

/** The exports of a site. */
export interface Jobs {
  site: Site;
  salt: string;
  cell: Cell<ExportJob>;
  /** End of the last export by client and group (milliseconds), for vendors that limit how often. */
  last: Cell<number>;
  /** Resources listed so far, of jobs that run. */
  progress: Map<string, number>;
  pace(): Pace;
  /** Set when the site closes: nothing may touch the database after that. */
  stopped: boolean;
}

/** Seconds between polls; undefined where the vendor does not say. */
export function retryAfter({ site, pace }: Jobs): number | undefined {
  const { retryAfter: stated } = site.vendor.bulk.times;
  return stated === undefined || pace() === 'vendor' ? stated : 1;
}

/** The job of that name, if it is this client's and still kept. */
export function jobOf({ cell, site }: Jobs, key: string, client: string): ExportJob | undefined {
  const job = cell.get(key);
  return job && job.client === client && job.expires > site.kernel.clock.now() ? job : undefined;
}
