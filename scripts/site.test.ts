import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { renderPage, writeSite } from './site.ts';

const page = (text: string) => renderPage('docs/a.md', text, new Set(['docs/a.md', 'docs/b.md', 'README.md']));

it.each([
  ['a page', '[b](b.md)', '<a href="b.html">b</a>'],
  ['a heading of a page', '[b](b.md#two-words)', '<a href="b.html#two-words">b</a>'],
  ['the first page', '[r](../README.md)', '<a href="../index.html">r</a>'],
  ['a heading here', '[h](#here)', '<a href="#here">h</a>'],
  ['another site', '[x](https://example.org/a.md)', '<a href="https://example.org/a.md">x</a>'],
  ['a folder', '[d](decisions/)', '<a href="decisions/index.html">d</a>'],
])('a link to %s', (_, text, html) => expect(page(text).body).toContain(html));

it('names headings as GitHub does, also those that are code or come twice', () => {
  const { body, headings } = page('# T\n\n## A `b`: c\n\n## Twice\n\n## Twice\n');
  expect(headings.map(({ id }) => id)).toEqual(['a-b-c', 'twice', 'twice-1']);
  expect(body).toContain('<h2 id="twice-1">');
});

it('what a page shows as code is no markup', () => {
  expect(page('`<b>` and\n\n```\n<script>x</script>\n```\n').body).not.toMatch(/<(b|script)>/);
});

let out: string;
let pages: string[];
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'site-'));
  pages = writeSite(out);
});
afterAll(() => rmSync(out, { recursive: true }));

it('every link of the site, its navigation included, leads to a page and a heading of it', () => {
  const texts = new Map(pages.map((name) => [name, readFileSync(join(out, name), 'utf8')]));
  const wrong = [...texts].flatMap(([name, text]) =>
    [...text.matchAll(/<a [^>]*?href="([^"]*)"/g)].flatMap(([, href = '']) => {
      if (/^[a-z]+:/.test(href)) return [];
      const [path = '', anchor] = href.split('#');
      const target = path === '' ? name : posix.normalize(posix.join(posix.dirname(name), path));
      if (!existsSync(join(out, target)) || statSync(join(out, target)).isDirectory()) return [`${name}: ${href}`];
      return anchor === undefined || texts.get(target)?.includes(`id="${anchor}"`)
        ? []
        : [`${name}: ${href} has no such heading`];
    }),
  );
  expect(wrong).toEqual([]);
});

it('every page can be reached from the navigation of the first, but for those that only others link to', () => {
  const index = readFileSync(join(out, 'index.html'), 'utf8');
  const missing = pages.filter((name) => name.startsWith('docs/') && !index.includes(`href="${name}"`));
  expect(missing).toEqual(['docs/decisions/index.html']);
});
