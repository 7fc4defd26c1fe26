import express from 'express';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RouteMemo } from './route-memo.ts';

const LAMPS = [
  '/hall/switches',
  '/hall/:lamp/_history',
  '/hall/:lamp/:bulb',
  '/hall/:lamp',
  '/hall/:lamp/:bulb/*rest',
  '/data/v:version',
  '/data/v:version/all',
  '/data/v:version/old{/*rest}',
  '/data/v:version/:lamp/f:floor',
  '/data/vat:rate/all',
  '/:lamp',
];

type Found = { pattern: string; params: Record<string, string> } | undefined;

/** A router of these patterns: what it says itself, and what it says with a memo before it. */
function hall(patterns: readonly string[]) {
  const memo = new RouteMemo<string>();
  const router = express.Router();
  let found: Found;
  let asked = 0;
  for (const pattern of patterns) {
    memo.add(pattern);
    router.all(pattern, (req) => {
      asked++;
      const params = Object.entries(req.params as Record<string, string | string[]>);
      found = { pattern, params: Object.fromEntries(params.map(([name, value]) => [name, [value].flat().join('/')])) };
    });
  }
  const route = (path: string): Found => {
    found = undefined;
    router({ method: 'GET', url: path } as express.Request, {} as express.Response, () => {});
    return found;
  };
  const remembered = (path: string): Found => {
    const known = memo.find('GET', path);
    if (known) return { pattern: known.match, params: known.params };
    const fresh = route(path);
    if (fresh) memo.keep('GET', path, fresh.pattern, fresh.pattern);
    return fresh;
  };
  return { route, remembered, asked: () => asked };
}

test.each([
  ['/hall/porch', '/hall/cellar', 1],
  ['/hall/porch/1', '/Hall/cellar/2', 1],
  ['/data/v1.0/all', '/DATA/v60/All', 1],
  ['/data/v1.0/porch/f1', '/data/v2/cellar/f2', 1],
  ['/data/v1/all', '/data/vat7/all', 2],
  ['/hall/porch', '/hall/switches', 2],
  ['/hall/porch/1', '/hall/porch/_history', 2],
  ['/hall/porch', '/hall/p%C3%B6rch', 1],
  ['/hall/porch', '/hall/a%2Fb%7C1', 1],
  ['/porch', '/h%61ll', 1],
  ['/hall/switches', '/hall/sw%69tches', 2],
  ['/hall/porch', '/hall/porch/', 2],
  ['/hall/a/b/c', '/hall/d/e/f', 2],
  ['/data/v1/old', '/data/v2/old', 2],
])('%s, then %s: the router is asked %i times', (first, second, times) => {
  const { remembered, asked } = hall(LAMPS);
  expect([remembered(first), remembered(second)]).not.toContain(undefined);
  expect(asked()).toBe(times);
});

test('the memo answers as the router does, parameters included', () => {
  const segment = fc.oneof(
    fc.constantFrom('hall', 'HALL', 'data', 'switches', '_history', 'all', 'old', 'v1', 'V60.0', 'v', 'vat', 'vat7', 'f1', 'f'),
    fc.constantFrom('', '.', '$all', 'a:b', 'a b', 'ſ', 'é', '*', '{x}', '__proto__'),
    fc.constantFrom('%20', '%zz', 'h%61ll', 'a%2Fb', 'v%31', '%E0%A4%A'),
    fc.string({ maxLength: 3 }).filter((text) => !/[?#\\]/.test(text)),
  );
  // Anything, and what some pattern nearly takes.
  const path = fc.oneof(
    fc.array(segment, { minLength: 1, maxLength: 5 }).map((all) => `/${all.join('/')}`),
    fc
      .tuple(fc.constantFrom(...LAMPS), fc.array(fc.constantFrom('v1', 'vat7', 'f1', 'all', 'x'), { minLength: 9, maxLength: 9 }))
      .map(([pattern, names]) => pattern.replace(/\w*[:*]\w+|[{}]/g, (piece) => (/[{}]/.test(piece) ? '' : names.pop()!))),
  );
  fc.assert(
    fc.property(fc.array(path, { minLength: 1, maxLength: 40 }), (paths) => {
      const { route, remembered } = hall(LAMPS);
      for (const each of paths) expect(remembered(each), each).toEqual(route(each));
    }),
  );
});

test('with a pattern that shapes cannot tell apart, the router is asked each time', () => {
  const { remembered, asked } = hall(['/:lamp.:bulb', '/:lamp']);
  const found = ['/porch', '/porch.1', '/cellar', '/cellar.2'].map((path) => remembered(path)?.pattern);
  expect([found, asked()]).toEqual([['/:lamp', '/:lamp.:bulb', '/:lamp', '/:lamp.:bulb'], 4]);
});

test('a route that is added is heard of', () => {
  const memo = new RouteMemo<string>();
  memo.add('/:lamp');
  memo.keep('GET', '/porch', '/:lamp', 'any');
  expect(memo.find('GET', '/cellar')).toEqual({ match: 'any', params: { lamp: 'cellar' } });
  expect(memo.find('PUT', '/cellar')).toBeUndefined();
  memo.add('/porch');
  expect(memo.find('GET', '/cellar')).toBeUndefined();
});
