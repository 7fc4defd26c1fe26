/** Splits one line into words the way a shell would, quotation marks included, nothing expanded. Undefined when one is not closed. */
export function splitCommand(line: string): string[] | undefined {
  const words: string[] = [];
  let rest = line.trim();
  while (rest) {
    const word = /^(?:"[^"]*"|'[^']*'|[^\s"'])+/.exec(rest)?.[0];
    if (!word || /^\S/.test(rest.slice(word.length))) return undefined;
    words.push(word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single));
    rest = rest.slice(word.length).trim();
  }
  return words.length > 0 ? words : undefined;
}

/** The names that a template refers to as `${NAME}`, each once, in order. */
export const templateNames = (template: string): string[] => [
  ...new Set([...template.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!)),
];

/** Replaces `${NAME}` by its value. A name without a value becomes empty: it does not apply to this manifest. */
export const fillTemplate = (template: string, values: Record<string, string | undefined>): string =>
  template.replace(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
