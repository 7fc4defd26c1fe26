/** A page without what is code, which holds no links and no headings. Line breaks stay. */
export const prose = (page: string): string =>
  page
    .replace(/^([ ]*)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\2[ ]*$/gm, (block) => block.replace(/[^\n]/g, ''))
    .replace(/<!--[\s\S]*?-->/g, (text) => text.replace(/[^\n]/g, ''));

/**
 * Names the headings of one page, in their order, as GitHub does in an address: `## A. b-c!` is `#a-b-c`; the second of a name ends
 * in `-1`.
 */
export function headingNames(): (heading: string) => string {
  const seen = new Map<string, number>();
  return (heading) => {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const slug = text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  };
}

/** What the headings of a page are called in an address. */
export const anchors = (page: string): Set<string> => {
  const name = headingNames();
  return new Set([...prose(page).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(([, heading = '']) => name(heading)));
};

/** Targets of the links and pictures of a page, with their lines. */
export const links = (page: string): { target: string; line: number }[] =>
  prose(page)
    .split('\n')
    .flatMap((text, i) =>
      [...text.replace(/`[^`]*`/g, '').matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map(([, target = '']) => ({
        target,
        line: i + 1,
      })),
    );

export interface Command {
  line: number;
  /** What follows the program: `check --only ID-01`. */
  words: string[];
}

/** Command lines of a program that a page shows, in blocks and in the text: up to a comment, a pipe or the end. */
export function commands(page: string, program: RegExp): Command[] {
  const found: Command[] = [];
  const joined = page.replace(/ *\\\n\s*/g, (gap) => ` ${'\u0000'.repeat(gap.split('\n').length - 1)}`);
  let line = 0;
  let fence: string | undefined;
  for (const text of joined.split('\n')) {
    line += 1;
    const mark = /^\s*(`{3,}|~{3,})/.exec(text)?.[1];
    if (mark) fence = fence === undefined ? mark : text.trim() === fence ? undefined : fence;
    const codes = fence === undefined ? [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code) : [text];
    for (const code of codes)
      for (const piece of code.split(/\s(?:#|\||&&|\|\|)\s|[;()]/)) {
        const match = program.exec(piece);
        if (match)
          found.push({
            line,
            words: piece
              .slice(match.index + match[0].length)
              .replaceAll('\u0000', '')
              .trim()
              .split(/\s+/),
          });
      }
    line += text.split('\u0000').length - 1;
  }
  return found;
}
