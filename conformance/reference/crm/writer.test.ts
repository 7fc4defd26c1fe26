import { expect, test } from 'vitest';
import type { Link, Machine, ObjectName } from '../model.ts';
import { referenceSteps, type Steps } from '../steps.ts';
import { openStore } from '../store.ts';
import type { Context } from '../sync.ts';
import type { Crm } from './client.ts';
import { openWriter } from './writer.ts';

const link = (object: ObjectName, key: string, person: string, revision = 1): Link => ({
  ...{ object, key, site: 'north', person, desired: {}, seed: {}, held: null, revision, savedRevision: 0, savedAt: 0 },
  ...{ mergedInto: null, fhirId: null },
});

/** A writer whose CRM is slow: what happens while a record is written is the test's. */
function writing(meanwhile: (key: string, nth: number) => void) {
  const store = openStore(':memory:');
  const wrote: string[] = [];
  const steps: Steps = {
    ...referenceSteps,
    async save(_crm, { key, person, revision }) {
      wrote.push(`${key} of ${person} at ${revision}`);
      await Promise.resolve();
      meanwhile(key, wrote.length);
      return {};
    },
  };
  const machine = { now: () => 0, random: () => 0, sleep: async () => {} } as unknown as Machine;
  const settings = { crm: {} };
  const context = {
    steps,
    store,
    machine,
    settings,
    stop: new AbortController().signal,
    setAside: () => {},
  } as unknown as Context;
  return { store, wrote, writer: openWriter(context, {} as Crm) };
}

const settled = async (wrote: string[]): Promise<void> => {
  for (let before = -1; before !== wrote.length; ) {
    before = wrote.length;
    for (let n = 0; n < 20; n++) await Promise.resolve();
  }
};

test('a visit that a merge gives away while it is written is written again, for whom it belongs to', async () => {
  const { store, wrote, writer } = writing((_, nth) => {
    if (nth === 1) store.putLink(link('Appointment__c', 'visit', 'survivor', 2));
  });
  store.putLink(link('Appointment__c', 'visit', 'loser'));
  writer.wake(['loser'], 'feed');
  await settled(wrote);
  expect(wrote).toEqual(['visit of loser at 1', 'visit of survivor at 2']);
  expect(store.unsavedPersons()).toEqual([]);
});

test('a visit that was given away before its turn waits for the contact that it belongs to now', async () => {
  const { store, wrote, writer } = writing((key) => {
    if (key !== 'loser') return;
    store.putLink(link('Appointment__c', 'visit', 'survivor', 2));
    writer.wake(['survivor'], 'feed');
  });
  store.putLink(link('Contact', 'loser', 'loser'));
  store.putLink(link('Contact', 'survivor', 'survivor'));
  store.putLink(link('Appointment__c', 'visit', 'loser'));
  writer.wake(['loser'], 'feed');
  await settled(wrote);
  expect(wrote).toEqual(['loser of loser at 1', 'survivor of survivor at 1', 'visit of survivor at 2']);
});

test('a person is written in one lane, whatever channels bring changes', async () => {
  const { store, wrote, writer } = writing(() => {});
  store.putLink(link('Contact', 'anna', 'anna'));
  for (const channel of ['feed', 'api', 'crm'] as const) writer.wake(['anna'], channel);
  await settled(wrote);
  expect(wrote).toEqual(['anna of anna at 1']);
});
