/**
 * What every scenario runs: it offers what was prepared, when it is due, through the control API and the vendors' own faces.
 * How long the sync takes is folded from the journal, never measured here.
 *
 * Settings (environment), written by `syncproof load`: CONTROL_URL and CRM_CONTROL_URL (of the processes that hold the site and
 * the CRM), CONTROL_TOKEN, SITE, COMMITS (folder of prepared commits, one file for each schedule), SUMMARY (file for the
 * machine-readable summary), FHIR_URL and READ_TOKEN (for scenarios that read). RATE, DURATION and PEOPLE, if wanted otherwise.
 */
import { check } from 'k6';
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import type { About } from './shape.ts';

/** One call of the control API, as prepared: to the process of the site, or of the CRM. */
interface Call {
  to: 'site' | 'crm';
  path: string;
  /** The body, an object as JSON: what k6 takes apart and puts together again for each offer it would have to be given time for. */
  text: string;
}

const offers = new Counter('offers');
const control = { site: __ENV.CONTROL_URL ?? '', crm: __ENV.CRM_CONTROL_URL ?? __ENV.CONTROL_URL ?? '' };
const processes = [...new Set(Object.values(control))];
const headers: Record<string, string> = {
  'content-type': 'application/json',
  ...(__ENV.CONTROL_TOKEN ? { authorization: `Bearer ${__ENV.CONTROL_TOKEN}` } : {}),
};

const prepared: Record<string, readonly unknown[]> = {};
let moments: Record<string, () => void> = {};

/** Reads what each schedule offers, once for all virtual users, and takes down what happens at the moments of the script. */
export function prepare(options: { ext: { syncproof: About } }, steps: Record<string, () => void> = {}): void {
  moments = steps;
  // Without them the script can be looked at (`k6 inspect`), not run.
  if (!__ENV.COMMITS) return;
  for (const name of Object.keys(options.ext.syncproof.schedules))
    prepared[name] = new SharedArray(
      name,
      () => JSON.parse(open(`${__ENV.COMMITS}/${name}.json`)) as unknown[],
    ) as unknown as readonly unknown[];
}

/** Declares the schedules everywhere, so that the sandbox knows when each offer is due. */
export function setup(): void {
  const { ext } = exec.test.options as unknown as { ext: { syncproof: About } };
  if (!__ENV.COMMITS) exec.test.abort('COMMITS is not set: the folder that "syncproof load <scenario> --prepare" writes');
  for (const [id, { stages }] of Object.entries(ext.syncproof.schedules))
    for (const url of processes)
      must(http.post(`${url}/v1/schedules`, JSON.stringify({ id, stages }), { headers }), `schedule ${id}`);
}

/** One iteration of a schedule of commits: all that was prepared for it, in order. */
export function offer(): void {
  const { name, iterationInTest: index, startTime: started } = exec.scenario;
  const calls = take(index) as Call[] | undefined;
  const place = JSON.stringify({ schedule: name, index, started });
  for (const { to, path, text } of calls ?? []) {
    const reply = http.post(control[to] + path, `${text.slice(0, -1)},"offer":${place}}`, {
      headers,
      responseType: 'text',
      tags: { name: 'commit' },
    });
    if (!check(reply, { 'committed (200)': ({ status }) => status === 200 })) {
      console.error(`${name} ${index}: ${reply.status} ${reply.error || reply.body}`);
      return;
    }
    offers.add(1);
  }
}

/** One iteration of a schedule of reads. */
export function read(): void {
  const { name, iterationInTest: index } = exec.scenario;
  const path = take(index) as string | undefined;
  if (!path) return;
  const reply = http.get(`${__ENV.FHIR_URL}/${path}`, {
    headers: { authorization: `Bearer ${__ENV.READ_TOKEN}`, accept: 'application/fhir+json' },
    responseType: 'text',
    tags: { name: 'read' },
  });
  offers.add(1);
  if (!check(reply, { 'read (200)': ({ status }) => status === 200 }))
    console.error(`${name} ${index}: ${reply.status} ${reply.body}`);
}

/** One iteration of a schedule of reports: what a user sees counts against nobody's calls of the API. */
export function report(): void {
  const { name, iterationInTest: index } = exec.scenario;
  const path = take(index) as string | undefined;
  if (!path) return;
  const reply = http.get(control.crm + path, { headers, responseType: 'text', tags: { name: 'report' } });
  offers.add(1);
  if (!check(reply, { 'reported (200)': ({ status }) => status === 200 }))
    console.error(`${name} ${index}: ${reply.status} ${reply.body}`);
}

/** A moment of the script. */
export function step(): void {
  moments[exec.scenario.name]!();
}

/** Arms a rule under that id, in every process that it can concern. */
export function arm(id: string, rule: Record<string, unknown>): void {
  const replies = processes.map((url) =>
    http.post(`${url}/v1/rules?partial=true`, JSON.stringify([{ id, ...rule }]), { headers, tags: { name: 'step' } }),
  );
  for (const reply of replies) must(reply, `rule ${id}`);
}

/** Heals it where it was armed. */
export function heal(id: string): void {
  const known = http.expectedStatuses(200, 404);
  for (const url of processes)
    http.del(`${url}/v1/rules/${id}`, null, { headers, responseCallback: known, tags: { name: 'step' } });
}

// A script that goes on without what it stands on would measure something else.
function must(reply: { status: number; body: unknown; error: string }, what: string): void {
  if (reply.status !== 200) exec.test.abort(`${what} was refused: ${reply.status} ${reply.error || String(reply.body)}`);
}

/** What was prepared under a number; when there is none the run is aborted, since fewer offers than asked for would look like a quiet success. */
function take(index: number): unknown {
  const { name } = exec.scenario;
  const entries = prepared[name]!;
  const entry = entries[index];
  if (entry === undefined)
    exec.test.abort(`COMMITS holds ${entries.length} entries for ${name}, and number ${index + 1} is due: prepare more`);
  return entry;
}

interface Summary {
  metrics: Record<string, { values: Record<string, number>; thresholds?: Record<string, { ok: boolean }> }>;
}

/** Five lines instead of a page: the latencies that matter are the journal's. */
export function handleSummary({ metrics }: Summary): Record<string, string> {
  const value = (metric: string, key: string) => metrics[metric]?.values[key] ?? 0;
  const missed = Object.entries(metrics).flatMap(([name, { thresholds }]) =>
    Object.entries(thresholds ?? {})
      .filter(([, { ok }]) => !ok)
      .map(([rule]) => `${name} ${rule}`),
  );
  const lines = [
    `offered           ${value('offers', 'count')} (${value('offers', 'rate').toFixed(1)}/s)`,
    `refused           ${value('checks', 'fails')}`,
    `dropped by k6     ${value('dropped_iterations', 'count')}`,
    `answered in       p50 ${value('http_req_duration', 'med').toFixed(1)} ms, p95 ${value('http_req_duration', 'p(95)').toFixed(1)} ms`,
    `thresholds        ${missed.length === 0 ? 'met' : `missed: ${missed.join(', ')}`}`,
  ];
  const output: Record<string, string> = { stdout: `${lines.join('\n')}\n` };
  if (__ENV.SUMMARY) output[__ENV.SUMMARY] = JSON.stringify({ metrics });
  return output;
}
