import { dirname } from 'node:path';
import { accepts, listensAt, type Manifest, readsHl7, renderSettings, type SandboxClient, startMode } from '#conformance';
import { systemClock } from '#kernel';
import type { JournalEvent } from '#simulators';

/** One way between the two sides. */
export interface Way {
  /** The part of the sandbox that has to be reached, or that calls. */
  part: string;
  /** What is called: a URL, or `host:port`. */
  address: string;
  /** A command that tries it from where the sync runs. */
  probe?: string;
}

/** The ways in both directions that a subject of this manifest needs. */
export function waysOf(manifest: Manifest, settings: Readonly<Record<string, string>>): { toUs: Way[]; toThem: Way[] } {
  const toUs: Way[] = [];
  const toThem: Way[] = [];
  const curl = (url: string): string =>
    `curl -sS -o /dev/null -w '%{http_code}\\n' ${url.startsWith('https:') ? `--cacert ${settings.SYNCPROOF_CA_FILE} ` : ''}${url}`;
  const url = (part: string, address: string): void => void toUs.push({ part, address, probe: curl(address) });
  for (const site of manifest.sites) {
    const of = (name: string): string | undefined => settings[`SYNCPROOF_${site.name.toUpperCase()}_${name}`];
    url(site.name, `${of('FHIR_URL')}/metadata`);
    const sendTo = of('MLLP_SEND_TO');
    if (sendTo) {
      const [host, port] = [sendTo.slice(0, sendTo.lastIndexOf(':')), sendTo.slice(sendTo.lastIndexOf(':') + 1)];
      toUs.push({ part: `${site.name}-hl7`, address: sendTo, probe: `bash -c '</dev/tcp/${host}/${port}'` });
    }
    const bind = of('MLLP_BIND');
    if (readsHl7(site) && bind) toThem.push({ part: `${site.name}-hl7`, address: bind });
  }
  url('crm', `${settings.SYNCPROOF_CRM_INSTANCE_URL}/services/data`);
  if (settings.SYNCPROOF_WEBHOOK_BIND) toThem.push({ part: 'webhook', address: settings.SYNCPROOF_WEBHOOK_BIND });
  return { toUs, toThem };
}

/** Which part an event of the journal shows to have been reached from outside. */
function reached(event: JournalEvent, parts: SandboxClient['parts']): string | undefined {
  const hl7 = event.kind === 'connection' && event.data?.state === 'open' && event.data.direction === 'in';
  if (event.kind !== 'request' && !hl7) return undefined;
  return parts.find(({ sim, tenant }) => sim === event.sim && tenant === event.tenant)?.name;
}

/**
 * Tries both directions between a sandbox and a subject that lives elsewhere, and prints what it finds: calls the
 * subject's listeners, then waits until each address of the sandbox was called from over there.
 * @returns whether everything was reached within `patienceMs`.
 */
export async function reach(options: {
  manifest: Manifest;
  sandbox: SandboxClient;
  caFile: string;
  patienceMs: number;
  say: (line: string) => void;
}): Promise<boolean> {
  const { manifest, sandbox, say } = options;
  const binds = await listensAt(manifest);
  const { caFile } = options;
  const settings = renderSettings({ manifest, parts: sandbox.parts, binds, caFile, environment: process.env });
  const { toUs, toThem } = waysOf(manifest, settings);

  say('from here to the sync:');
  let all = true;
  for (const { part, address } of toThem) {
    const open = await accepts(address, 3_000);
    all &&= open;
    say(
      `  ${open ? '✓' : '✗'} ${part.padEnd(12)} ${address} ${open ? 'accepts' : `nothing accepts there: ${closedHint(manifest)}`}`,
    );
  }
  if (toThem.length === 0) say('  nothing: it does not listen, it asks');

  say(
    `\nfrom the sync to here: run these where it runs${caFile ? ` (take ${caFile} along, and ${dirname(caFile)}/*.p12 for Java)` : ''}`,
  );
  for (const { part, probe } of toUs) say(`  ${part.padEnd(12)} ${probe}`);
  say(`\nwaiting for each of them, ${Math.round(options.patienceMs / 1000)} s at most`);
  const missing = await waitFor(toUs, options);
  for (const { part, address } of missing)
    say(`  ✗ ${part.padEnd(12)} ${address} was not called: a firewall, a tunnel that is not up, or a name that leads elsewhere`);
  return all && missing.length === 0;
}

const closedHint = (manifest: Manifest): string =>
  startMode(manifest) === 'command'
    ? 'it is told where to listen when it is started; start it with "syncproof check"'
    : 'start it, let it listen beyond its own loopback, and open the port or a TCP tunnel; "listens:" in the manifest says where';

/** Waits until each way was used. @returns those that were not. */
async function waitFor(
  ways: readonly Way[],
  { sandbox, patienceMs, say }: { sandbox: SandboxClient; patienceMs: number; say: (line: string) => void },
): Promise<Way[]> {
  const open = new Map(ways.map((way) => [way.part, way]));
  const done = new AbortController();
  const started = systemClock.now();
  const heads = new Map((await sandbox.heads()).map(({ url, head }) => [url, head]));
  const hear = (event: JournalEvent): void => {
    const after = `after ${((systemClock.now() - started) / 1000).toFixed(1)} s`;
    if (event.kind === 'connection' && event.data?.state === 'failed')
      say(`  ! a handshake failed ${after} (${event.data.reason}): does its trust store hold the CA?`);
    const part = reached(event, sandbox.parts);
    const way = part === undefined ? undefined : open.get(part);
    if (!way) return;
    open.delete(way.part);
    const { secure, agent } = event.data ?? {};
    say(`  ✓ ${way.part.padEnd(12)} was called ${after}${secure ? ', over TLS' : ''}${agent ? `, by ${agent}` : ''}`);
    if (open.size === 0) done.abort();
  };
  const cancel = systemClock.after(patienceMs, () => done.abort());
  const sleep = (ms: number): Promise<void> => systemClock.sleep(ms, done.signal);
  await Promise.all(sandbox.processes.map((one) => one.follow(heads.get(one.url) ?? 0, hear, done.signal, sleep))).catch(
    () => {},
  );
  cancel();
  return [...open.values()];
}
