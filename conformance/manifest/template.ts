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

/** Names that only we give values to: one of them that does not apply to this manifest is empty, any other is left alone. */
const OURS = /^(SYNCPROOF|RUN|SUBJECT)_/;

/** Replaces `${NAME}` by its value. Names of other tools (`${HOME}`, `${user.dir}`) stay as they are. */
export const fillTemplate = (template: string, values: Record<string, string | undefined>): string =>
  template.replace(/\$\{(\w+)\}/g, (whole, name: string) => values[name] ?? (OURS.test(name) ? '' : whole));
