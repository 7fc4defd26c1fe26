import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Reply } from '../http.ts';
import type { ControlRoute } from './route.ts';

const PAGE = readFileSync(new URL('./page.html', import.meta.url), 'utf8');

const hashOf = (tag: string): string => {
  const [, inner = ''] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(PAGE) ?? [];
  return `'sha256-${createHash('sha256').update(inner).digest('base64')}'`;
};

// Its own script and style and nothing else: what events hold can never run.
const POLICY = [
  "default-src 'none'",
  `script-src ${hashOf('script')}`,
  `style-src ${hashOf('style')}`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page on the control port: a client of the routes beside it, with no other way to know anything. */
export const pageRoute: ControlRoute = {
  method: 'GET',
  path: '/',
  operation: 'page',
  doc: 'A page for people: parts, addresses, the live journal, switches for faults, parked calls, snapshots.',
  open: true,
  answer: {},
  also: { 'text/html': 'The page. It holds nothing itself; it asks for the token.' },
  run: (): Reply => ({
    status: 200,
    body: PAGE,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    },
  }),
};
