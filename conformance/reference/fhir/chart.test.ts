import { expect, it } from 'vitest';
import type { Site } from '../settings.ts';
import { referenceSteps as steps } from '../steps.ts';
import { openStore } from '../store.ts';
import type { Context } from '../sync.ts';
import { readChart } from './chart.ts';
import type { Fhir } from './client.ts';
import { together } from './clinical.ts';

const site = { name: 'north', authority: '1.2.3', timeZone: 'America/New_York' } as Site;

/** A hospital that leaves with each chart what was recorded there, also when it was merged into another. */
const CHARTS: Record<string, object[]> = {
  'Encounter?patient=lost': [
    {
      resourceType: 'Encounter',
      id: 'v',
      status: 'finished',
      period: { start: '2026-03-02T15:00:00Z', end: '2026-03-02T15:30:00Z' },
    },
  ],
  'ServiceRequest?patient=lost': [{ resourceType: 'ServiceRequest', id: 'r', intent: 'order', status: 'active' }],
  'Consent?patient=lost': [
    {
      resourceType: 'Consent',
      identifier: [{ value: 'C1' }],
      dateTime: '2026-03-01T08:00:00Z',
      provision: { type: 'deny', purpose: [{ code: 'HMARKT' }], code: [{ coding: [{ code: 'sms' }] }] },
    },
  ],
};

it('reads whatever was recorded in a chart that was merged into this one', async () => {
  const store = openStore(':memory:');
  const patient = {
    ...{ resourceType: 'Patient', id: 'kept', identifier: [{ system: 'urn:oid:1.2.3', value: '77' }] },
    link: [{ type: 'replaces', other: { reference: 'Patient/lost' } }],
  };
  const fhir = {
    read: async () => patient,
    search: async (path: string) => CHARTS[path] ?? [],
  } as unknown as Fhir;
  const context = {
    ...{ steps, store, stop: new AbortController().signal, setAside: () => undefined, wakeWriter: () => undefined },
    machine: { now: () => Date.UTC(2026, 2, 3, 12) },
  } as unknown as Context;
  store.hint(['1.2.3|77']);
  await readChart(context, site, fhir, { fhirId: 'kept', pass: 0 });
  const desired = (object: 'Contact' | 'Referral__c' | 'Communication_Consent__c', key: string, name: string) =>
    store.link(object, `1.2.3|${key}`)?.desired[name]?.value;
  expect([
    desired('Contact', '77', 'Last_Visit_Date__c'),
    desired('Referral__c', 'r', 'IsDeleted'),
    desired('Communication_Consent__c', 'C1', 'Contact__c'),
  ]).toEqual(['2026-03-02', false, '1.2.3|77']);
  store.close();
});

it('takes a list for whole only where every chart has it', () => {
  const [a, b] = [{ id: 'a' }, { id: 'b' }] as never[];
  const chart = (lists: object) => ({ encounters: [], ...lists });
  expect(together([chart({ orders: [a], conditions: [a] }), chart({ orders: [b] })])).toMatchObject({
    orders: [a, b],
    conditions: undefined,
  });
  expect(together([])).toBeUndefined();
});
