import type { Access } from '../smart/scopes.ts';

/** How a vendor exports in bulk. `{fhir}` in paths is the FHIR base; times are what the vendor has outside of a test run. */
export interface Bulk {
  paths: { job: string; file: string };
  /** How the name of a job looks, from 64 hex digits. */
  key: (hex: string) => string;
  /** What a token needs for a type. */
  letter: Access;
  /** A type that was asked for and is not covered: the whole export is refused, or `error` of the manifest says so. */
  uncovered: 'refuse' | 'note';
  /** Must the client say `Prefer: respond-async`? */
  prefer: 'required' | 'optional';
  since: 'honoured' | 'ignored';
  typeFilter: boolean;
  /** Parameters that it does not know, without `Prefer: handling=lenient`. */
  unknown: 'refuse' | 'ignore';
  manifest: { counts: boolean; requiresAccessToken: boolean | string };
  /** Resources in one file at most. */
  perFile: number;
  /** Files come from here, or from a store elsewhere by a signed address that wants no token. */
  delivery: 'direct' | 'redirect';
  /** `X-Progress` while it runs. */
  progress: (resources: number) => string;
  /** Seconds: between polls (absent: it does not say), a job takes at least, the result is kept, between exports of a group. */
  times: { retryAfter?: number; job: number; kept: number; window: number };
}

/** The standard: hl7.org/fhir/uv/bulkdata/STU2/export.html */
export const R4_BULK: Bulk = {
  paths: { job: '{fhir}/bulk-export/jobs/:job', file: '{fhir}/bulk-export/files/:file' },
  key: (hex) => hex.slice(0, 32),
  letter: 'r',
  uncovered: 'refuse',
  prefer: 'required',
  since: 'honoured',
  typeFilter: true,
  unknown: 'refuse',
  manifest: { counts: true, requiresAccessToken: true },
  perFile: 3000,
  delivery: 'direct',
  progress: (resources) => `${resources} resources so far`,
  times: { retryAfter: 10, job: 10, kept: 86_400, window: 0 },
};

/**
 * fhir.epic.com (docId=fhir_bulk_data): jobs beside the R4 base, `requiresAccessToken` a string, `_since` without effect,
 * 3000 resources a file, one request per group and client in 24 hours. The words of X-Progress are not documented.
 */
export const EPIC_BULK: Bulk = {
  ...R4_BULK,
  paths: {
    job: '/interconnect-fhir-oauth/api/FHIR/BulkRequest/:job',
    file: '/interconnect-fhir-oauth/api/FHIR/BulkRequest/:job/:file',
  },
  key: (hex) => hex.slice(0, 32).toUpperCase(),
  letter: 's',
  uncovered: 'note',
  since: 'ignored',
  unknown: 'ignore',
  manifest: { counts: false, requiresAccessToken: 'true' },
  progress: (resources) => `Searched ${resources} resources`,
  times: { job: 60, kept: 14 * 86_400, window: 86_400 },
};

/** fhir.cerner.com/millennium/bulk-data: files by 307 to a signed address, 600 s between polls, kept for 30 days. */
export const CERNER_BULK: Bulk = {
  ...R4_BULK,
  delivery: 'redirect',
  progress: () => 'in-progress',
  times: { retryAfter: 600, job: 60, kept: 30 * 86_400, window: 0 },
};

/** docs.athenahealth.com/api/fhir-r4/group: Group level only; how polls and manifest look is not documented, so the standard. */
export const ATHENA_BULK: Bulk = R4_BULK;
