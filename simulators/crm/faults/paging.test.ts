import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCrm, type TestCrm } from '../testing.ts';

let crm: TestCrm;
beforeEach(async () => {
  crm = await openCrm();
  // With a line break in one of them.
  const records = Array.from({ length: 500 }, (_, n) => ({
    attributes: { type: 'Contact' },
    LastName: `N${String(n).padStart(3, '0')}`,
    MailingStreet: n === 3 ? '1 Elm St\n"Rear"' : null,
  }));
  for (const at of [0, 200, 400]) await crm.call('POST', 'composite/sobjects', { records: records.slice(at, at + 200) });
});
afterEach(() => crm.close());

const SOQL = 'SELECT Id, LastName, MailingStreet FROM Contact ORDER BY LastName';

interface Page {
  status: number;
  names: string[];
  next?: string;
}
interface Way {
  title: string;
  /** One page: the first, or where a link leads. */
  page: (next?: string) => Promise<Page>;
  /** Rows of the whole when the page size is not heeded. */
  unsized: number[];
}

const query: Way['page'] = async (next) => {
  const headers = { 'sforce-query-options': 'batchSize=200' };
  const { status, body } = next ? await crm.call('GET', next, undefined, headers) : await crm.query(SOQL, headers);
  return { status, names: (body.records ?? []).map((one: { LastName: string }) => one.LastName), next: body.nextRecordsUrl };
};
let job: string | undefined;
const bulk: Way['page'] = async (next) => {
  if (!next) {
    const made = await crm.call('POST', 'jobs/query', { operation: 'query', query: SOQL });
    job = made.body.id;
    while ((await crm.call('GET', `jobs/query/${job}`)).body.state !== 'JobComplete')
      await new Promise((resolve) => setImmediate(resolve));
  }
  const path = `jobs/query/${job}/results?maxRecords=200${next ? `&locator=${next}` : ''}`;
  const { status, body, headers } = await crm.call('GET', path, undefined, { accept: 'text/csv' });
  const locator = headers.get('sforce-locator');
  const names = status === 200 ? [...String(body).matchAll(/^"?\w+"?,"?(N\d{3})"?/gm)].map(([, name]) => name!) : [];
  if (status === 200) expect(headers.get('sforce-numberofrecords')).toBe(String(names.length));
  return { status, names, next: locator === 'null' || locator === null ? undefined : locator };
};
const WAYS: Way[] = [
  { title: 'nextRecordsUrl', page: query, unsized: [500] },
  { title: 'bulk locators', page: bulk, unsized: [500] },
];

describe.each(WAYS)('$title', ({ page, unsized }) => {
  const walk = async (most = 10): Promise<{ pages: string[][]; status: number }> => {
    const pages: string[][] = [];
    for (let next: string | undefined; ; ) {
      const { status, names, ...more } = await page(next);
      if (status !== 200) return { pages, status };
      pages.push(names);
      next = more.next;
      if (next === undefined || pages.length === most) return { pages, status };
    }
  };
  const where = { operation: 'query|bulk-results' };
  const served = () =>
    crm.kernel.journal
      .read({ kind: 'reply' })
      .filter(({ served: some, data }) => some?.length && /query|bulk-results/.test(String(data!.operation)))
      .map(({ served: some }) => some!.length);

  it.each<[string, number[], number]>([
    ['latency', [200, 200, 100], 500],
    ['page-repeats-row', [200, 201, 100], 500],
    ['page-loses-row', [199, 200, 100], 499],
  ])('%s', async (fault, lengths, names) => {
    crm.kernel.rules.arm({ fault, where, times: 1, ...(fault === 'latency' ? { params: { ms: 0 } } : {}) });
    const { pages } = await walk();
    expect(pages.map(({ length }) => length)).toEqual(lengths);
    expect(new Set(pages.flat()).size).toBe(names);
    expect(served()).toEqual(lengths);
  });

  it.each([
    ['missing', 1, 200],
    ['dead', 1, 400],
  ])('next-link-broken: %s', async (how, length, status) => {
    crm.kernel.rules.arm({ fault: 'next-link-broken', params: { how }, where });
    const walked = await walk(5);
    expect([walked.pages.length, walked.status]).toEqual([length, status]);
  });

  it('next-link-broken: loop, from the second page on', async () => {
    crm.kernel.rules.arm({ fault: 'next-link-broken', params: { how: 'loop' }, where });
    const { pages } = await walk(5);
    expect(pages.map(([name]) => name)).toEqual(['N000', 'N200', 'N200', 'N200', 'N200']);
  });

  it('cursor-expired', async () => {
    crm.kernel.rules.arm({ fault: 'cursor-expired', where, times: 1 });
    expect(await walk()).toMatchObject({ status: 400, pages: [{ length: 200 }] });
    expect((await walk()).pages.flat()).toHaveLength(500);
  });

  it('page-size-ignored', async () => {
    crm.kernel.rules.arm({ fault: 'page-size-ignored', where });
    expect((await walk()).pages.map(({ length }) => length)).toEqual(unsized);
  });
});
