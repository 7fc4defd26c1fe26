import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../retry.ts';
import type { Site } from '../settings.ts';
import { referenceSteps as steps } from '../steps.ts';
import { openStore } from '../store.ts';
import type { Context } from '../sync.ts';
import type { Fhir } from './client.ts';
import { readFeeds } from './feeds.ts';
import { openTold } from './told.ts';

const athena = { practice: '7', v1Url: 'http://ehr/v1', departments: [] };
const site = { name: 'north', authority: '1.2.3', timeZone: 'America/New_York', fhir: { athena } } as unknown as Site;

let store: ReturnType<typeof openStore>;
let ending: AbortController;
let asked: string[];
/** What the EHR answers, by the beginning of what it is asked. */
let answers: [string, () => unknown][];

const answer = async (call: string): Promise<unknown> => {
  asked.push(call);
  return answers.find(([start]) => call.startsWith(start))?.[1]();
};
const fhir = {
  read: (path: string) => answer(`read ${path}`),
  search: (path: string) => answer(`search ${path}`),
  call: async (url: string, { method }: { method: string }) => ({
    status: 200,
    headers: new Headers(),
    body: await answer(`${method} ${url.replace('http://ehr/v1/7', '')}`),
  }),
} as unknown as Fhir;
const context = (more: Partial<typeof steps> = {}): Context =>
  ({
    steps: { ...steps, backoff: () => 0, ...more },
    store,
    audit: () => {},
    stop: ending.signal,
    settings: { pollMs: 0 },
    machine: { now: () => Date.UTC(2026, 2, 2, 12), random: () => 0, log: () => undefined, sleep: () => turn() },
    setAside: () => undefined,
    wakeWriter: () => undefined,
  }) as unknown as Context;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const fails = (status: number) => () => {
  throw new Failure(status, `fhir-${status}`);
};

beforeEach(() => {
  store = openStore(':memory:');
  ending = new AbortController();
  asked = [];
  answers = [['read', () => ({ resourceType: 'Patient' })]];
});
afterEach(async () => {
  ending.abort();
  await turn();
  store.close();
});

describe('what the EHR told of', () => {
  it('is in custody until its chart was read, however often that fails', async () => {
    let failures = 3;
    answers = [['read Patient/p1', () => (failures-- > 0 ? fails(503)() : { resourceType: 'Patient' })]];
    const told = openTold(context(), site, fhir);
    told.keep(['Patient/p1']);
    expect(store.allTold('north')).toEqual(['Patient/p1']);
    await vi.waitFor(() => expect(store.allTold('north')).toEqual([]));
    expect(asked.length).toBe(4);
  });

  it('is read after a start, where it was not before', async () => {
    store.keepTold('north', 'Patient/p1');
    openTold(context(), site, fhir);
    await vi.waitFor(() => expect(store.allTold('north')).toEqual([]));
    expect(asked).toEqual(['read Patient/p1']);
  });

  it('told again while it is read, is read again', async () => {
    let release = () => {};
    const first = new Promise<void>((resolve) => {
      release = resolve;
    });
    answers = [['read', () => first.then(() => ({ resourceType: 'Patient' }))]];
    const told = openTold(context(), site, fhir);
    told.keep(['Patient/p1']);
    told.keep(['Patient/p1']);
    release();
    await vi.waitFor(() => expect(store.allTold('north')).toEqual([]));
    expect(asked.length).toBe(2);
  });

  it('is done with where the EHR refuses its chart', async () => {
    answers = [['read', fails(404)]];
    openTold(context(), site, fhir).keep(['Patient/p1']);
    await vi.waitFor(() => expect(store.allTold('north')).toEqual([]));
    expect(asked.length).toBe(1);
  });

  it('by an appointment is the chart of its patient', async () => {
    const participant = [{ actor: { reference: 'Practitioner/1' } }, { actor: { reference: 'Patient/p1' } }];
    answers.unshift(['search', () => [{ resourceType: 'Appointment', participant }]]);
    openTold(context(), site, fhir).keep(['Appointment/a-7.appointment-5']);
    await vi.waitFor(() => expect(store.allTold('north')).toEqual([]));
    expect(asked).toEqual(['search Appointment?_id=a-7.appointment-5', 'read Patient/p1']);
  });
});

describe('feeds', () => {
  const kept: string[] = [];
  const told = { keep: (references: string[]) => void kept.push(...references), close: async () => {} };
  const run = async (until: () => boolean, more: Partial<typeof steps> = {}) => {
    const done = readFeeds(context(more), site, fhir, told);
    await vi.waitFor(() => expect(until()).toBe(true));
    ending.abort();
    await done;
  };
  const reads = (feed: string) => asked.filter((call) => call.startsWith(`GET /${feed}/changed`));

  beforeEach(() => {
    kept.length = 0;
    answers = [
      ['GET /patients', () => ({ patients: [] })],
      ['GET /appointments', () => ({ appointments: [] })],
    ];
  });

  it('are subscribed to once, and read again and again', async () => {
    answers.unshift(['GET /appointments', () => ({ appointments: [{ patientid: '5' }, { patientid: 5 }, {}] })]);
    await run(() => reads('appointments').length > 2);
    expect(asked.slice(0, 2)).toEqual(['POST /patients/changed/subscription', 'POST /appointments/changed/subscription']);
    expect(asked.filter((call) => call.startsWith('POST')).length).toBe(2);
    expect(new Set(kept)).toEqual(new Set(['Patient/a-7.E-5']));
    expect(asked.filter((call) => call.includes('showprocessed'))).toEqual([]);
  });

  it.each([
    ['is asked again for what a lost answer took from it', undefined],
    ['is asked again, in a new process, for what the old one may not have kept', String(Date.UTC(2026, 2, 2, 11, 59))],
  ])('%s', async (_, before) => {
    if (before) store.setCursor('changed north patients', before);
    let failures = before ? 0 : 1;
    answers.unshift(['GET /patients', () => (failures-- > 0 ? fails(0)() : { patients: [] })]);
    await run(() => reads('patients').length > 3);
    const start = before ? '03%2F02%2F2026+06%3A44%3A00' : '03%2F02%2F2026+06%3A45%3A00';
    expect(reads('patients').filter((call) => call.includes('showprocessed'))).toEqual([
      `GET /patients/changed?showprocessedstartdatetime=${start}&limit=5000`,
    ]);
  });
});
