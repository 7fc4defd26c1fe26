import { basename } from 'node:path';
import { LineCounter, type Node, parseDocument } from 'yaml';
import type { Problem } from '../manifest/problem.ts';
import { list, mapped, object, optional, Reading, text } from '../manifest/schema.ts';
import type { BaselineEntry } from '../result.ts';

const DAY = /^\d{4}-\d{2}-\d{2}$/;

const isDay = (value: string): boolean => {
  const at = Date.parse(`${value}T00:00:00Z`);
  return DAY.test(value) && !Number.isNaN(at) && new Date(at).toISOString().startsWith(value);
};

const NAMES = { check: 'IP-04, or an invariant: G1', code: 'duplicate' };

const day = mapped(text('the last day on which it is put up with'), (value) =>
  isDay(value) ? value : { message: `"${value}" is no day`, fix: 'write a day that exists, as year-month-day: 2027-01-31' },
);

const ENTRY = object<BaselineEntry>('an entry', 'a known failure', {
  check: text(`id of the check (${NAMES.check})`, { pattern: /^([A-Z]{2}-\d{2}|G[1-5])$/, like: `an id such as ${NAMES.check}` }),
  sub: optional(text('sub-case of the check; of an invariant, whose people: IP-04/epic', { optional: true })),
  channel: optional(text('channel that it fails on; any when absent', { optional: true })),
  row: optional(
    text('field that is wrong, as the map names it', {
      pattern: /^\w+\.\w*$/,
      like: 'an object and its field: Contact.MobilePhone',
      optional: true,
    }),
  ),
  code: text('reason code, as the report prints it', {
    pattern: /^[a-z0-9]+(-[a-z0-9]+)*$/,
    like: `a reason code such as ${NAMES.code}`,
  }),
  owner: text('who mends it', { pattern: /\S/, like: 'a name' }),
  reason: text('why it is put up with until then', { pattern: /\S/, like: 'a sentence' }),
  expires: day,
});

const FILE = object<{ entries: BaselineEntry[] }>('a baseline', 'known failures', {
  entries: list('known failures', ENTRY),
});

export interface ReadBaseline {
  /** Undefined when there is any error. */
  entries?: BaselineEntry[];
  problems: Problem[];
}

/** Reads a baseline with all its mistakes at once, each with line and fix; `checks` are the ids that there are. */
export function readBaseline(source: string, file: string, checks: readonly string[]): ReadBaseline {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const problems: Problem[] = document.errors.map(({ message, pos }) => {
    const { line, col } = lines.linePos(pos[0]);
    const fix = 'correct the YAML here: indentation is by spaces, and texts that hold ": " or " #" need quotation marks';
    return { severity: 'error', file, line, column: col, message: message.split('\n')[0]!, fix };
  });
  if (problems.length > 0) return { problems };
  const reading = new Reading(file, '.', document, lines);
  const read = FILE.read((document.contents ?? document.createNode(null)) as Node, reading);
  const at = (i: number, key: string): Node | undefined => reading.at('entries', i, key);
  const seen = new Map<string, number>();
  for (const [i, entry] of (reading.problems.length === 0 ? (read?.entries ?? []) : []).entries()) {
    if (!/^G\d$/.test(entry.check) && !checks.includes(entry.check))
      reading.problem(at(i, 'check'), `there is no check ${entry.check}`, 'see "syncproof list checks", or remove the entry');
    if (/^G\d$/.test(entry.check) && !entry.sub)
      reading.problem(
        at(i, 'check'),
        `an invariant is put up with for the people of one check only, and "sub" does not say of which`,
        `add "sub:" with the check and site that the report names: "sub: IP-04/epic"`,
      );
    const key = keyOf(entry);
    const before = seen.get(key);
    if (before !== undefined)
      reading.problem(at(i, 'check'), `entry ${i + 1} says the same as entry ${before + 1}`, 'remove one of them');
    seen.set(key, i);
  }
  return { entries: reading.problems.length === 0 ? read?.entries : undefined, problems: reading.problems };
}

const keyOf = ({ check, sub = '', channel = '', row = '', code }: BaselineEntry): string =>
  [check, sub, channel, row, code].join('\0');

/** A baseline as `syncproof baseline write` writes it. */
export function printBaseline(entries: readonly BaselineEntry[], from: string): string {
  const head = [
    `# Known failures, as run ${basename(from)} found them: "syncproof check --baseline" puts up with these and with nothing else.`,
    '# One that passes, that is past its day or that fails for another reason is not put up with.',
  ];
  if (entries.length === 0) return `${[...head, 'entries: []'].join('\n')}\n`;
  const rows = entries.flatMap((entry) =>
    (['check', 'sub', 'channel', 'row', 'code', 'owner', 'reason', 'expires'] as const)
      .filter((key) => entry[key] !== undefined)
      .map((key, i) => `${i === 0 ? '  - ' : '    '}${key}: ${JSON.stringify(entry[key])}`),
  );
  return `${[...head, 'entries:', ...rows].join('\n')}\n`;
}
