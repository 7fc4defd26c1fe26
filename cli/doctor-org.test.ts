import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatProblem, mapProblems } from '#conformance';
import { readOrg } from '#crm';
import { REFERENCE_MANIFEST, readSubject } from './bring-up.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'org-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What the doctor says of the default map beside an org. */
function problemsBeside(files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const { manifest } = readSubject(REFERENCE_MANIFEST);
  return mapProblems({ ...manifest!, crm: { ...manifest!.crm, schema: folder } }, readOrg)
    .map(formatProblem)
    .join('\n');
}

const at = 'force-app/main/default/objects/Contact/fields';
const field = (name: string, rest: string): string =>
  `<CustomField xmlns="http://soap.sforce.com/2006/04/metadata"><fullName>${name}</fullName><label>x</label>${rest}</CustomField>`;

test('a map is held against the fields of an sfdx project, managed packages and all', () => {
  expect(
    problemsBeside({ [`${at}/vnd__Chart__c.field-meta.xml`]: field('vnd__Chart__c', '<length>12</length><type>Text</type>') }),
  ).toBe('');
  expect(problemsBeside({ [`${at}/MRN__c.field-meta.xml`]: field('MRN__c', '<length>12</length><type>Text</type>') })).toContain(
    'the CRM holds 12 characters there, the map says 40',
  );
  expect(
    problemsBeside({
      [`${at}/Clinic__c.field-meta.xml`]: field('Clinic__c', '<length>9</length><required>true</required><type>Text</type>'),
    }),
  ).toContain('the CRM requires Contact.Clinic__c, and no row fills it');
});

test('a folder that is neither is a problem with its place', () => {
  const { manifest } = readSubject(REFERENCE_MANIFEST);
  const found = mapProblems({ ...manifest!, crm: { ...manifest!.crm, schema: join(folder, 'none') } }, readOrg);
  expect(found.map(formatProblem).join()).toMatch(/none.*(no|not)/);
});
