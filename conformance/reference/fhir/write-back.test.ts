import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Link } from '../model.ts';
import { Failure } from '../retry.ts';
import type { Site } from '../settings.ts';
import { referenceSteps as steps } from '../steps.ts';
import type { Fhir } from './client.ts';
import type { Patient } from './map.ts';
import { patchPatient } from './write-back.ts';

const site: Site = { name: 'north', authority: '1.2.3', timeZone: 'America/Chicago' };
const speaks = (code: string, preferred?: boolean) => ({ language: { coding: [{ code }] }, ...(preferred && { preferred }) });
const patient = (communication?: Patient['communication'], versionId = '1'): Patient => ({
  resourceType: 'Patient',
  id: 'e1',
  meta: { versionId },
  ...(communication && { communication }),
});
const to = (code: string | null) => ({ Preferred_Language__c: code });
const codes = (list: unknown) => (list as Patient['communication'])?.map(({ language }) => language?.coding?.[0]?.code);

describe('a change of the preferred language', () => {
  it.each<[string, Patient, string | null, string, (string | undefined)[] | undefined]>([
    ['puts the new one first', patient([speaks('en', true), speaks('vi')]), 'es', 'replace', ['es', 'en', 'vi']],
    ['prefers one that is spoken already', patient([speaks('en', true), speaks('es')]), 'es', 'replace', ['es', 'en']],
    ['begins a list', patient(), 'es', 'add', ['es']],
    ['takes away what was preferred', patient([speaks('en', true), speaks('vi')]), null, 'replace', ['vi']],
    ['takes away the last one', patient([speaks('en', true)]), null, 'remove', undefined],
  ])('%s', (_, before, code, op, after) => {
    const [operation] = steps.patchOf(before, to(code), site);
    expect([operation?.op, codes(operation?.value)]).toEqual([op, after]);
  });

  it('is nothing where the chart says so already', () => {
    expect(steps.patchOf(patient([speaks('es', true), speaks('en')]), to('es'), site)).toEqual([]);
  });

  it('loses no language and prefers one alone', () => {
    const code = fc.constantFrom('en', 'es', 'fr', 'vi', 'zh');
    const list = fc.uniqueArray(fc.tuple(code, fc.boolean()), { selector: ([one]) => one });
    fc.assert(
      fc.property(list, code, (held, chosen) => {
        const before = held.map(([one, preferred]) => speaks(one, preferred));
        const [operation] = steps.patchOf(patient(before), to(chosen), site);
        const after = (operation?.value ?? before) as NonNullable<Patient['communication']>;
        expect(new Set(codes(after))).toEqual(new Set([chosen, ...held.map(([one]) => one)]));
        expect(codes(after.filter(({ preferred }) => preferred))).toEqual([chosen]);
      }),
    );
  });
});

describe('a write', () => {
  /** A chart that somebody changes before each of the first writes, and what was asked of it. */
  const ehr = (answers: number[]) => {
    const asked: string[] = [];
    const fhir = {
      read: async () => patient([speaks('en', true)], String(asked.length + 1)),
      patch: async (_: string, version: string | undefined) => {
        asked.push(version ?? 'none');
        const status = answers.shift();
        if (status) throw new Failure(status, `fhir-${status}`);
      },
    } as unknown as Fhir;
    return { fhir, asked };
  };

  it.each([
    ['one that is overtaken twice', [409, 412], 'accepted', ['1', '2', '3']],
    ['one that is refused for its content', [422], 'refused', ['1']],
    ['one that meets an outage', [503], 'unknown', ['1']],
    ['one that is overtaken for ever', [409, 409, 409, 409, 409, 409], 'unknown', ['1', '2', '3', '4', '5']],
  ] as const)('%s', async (_, answers, outcome, versions) => {
    const { fhir, asked } = ehr([...answers]);
    const link = { fhirId: 'e1' } as Link;
    expect([await patchPatient(fhir, site, link, to('es'), steps), asked]).toEqual([outcome, versions]);
  });
});
