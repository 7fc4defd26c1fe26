/**
 * One operation of a FHIR face, as fast as eight callers ask for it: the same script for ours and for a peer.
 *
 * Settings (environment): BASE and, where it is wanted, TOKEN; OPERATION (create, read, search); REQUESTS; PEOPLE (file of
 * `[{id, mrn}]`, those that are there); SYSTEM of their numbers; RUN, which new numbers begin with; SUMMARY (file).
 */
import { check } from 'k6';
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import http from 'k6/http';

const { BASE = '', TOKEN, OPERATION = 'read', REQUESTS = '100', PEOPLE = '', SYSTEM = '', RUN = '', SUMMARY = '' } = __ENV;
const people = new SharedArray('people', () => JSON.parse(open(PEOPLE)) as object[]) as unknown as { id: string; mrn: string }[];

export const options = {
  scenarios: { face: { executor: 'shared-iterations', vus: 8, iterations: Number(REQUESTS), maxDuration: '10m' } },
  thresholds: { checks: ['rate==1'] },
  summaryTrendStats: ['med', 'p(99)'],
};

const headers: Record<string, string> = {
  accept: 'application/fhir+json',
  ...(TOKEN ? { authorization: `Bearer ${TOKEN}` } : {}),
};
const sent = { headers: { ...headers, 'content-type': 'application/fhir+json' } };
// The addresses are as many as the people: k6 keeps numbers of each unless it is told that they are one.
const asked = { headers, tags: { name: OPERATION } };

const patient = (mrn: string): string =>
  JSON.stringify({
    resourceType: 'Patient',
    identifier: [{ use: 'usual', system: SYSTEM, value: mrn }],
    name: [{ use: 'official', family: 'Peña-Okafor', given: ['Rosa', 'María'] }],
    telecom: [{ system: 'phone', use: 'mobile', value: '+12125550143' }],
    gender: 'female',
    birthDate: '1980-02-29',
    address: [{ use: 'home', line: ['12 Elm St'], city: 'New York', state: 'NY', postalCode: '10001', country: 'US' }],
  });

export default function ask(): void {
  const n = exec.scenario.iterationInTest;
  const { id, mrn } = people[(n * 7919) % people.length]!;
  if (OPERATION === 'create') {
    const reply = http.post(`${BASE}/Patient`, patient(`${RUN}-${n}`), sent);
    check(reply, { created: ({ status }) => status === 201 });
  } else if (OPERATION === 'search') {
    const reply = http.get(`${BASE}/Patient?identifier=${encodeURIComponent(`${SYSTEM}|${mrn}`)}`, asked);
    check(reply, { found: ({ status, body }) => status === 200 && String(body).includes(`Patient/${id}`) });
  } else {
    const reply = http.get(`${BASE}/Patient/${id}`, asked);
    check(reply, { read: ({ status, body }) => status === 200 && String(body).includes(mrn) });
  }
}

export function handleSummary({
  metrics,
}: {
  metrics: Record<string, { values: Record<string, number> }>;
}): Record<string, string> {
  const { med, 'p(99)': p99 } = metrics.http_req_duration!.values;
  return {
    [SUMMARY]: JSON.stringify({ perSecond: metrics.iterations!.values.rate, p50: med, p99, right: metrics.checks!.values.rate }),
  };
}
