import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { RuleError, readManifest, systemClock } from '#kernel';
import {
  type Loaded,
  loadSynthea,
  populate,
  type Sandbox,
  type SandboxOptions,
  type SiteConfig,
  snapshotsFolder,
  writeCa,
} from '#sandbox';
import { loadPlans } from '#scenarios';
import { aliasLines } from './aliases.ts';
import { parsing, suggestion, wholeNumber } from './arguments.ts';
import { KEPT_CA, openSandbox } from './bring-up.ts';
import { portsFrom } from './ports.ts';
import { defaultPort, partNames, sitesOf } from './up-sites.ts';
import { UsageError } from './usage.ts';

export const UP_USAGE = `syncproof up [crm] [epic] [cerner] [athena] [r4] [hl7] [options]   keeps parts running and prints how to connect

  Without names, all parts run. "hl7" means the HL7 links of the sites that are named beside it, "epic-hl7" those of one.
  --site KEY=VALUE,…        one more site, or another one of that name: name, vendor, authority, time_zone, and where the
                            vendor or you have them tenant, capability (the hospital's CapabilityStatement); repeatable
  --host ADDRESS            where to listen (127.0.0.1; anything else needs --control-token)
  --control-port N          port of the control API (4000); 0 takes a free one
  --port PART=N             HTTP port of a site or the crm; TLS takes the next one, a site's HL7 in the one after that;
                            0 takes free ones (epic=4010, cerner=4020, athena=4030, r4=4035, crm=4040, sites of yours from 4050; repeatable)
  --control-token TOKEN     token that control calls must carry
  --data FOLDER             keep all state there, across restarts and kills
  --from NAME|FOLDER        begin with a snapshot (POST /v1/snapshots): a fork of the sandbox that it was taken of
  --snapshots FOLDER        keep snapshots there (in the data folder, or in .syncproof/snapshots)
  --shift N                 add N to every port that is not given: for a second sandbox beside the first
  --ca FOLDER               keep the certificate authority there
  --seed TEXT               seed of everything that is generated
  --crm-schema PATH         schema of your org in place of the built-in one: object definitions, describe output, or the folder
                            of an sfdx project
  --crm-person-accounts     accounts may be persons
  --crm-stubs FILE          your org's own code as clients see it: a module with Apex REST methods and changes after a save
  --people N                people to register at each site at first start (25)
  --history YEARS           years of clinical history that they have at most (2); 0 for none
  --synthea FOLDER          load the people that Synthea wrote there (its output/fhir) at each site at first start
  --public-url FACE=URL     base URL under which clients reach a face (repeatable)
  --public-host NAME        one more host name in the certificates (repeatable)
  --plan FILE               a fault plan to arm at the start: a YAML or JSON file, or one of ours by name (repeatable)
  --alias PART=NAME         a name under which the sync calls that part and cannot be told another, such as a vendor's own: it is put
                            in the certificates, and what to set up is printed (repeatable)
  --link SITE=HOST:PORT     where a site's HL7 link sends to (repeatable)
  --follow SITE=URL         control URL of the process that holds the site, for links that run alone (repeatable)
  Each option can come from the environment: SYNCPROOF_UP_HOST, SYNCPROOF_UP_CONTROL_PORT, …; repeatable ones separated by commas,
  sites by semicolons.`;

const OPTIONS = {
  site: { type: 'string', multiple: true },
  host: { type: 'string' },
  'control-port': { type: 'string' },
  port: { type: 'string', multiple: true },
  'control-token': { type: 'string' },
  data: { type: 'string' },
  from: { type: 'string' },
  snapshots: { type: 'string' },
  shift: { type: 'string' },
  ca: { type: 'string' },
  seed: { type: 'string' },
  'crm-schema': { type: 'string' },
  'crm-stubs': { type: 'string' },
  'crm-person-accounts': { type: 'boolean' },
  people: { type: 'string' },
  history: { type: 'string' },
  synthea: { type: 'string' },
  'public-url': { type: 'string', multiple: true },
  'public-host': { type: 'string', multiple: true },
  plan: { type: 'string', multiple: true },
  alias: { type: 'string', multiple: true },
  link: { type: 'string', multiple: true },
  follow: { type: 'string', multiple: true },
} as const;

/** Runs until it is told to stop. */
export async function up(args: string[]): Promise<number> {
  const { values, positionals } = parsing(OPTIONS, () => parseArgs({ args, options: OPTIONS, allowPositionals: true }));
  const given = withEnvironment(values);
  const sites = sitesOf(given.site);
  const data = one(given.data);
  const snapshots = one(given.snapshots);
  const from = fromOf(one(given.from), snapshotsFolder({ snapshots, data }));
  const named = positionals.length > 0 ? positionals : (process.env.SYNCPROOF_UP_PARTS ?? '').split(/[ ,]+/).filter(Boolean);
  const parts = partNames(sites, named) ?? (from === undefined ? undefined : partsIn(from, sites));
  const crowd = {
    people: wholeNumber(one(given.people) ?? '25', '--people'),
    years: wholeNumber(one(given.history) ?? '2', '--history', 30),
  };
  const links = Object.entries(pairs(given.link, '--link'));
  const aliases = pairs(given.alias, '--alias');
  const shift = wholeNumber(one(given.shift) ?? '0', '--shift', 60_000);
  const stubs = one(given['crm-stubs']);
  const synthea = one(given.synthea);
  const sandbox = await openSandbox({
    process: parts ? parts.join('+') : 'sandbox',
    parts,
    sites,
    host: one(given.host),
    controlPort: wholeNumber(
      one(given['control-port']) ?? String(defaultPort('control', sites) + shift),
      '--control-port',
      65_535,
    ),
    controlToken: one(given['control-token']),
    data,
    from,
    snapshots,
    ca: one(given.ca) ?? (data ? `${data}/ca` : KEPT_CA),
    seed: one(given.seed),
    publicUrls: pairs(given['public-url'], '--public-url'),
    hosts: [...(given['public-host'] ?? []), ...Object.values(aliases)],
    follow: pairs(given.follow, '--follow'),
    crm: {
      schema: one(given['crm-schema']),
      stubs: stubs && resolve(stubs),
      personAccounts: given['crm-person-accounts'] !== undefined,
    },
    ports: givenPorts(sites, pairs(given.port, '--port'), shift),
  });
  try {
    // A fork has the people of the snapshot.
    if (!from || given.people) await populate(sandbox, sites, crowd);
    if (synthea !== undefined) sayLoaded(await loadSynthea(sandbox, sites, synthea));
    for (const [site, target] of links) await setLink(sandbox, site, target, one(given['control-token']));
    for (const plan of given.plan ?? []) await armPlan(sandbox, plan, parts !== undefined);
    const others = aliasLines(sandbox, aliases);
    printParts(sandbox);
    if (others.length > 0) console.log(`\n${others.join('\n')}`);
    await new Promise<void>((resolve) => {
      process.once('SIGINT', resolve);
      process.once('SIGTERM', resolve);
    });
    console.log('stopping');
    return 0;
  } finally {
    await sandbox.stop();
  }
}

type Given = Partial<Record<keyof typeof OPTIONS, string[]>>;

function withEnvironment(values: Partial<Record<keyof typeof OPTIONS, string | boolean | string[]>>): Given {
  const given: Given = {};
  for (const [name, option] of Object.entries(OPTIONS) as [keyof typeof OPTIONS, { multiple?: boolean }][]) {
    const text = process.env[`SYNCPROOF_UP_${name.toUpperCase().replaceAll('-', '_')}`];
    const fromEnvironment =
      text === undefined || text === '' ? undefined : option.multiple ? text.split(name === 'site' ? ';' : ',') : [text];
    const value = values[name];
    given[name] = value === undefined ? fromEnvironment : Array.isArray(value) ? value : [String(value)];
  }
  return given;
}

const one = (list: string[] | undefined): string | undefined => list?.at(-1);

function pairs(list: string[] | undefined, flag: string): Record<string, string> {
  return Object.fromEntries(
    (list ?? []).map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new UsageError(`${flag} takes NAME=VALUE, not ${JSON.stringify(text)}`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

// A folder, or a name in the folder of snapshots.
function fromOf(text: string | undefined, root: string): string | undefined {
  if (text === undefined) return undefined;
  const places = [text, join(root, text)];
  const found = places.find((place) => existsSync(join(place, 'manifest.json')));
  if (found) return found;
  const names = existsSync(root) ? readdirSync(root).filter((name) => !name.startsWith('.')) : [];
  throw new UsageError(
    `--from ${text}: there is no such snapshot${names.length > 0 ? suggestion(text, names) : `, and none in ${root}`}`,
  );
}

// Where nobody says which parts shall run: those that the snapshot holds.
function partsIn(from: string, sites: readonly SiteConfig[]): string[] | undefined {
  const { processes } = readManifest(from);
  const names = processes.map((one) => one.parts.map(({ name }) => name));
  if (names.length > 1)
    throw new UsageError(
      `--from ${from} holds ${names.length} processes: start each by its parts (${names.map((parts) => parts.join(' ')).join(' | ')})`,
    );
  return partNames(sites, names[0]!);
}

function givenPorts(sites: readonly SiteConfig[], given: Record<string, string>, shift: number): SandboxOptions['ports'] {
  const names = ['crm', ...sites.map((site) => site.name)];
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown) throw new UsageError(`--port ${unknown}=…: no such part${suggestion(unknown, names)}`);
  return portsFrom(sites, (name) =>
    given[name] === undefined ? defaultPort(name, sites) + shift : wholeNumber(given[name], `--port ${name}=`, 65_533),
  );
}

function sayLoaded({ bundles, left }: Loaded): void {
  const types = Object.entries(left).map(([type, count]) => `${type} ${count}`);
  console.log(
    `loaded ${bundles} bundles of Synthea${types.length > 0 ? `; left out, as no site keeps them: ${types.join(', ')}` : ''}`,
  );
}

async function setLink(sandbox: Sandbox, site: string, target: string, token?: string): Promise<void> {
  const response = await fetch(`${sandbox.controlUrl}/v1/sites/${site}/link`, {
    method: 'POST',
    headers: token ? { authorization: `Bearer ${token}` } : {},
    body: JSON.stringify({ target }),
  });
  if (!response.ok) throw new UsageError(`--link ${site}=${target}: ${await response.text()}`);
}

async function armPlan({ kernel }: Sandbox, asked: string, partial: boolean): Promise<void> {
  const own = loadPlans().find(({ name }) => name === asked);
  try {
    const text = own?.text ?? readFileSync(asked, 'utf8');
    const { armed, elsewhere = [] } = kernel.rules.armPlan(text, own ? `${asked}.yaml` : asked, partial);
    await kernel.rules.effective(armed);
    for (const { error } of elsewhere) console.log(`plan ${asked}: left to another process: ${error}`);
    console.log(`plan ${asked}: ${armed.length} rules armed`);
  } catch (error) {
    if (error instanceof RuleError) throw new UsageError(`--plan ${asked}: ${error.message}`);
    const { code } = error as NodeJS.ErrnoException;
    if (!code) throw error;
    const names = loadPlans().map(({ name }) => name);
    throw new UsageError(`--plan ${asked}: there is no such file, and no plan of ours${suggestion(asked, names)}`);
  }
}

function printParts(sandbox: Sandbox): void {
  const started = new Date(systemClock.now()).toISOString();
  console.log(
    `Syncproof sandbox, since ${started}, seed ${sandbox.kernel.seed}. Simulated vendors, synthetic people. Stop with Ctrl-C.`,
  );
  console.log(`\ncontrol API        ${sandbox.controlUrl}/v1/openapi.json`);
  console.log(`CA certificate     ${writeCa(sandbox.authority, '.syncproof/ca.pem')}`);
  for (const part of sandbox.parts) {
    const { name, vendor, addresses, credentials } = part.describe();
    console.log(`\n${name}${vendor ? ` (${vendor})` : ''}`);
    for (const [key, value] of [...Object.entries(addresses), ...Object.entries(credentials)])
      console.log(`  ${key.padEnd(16)} ${value}`);
  }
}
