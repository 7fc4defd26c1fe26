/** An element as SOAP needs it: local name, type, whether it is nil, text, children. Namespaces are not looked at, as clients choose their prefixes. */
export interface Element {
  name: string;
  /** Local name of the type that `xsi:type` gives it. */
  type?: string;
  nil: boolean;
  text: string;
  children: Element[];
}

/** What is no XML, or more than anybody sends. */
export class BadXml extends Error {}

const MOST_DEEP = 64;
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => ENTITIES[c]!);

/** Text with its entities resolved; CDATA as it is. */
export function unescaped(text: string): string {
  const cdata = /^\s*<!\[CDATA\[([\s\S]*?)\]\]>\s*$/.exec(text);
  if (cdata) return cdata[1]!;
  return text
    .replace(/&#(x[0-9a-f]+|\d+);/gi, (whole, n: string) => {
      const code = n[0]?.toLowerCase() === 'x' ? Number.parseInt(n.slice(1), 16) : Number(n);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    })
    .replace(/&(lt|gt|quot|apos|amp);/g, (entity) => Object.keys(ENTITIES).find((c) => ENTITIES[c] === entity)!);
}

/** Text of the first element of that local name. */
export function element(source: string, name: string): string | undefined {
  const found = new RegExp(`<(?:[\\w.-]+:)?${name}(?:\\s[^>]*)?>([\\s\\S]*?)</(?:[\\w.-]+:)?${name}\\s*>`).exec(source);
  return found ? unescaped(found[1]!) : undefined;
}

// One piece of markup: a comment, CDATA, an instruction, or a tag whose quoted attributes may hold any sign but a quote.
const PIECE =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<(\/?)([\w.:-]+)((?:\s+[\w.:-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>/g;

/** Reads a document. Document types are refused: an entity of one's own is how XML readers are attacked. @throws BadXml */
export function parseXml(source: string): Element {
  const root: Element = { name: '', nil: false, text: '', children: [] };
  const open = [root];
  let at = 0;
  for (const piece of source.matchAll(PIECE)) {
    const [whole, cdata, closes, full = '', attributes = '', empty] = piece;
    const between = source.slice(at, piece.index);
    at = piece.index + whole.length;
    if (between.includes('<')) throw new BadXml('markup that is none');
    const current = open.at(-1)!;
    current.text += unescaped(between) + (cdata ?? '');
    if (full === '') continue;
    const name = full.slice(full.indexOf(':') + 1);
    if (closes) {
      if (open.length === 1 || current.name !== name) throw new BadXml(`</${full}> closes nothing`);
      open.pop();
      continue;
    }
    const [, type] = /(?:^|\s)[\w.-]+:type\s*=\s*["'](?:[\w.-]+:)?([\w.-]+)["']/.exec(attributes) ?? [];
    const element: Element = {
      name,
      type,
      nil: /(?:^|[\s:])nil\s*=\s*["'](?:true|1)["']/.test(attributes),
      text: '',
      children: [],
    };
    current.children.push(element);
    if (empty) continue;
    if (open.length > MOST_DEEP) throw new BadXml('too many elements inside each other');
    open.push(element);
  }
  if (open.length > 1) throw new BadXml(`<${open.at(-1)!.name}> is not closed`);
  if (root.children.length !== 1 || source.slice(at).includes('<')) throw new BadXml('not one element');
  return root.children[0]!;
}

export const child = ({ children }: Element, name: string): Element | undefined => children.find((one) => one.name === name);

/** Text of the element behind some names. */
export function textAt(element: Element, ...names: string[]): string | undefined {
  const found = names.reduce<Element | undefined>((one, name) => one && child(one, name), element);
  return found?.text.trim();
}
