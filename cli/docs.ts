import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHECKS, capabilitiesOf, loadMap, MUTANTS, NULLS } from '#conformance';
import { VENDORS } from '#ehr';
import { CONSENT_FIELDS, HL7_NOTES } from '#hl7';
import { CALLS_A_SECOND, type Part, type Route } from '#kernel';
import { everything } from '#sandbox';
import { wholeDocument } from '../scripts/control-types.ts';
import { faultsPage } from './docs-faults.ts';
import { levelsPage } from './docs-levels.ts';
import { loadPage } from './docs-load.ts';
import { REGISTRIES } from './list.ts';
import { table } from './markdown.ts';
import { UP_SITES } from './up-sites.ts';

const DEFAULT_MAP = fileURLToPath(new URL('../fixtures/maps/default', import.meta.url));

const HEAD = '<!-- Written by `npm run docs`; edit the registries, not this file. -->\n\n';

function checksPage(): string {
  const sections = CHECKS.map(
    (c) =>
      `## ${c.id}: ${c.title}\n\n${c.requirement}\n\n- **Severity** ${c.severity}, level ${c.level}, group ${c.group}, capability ${capabilitiesOf(c).join(', ') || 'none'}${c.needs ? `, needs ${c.needs.join(', ')}` : ''}${c.maps ? `, of the map: ${c.maps.map(({ source, owner }) => (owner ? `${source} (${owner}-owned)` : source)).join(', ')}` : ''}\n- **Harm**: ${c.harm}\n- **From**: ${c.seeds.join(', ')}`,
  );
  return `${HEAD}# Checks\n\n${CHECKS.length} checks; [levels](levels.md) says which of them have to pass for what.\n\n${sections.join('\n\n')}\n`;
}

function registryPage(name: string): string {
  const { title, head, rows } = REGISTRIES[name]!;
  return `${HEAD}# ${title}\n\n${table(head, rows())}\n`;
}

const BLIND = MUTANTS.filter(({ blind }) => blind).length;
const LAWFUL = MUTANTS.filter(({ kills }) => kills.length === 0).length;

function mutantsPage(): string {
  const { title, head, rows } = REGISTRIES.mutants!;
  const intro = `The reference sync with one behaviour broken, ${MUTANTS.length - LAWFUL} times; ${LAWFUL} lawful variants, which must pass; ${NULLS.length} nulls (\`${NULLS.join('`, `')}\`),
which must pass nothing. ${BLIND} are *blind*: written from the reference sync alone by somebody who had read no check, and mended since only where one did not run.
The suite as it stood then failed 7 of them: expect about so much of bugs that nobody thought of. For 17 others stimuli were made to reach further, and
one (\`takes-the-lease-for-granted\`) is still seen by nothing for certain, and stands as lawful.
The other way round, by check: [the kill matrix](matrix.md). What the last long runs showed: [proof](proof.md).`;
  return `${HEAD}# ${title}\n\n${intro}\n\n${table(head, rows())}\n`;
}

// The same by check: which mutants it must fail, and for what.
function matrixPage(): string {
  const rows = CHECKS.map(({ id, title }) => {
    const by = MUTANTS.flatMap((one) =>
      one.kills.flatMap(({ check, reason }) => (check === id ? [`${one.id} (${reason})`] : [])),
    );
    return [id, title, by.join(', ') || 'unproven'];
  });
  const intro = `Every check fails at least one [mutant](mutants.md), for the reason that is stated; lawful variants it lets pass. \`npx syncproof matrix\`
runs them, and leaves the matrix as it came out in \`reports/runs/matrix/matrix.html\`.`;
  return `${HEAD}# The kill matrix\n\n${intro}\n\n${table(['check', 'what it asks', 'must fail'], rows)}\n`;
}

// What a vendor's sources leave open, and how it was settled here.
function notesOf({ sim, name }: Part): string {
  const vendor = UP_SITES.find((site) => sim === 'ehr' && site.name === name)?.vendor;
  const { notes = [] } = VENDORS.find(({ id }) => id === vendor) ?? {};
  return notes.length === 0 ? '' : `${notes.map((note) => `- ${note}`).join('\n')}\n\n`;
}

// Which routes really behave, and what is missing: from the routes themselves.
function fidelityPage(): string {
  const { kernel, crm, sites, links } = everything(UP_SITES);
  const parts: Part[] = [crm, ...sites, ...links];
  const row = ({ method, path, operation, tier, doc }: Route): string[] => [method, `\`${path}\``, operation, tier, doc ?? ''];
  const sections = parts.flatMap((part) =>
    part.faces.map(
      (face) =>
        `## ${part.name}\n\n${notesOf(part)}${table(['method', 'path', 'operation', 'tier', 'what'], face.routes.map(row))}`,
    ),
  );
  kernel.close();
  return `${HEAD}# Fidelity

Every route says how far it can be trusted. \`semantic\`: real behaviour, tested. \`shape\`: the right form, simplified.
\`missing\`: a loud 501 that names what is missing. What no route takes is refused in the vendor's own form.

Out of scope: C-CDA, flat files, DICOM, X12, direct database access, CRMs other than a Salesforce-shaped one. Not built yet:
the Pub/Sub API (gRPC), generic streaming channels (\`/u/\`), SOAP beyond the calls of the
partner and the enterprise API that are listed below (\`convertLead\` makes no opportunity), the WSDLs themselves, SOSL's USING and
UPDATE and what of its WITH belongs to divisions, communities, price books and Knowledge.

${sections.join('\n\n')}

## HL7 v2 links

${HL7_NOTES.map((note) => `- ${note}`).join('\n')}
`;
}

function peoplePage(): string {
  return `${HEAD}# People and their charts

Everybody is made up, from the seed: person n of a cohort is the same whatever else is asked for. \`syncproof up --people N --history
YEARS\` registers them at each site with their charts; \`charts()\` of \`#fixtures\` gives them one at a time, 100,000 in the memory
of one. A chart hangs together: a problem begins, is found at a visit, is followed by visits at which things are ordered, measured
and prescribed; results fall once treatment works; vaccines come by age; nothing happens before birth or after death.

Every chart is valid FHIR R4 (our own validation, and HAPI's in \`clients/\`). Of US Core only those profiles can be had without HL7's
package registry that Medplum tests with: Patient, Blood Pressure and MedicationRequest of 5.0.1 and Smoking Status of 7.0.0. HAPI
holds charts against them; what an oddity breaks is excused by that oddity alone. Other profiles of US Core are followed by their
must-support elements, but no validator has said so.

## Synthea

\`syncproof up --synthea output/fhir\` loads what Synthea wrote for FHIR R4 (transaction bundles, one person a file; tried with Synthea
3.3.0) at each site. People get an MRN of the site; doctors and places that Synthea names by a query become those of the site; types
that no site keeps are left out, counted, and references to them go. A patient who is not recognisably Synthea's (its identifier, a
social security number that begins with 999, phones of area 555, no mail) is refused, with the name of the file.

## Oddities

Shares are of those charts that have what it takes. Every one is legal FHIR unless it says what it is not.

${table(REGISTRIES.oddities!.head, REGISTRIES.oddities!.rows())}

How permissions are represented: [consent.md](consent.md).
`;
}

// Where a decision of a patient stands, by vendor, in messages and in the CRM: from the tables by which they are served.
function consentPage(): string {
  const { map } = loadMap(DEFAULT_MAP);
  const object = map.objects.find(({ source }) => source === 'Consent');
  const rows = map.rows.filter((row) => row.object === object?.object);
  const vendors = VENDORS.map(({ id, capability }) => {
    const type = capability.Consent;
    const reads = type?.interactions.filter((one) => one === 'read' || one === 'search') ?? [];
    const needs = type?.needs?.map(({ anyOf }) => anyOf.map((set) => set.join(' + ')).join(' or ')).join('; ') ?? '';
    const writes = type?.interactions.filter((one) => ['create', 'update', 'patch', 'delete'].includes(one)) ?? [];
    return [
      id,
      reads.join(', ') || 'no resource of that type',
      needs || '',
      type ? writes.join(', ') || 'none; ADT^A31 with CON' : 'none',
    ];
  });
  const codes = (values?: Readonly<Record<string, string>>) =>
    Object.entries(values ?? {})
      .map(([code, value]) => `${code} = ${value}`)
      .join(', ');
  const v2 = CONSENT_FIELDS.map(({ field, name, element, values }) => [`CON-${field}`, name, element, codes(values)]);
  const table25 = table(['field', 'name', 'element of Consent', 'codes'], v2);
  const crm = rows.map(({ source, field, owner, conflict }) => [
    field,
    source,
    owner === 'shared' ? `shared, ${conflict}` : owner,
  ]);
  return `${HEAD}# How consent is represented

One decision is about one purpose (\`provision.purpose\`) by one channel (\`provision.code\`): a matrix, never a flag. It has a number, a time,
a method and a source. FHIR has no element for the method; hospitals use a category of their own.

## By vendor (FHIR R4 Consent)

${table(['vendor', 'reads', 'a search needs', 'writes by the API'], vendors)}

athenahealth's FHIR has no Consent, and the fields of its v1 API for it are in no source that we have: not built. Oracle Health's
communication-preference extension of Patient is kept where it is written, and made by nothing here.

## In HL7 v2

No message of a hospital tells of a decision here: it is polled. A CRM tells a hospital by an ADT^A31 with a CON segment (HL7 2.5.1, chapter 9),
which the standard leaves to agreement between two systems: vendors differ, and the purpose and channel cannot be changed by it. The standard also has PD1-11 (publicity) and PD1-12 (protection indicator);
the links here send no PD1.

${table25}

## In the CRM (default map: ${object?.object})

One row a decision, with a lookup to the person. Salesforce's own ContactPointTypeConsent hangs on an Individual instead. Of two decisions the later one counts, by its own time, and has to be in both systems.

${table(['field', 'source', 'owner'], crm)}
`;
}

// What can be called, from the document that a sandbox with a site of each vendor serves.
function controlPage(): string {
  const rows = Object.entries(wholeDocument().paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary, requestBody, parameters }]) => {
      const form = requestBody && Object.values(requestBody.content)[0]!.schema;
      const names = (form?.properties && Object.keys(form.properties)) ?? [];
      const takes = form?.$ref?.split('/').at(-1) ?? (names.length > 0 ? `{${names.join(', ')}}` : form ? 'JSON' : '');
      const query = parameters.flatMap((one) => (one.in === 'query' ? [one.name] : [])).join(', ');
      return [method.toUpperCase(), `\`${path}\``, summary, [takes, query && `?${query}`].filter(Boolean).join(' ')];
    }),
  );
  return `${HEAD}# Control API

How anything outside drives a sandbox: JSON on the control port (4000), described in OpenAPI 3.1 at \`/v1/openapi.json\`, from which the
client in \`simulators/control-client.ts\` is typed. A body is held against the form that is described: a mistake is answered with
400, which field, why, and the nearest valid name. Beyond loopback a token is needed (\`--control-token\`), at most ${CALLS_A_SECOND} calls a second
are taken from one address for long (429 with Retry-After), and bodies hold 16 MiB at most (413).

The journal is followed as Server-Sent Events: \`curl -N -H 'accept: text/event-stream' localhost:4000/v1/journal\`. Each event has an id,
\`incarnation:number\`; with \`Last-Event-ID\` a reader goes on where it was. One that is slow is given what it missed at its own pace.
Where the sandbox was put back to a snapshot meanwhile, an event \`restored\` says from which number it goes on
([snapshots](decisions/snapshots.md)).

${table(['method', 'path', 'what', 'takes'], rows)}
`;
}

const PAGES: Record<string, () => string> = {
  'docs/control.md': controlPage,
  'docs/checks.md': checksPage,
  'docs/levels.md': () => HEAD + levelsPage(),
  'docs/faults.md': () => HEAD + faultsPage(),
  'docs/load.md': () => HEAD + loadPage(),
  'docs/messages.md': () => `${registryPage('messages')}\n## Senders\n${registryPage('senders').split('\n').slice(3).join('\n')}`,
  'docs/mutants.md': mutantsPage,
  'docs/matrix.md': matrixPage,
  'docs/stories.md': () => registryPage('stories'),
  'docs/fidelity.md': fidelityPage,
  'docs/people.md': peoplePage,
  'docs/consent.md': consentPage,
};

export const DOCS_USAGE =
  'syncproof docs [--check]   writes the reference docs from the registries, or says which are out of date';

/** `syncproof docs [--check]`: writes the reference docs, or says which are out of date. */
export async function docs(args: string[]): Promise<number> {
  const stale: string[] = [];
  for (const [file, render] of Object.entries(PAGES)) {
    const text = render();
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    stale.push(file);
    if (args.includes('--check')) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  if (!args.includes('--check')) return 0;
  for (const file of stale) console.error(`${file} is not what the registries say: run npm run docs`);
  return stale.length === 0 ? 0 : 1;
}
