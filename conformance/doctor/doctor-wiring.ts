// biome-ignore-all lint/suspicious/noTemplateCurlyInString: names of templates, as manifests write them
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Manifest } from '../manifest/manifest.ts';
import { accepts, hostOf, splitAddress } from '../manifest/ports.ts';
import type { Problem } from '../manifest/problem.ts';
import { fillTemplate } from '../manifest/template.ts';
import { ask } from './doctor-call.ts';

/** How to mend what stands between the subject and an address, by the error that it would get. */
const REASONS: [pattern: RegExp, why: string, fix: string][] = [
  [/^(ENOTFOUND|EAI_)/, 'its host name is not known', 'correct the name, or add it to DNS or /etc/hosts'],
  [/^ECONNREFUSED/, 'nothing listens there', 'start the sandbox, and check the port'],
  [/^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/, 'it cannot be reached', 'look for a firewall or a wrong network between'],
  [
    /SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|DEPTH_ZERO/,
    'its certificate is not signed by the CA of SYNCPROOF_CA_FILE',
    'use the CA file that this sandbox wrote (--ca keeps one CA)',
  ],
  [/ALTNAME/, 'its certificate is for other names', 'start the sandbox with the name that the subject uses (--public-url)'],
  [/CERT_(HAS_EXPIRED|NOT_YET)/, 'its certificate is not valid now', 'set the clock, or let the sandbox write new certificates'],
  [/^EPROTO|WRONG_VERSION/, 'it does not speak TLS', 'set tls: off for it in the manifest, or use the TLS port'],
  [
    /^ECONNRESET|^HPE_|socket hang up/,
    'it hangs up on a call without TLS',
    'call it by https:// as the settings do, or set tls: off for it in the manifest',
  ],
];

function explain(name: string, url: string, error: NodeJS.ErrnoException): Problem {
  const code = error.code ?? error.message;
  const [, why, fix] = REASONS.find(([pattern]) => pattern.test(code)) ?? [
    null,
    `it cannot be called (${code})`,
    'try the same call by hand',
  ];
  return { severity: 'error', message: `${name} ${url}: ${why}`, fix };
}

/** The settings with what `start.env` puts in their place: what the subject ends up with, as far as that is known before a run. */
export function overridden(settings: Record<string, string>, { start }: Pick<Manifest, 'start'>): Record<string, string> {
  const own = Object.entries(start.env).filter(([name, value]) => name.startsWith('SYNCPROOF_') && !value.includes('${RUN_'));
  const known = { ...settings, SUBJECT_DIR: start.cwd };
  return { ...settings, ...Object.fromEntries(own.map(([name, value]) => [name, fillTemplate(value, known)])) };
}

/** Addresses by host name; the machine's own resolver unless a test brings one. */
export type Resolve = (host: string) => Promise<string[]>;

const resolveHere: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * Tries the addresses of a running sandbox as the subject would, in the order in which they build on each other: files, names,
 * CA and TLS, token endpoint, metadata, CRM login, HL7 in. Calls without credentials: a refusal is an answer.
 * @param resolve to find out whether a name leads to this machine; a sandbox that runs elsewhere is not asked so.
 */
export async function probeWiring(
  settings: Record<string, string>,
  { resolve }: { resolve?: Resolve | 'here' } = {},
): Promise<Problem[]> {
  const found: Problem[] = [...fileMistakes(settings)];
  const file = settings.SYNCPROOF_CA_FILE;
  const ca = file && existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  const names = Object.keys(settings);
  if (resolve) found.push(...(await strangers(settings, resolve === 'here' ? resolveHere : resolve)));
  // What is asked of a stranger says nothing of the set-up.
  if (found.length > 0) return found;

  for (const name of names.filter((name) => /_TOKEN_URL$|_CRM_LOGIN_URL$|_CRM_INSTANCE_URL$/.test(name))) {
    const url = settings[name]!;
    const answer = await ask(url, ca, name.endsWith('_TOKEN_URL') ? { form: '' } : {});
    if ('error' in answer) found.push(explain(name, url, answer.error));
    else if (name.endsWith('_TOKEN_URL') && (answer.status === 404 || answer.status >= 500))
      found.push({
        severity: 'error',
        message: `${name} ${url} answers ${answer.status}`,
        fix: 'check the path of the token URL',
      });
  }
  for (const name of names.filter((name) => name.endsWith('_FHIR_URL'))) {
    const url = `${settings[name]}/metadata`;
    const answer = await ask(url, ca);
    if ('error' in answer) found.push(explain(name, url, answer.error));
    else if (answer.status !== 200 || !answer.body.includes('CapabilityStatement'))
      found.push({
        severity: 'error',
        message: `${url} answers ${answer.status} without a CapabilityStatement`,
        fix: 'check the base path of the FHIR URL',
      });
  }
  for (const name of names.filter((name) => name.endsWith('_MLLP_SEND_TO')))
    if (!(await accepts(settings[name]!)))
      found.push({
        severity: 'error',
        message: `${name} ${settings[name]}: nothing listens there`,
        fix: "start the site's HL7 part",
      });
  return found;
}

/** Files that settings name and that are not there, or not what they should be. */
function fileMistakes(settings: Record<string, string>): Problem[] {
  return Object.entries(settings).flatMap(([name, file]) => {
    const reads = FILES.find(({ names }) => names.test(name));
    if (!reads) return [];
    if (!existsSync(file))
      return [{ severity: 'error', message: `${name} ${file} does not exist`, fix: 'use the path that the subject sees' }];
    try {
      reads.read(readFileSync(file));
      return [];
    } catch {
      return [{ severity: 'error', message: `${name} ${file} holds no ${reads.what}`, fix: reads.fix }];
    }
  });
}

const FILES: readonly { names: RegExp; what: string; read(bytes: Buffer): unknown; fix: string }[] = [
  {
    names: /^SYNCPROOF_CA_FILE$/,
    what: 'certificate in PEM',
    read: (bytes) => new X509Certificate(bytes),
    fix: 'name the file that begins with -----BEGIN CERTIFICATE-----; its PKCS#12 twin beside it is for Java',
  },
  {
    names: /_PRIVATE_KEY_FILE$/,
    what: 'private key in PEM',
    read: (bytes) => createPrivateKey(bytes),
    fix: 'convert it: openssl pkcs8 -topk8 -nocrypt -in KEY -out key.pem',
  },
];

/** Names in the settings that lead away from this machine, on which the sandbox runs. */
async function strangers(settings: Record<string, string>, resolve: Resolve): Promise<Problem[]> {
  const own = Object.values(networkInterfaces()).flatMap((list) => list?.map(({ address }) => address) ?? []);
  const isHere = (address: string): boolean => own.includes(address) || /^127\.|^::1$/.test(address);
  const found: Problem[] = [];
  for (const [name, value] of Object.entries(settings).filter(([name]) => /_(URL|SEND_TO)$/.test(name))) {
    const host = (/^\w+:\/\//.test(value) ? new URL(value).hostname : splitAddress(value).host).replace(/^\[|\]$/g, '');
    // A name that is not known at all is told by the call that fails.
    const addresses = isIP(host) ? [host] : await resolve(host).catch(() => []);
    const elsewhere = addresses.find((address) => !isHere(address));
    if (elsewhere)
      found.push({
        severity: 'error',
        message: `${name} ${value}: ${host} leads to ${elsewhere}, which is not this machine, where the sandbox is`,
        fix: `let ${host} lead to the sandbox where the sync runs (/etc/hosts, DNS, extra_hosts of a container), or call the address of the settings`,
      });
  }
  return found;
}

/** Whether the subject listens where it was told to. */
export async function probeSubject(settings: Record<string, string>): Promise<Problem[]> {
  const found: Problem[] = [];
  for (const [name, value] of Object.entries(settings).filter(([name]) => /_MLLP_BIND$|_WEBHOOK_BIND$/.test(name))) {
    const address = value.startsWith('http') ? hostOf(value)! : value;
    if (!(await accepts(address)))
      found.push({
        severity: 'error',
        message: `${name} ${address}: the subject does not listen there`,
        fix: `start it, and let it listen on the address in ${name}`,
      });
  }
  return found;
}
