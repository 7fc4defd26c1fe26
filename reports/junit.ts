import type { CheckResult, Finding, GateLine, InvariantResult } from '#conformance';
import { defineReport } from './definition.ts';
import { type Markup, markup } from './markup.ts';
import { decisive, elapsed, replaysOf } from './words.ts';

type Judged = Pick<CheckResult, 'verdict' | 'findings'> & Partial<CheckResult>;
interface Case {
  name: string;
  seconds: number;
  outcome: 'passed' | 'failure' | 'error' | 'skipped';
  body: Markup | false;
}

const lines = (finding: Finding): string =>
  [
    `${finding.reason}: ${finding.message}`,
    finding.sub && `case: ${finding.sub}`,
    finding.channel && `channel: ${finding.channel}`,
    finding.row && `map row: ${finding.row}`,
    finding.expected !== undefined && `expected: ${finding.expected}`,
    finding.actual !== undefined && `actual: ${finding.actual}`,
    finding.evidence.length > 0 && `evidence: ${finding.evidence.join(' ')}`,
  ]
    .filter(Boolean)
    .join('\n');

function caseOf(name: string, item: Judged): Case {
  const finding = decisive(item);
  const reason = item.reason ?? finding?.reason ?? item.verdict;
  const message = item.message ?? finding?.message ?? '';
  const told = [
    ...item.findings.map(lines),
    item.harm && `harm: ${item.harm}`,
    replaysOf(item),
    item.replay && `replay: ${item.replay}`,
  ];
  const text = told.filter(Boolean).join('\n\n');
  const seconds = (item.durationMs ?? 0) / 1000;
  const note = `${reason}: ${message}`;
  if (item.known)
    return { name, seconds, outcome: 'skipped', body: markup`<skipped type="known" message="known failure, ${note}"/>` };
  switch (item.verdict) {
    case 'fail':
    case 'unstable':
      return { name, seconds, outcome: 'failure', body: markup`<failure type="${reason}" message="${note}">${text}</failure>` };
    case 'harness-error':
      return { name, seconds, outcome: 'error', body: markup`<error type="${reason}" message="${note}">${text}</error>` };
    case 'untestable':
    case 'not-applicable':
    case 'attested':
      return {
        name,
        seconds,
        outcome: 'skipped',
        body: markup`<skipped type="${item.verdict}" message="${item.verdict}, ${note}"/>`,
      };
    case 'pass':
      return { name, seconds, outcome: 'passed', body: false };
  }
}

function gateCase({ asked, met, saw }: GateLine): Case {
  const name = `gate ${asked}`;
  if (met === 'yes') return { name, seconds: 0, outcome: 'passed', body: false };
  if (met === 'unknown')
    return { name, seconds: 0, outcome: 'skipped', body: markup`<skipped type="unknown" message="${saw}"/>` };
  return { name, seconds: 0, outcome: 'failure', body: markup`<failure type="gate" message="${saw}"/>` };
}

const count = (cases: Case[], outcome: Case['outcome']): number => cases.filter((c) => c.outcome === outcome).length;
const time = (cases: Case[]): string => cases.reduce((sum, c) => sum + c.seconds, 0).toFixed(3);
const totals = (cases: Case[]): Markup =>
  markup`tests="${cases.length}" failures="${count(cases, 'failure')}" errors="${count(cases, 'error')}"`;

// Element and attribute names as in Jenkins' junit-10.xsd, which the other readers of this format accept too.
function suite(name: string, cases: Case[], timestamp: string, properties: Record<string, string>): Markup {
  const rows = Object.entries(properties).map(([key, value]) => markup`      <property name="${key}" value="${value}"/>\n`);
  const body = cases.map((c) => {
    const attributes = markup`classname="syncproof.${name}" name="${c.name}" time="${c.seconds.toFixed(3)}"`;
    return c.body ? markup`    <testcase ${attributes}>${c.body}</testcase>\n` : markup`    <testcase ${attributes}/>\n`;
  });
  return markup`  <testsuite name="${name}" ${totals(cases)} skipped="${count(cases, 'skipped')}" time="${time(cases)}" timestamp="${timestamp}">
    <properties>
${rows}    </properties>
${body}  </testsuite>
`;
}

/** One suite per group of checks, and one for the invariants. What could not be judged is skipped, with its reason. */
export const junit = defineReport({
  name: 'junit',
  file: 'junit.xml',
  doc: 'For continuous integration servers.',
  render({ result }) {
    const groups = Map.groupBy(result.checks, (check) => check.group);
    const suites = [...groups].map(([group, checks]) => ({
      name: group,
      cases: checks.map((check) => caseOf(`${check.id} ${check.title}`, check)),
    }));
    const invariant = (row: InvariantResult): Case => caseOf(`${row.id} ${row.title} (people of ${row.cohort})`, row);
    if (result.invariants.length > 0) suites.push({ name: 'Invariants', cases: result.invariants.map(invariant) });
    if (result.gate) suites.push({ name: 'Gate', cases: result.gate.lines.map(gateCase) });
    const all = suites.flatMap((s) => s.cases);
    const { seed, runKey, level, id } = result;
    const badges = result.standing.badges.filter(({ state }) => state === 'earned').map(({ id: name }) => name);
    const properties = {
      seed,
      runKey,
      run: id,
      level,
      badges: badges.join(' '),
      ...(result.gate && { gate: result.gate.met }),
      subject: `${result.subject.name} ${result.subject.version}`,
    };
    const stamp = result.startedAt.replace(/(\.\d+)?Z$/, '');
    const body = suites.map((s) => suite(s.name, s.cases, stamp, properties));
    return markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="syncproof" ${totals(all)} time="${(elapsed(result) / 1000).toFixed(3)}">
${body}</testsuites>
`.text;
  },
});
