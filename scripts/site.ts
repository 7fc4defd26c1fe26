/**
 * `npm run site`: the documentation as pages for a browser, in reports/runs/site (or `--out FOLDER`). Every page of Markdown of the
 * repository becomes one of HTML beside the others, with the index of docs/README.md at its side; what a page links to comes along,
 * so that the folder can be opened from a disk or put on any web server. Nothing is loaded from elsewhere.
 */
import { cpSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Marked, type Tokens } from 'marked';
import { headingNames } from './house/markdown.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const INDEX = 'docs/README.md';

const STYLE = `
:root{--page:#f4f6f9;--panel:#fff;--ink:#182133;--dim:#586377;--line:#d7dde7;--accent:#1d4f80;--sunk:#eef1f6;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--page:#0e1218;--panel:#161c26;--ink:#e3e8f1;--dim:#9aa5b8;--line:#2d3746;--accent:#82b5e8;--sunk:#1f2733}}
*{box-sizing:border-box}html{scroll-behavior:smooth;scroll-padding-top:16px}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;display:grid;grid-template-columns:260px minmax(0,1fr);max-width:1320px;margin:0 auto}
.side{position:sticky;top:0;height:100vh;overflow:auto;padding:24px 16px 40px 24px;font-size:.9rem;border-right:1px solid var(--line)}
.side b{display:block;margin:18px 0 4px;font-size:.76rem;letter-spacing:.06em;text-transform:uppercase;color:var(--dim)}
.side .brand{margin:0 0 6px;font-size:1.05rem;letter-spacing:0;text-transform:none}.side a{display:block;padding:2px 0;color:var(--ink);text-decoration:none}
.side a:hover{color:var(--accent)}.side a[aria-current]{color:var(--accent);font-weight:650}.side .in{padding-left:14px;font-size:.94em;color:var(--dim)}
main{padding:24px 40px 80px;min-width:0;overflow-wrap:break-word}
h1,h2,h3,h4{line-height:1.25;text-wrap:balance}h1{font-size:1.9rem;margin-top:.2em}h2{margin-top:2em;padding-bottom:.25em;border-bottom:1px solid var(--line)}h3{margin-top:1.6em}
a{color:var(--accent)}.anchor{opacity:0;margin-left:.4em;text-decoration:none}:is(h2,h3,h4):hover .anchor,.anchor:focus{opacity:.6}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.88em}code{background:var(--sunk);padding:.1em .3em;border-radius:4px}
pre{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:12px 16px;overflow:auto}pre code{background:none;padding:0}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.92rem;background:var(--panel)}th,td{border:1px solid var(--line);padding:6px 10px;text-align:left;vertical-align:top}th{background:var(--sunk)}
blockquote{margin:1em 0;padding:.2em 1em;border-left:4px solid var(--line);color:var(--dim)}img{max-width:100%}
@media (max-width:860px){body{display:block}.side{position:static;height:auto;border-right:0;border-bottom:1px solid var(--line)}main{padding:16px 20px 60px}}
@media print{body{display:block}.side{display:none}}`;

/** Text of an HTML element or a quoted attribute. */
const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (found) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[found]!);

/** Where a page of Markdown stands in the site: `docs/README.md` at `docs/index.html`. */
export const address = (page: string): string => page.replace(/(^|\/)README\.md$/, '$1index.md').replace(/\.md$/, '.html');

/** A page's own title, its first heading. */
const titleOf = (text: string): string => /^#\s+(.+)$/m.exec(text)?.[1]?.replace(/[`*]/g, '') ?? 'Syncproof';

interface Heading {
  id: string;
  text: string;
}

/** A page and what it needs beside it. */
export interface Rendered {
  title: string;
  body: string;
  /** Its headings of the second level. */
  headings: Heading[];
  /** Files and folders of the repository that it links to and that are no pages, relative to the root. */
  files: string[];
}

/**
 * Renders one page.
 *
 * @param page Its path from the root; links are relative to it.
 * @param pages Paths of all pages: links to them become links to the pages of the site.
 */
export function renderPage(page: string, text: string, pages: ReadonlySet<string>): Rendered {
  const name = headingNames();
  const headings: Heading[] = [];
  const files: string[] = [];

  const follow = (href: string): string => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(href) || href.startsWith('#')) return href;
    const [path = '', anchor] = href.split('#');
    const target = posix.normalize(posix.join(posix.dirname(page), decodeURI(path)));
    if (!pages.has(target)) files.push(target.replace(/\/$/, ''));
    const linked = pages.has(target) ? address(path) : /\/$/.test(path) ? `${path}index.html` : path;
    return anchor === undefined ? linked : `${linked}#${anchor}`;
  };

  const marked = new Marked({ gfm: true });
  marked.use({
    renderer: {
      heading({ tokens, depth, raw }: Tokens.Heading): string {
        const inner = this.parser.parseInline(tokens);
        const id = name(raw.replace(/^#+\s+|\s*#*\s*$/g, ''));
        if (depth === 2) headings.push({ id, text: inner.replace(/<[^>]*>/g, '') });
        const link = depth === 1 ? '' : `<a class="anchor" href="#${escaped(id)}" aria-label="link to this section">#</a>`;
        return `<h${depth} id="${escaped(id)}">${inner}${link}</h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link): string {
        return `<a href="${escaped(follow(href))}">${this.parser.parseInline(tokens)}</a>`;
      },
      table({ header, rows }: Tokens.Table): string {
        const cell = (tag: 'th' | 'td') => (one: Tokens.TableCell) =>
          `<${tag}${one.align ? ` style="text-align:${one.align}"` : ''}>${this.parser.parseInline(one.tokens)}</${tag}>`;
        const body = rows.map((row) => `<tr>${row.map(cell('td')).join('')}</tr>`).join('\n');
        return `<div class="scroll"><table><thead><tr>${header.map(cell('th')).join('')}</tr></thead><tbody>\n${body}</tbody></table></div>\n`;
      },
    },
  });
  const body = marked.parse(text, { async: false });
  return { title: titleOf(text), body, headings, files };
}

/** What stands at the side of every page: the parts of the index with the pages that each leads to, in its order. */
function navigation(index: string, pages: ReadonlyMap<string, string>): { part: string; pages: string[] }[] {
  const known = (folder: string, text: string): string[] => [
    ...new Set(
      [...text.matchAll(/\]\(([^)#\s]+\.md)/g)]
        .map(([, target = '']) => posix.normalize(posix.join(folder, target)))
        .filter((page) => pages.has(page)),
    ),
  ];
  const parts = index.split(/^## /m).slice(1);
  return [
    { part: '', pages: ['README.md', INDEX] },
    ...parts
      .map((text) => ({ part: text.slice(0, text.indexOf('\n')), pages: known('docs', text) }))
      .filter((part) => part.pages.length > 0),
    { part: 'Decisions', pages: [...pages.keys()].filter((page) => page.startsWith('docs/decisions/')).sort() },
    { part: 'Project', pages: ['CONTRIBUTING.md', 'CHANGELOG.md'].filter((page) => pages.has(page)) },
  ];
}

function wholePage(
  page: string,
  rendered: Rendered,
  parts: ReturnType<typeof navigation>,
  pages: ReadonlyMap<string, string>,
): string {
  const from = posix.dirname(address(page));
  const links = parts.map(({ part, pages: listed }) => {
    const items = listed.map((one) => {
      const here = one === page;
      const inside = here
        ? rendered.headings.map(({ id, text }) => `<a class="in" href="#${escaped(id)}">${text}</a>`).join('')
        : '';
      const title = one === 'README.md' ? 'Read me' : one === INDEX ? 'Where to begin' : titleOf(pages.get(one)!);
      return `<a href="${posix.relative(from, address(one))}"${here ? ' aria-current="page"' : ''}>${escaped(title)}</a>${inside}`;
    });
    return `${part ? `<b>${escaped(part)}</b>` : ''}${items.join('\n')}`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src 'self'">
<title>${escaped(rendered.title)}${rendered.title === 'Syncproof' ? '' : ' · Syncproof'}</title><style>${STYLE}</style></head>
<body><nav class="side"><b class="brand">Syncproof</b>
${links.join('\n')}</nav>
<main>
${rendered.body}</main></body></html>
`;
}

/** A folder that a page links to: its pages and files by name. */
function listing(folder: string, pages: ReadonlyMap<string, string>): string {
  const rows = readdirSync(join(ROOT, folder)).map((name) => {
    const text = pages.get(`${folder}/${name}`);
    return `- [${text ? titleOf(text) : name}](${name})`;
  });
  return `# ${folder}\n\n${rows.join('\n')}\n`;
}

/** Writes the whole site into a folder, in place of what stood there. Resolves to the paths of its pages. */
export function writeSite(out: string): string[] {
  const names = globSync('**/*.md', { cwd: ROOT, exclude: (name) => /(^|\/)(node_modules|\.[a-z]+|runs)$/.test(name) });
  const pages = new Map(names.map((page) => [page, readFileSync(join(ROOT, page), 'utf8')]));
  rmSync(out, { recursive: true, force: true });
  const parts = navigation(pages.get(INDEX)!, pages);
  const todo = [...pages.keys()];
  const written = new Set<string>();
  for (const page of todo) {
    const rendered = renderPage(page, pages.get(page)!, new Set(pages.keys()));
    const path = join(out, address(page));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, wholePage(page, rendered, parts, pages));
    written.add(address(page));
    for (const file of rendered.files) {
      if (!existsSync(join(ROOT, file)) || written.has(file)) continue;
      written.add(file);
      if (statSync(join(ROOT, file)).isDirectory()) {
        const index = `${file}/README.md`;
        if (pages.has(index)) continue;
        pages.set(index, listing(file, pages));
        todo.push(index);
      } else {
        mkdirSync(dirname(join(out, file)), { recursive: true });
        cpSync(join(ROOT, file), join(out, file));
      }
    }
  }
  return todo.map(address).sort();
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: join(ROOT, 'reports', 'runs', 'site') } } });
  const pages = writeSite(values.out);
  console.log(`${pages.length} pages: ${join(values.out, 'index.html')}`);
}
