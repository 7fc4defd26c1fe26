/**
 * Volume: 50 people registered and booked at once, as on the first morning of a clinic, then a steady rate of changes.
 * Everything goes through the control API, so that each commit is one that the sandbox would make by itself; how long the
 * sync takes is folded from the journal, never measured here.
 *
 * Settings (environment): CONTROL_URL, CONTROL_TOKEN, SITE, RATE (commits a second), DURATION, BURST (people, 50), BURST_TIME (5s),
 * PEOPLE (file of prepared commits: see Prepared), SUMMARY (file for the machine-readable summary, optional).
 */
import { check } from 'k6';
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import http from 'k6/http';
import type { Options } from 'k6/options';

/** One body of `POST /v1/sites/<site>/commits`. */
interface Commit {
  act: string;
  changes: unknown[];
}

/** What PEOPLE holds, written by `syncproof load volume --prepare`. Ids are in it, so that no commit waits to learn one. */
interface Prepared {
  burst: { patient: Commit; appointment: Commit }[];
  steady: Commit[];
}

// Parsed once for all virtual users.
const prepared = () => JSON.parse(open(__ENV.PEOPLE ?? './people.json')) as Prepared;
const burst = new SharedArray('burst', () => prepared().burst);
const steady = new SharedArray('steady', () => prepared().steady);
const rate = Number(__ENV.RATE ?? 10);

export const options: Options = {
  scenarios: {
    burst: { executor: 'per-vu-iterations', exec: 'arrive', vus: Number(__ENV.BURST ?? 50), iterations: 1, maxDuration: '30s' },
    steady: {
      executor: 'constant-arrival-rate',
      exec: 'change',
      startTime: __ENV.BURST_TIME ?? '5s',
      rate,
      timeUnit: '1s',
      duration: __ENV.DURATION ?? '30s',
      preAllocatedVUs: Math.max(10, rate),
      maxVUs: Math.max(50, 5 * rate),
    },
  },
  thresholds: { http_req_failed: ['rate<0.01'], checks: ['rate>0.99'], dropped_iterations: ['count<1'] },
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
};

/** A person is registered and booked: what one VU of the burst does. Both were due when the burst began. */
export function arrive(): void {
  const index = exec.scenario.iterationInTest;
  const person = take(burst, index);
  if (person && commit(person.patient, index, exec.scenario.startTime))
    commit(person.appointment, index, exec.scenario.startTime);
}

/** One change of the steady phase. */
export function change(): void {
  const index = exec.scenario.iterationInTest;
  const next = take(steady, index);
  // An iteration that k6 drops takes no index: those after it then look later than they were, never earlier.
  if (next) commit(next, index, exec.scenario.startTime + (index * 1000) / rate);
}

/**
 * Commits; false when refused. `due` (epoch ms) goes with it, since latency is counted from when a commit was to be made: a
 * sandbox or script that is late must not shorten what it shows.
 */
function commit(body: Commit, index: number, due: number): boolean {
  const { name } = exec.scenario;
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (__ENV.CONTROL_TOKEN) headers.authorization = `Bearer ${__ENV.CONTROL_TOKEN}`;
  const url = `${__ENV.CONTROL_URL}/v1/sites/${__ENV.SITE}/commits`;
  const text = JSON.stringify({ ...body, offer: { schedule: name, index, due } });
  const reply = http.post(url, text, { headers, responseType: 'text', tags: { name: 'commit' } });
  const done = check(reply, { 'committed (200)': ({ status }) => status === 200 });
  if (!done) console.error(`${name} ${index}: ${reply.status} ${reply.error || reply.body}`);
  return done;
}

/** Entry `index`; when there is none the run is aborted, since fewer commits than asked for would look like a quiet success. */
function take<T>(entries: T[], index: number): T | undefined {
  const entry = entries[index];
  const { name } = exec.scenario;
  if (!entry) exec.test.abort(`PEOPLE holds ${entries.length} entries for ${name}, and number ${index + 1} is due: prepare more`);
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
    `commits offered   ${value('http_reqs', 'count')} (${value('http_reqs', 'rate').toFixed(1)}/s)`,
    `not committed     ${value('checks', 'fails')}`,
    `dropped by k6     ${value('dropped_iterations', 'count')}`,
    `control API       p50 ${value('http_req_duration', 'med').toFixed(1)} ms, p95 ${value('http_req_duration', 'p(95)').toFixed(1)} ms`,
    `thresholds        ${missed.length === 0 ? 'met' : `missed: ${missed.join(', ')}`}`,
  ];
  const output: Record<string, string> = { stdout: `${lines.join('\n')}\n` };
  if (__ENV.SUMMARY) output[__ENV.SUMMARY] = JSON.stringify({ metrics });
  return output;
}
