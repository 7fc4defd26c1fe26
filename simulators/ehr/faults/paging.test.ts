import { afterEach, describe, expect, it } from 'vitest';
import type { Rule } from '#kernel';
import { type Json, register, startSite, type TestSite } from '../test-site.ts';

let test: TestSite;
afterEach(() => test.close());

interface Face {
  vendor: string;
  title: string;
  first: () => string;
  /** Ids on a page. */
  ids: (body: Json) => string[];
  next: (body: Json) => string | undefined;
  /** Of a cursor that has ended; absent where there are none. */
  ended?: number;
  /** Of a link that leads nowhere. */
  dead: number;
}

const QUERY = 'family=Lovelace&birthdate=1984-02-29';
const fhir = (vendor: string, query: string, ended: number): Face => ({
  ...{ vendor, title: `${vendor}, bundles`, ended, dead: ended, first: () => `${test.fhir}/Patient?${query}&_count=2` },
  ids: ({ entry = [] }) => entry.filter(({ search }: Json) => search.mode === 'match').map(({ resource }: Json) => resource.id),
  next: ({ link }) => link.find(({ relation }: Json) => relation === 'next')?.url,
});
const root = () => test.site.describe().addresses.v1!;
const FACES: Face[] = [
  fhir('r4', QUERY, 410),
  fhir('epic', `${QUERY}&given=Ada`, 400),
  fhir('cerner', `${QUERY}&given=Ada`, 400),
  fhir('athena', QUERY, 400),
  {
    ...{ vendor: 'athena', title: 'athena, lists of v1', dead: 400 },
    first: () => `${root()}/195900/patients?lastname=Lovelace&dob=02/29/1984&limit=2`,
    ids: ({ patients }) => patients.map(({ patientid }: Json) => patientid),
    next: ({ next }) => next && new URL(next, root()).href,
  },
];

describe.each(FACES)('$title', ({ vendor, first, ids, next, ended, dead }) => {
  const open = async (rule: Rule): Promise<void> => {
    test = await startSite({ vendor });
    for (let n = 1; n <= 5; n++) await register(test, 'Lovelace', `10${n}`);
    test.kernel.rules.arm(rule);
  };
  const get = async (url: string): Promise<{ status: number; body: Json }> => {
    const reply = await test.call(url);
    const text = await reply.text();
    return { status: reply.status, body: reply.status === 200 ? JSON.parse(text) : text };
  };
  /** Ids page by page, as a client goes from link to link; and how it ended. */
  const walk = async (most = 10): Promise<{ pages: string[][]; status: number }> => {
    const pages: string[][] = [];
    for (let url: string | undefined = first(); ; ) {
      const { status, body } = await get(url);
      if (status !== 200) return { pages, status };
      pages.push(ids(body));
      url = next(body);
      if (url === undefined || pages.length === most) return { pages, status };
    }
  };
  const served = () =>
    test.kernel.journal
      .read({ kind: 'reply' })
      .filter(({ served: some }) => some?.length)
      .map(({ served: some }) => some!.map(({ id }) => id.replace(/^.*E-/, '')));
  const short = (pages: string[][]) => pages.map((page) => page.map((id) => id.replace(/^.*E-/, '')));

  it('no rule: each row once', async () => {
    await open({ fault: 'latency', params: { ms: 0 } });
    const { pages } = await walk();
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(new Set(pages.flat()).size).toBe(5);
  });

  it('page-repeats-row', async () => {
    await open({ fault: 'page-repeats-row', times: 1 });
    const { pages } = await walk();
    expect(pages.map(({ length }) => length)).toEqual([2, 3, 1]);
    expect(pages[1]![0]).toBe(pages[0]![1]);
    expect(new Set(pages.flat()).size).toBe(5);
    expect(served().map((page) => page.sort())).toEqual(short(pages).map((page) => page.sort()));
  });

  it('page-loses-row', async () => {
    await open({ fault: 'page-loses-row', times: 1 });
    const { pages } = await walk();
    expect(pages.map(({ length }) => length)).toEqual([1, 2, 1]);
    expect(new Set(pages.flat()).size).toBe(4);
    expect(served()).toEqual(short(pages));
  });

  it.each([
    ['missing', 1, 200],
    ['dead', 1, dead],
    ['loop', 5, 200],
  ])('next-link-broken: %s', async (how, length, status) => {
    await open({ fault: 'next-link-broken', params: { how } });
    const walked = await walk(5);
    expect([walked.pages.length, walked.status]).toEqual([length, status]);
    expect(new Set(walked.pages.flat()).size).toBe(2);
  });

  it('cursor-expired: as the vendor says it, and again for the same link where cursors are kept', async () => {
    await open({ fault: 'cursor-expired', times: 1 });
    const { body } = await get(first());
    const link = next(body)!;
    const { status } = await get(link);
    expect([status, test.kernel.rules.list()[0]!.fired]).toEqual(ended ? [ended, 1] : [200, 0]);
    if (vendor !== 'athena') expect((await get(link)).status).toBe(ended);
    expect((await walk()).pages.flat()).toHaveLength(5);
  });

  it('page-size-ignored', async () => {
    await open({ fault: 'page-size-ignored' });
    expect((await walk()).pages.map(({ length }) => length)).toEqual([5]);
  });
});
