import { describe, expect, it } from 'vitest';
import { id08 } from '../checks/id-08.ts';
import { se04 } from '../checks/se-04.ts';
import { parseMap } from '../map/map.ts';
import { contactOf, patient } from '../testing/by-hand.ts';
import { JournalBuilder } from '../testing/journal-builder.ts';
import { factsOf, MAP, manifest } from '../testing/setting.ts';
import { Evidence } from './evidence.ts';

/** The default map with another rule for leads. */
function mapWith(rule: string) {
  const objects = MAP.files['objects.csv']!.replace(/^(Contact,Patient,.*),none$/m, `$1,${rule}`);
  const { map, problems } = parseMap({ ...MAP.files, 'objects.csv': objects });
  expect([problems, map.objects[0]?.lead_match]).toEqual([[], rule]);
  return map;
}

const CANARY = 'Donararofuwah';

/** What ID-08 says after a lead, its patient, and what the subject did to the lead. */
function judged(rule: string, act: (b: JournalBuilder) => void): string[] {
  const b = new JournalBuilder('ID-08/epic');
  b.begin();
  const lead = b.edit('Lead', '00Q0000000001AAA', {
    LastName: 'Hale',
    Email: 'ada@mail.example',
    Status: 'Open - Not Contacted',
  });
  b.note('lead lead', lead.records![0]);
  b.register('p1', patient('1234567890123', CANARY));
  b.named('patient', 'Patient', 'p1');
  b.crm('Contact', '003X', contactOf(b.image('Patient', 'p1')));
  act(b);
  b.settled('arrived');
  b.end();
  return new Evidence(factsOf(b), mapWith(rule), manifest()).judge(id08, manifest().sites).findings.map(({ reason }) => reason);
}

const onLead = (fields: object | null) => (b: JournalBuilder) => void b.crm('Lead', '00Q0000000001AAA', fields);
const task = (b: JournalBuilder) => void b.crm('Task', '00T1', { WhoId: '00Q0000000001AAA', Subject: 'Same person?' });

describe('what becomes of a lead', () => {
  it.each<[string, string, (b: JournalBuilder) => void, string[]]>([
    ['none', 'left alone', () => {}, []],
    ['none', 'added to', onLead({ Description: 'a patient' }), ['lead-touched']],
    ['none', 'overwritten', onLead({ LastName: 'Other' }), ['lead-overwritten']],
    ['none', 'deleted', onLead(null), ['lead-overwritten']],
    ['flag', 'left alone', () => {}, ['not-flagged']],
    ['flag', 'marked', onLead({ EHR_Key__c: 'x' }), []],
    ['flag', 'named by a task', task, []],
    ['flag', 'overwritten', onLead({ Status: 'Closed - Converted' }), ['lead-overwritten']],
    ['convert:Email', 'left open', task, ['not-converted']],
    ['convert:Email', 'converted', onLead({ Status: 'Closed - Converted' }), []],
    ['convert:Email', 'deleted', onLead(null), []],
    ['convert:Email', 'closed otherwise', onLead({ Status: 'Closed - Not Converted' }), ['not-converted']],
    ['convert:Email', 'overwritten', onLead({ LastName: 'Other', Status: 'Closed - Converted' }), ['lead-overwritten']],
  ])('%s: %s', (rule, _, act, reasons) => {
    expect(judged(rule, act)).toEqual(reasons);
  });
});

describe('a query for leads', () => {
  const mail = `Ada.${CANARY}@mail.example`;
  const exposed = (rule: string, url: string): string[] => {
    const b = new JournalBuilder('SE-04/epic');
    b.begin();
    b.know(CANARY);
    b.register('p1', patient('1234567890123', CANARY));
    b.reply(b.request('crm', 'GET', url), 200);
    b.settled('arrived');
    b.end();
    const { findings } = new Evidence(factsOf(b), mapWith(rule), manifest()).judge(se04, manifest().sites);
    return findings.map(({ reason }) => reason).filter((reason) => reason === 'phi-in-address');
  };
  const soql = (where: string) => `/query?q=${encodeURIComponent(`SELECT Id FROM Lead WHERE ${where}`)}`;

  it.each<[string, string, string[]]>([
    ['convert:Email', soql(`Email = '${mail}'`), []],
    ['convert:Email', soql(`Email IN ('${mail}')`), []],
    ['convert:Email', `/search?q=${encodeURIComponent(`FIND {${mail}} IN EMAIL FIELDS RETURNING Lead(Id)`)}`, []],
    ['convert:Email', soql(`LastName = 'Hale-${CANARY}'`), ['phi-in-address']],
    ['convert:Email', soql(`Email = '${mail}' AND LastName = 'Hale-${CANARY}'`), ['phi-in-address']],
    ['none', soql(`Email = '${mail}'`), ['phi-in-address']],
  ])('%s: %s', (rule, url, reasons) => {
    expect(exposed(rule, url)).toEqual(reasons);
  });
});
