import { afterEach, describe, expect, it } from 'vitest';
import { rawCall } from '#kernel';
import { patient, register, startSite, type TestSite } from '../test-site.ts';

let test: TestSite;
afterEach(() => test.close());

interface Write {
  vendor: string;
  /** How the vendor knows a write that it had before. */
  title: string;
  setUp?: (test: TestSite) => Promise<{ path: string; version?: string }>;
  path?: string;
  method: string;
  headers?: Record<string, string>;
  body: string;
  /** The answer to the write, and to the same write again once it was applied. */
  done: number;
  again: number;
  /** What the answers to both name is the same record. */
  same?: boolean;
  /** Commits when the write was made twice and the first one was applied. */
  commits: number;
}

const FHIR = { 'content-type': 'application/fhir+json' };
const GRACE = JSON.stringify(patient('Hopper', { identifier: [{ system: 'urn:x', value: '1' }] }));

const WRITES: Write[] = [
  {
    ...{ vendor: 'r4', title: 'If-None-Exist', method: 'POST', path: '/Patient', body: GRACE, done: 201, again: 200, same: true },
    headers: { ...FHIR, 'if-none-exist': 'identifier=urn:x|1' },
    commits: 1,
  },
  {
    ...{ vendor: 'epic', title: 'none: a second record', method: 'POST', path: '/Patient', body: GRACE, headers: FHIR },
    ...{ done: 201, again: 201, commits: 2 },
  },
  {
    ...{ vendor: 'cerner', title: 'If-Match', method: 'PATCH', done: 200, again: 409, commits: 1 },
    headers: { 'content-type': 'application/json-patch+json', 'if-match': 'W/"0"' },
    body: JSON.stringify([{ op: 'replace', path: '/gender', value: 'other' }]),
    setUp: async (site) => ({ path: `/Patient/${await register(site, 'Hopper', '7')}` }),
  },
  {
    ...{ vendor: 'athena', title: 'matching by name and birthday (v1)', method: 'POST', done: 200, again: 200, same: true },
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'firstname=Grace&lastname=Hopper&dob=12/09/1906&departmentid=201&email=g@navy.example',
    setUp: async ({ site }) => ({ path: `${site.describe().addresses.v1}/195900/patients` }),
    commits: 1,
  },
];

/** What a fault does to a write: how the client fares, and whether it was applied. */
const FAULTS: {
  fault: string;
  params?: Record<string, unknown>;
  client: RegExp | 'reset' | 'closed' | 'hangs';
  applied: boolean;
}[] = [
  { fault: 'refuse-before-commit', client: /^HTTP\/1.1 503 /, applied: false },
  { fault: 'refuse-before-commit', params: { error: 'internal' }, client: /^HTTP\/1.1 500 /, applied: false },
  { fault: 'fail-after-commit', client: /^HTTP\/1.1 500 /, applied: true },
  { fault: 'fail-after-commit', params: { error: 'unavailable' }, client: /^HTTP\/1.1 503 /, applied: true },
  { fault: 'lost-reply', client: 'reset', applied: true },
  { fault: 'lost-reply', params: { how: 'close' }, client: 'closed', applied: true },
  { fault: 'commit-then-hang', client: 'hangs', applied: true },
  { fault: 'reply-twice', client: /^(HTTP\/1.1 20\d [\s\S]+?)\1$/, applied: true },
  { fault: 'wrong-reply', client: /^HTTP\/1.1 200 [\s\S]*Lovelace/, applied: true },
];

const idOf = (text: string): string | undefined =>
  /^location: \S*\/([^/\s]+)\r$/im.exec(text)?.[1] ?? /"patientid":"(\d+)"/.exec(text)?.[1] ?? /"id":"([^"]+)"/.exec(text)?.[1];

describe.each(WRITES)('$vendor, which knows a write again by $title', (write) => {
  it.each(FAULTS)('$fault $params', async ({ fault, params, client, applied }) => {
    test = await startSite({ vendor: write.vendor });
    const ada = await register(test, 'Lovelace', '203713');
    const { path = write.path! } = (await write.setUp?.(test)) ?? {};
    const { kernel } = test;
    const commits = () => kernel.journal.read({ kind: 'commit' }).filter(({ actor }) => actor === 'client:all');
    const url = path.startsWith('http') ? path : `${test.fhir}${path}`;
    const request = {
      method: write.method,
      path: new URL(url).pathname,
      headers: { authorization: `Bearer ${test.bearer}`, ...write.headers },
      body: write.body,
    };
    const { id } = kernel.rules.arm({
      fault,
      params,
      times: 1,
      where: { operation: write.method === 'PATCH' ? 'patch' : 'create' },
    });
    // Something that the client asked for before, for an answer to stray from.
    await (await test.call(`/Patient/${ada}`)).text();
    expect(kernel.rules.list()).toMatchObject([{ fired: 0 }]);

    const twice = fault === 'reply-twice';
    const whole = (text: string): boolean => {
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
      return end > 0 && Buffer.byteLength(text) >= (end + 4 + length) * (twice ? 2 : 1);
    };
    const first = rawCall(url, request, whole);
    if (client === 'hangs') {
      let answered = false;
      void first.then(() => (answered = true));
      for (let turns = 0; commits().length === 0 || turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
      expect(answered).toBe(false);
      kernel.rules.heal(id);
      expect((await first).text).toMatch(/^HTTP\/1.1 20/);
    } else if (typeof client === 'string') expect((await first).end).toBe(client);
    else expect((await first).text).toMatch(client);
    expect(commits()).toHaveLength(applied ? 1 : 0);

    const again = await rawCall(url, request, (text) => /\r\n\r\n/.test(text) && whole(text.repeat(twice ? 2 : 1)));
    expect(Number(again.text.slice(9, 12))).toBe(applied ? write.again : write.done);
    expect(commits()).toHaveLength(applied ? write.commits : 1);
    if (write.same && applied) expect(idOf(again.text)).toBe(recordOf(commits()[0]!.records![0]!.id, write.vendor));
  });
});

const recordOf = (id: string, vendor: string): string => (vendor === 'athena' ? id.replace(/^.*E-/, '') : id);
