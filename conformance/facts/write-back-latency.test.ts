import { expect, it } from 'vitest';
import { contactOf, patient } from '../testing/by-hand.ts';
import { JournalBuilder } from '../testing/journal-builder.ts';
import { factsOf, MAP, manifest } from '../testing/setting.ts';
import { Evidence } from './evidence.ts';
import { writeBackSamples } from './write-back-latency.ts';

type Told = ['edit' | 'ehr', string, ms: number][];

/** Edits of a language in the CRM, and what the EHR comes to hold, each after so many ms. */
function samples(...told: Told): string[] {
  const b = new JournalBuilder('LT-05/epic');
  b.begin();
  b.register('p1', patient('1234567890123', 'Canarytest'));
  b.crm('Contact', '003X', { ...contactOf(b.image('Patient', 'p1')), Preferred_Language__c: 'en' });
  const from = b.micros;
  for (const [what, code, ms] of told) {
    b.wait(ms);
    const communication = [{ language: { coding: [{ code }] }, preferred: true }];
    if (what === 'edit') b.edit('Contact', '003X', { Preferred_Language__c: code });
    else b.ehr('update-person', 'Patient', 'p1', { communication }, { actor: 'link:sync' });
  }
  b.wait(1_000).end();
  const found = writeBackSamples(new Evidence(factsOf(b), MAP, manifest()), 'LT-05/epic', { from, end: b.micros });
  return found.map(({ outcome, micros }) => `${outcome} ${Math.round(micros / 1000)}`);
}

it.each<[string, Told, string[]]>([
  [
    'seen',
    [
      ['edit', 'es', 0],
      ['ehr', 'es', 200],
    ],
    ['visible 200'],
  ],
  ['never seen', [['edit', 'es', 0]], ['never 1000']],
  [
    'overtaken',
    [
      ['edit', 'es', 0],
      ['edit', 'fr', 50],
      ['ehr', 'fr', 200],
    ],
    ['superseded 250', 'visible 200'],
  ],
  [
    'taken back before it was seen',
    [
      ['edit', 'es', 0],
      ['ehr', 'es', 100],
      ['edit', 'fr', 50],
      ['edit', 'es', 30],
    ],
    ['visible 100', 'superseded 30', 'unchanged 0'],
  ],
])('an edit that is %s', (_, told, expected) => {
  expect(samples(...told)).toEqual(expected);
});
