import { FAULT_FAMILIES, type FaultDefinition, type FaultParam, HOOKS, type Hook } from '#kernel';
import { everything } from '#sandbox';
import { exampleOf, type FaultRow, faultTable } from './fault-table.ts';
import { table } from './markdown.ts';
import { UP_SITES } from './up-sites.ts';

const FAMILIES: Readonly<Record<(typeof FAULT_FAMILIES)[number], string>> = {
  time: 'Time: slow, late, never',
  connection: 'Connection: real sockets that are refused, reset, forgotten',
  content: 'Content: bytes that are not what they should be',
  vendor: "Vendor: the vendor's own errors and quotas",
  credentials: 'Credentials: tokens, keys, secrets, scopes',
  'in-doubt': 'In doubt: was it written, or not?',
  reading: 'Reading: what is read is not what was written',
  paging: 'Paging: rows twice, rows missing, links that break',
  notification: 'Notifications and messages: lost, doubled, late, out of order',
  schema: 'Schema: an update that nobody announced',
  tls: 'TLS',
  clock: 'Clock',
  message: 'Messages: what breaks real HL7 feeds',
  control: 'Control',
};

function limits({ type, default: usual, oneOf, range, error }: FaultParam): string {
  const form = oneOf ? oneOf.join(', ') : range ? `${type} from ${range[0]} to ${range[1]}` : error ? "a vendor's error" : type;
  return `${form}; ${usual === undefined ? 'needed' : `${JSON.stringify(usual)} by default`}`;
}

const acts = ({ hooks, lever }: FaultDefinition): string =>
  lever === undefined ? Object.keys(hooks).join(', ') : `lever ${lever}, while it stands`;

function family(name: (typeof FAULT_FAMILIES)[number], rows: readonly FaultRow[], examples: ReadonlyMap<string, string>): string {
  const faults = rows.map(({ fault }) => fault).filter((fault) => fault.family === name);
  const sections = faults.map((fault) => {
    const params = Object.entries(fault.params).map(([key, param]) => [`\`${key}\``, param.doc, limits(param)]);
    return [
      `### ${fault.name}`,
      fault.doc,
      `Acts at: ${acts(fault)}. Colour on the timeline: \`${fault.colour}\`.`,
      ...(params.length > 0 ? [table(['parameter', 'what', 'values'], params)] : []),
      `\`\`\`json\n${examples.get(fault.name)}\n\`\`\``,
    ].join('\n\n');
  });
  return faults.length === 0 ? '' : `## ${FAMILIES[name]}\n\n${sections.join('\n\n')}`;
}

const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);

// Where those faults can act that cannot act elsewhere for this reason.
function where(reason: string, rows: readonly FaultRow[], kinds: readonly string[]): string {
  const such = rows.filter(({ against }) => [...against.values()].includes(reason));
  return kinds.filter((kind) => such.some(({ against }) => against.get(kind) === undefined)).join(', ');
}

const PASSED: Readonly<Record<Hook, string>> = {
  connect: 'a connection opens',
  request: 'a call or a message has come in whole, and nothing was done yet',
  'store-read': 'records are about to be read',
  'before-commit': 'a write was checked and is about to be made',
  'after-commit': 'a write was made, and nobody was told',
  reply: 'the answer is ready',
  body: 'the bytes of the answer are about to go out',
  message: 'a message of a link out is next',
  frame: 'a message of a link out is about to be written',
  ack: 'its answer has come',
  notify: 'a notification is about to go out',
};

/** docs/faults.md: each fault by family, and which one can act where. */
export function faultsPage(): string {
  const { kernel } = everything(UP_SITES);
  const { kinds, rows } = faultTable(kernel);
  const reasons = [...new Set(rows.flatMap(({ against }) => [...against.values()].flatMap((reason) => reason ?? [])))];
  const matrix = rows.map(({ fault, against }) => [
    `[${fault.name}](#${fault.name})`,
    ...kinds.map((kind) => {
      const reason = against.get(kind);
      return reason === undefined ? '●' : String(reasons.indexOf(reason) + 1);
    }),
  ]);
  const examples = new Map(kernel.faults.map((fault) => [fault.name, JSON.stringify(exampleOf(fault, kernel))]));
  const families = FAULT_FAMILIES.map((name) => family(name, rows, examples)).filter(Boolean);
  kernel.close();
  return `# Faults

${RULES}

${families.join('\n\n')}

## Which fault can act where

●: it can. A number: it cannot, for the reason below the table. A rule that could act nowhere is refused when it is armed.

${table(['fault', ...kinds], matrix)}

${reasons.map((reason, at) => `${at + 1}. ${capital(reason)}. It is for: ${where(reason, rows, kinds)}.`).join('\n')}

What passes a hook:

${table(
  ['hook', 'when'],
  HOOKS.map((hook) => [hook, PASSED[hook]]),
)}
`;
}

const RULES = `A fault says what happens. A rule says to whom, when, how often and how strong; it is the same JSON or YAML in a check, in a plan, in a
k6 script and for \`curl\`:

\`\`\`sh
curl -X POST localhost:4000/v1/rules -d '{"fault":"latency","params":{"ms":800},"where":{"sim":"crm","operation":"upsert"},"when":{"every":4},"times":10}'
curl -X POST localhost:4000/v1/plans --data-binary @plan.yaml    # or: syncproof up --plan plan.yaml
curl -X DELETE localhost:4000/v1/plans/lost-replies
\`\`\`

- **Whom** (\`where\`; every key that is given must match): \`sim\` (ehr, hl7, crm), \`site\` or \`tenant\`, \`operation\` (read, upsert, ADT^A08; several separated by
  \`|\`), \`type\` (Patient, Contact, ADT), \`method\`, \`path\` (its beginning), \`client\`, \`text\` (what occurs in URL, body or message), \`person\` (an MRN or
  \`authority|mrn\`: whatever touches a record of theirs), \`record\` (\`Patient/123\`), \`attempt\` (the n-th attempt on each record by itself).
- **When**: \`nth\`, \`every\`, \`probability\` (from the seed), \`after\` and \`during\` (milliseconds), \`between: {from, to}\`: journal events, each by \`kind\`, \`sim\`,
  \`site\`, \`operation\`, \`act\`, \`actor\`, \`record\`, \`type\`, \`text\`. Without any, until healed.
- **How often**: \`times\`. A client that repeats a call by itself is hit again, unless the rule says otherwise: \`times: 1\` lets the second call pass,
  \`attempt: 1\` hits the first call about each record and lets every repetition pass. Each hit is a journal event with the call that was hit.
- A fault of no strength (a latency of 0 ms, one copy) does nothing and counts no hit. A fault with a lever stands while it is armed and hits its whole
  place: it takes \`sim\`, \`site\`, \`after\`, \`during\` and \`between\` only. Healing undoes everything, and what waits goes on.
- A rule with a mistake, and one that could never act, is refused with the nearest valid name; a plan whole, with the line of each mistake.

Plans of ours: \`syncproof list plans\`. Every fault at random, to see whether the simulators bear it: \`npm run chaos\`.`;
