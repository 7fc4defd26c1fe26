import type { Handler, Request } from '#kernel';
import type { Vendor } from '../vendors/vendor.ts';

/** What a browser is told of who may read a reply. */
export interface Cors {
  /** Also to those who say no Origin. */
  always?: boolean;
  headers: Readonly<Record<string, string>>;
}

export const corsHeaders = ({ cors }: Vendor, { headers }: Request): Readonly<Record<string, string>> | undefined =>
  cors && (cors.always || headers.origin !== undefined) ? cors.headers : undefined;

/** A browser asks before it sends a token: whatever headers it wants to send it may, where the vendor names none itself. */
export const preflight =
  (vendor: Vendor): Handler =>
  ({ request }) => {
    const asked = request.headers['access-control-request-headers'];
    const named = vendor.cors?.headers['access-control-allow-headers'] !== undefined;
    const allowed: Record<string, string> =
      asked === undefined || named ? {} : { 'access-control-allow-headers': asked.split(/\s*,\s*/).join(', ') };
    return { status: 200, headers: { 'content-length': '0', ...allowed } };
  };
