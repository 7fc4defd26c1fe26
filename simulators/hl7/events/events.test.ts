import { Hl7Message } from '@medplum/core';
import type { Appointment, Patient } from '@medplum/fhirtypes';
import HL7 from 'hl7-standard';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '#kernel';
import { DIALECTS, speaks } from '../dialects/index.ts';
import type { Hl7SiteOptions } from '../index.ts';
import { REPORT, SAMPLES, type Sample, SHOT, STAY } from '../testing/samples.ts';
import { nobody, openWorld, ROSA, VISIT, type World } from '../testing/site.ts';
import { TRIGGERS } from './index.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld({ clock: new ManualClock('2026-03-02T12:00:00.007Z') });
});
afterEach(() => world.stop());

/** The one message of a sample, in the words of the dialect that sends it. */
async function rendered(
  { before, act, resources, dialect = 'epic' }: Sample,
  options: Partial<Hl7SiteOptions> = {},
): Promise<string> {
  await world.stop();
  world = await openWorld({ clock: new ManualClock('2026-03-02T12:00:00.007Z'), dialect, ...options });
  for (const [earlier, ...those] of before) await world.ehr.put(earlier, ...those);
  const texts = await queued(act, ...(resources as Patient[]));
  expect(texts).toHaveLength(1);
  return texts[0]!;
}

/** Commits, and gives what was queued for it. */
async function queued(act: string, ...resources: (Patient | Appointment)[]): Promise<string[]> {
  const cell = world.kernel.cell<{ text: string }>('hl7.epic.queue');
  cell.clear();
  await world.ehr.put(act, ...resources);
  return [...cell.values()].map(({ text }) => text.replace(/\|\d{14}\|P\|/, '|1|P|'));
}

const PID =
  'PID|1||204181^^^EPIC&1.2.840.114350.1.13.999.2.7.5.737384.14&ISO^MR||Peña-Okafor^Rosa^María^^^^L||19800229|F|||' +
  '12 Elm St, Apt 4^^New York^NY^10001^US^H||' +
  '(212)555-0143^PRN^CP^^1^212^5550143~(212)555-0199^PRN^PH^^1^212^5550199~^NET^Internet^rosa@mail.example||es';

const header = (type: string, structure: string): string =>
  `MSH|^~\\&|EPIC|EPIC|CRM|CRM|20260302070000.007-0500||${type}^${structure}|1|P|2.5.1||||||UNICODE UTF-8`;

describe('a message about a person', () => {
  test.each([
    ['register', 'A04', 'ADT_A01', 'O'],
    ['update', 'A08', 'ADT_A01', 'O'],
    ['add', 'A28', 'ADT_A05', 'N'],
    ['update-person', 'A31', 'ADT_A05', 'N'],
  ])('%s is ADT^%s', async (act, event, structure, patientClass) => {
    const [text] = await queued(act, ROSA);
    const lines = [header(`ADT^${event}`, structure), `EVN|${event}|20260302070000.007-0500`, PID, `PV1|1|${patientClass}`];
    expect(text).toBe(lines.map((line) => `${line}\r`).join(''));
  });

  test('merge is ADT^A40: PID survives, MRG is retired', async () => {
    const retired: Patient = {
      ...nobody('300', 'Pena'),
      identifier: [{ ...nobody('300').identifier![0]!, use: 'old' }],
      link: [{ type: 'replaced-by', other: { reference: 'Patient/eRosa' } }],
    };
    const [text] = await queued('merge', retired, ROSA);
    const lines = [header('ADT^A40', 'ADT_A39'), 'EVN|A40|20260302070000.007-0500', PID];
    lines.push('MRG|300^^^EPIC&1.2.840.114350.1.13.999.2.7.5.737384.14&ISO^MR||||||Pena^^^^^^L');
    expect(text).toBe(lines.map((line) => `${line}\r`).join(''));
  });

  test('a merge finds an unchanged survivor among the people it knows, and tells of what moved', async () => {
    await queued('register', ROSA);
    const retired: Patient = { ...nobody('300'), link: [{ type: 'replaced-by', other: { reference: 'Patient/eRosa' } }] };
    const [text] = await queued('merge', retired, VISIT);
    expect(text).toContain('\rPID|1||204181^');
    expect(
      world
        .events('queue')
        .at(-1)!
        .records!.map(({ type, id }) => `${type}/${id}`),
    ).toEqual(['Patient/e300', 'Appointment/eVisit']);
  });
});

describe('a message about an appointment', () => {
  test.each([
    ['book', 'S12', 'booked', 'Booked', 'Booked', 'A'],
    ['reschedule', 'S13', 'booked', 'Rescheduled', 'Booked', 'U'],
    ['modify', 'S14', 'booked', 'Modified', 'Booked', 'U'],
    ['arrive', 'S14', 'arrived', 'Modified', 'Started', 'U'],
    ['complete', 'S14', 'fulfilled', 'Modified', 'Complete', 'U'],
    ['cancel', 'S15', 'cancelled', 'Cancelled', 'Cancelled', 'D'],
    ['no-show', 'S26', 'noshow', 'No show', 'Noshow', 'U'],
  ] as const)('%s is SIU^%s', async (act, event, status, reason, filler, action) => {
    await queued('register', ROSA);
    const [text] = await queued(act, { ...VISIT, status });
    const slot = '20260309100000-0400^20260309103000-0400';
    const lines = [
      header(`SIU^${event}`, 'SIU_S12'),
      `SCH|5550001|5550001||||^${reason}|^Cough \\T\\ fever|OV^Office Visit|30|MIN|^^^${slot}||||||||||||||${filler}`,
      PID,
      'PV1|1|O|eDept^^^^^^^^Family Medicine, East||||eDoc^Quincy^Mary Ann||||||||||||5550001',
      `RGS|1|${action}`,
      `AIS|1|${action}|OV^Office Visit|20260309100000-0400|||30|MIN`,
      `AIL|1|${action}|eDept^^^^^^^^Family Medicine, East|||20260309100000-0400`,
      `AIP|1|${action}|eDoc^Quincy^Mary Ann|||20260309100000-0400`,
    ];
    expect(text).toBe(lines.map((line) => `${line}\r`).join(''));
  });

  test('a patient from before the link began to read is asked for', async () => {
    world.ehr.seed(ROSA);
    await world.ehr.put('book', VISIT);
    expect((await world.seen('queue')).data).toMatchObject({ emitted: true, message: 'SIU^S12', person: '204181' });
  });
});

describe('independent readers agree', () => {
  test.each(SAMPLES.map((sample) => [sample.message, sample] as const))('%s', async (message, sample) => {
    const text = await rendered(sample);
    const medplum = Hl7Message.parse(text);
    expect(medplum.toString()).toBe(text);
    expect(medplum.header.getComponent(9, 1)).toBe(message.split('^')[0]);
    expect(medplum.getSegment('PID')!.getComponent(3, 4)).toMatch(/^EPIC/);
    const standard = new HL7(text);
    standard.transform();
    expect(`${standard.get('MSH.9.1')}^${standard.get('MSH.9.2')}`).toBe(message);
    if (!['ADT^A37'].includes(message)) expect(standard.get('PID.5.1')).toBe('Peña-Okafor');
    if (message.startsWith('SIU')) expect(standard.get('SCH.2.1') ?? standard.get('SCH.2')).toBe('5550001');
  });

  test('there is a sample of every message', () => {
    expect(SAMPLES.map(({ message }) => message).sort()).toEqual(TRIGGERS.map(({ message }) => message).sort());
  });
});

describe('what a record no longer holds', () => {
  const bare: Patient = { ...ROSA, telecom: undefined, address: undefined, communication: undefined };

  test('is sent as cleared in updates, and stays so in later ones', async () => {
    await queued('register', ROSA);
    for (const act of ['update', 'update-person', 'update']) {
      const [text] = await queued(act, bare);
      expect(text).toMatch(/\rPID\|1\|\|204181\^[^|]*\|\|Pe.*\|\|19800229\|F\|\|\|""\|\|""\|\|""\r/);
    }
  });

  test('is empty where it was never held', async () => {
    await queued('register', bare);
    const [text] = await queued('update', bare);
    expect(text).not.toContain('""');
  });

  test.each([
    [{ deceasedBoolean: true }, '|Y\r'],
    [{ deceasedDateTime: '2026-01-05' }, '|20260105|Y\r'],
    [{ deceasedBoolean: false }, '|N\r'],
  ])('death %j', async (death, end) => {
    const [text] = await queued('update', { ...ROSA, ...death });
    expect(/\rPID.*\r/.exec(text!)?.[0]).toContain(end);
  });
});

describe('nothing to send', () => {
  test.each([
    ['write-note', ROSA, 'this link sends nothing for the act write-note'],
    ['register', VISIT, 'ADT^A04 does not tell of Appointment'],
    ['merge', ROSA, 'no Patient of this merge is replaced by another'],
    ['book', VISIT, 'Patient/eRosa is unknown to this link'],
  ])('%s is journalled', async (act, resource, reason) => {
    expect(await queued(act, resource)).toEqual([]);
    const event = await world.seen('queue');
    expect(event.data).toEqual({ emitted: false, reason });
    expect(event.records).toHaveLength(1);
  });

  test('other sites and other simulators are not heard', async () => {
    await world.kernel.commit({
      sim: 'ehr',
      tenant: 'other',
      act: 'register',
      apply: () => ({ records: [], before: [], after: [] }),
    });
    await world.kernel.commit({
      sim: 'crm',
      tenant: 'epic',
      act: 'register',
      apply: () => ({ records: [], before: [], after: [] }),
    });
    expect(world.events('queue')).toEqual([]);
  });
});

test('one commit of several people gives one message each', async () => {
  expect(await queued('register', nobody('1'), nobody('2'), nobody('3'))).toHaveLength(3);
});

test.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))('%s: no act raises two triggers', (_, dialect) => {
  const acts = TRIGGERS.filter(({ message }) => speaks(dialect, message)).flatMap((trigger) => trigger.acts);
  expect(new Set(acts).size).toBe(acts.length);
});

test('athena sends its patient feed and its scheduling, and says of the rest that it sends nothing', async () => {
  await world.stop();
  world = await openWorld({ dialect: 'athena' });
  expect(await queued('register', ROSA)).toHaveLength(1);
  expect(await queued('admit', STAY as never)).toEqual([]);
  expect(world.events('queue').at(-1)!.data).toEqual({ emitted: false, reason: 'this link sends nothing for the act admit' });
});

/** What a message says after MSH, EVN and PID, a line for each segment. */
const body = (text: string): string[] => text.split('\r').filter((line) => line && !/^(MSH|EVN|PID)/.test(line));
const one = (message: string): Sample => SAMPLES.find((sample) => sample.message === message)!;

describe('what the others say', () => {
  const WARD = 'eWard^^^^^^^^Ward 3';
  const ICU = 'eIcu^^^^^^^^Intensive Care';
  const DOC = 'eDoc^Quincy^Mary Ann';
  const REF = 'eRef^Okafor^Adaeze';
  const pv1 = (place: string, prior = '', as = 'I', tail = '||||||||||||||||||||||||20260302063000-0500', source = '7') =>
    `PV1|1|${as}|${place}|||${prior}|${DOC}|${REF}||||||${source}||||MED|7770001${tail}`.replace(/\|+$/, '');
  const gap = (n: number): string => '|'.repeat(n);
  const PV2 = 'PV2|||J18.9^Pneumonia^I10';
  test.each<[string, string[]]>([
    ['ADT^A01', [pv1(WARD, '', 'I', `${gap(25)}20260302063000-0500`), PV2]],
    ['ADT^A02', [pv1(ICU, WARD, 'I', `${gap(25)}20260302063000-0500`), PV2]],
    ['ADT^A03', [pv1(WARD, '', 'I', `${gap(17)}01${gap(8)}20260302063000-0500|20260305100000-0500`, ''), PV2]],
    ['ADT^A05', [pv1(WARD, '', 'P', `${gap(25)}20260302063000-0500`), PV2]],
    ['ADT^A29', ['PV1|1|N']],
    ['ADT^A34', ['MRG|300^^^EPIC^MRN^EPIC MRN Pool||||||Test^^^^^^L']],
    ['ADT^A47', ['MRG|204181^^^EPIC&1.2.840.114350.1.13.999.2.7.5.737384.14&ISO^MR']],
    [
      'ORU^R01',
      [
        'OBR|1|eOrder|L26-77|24323-8^Comprehensive panel^LN|||20260302064500-0500|||||||||||||||20260302065900-0500|||P',
        'OBX|1|NM|2951-2^Sodium^LN||131|mmol/L^mmol/L^UCUM|135-145|L|||F|||20260302064500-0500',
        'OBX|2|SN|6598-7^Troponin T^LN||<^5|ng/L^ng/L|||||F|||20260302064500-0500',
        'OBX|3|CWE|80382-5^Influenza A^LN||260373001^Detected^SCT||||||F|||20260302064500-0500',
        'OBX|4|FT|^Comment||Seen \\T\\ noted\\.br\\Call back||||||P|||20260302064500-0500',
        'OBX|5|NM|8480-6^Systolic^LN|5|120|mm[Hg]^mm[Hg]|||||F|||20260302064500-0500',
        'OBX|6|NM|8462-4^Diastolic^LN|5|80|mm[Hg]^mm[Hg]|||||F|||20260302064500-0500',
      ],
    ],
    [
      'VXU^V04',
      [
        'ORC|RE||eShot',
        'RXA|0|1|20260302|20260302|150^Influenza^CVX|0.5|mL^mL^UCUM||00^New^NIP001||||||LOT1|20261231||||CP|A',
        'RXR|IM^Intramuscular^HL70162|LA^Left arm^HL70163',
      ],
    ],
    [
      'MDM^T02',
      [
        'PV1|1|O',
        `TXA|1|18842-5|TX|20260305110000-0500||20260305110000-0500|||${DOC}|||DOC-1|||||AU||AV`,
        'OBX|1|FT|18842-5^Discharge summary^LN||Went home.\\.br\\BP 120/80 \\F\\ stable||||||F',
      ],
    ],
    [
      'REF^I12',
      [
        'RF1|P|A||||R-9|20260302060000-0500|||I48.0^Atrial fibrillation^I10',
        'PRD|RP^^HL70286|Quincy^Mary Ann|||||eDoc',
        'PRD|RT^^HL70286|Lindqvist^Magnus|||||eHeart',
        'DG1|1||I48.0^Atrial fibrillation^I10|||W',
        `OBR|1|R-9||183519002^Referral to cardiology^SCT||||||||||||${DOC}`,
      ],
    ],
    [
      'ORM^O01',
      [
        `ORC|NW|R-9|||||||20260302060000|||${DOC}`,
        `OBR|1|R-9||183519002^Referral to cardiology^SCT||||||||||||${DOC}`,
        'DG1|1||I48.0^Atrial fibrillation^I10|||W',
      ],
    ],
  ])('%s', async (message, lines) => expect(body(await rendered(one(message)))).toEqual(lines));

  test('ADT^A37: two PIDs, the one who stayed first', async () => {
    const pids = (await rendered(one('ADT^A37'))).split('\r').filter((line) => line.startsWith('PID'));
    expect(pids.map((line) => line.split('|')[3]!.split('^')[0])).toEqual(['204181', '300']);
  });

  test.each([
    ['preliminary', 'P'],
    ['final', 'F'],
    ['corrected', 'C'],
    ['cancelled', 'X'],
    ['entered-in-error', 'W'],
  ] as const)('a report that is %s has OBR-25 %s', async (status, code) => {
    const sample = one('ORU^R01');
    const text = await rendered({ ...sample, resources: [{ ...REPORT, status }, ...sample.resources.slice(1)] });
    expect(/\rOBR.*\r/.exec(text)![0].split('|')[25]!.trim()).toBe(code);
  });

  test.each([
    ['completed', false, 'CP|A'],
    ['completed', true, 'CP|U'],
    ['not-done', false, 'RE|A'],
    ['entered-in-error', true, 'CP|D'],
  ] as const)('a vaccine that is %s, known before %s: RXA-20 and RXA-21 are %s', async (status, known, codes) => {
    const before: Sample['before'] = known
      ? [
          ['register', ROSA],
          ['immunize', SHOT],
        ]
      : [['register', ROSA]];
    const text = await rendered({ act: 'immunize', message: 'VXU^V04', before, resources: [{ ...SHOT, status }] });
    expect(/\rRXA.*\r/.exec(text)![0].trim().endsWith(`|${codes}`)).toBe(true);
  });

  test('what was deleted is told from what it was', async () => {
    await queued('register', ROSA);
    await queued('book', VISIT);
    const cell = world.kernel.cell<{ text: string }>('hl7.epic.queue');
    cell.clear();
    await world.ehr.drop('delete-appointment', 'eVisit');
    expect([...cell.values()].map(({ text }) => /\rSCH.*\r/.exec(text)![0].trim().split('|').at(-1))).toEqual(['Deleted']);
  });

  test('a registration with a visit tells of both', async () => {
    const [text] = await queued('register', ROSA, STAY as never);
    expect(text).toContain('|MED|7770001|');
    expect(
      world
        .events('queue')
        .at(-1)!
        .records!.map(({ id }) => id),
    ).toEqual(['eRosa', 'eStay']);
  });
});

describe('dialects and versions', () => {
  const S12 = one('SIU^S12');

  test.each([
    ['2.3', 'ADT^A01|1|P|2.3|'],
    ['2.3.1', 'ADT^A01^ADT_A01|1|P|2.3.1|'],
    ['2.4', 'ADT^A01^ADT_A01|1|P|2.4|'],
    ['2.5.1', 'ADT^A01^ADT_A01|1|P|2.5.1|'],
    ['2.6', 'ADT^A01^ADT_A01|1|P|2.6|'],
    ['2.7', 'ADT^A01^ADT_A01|1|P|2.7|'],
    ['2.8', 'ADT^A01^ADT_A01|1|P|2.8|'],
  ])('version %s', async (version, header) => expect(await rendered(one('ADT^A01'), { version })).toContain(header));

  test('versions before 2.5.1 send coded results as CE', async () => {
    expect(await rendered(one('ORU^R01'), { version: '2.4' })).toContain('\rOBX|3|CE|');
  });

  test('2.6 has no XTN-1: the parts of a phone are all that there is of it', async () => {
    const message = await rendered(one('ADT^A04'), { version: '2.6' });
    expect(message).toContain('|^PRN^CP^^1^212^5550143~^PRN^PH^^1^212^5550199~^NET^Internet^rosa@mail.example|');
    expect(message).not.toContain('(212)');
  });

  test.each(['2.7', '2.8'])('%s leaves out what 2.7 withdrew, and says it where it is said since', async (version) => {
    const cerner = await rendered(one('ADT^A04'), { version, dialect: 'cerner' });
    expect(cerner).toMatch(/\rEVN\|\|\d{14}\r/);
    expect(cerner).toContain('\rPID|1||204181^');
    const pid = cerner
      .split('\r')
      .find((line) => line.startsWith('PID'))!
      .split('|');
    expect(pid[40]).toBe(pid[13]);
    expect(pid[40]).toContain('^PRN^CP^^1^212^5550143');
    const visit = await rendered(S12, { version });
    expect(visit).toMatch(/\rSCH\|([^|]*\|){8}30\|MIN(\|){15}Booked\rTQ1\|1(\|){6}20260309100000-0400\|20260309103000-0400\rPID/);
    expect(await rendered(S12, { version: '2.6' })).toContain('|^^^20260309100000-0400^20260309103000-0400|');
    expect(await rendered(one('ADT^A47'), { version })).toContain('|ADT^A47^ADT_A44|');
    // What was withdrawn is told by the message that took its place.
    expect(await rendered(one('ADT^A40'), { version, dialect: 'cerner' })).toContain('|ADT^A40^ADT_A39|');
    expect(await rendered(one('REF^I12'), { version, dialect: 'cerner' })).toContain('|REF^I12^REF_I12|');
  });

  test('a cleared phone is cleared in both places', async () => {
    const bare = { ...ROSA, telecom: undefined };
    const sample: Sample = { message: 'ADT^A08', before: [['register', ROSA]], act: 'update', resources: [bare] };
    const message = await rendered(sample, { version: '2.8' });
    expect(message.split('\r').find((line) => line.startsWith('PID'))).toMatch(/^PID(\|[^|]*){12}\|""\|.*\|""$/);
  });

  test('a version that there is not', async () => {
    await expect(openWorld({ version: '2.9' })).rejects.toThrow('"2.9"; there are: 2.3, 2.3.1, 2.4, 2.5.1, 2.6, 2.7, 2.8');
  });

  test('cerner', async () => {
    const lines = (await rendered({ ...S12, dialect: 'cerner' })).split('\r');
    expect(lines[0]).toMatch(
      /^MSH\|\^~\\&\|CERNER\|HNAM\|CRM\|CRM\|20260302070000\|\|SIU\^S12\|Q\d{14}T\d{10}\|P\|2.3\|{6}8859\/1$/,
    );
    expect(lines[1]).toContain('|Cough \\T\\ fever|Office Visit|30|MIN|^^^20260309100000^20260309103000|');
    expect(lines[2]).toContain('PID|1|204181|204181^^^EPIC^MRN^EPIC MRN Pool||');
    expect(lines[2]).toContain('^US^home|');
    expect(lines[3]).toContain('PV1|1||eDept^');
  });

  test('epic tells the note of an appointment in ZCH', async () => {
    const comment = 'Bring films';
    const text = await rendered({ ...S12, resources: [{ ...VISIT, comment } as Appointment] });
    expect(text.endsWith('\rZCH|Bring films\r')).toBe(true);
  });

  test('other delimiters, with a fifth character', async () => {
    const delimiters = { field: '!', component: '@', repetition: '*', escape: '$', sub: '%', truncation: '#' };
    const text = await rendered(one('SIU^S12'), { delimiters });
    expect(text.slice(0, 20)).toBe('MSH!@*$%#!EPIC!EPIC!');
    expect(text).toContain('!@Cough & fever!OV@Office Visit!');
    expect(Hl7Message.parse(text).getSegment('PID')!.getComponent(5, 1)).toBe('Peña-Okafor');
  });
});
