import { parseArgs } from 'node:util';
import { CAPABILITIES, CHECKS, MUTANTS } from '#conformance';
import { VENDORS } from '#ehr';
import { ODDITIES } from '#fixtures';
import { DIALECTS, SENDERS, speaks, TRIGGERS } from '#hl7';
import { readPlan } from '#kernel';
import { everything } from '#sandbox';
import { loadPlans, loadScripts, loadStories } from '#scenarios';
import { parsing, suggestion } from './arguments.ts';
import { faultTable } from './fault-table.ts';
import { UP_SITES } from './up-sites.ts';
import { UsageError } from './usage.ts';

/** The registries as tables: what `list` prints and `docs` writes. */
export const REGISTRIES: Record<string, { title: string; rows: () => string[][]; head: string[] }> = {
  checks: {
    title: 'Checks',
    head: ['id', 'severity', 'level', 'title', 'needs'],
    rows: () => CHECKS.map((c) => [c.id, c.severity, `L${c.level}`, c.title, (c.needs ?? []).join(' ')]),
  },
  faults: {
    title: 'Faults',
    head: ['name', 'family', 'acts at', 'parameters', 'can act in', 'what happens'],
    rows: () => {
      const { kernel } = everything(UP_SITES);
      const { kinds, rows } = faultTable(kernel);
      kernel.close();
      return rows.map(({ fault: { name, family, hooks, lever, params, doc }, against }) => [
        ...[name, family, lever === undefined ? Object.keys(hooks).join(' ') : `lever ${lever}`, Object.keys(params).join(' ')],
        kinds.filter((kind) => against.get(kind) === undefined).join(', '),
        doc,
      ]);
    },
  },
  vendors: { title: 'Vendors', head: ['id', 'name'], rows: () => VENDORS.map((v) => [v.id, v.title]) },
  messages: {
    title: 'HL7 messages',
    head: ['message', 'acts', 'dialects that send it', 'what it tells'],
    rows: () =>
      TRIGGERS.map(({ message, acts, doc }) => {
        const dialects = DIALECTS.filter((dialect) => speaks(dialect, message)).map(({ name }) => name);
        return [message, acts.join(' '), dialects.join(' '), doc];
      }),
  },
  senders: {
    title: 'HL7 senders',
    head: ['name', 'ack timeout', 'stays open', 'error', 'reject', 'stale', 'silent', 'from'],
    rows: () =>
      SENDERS.map(({ name, ackTimeoutMs, keepOpen, on, source }) => [
        ...[name, `${ackTimeoutMs} ms`, keepOpen ? 'yes' : 'no', on.error, on.reject, on.stale, on.silent],
        source,
      ]),
  },
  stories: {
    title: 'Stories',
    head: ['name', 'steps', 'title'],
    rows: () => loadStories().map((s) => [s.name, String(s.steps.length), s.title]),
  },
  plans: {
    title: 'Fault plans',
    head: ['name', 'rules', 'what happens'],
    rows: () =>
      loadPlans()
        .map(({ text, file }) => readPlan(text, file, () => []))
        .map(({ name, rules, doc = '' }) => [name, String(rules.length), doc]),
  },
  loads: {
    title: 'Load scenarios',
    head: ['name', 'what it is for'],
    rows: () => loadScripts().map(({ name, doc }) => [name, doc]),
  },
  mutants: {
    title: 'Mutants',
    head: ['id', 'breaks', 'kills', 'written'],
    rows: () =>
      MUTANTS.map((m) => [
        m.id,
        m.breaks,
        m.kills.map((k) => `${k.check} (${k.reason})`).join(', ') || 'lawful: must pass',
        m.blind ? 'blind' : '',
      ]),
  },
  oddities: {
    title: 'Oddities',
    head: ['id', 'share', 'what one meets'],
    rows: () =>
      ODDITIES.map(({ id, share, doc, breaks }) => [
        id,
        share === 1 ? 'as people are' : `${share * 100} %`,
        breaks ? `${doc} Not US Core.` : doc,
      ]),
  },
  capabilities: {
    title: 'Capabilities',
    head: ['name', 'meaning'],
    rows: () => Object.entries(CAPABILITIES).map(([name, doc]) => [name, String(doc)]),
  },
};

export const LIST_USAGE = `syncproof list ${Object.keys(REGISTRIES).join('|')}`;

/** `syncproof list <registry>` */
export async function list(args: string[]): Promise<number> {
  const [name] = parsing({}, () => parseArgs({ args, options: {}, allowPositionals: true })).positionals;
  if (name === undefined) throw new UsageError(`say which: ${LIST_USAGE}`);
  const registry = Object.hasOwn(REGISTRIES, name) ? REGISTRIES[name] : undefined;
  if (!registry) throw new UsageError(`there is no list of ${name}${suggestion(name, Object.keys(REGISTRIES))}`);
  const rows = [registry.head, ...registry.rows()];
  const widths = registry.head.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    );
  return 0;
}
