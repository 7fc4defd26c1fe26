import { fileURLToPath } from 'node:url';
import { loadManifest, type Manifest, startMode, unsupported } from '../manifest/manifest.ts';
import { freePort, PortTakenError, splitAddress } from '../manifest/ports.ts';
import type { Problem } from '../manifest/problem.ts';
import { loadSchemas, type ReadOrg, schemasOf } from '../map/crm-schema.ts';
import { loadMap } from '../map/map.ts';
import { lintMap } from '../map/map-lint.ts';
import { startProblems } from './doctor-start.ts';
import { probeWiring } from './doctor-wiring.ts';

export { probeWiring } from './doctor-wiring.ts';

export interface DiagnoseOptions {
  manifestPath: string;
  /** Vendors that this version can play; all of the schema's when absent. */
  vendors?: readonly string[];
  /** Where secrets that the manifest names, and programs, are looked for. */
  environment?: Record<string, string | undefined>;
  /** Settings of a sandbox that runs (`renderSettings`): its addresses are then tried as the subject would. */
  settings?: Record<string, string>;
  /** The sandbox runs already: its ports are taken, and rightly so. */
  external?: boolean;
  /** Reads a CRM's objects as the sandbox will have them, from whatever a manifest may name; plain definitions are read without it. */
  readOrg?: ReadOrg;
  /** Version of the Node that runs this. */
  node?: string;
}

/** Everything that is wrong before any verdict: manifest, map, how the subject starts, ports, and wiring where it is up. */
export async function diagnose(options: DiagnoseOptions): Promise<Problem[]> {
  const { manifestPath, vendors, environment = process.env, settings, external, readOrg, node = process.versions.node } = options;
  const { draft, problems } = loadManifest(manifestPath);
  const found = [...nodeProblems(node), ...problems];
  if (draft) {
    if (vendors) found.push(...unsupported(draft, vendors));
    found.push(...startProblems(draft, environment), ...mapProblems(draft, readOrg), ...(await portProblems(draft, external)));
  }
  if (settings) found.push(...(await probeWiring(settings)));
  return found;
}

/** `node:sqlite` and running TypeScript as it is came with 22.18. */
const OLDEST_NODE = [22, 18];

function nodeProblems(version: string): Problem[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [needed, since] = OLDEST_NODE as [number, number];
  if (major > needed || (major === needed && minor >= since)) return [];
  const message = `this is Node ${version}; Syncproof needs ${needed}.${since} or later`;
  return [
    { severity: 'error', message, fix: 'run "npm ci" with optional packages, which brings its own Node, or install a newer one' },
  ];
}

const OUR_SCHEMA = fileURLToPath(new URL('../../fixtures/schemas/crm', import.meta.url));

/** What is wrong with the map of a manifest: its form, its meaning, its fit with the CRM and with the channels. */
export function mapProblems(manifest: Pick<Manifest, 'map' | 'crm' | 'sites'>, readOrg?: ReadOrg): Problem[] {
  const { map, problems } = loadMap(manifest.map);
  const { schema, person_accounts: personAccounts } = manifest.crm ?? {};
  const { schemas, problems: schemaProblems } = readOrg
    ? schemasOf(() => readOrg(schema, { personAccounts }), schema)
    : loadSchemas(schema ?? OUR_SCHEMA);
  if (problems.some(({ severity }) => severity === 'error')) return [...problems, ...schemaProblems];
  const channels = manifest.sites.flatMap((site) => site.channels.read.map(({ kind }) => kind));
  return [...problems, ...schemaProblems, ...lintMap(map, { schemas, channels })];
}

/** Fixed ports that something else has: those of a subject that we start, and those of the sandbox. */
async function portProblems(manifest: Manifest, external = false): Promise<Problem[]> {
  const { listens, ports, sites, place } = manifest;
  const wanted: { path: string[]; address: string }[] = [];
  const local = (path: string[], port: number) => wanted.push({ path, address: `127.0.0.1:${port}` });
  if (startMode(manifest) === 'command') {
    for (const [site, address] of Object.entries(listens.mllp)) wanted.push({ path: ['listens', 'mllp', site], address });
    for (const [site, port] of Object.entries(ports.mllp)) local(['ports', 'mllp', site], port);
    if (ports.webhook) local(['ports', 'webhook'], ports.webhook);
  }
  if (ports.control && !external) local(['ports', 'control'], ports.control);
  if (ports.crm && !external) for (const more of [0, 1]) local(['ports', 'crm'], ports.crm + more);
  for (const { name } of external ? [] : sites) {
    const port = ports.sites[name];
    if (port) for (const more of [0, 1, 2]) local(['ports', 'sites', name], port + more);
  }
  const found: Problem[] = [];
  const seen = new Map<string, string>();
  for (const { path, address } of wanted) {
    const where = path.join('.');
    const rival = seen.get(address);
    if (rival) {
      const fix = 'give each a port of its own; TLS takes the next one, HL7 in the one after that';
      found.push({ severity: 'error', ...place(...path), message: `${where} and ${rival} both need ${address}`, fix });
      continue;
    }
    seen.set(address, where);
    const { host, port } = splitAddress(address);
    try {
      await (await freePort(host, port)).release();
    } catch (error) {
      if (!(error instanceof PortTakenError)) throw error;
      found.push({ severity: 'error', ...place(...path), message: error.message, fix: error.fix });
    }
  }
  return found;
}
