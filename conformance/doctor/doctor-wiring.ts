import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { accepts, hostOf } from '../manifest/ports.ts';
import type { Problem } from '../manifest/problem.ts';

/** What came back, or why nothing did. */
type Answer = { status: number; body: string } | { error: NodeJS.ErrnoException };

const TIMEOUT_MS = 3000;

/** One HTTP call that trusts only the given CA, as the subject should. */
function ask(url: string, ca: string | undefined, method = 'GET'): Promise<Answer> {
  return new Promise((resolve) => {
    const secure = url.startsWith('https:');
    const headers = {
      accept: 'application/fhir+json, application/json',
      ...(method === 'POST' && { 'content-type': 'application/x-www-form-urlencoded' }),
    };
    const request = (secure ? https : http).request(
      url,
      { method, ca, headers, timeout: TIMEOUT_MS, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk.slice(0, 4096);
        });
        response.on('end', () => resolve({ status: response.statusCode!, body }));
        response.on('error', (error) => resolve({ error }));
      },
    );
    request.on('timeout', () =>
      request.destroy(Object.assign(new Error(`no answer within ${TIMEOUT_MS} ms`), { code: 'ETIMEDOUT' })),
    );
    request.on('error', (error) => resolve({ error }));
    request.end();
  });
}

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

/**
 * Tries the addresses of a running sandbox as the subject would, in the order in which they build on each other: CA and
 * TLS, token endpoint, metadata, CRM login, HL7 in. Calls without credentials: a refusal is an answer.
 */
export async function probeWiring(settings: Record<string, string>): Promise<Problem[]> {
  const found: Problem[] = [];
  const file = settings.SYNCPROOF_CA_FILE;
  if (file && !existsSync(file))
    found.push({
      severity: 'error',
      message: `SYNCPROOF_CA_FILE ${file} does not exist`,
      fix: 'use the path that the subject sees',
    });
  const ca = file && existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  const names = Object.keys(settings);

  for (const name of names.filter((name) => /_TOKEN_URL$|_CRM_LOGIN_URL$|_CRM_INSTANCE_URL$/.test(name))) {
    const url = settings[name]!;
    const answer = await ask(url, ca, name.endsWith('_TOKEN_URL') ? 'POST' : 'GET');
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
