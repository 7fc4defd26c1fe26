import { Hl7Message } from '@medplum/core';
import type { Appointment, Patient } from '@medplum/fhirtypes';
import HL7 from 'hl7-standard';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '#kernel';
import { nobody, openWorld, ROSA, VISIT, type World } from '../testing/site.ts';
import { TRIGGERS } from './index.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld({ clock: new ManualClock('2026-03-02T12:00:00.007Z') });
});
afterEach(() => world.stop());

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
  test.each(TRIGGERS.flatMap(({ message, acts }) => acts.map((act) => [act, message])))('%s: %s', async (act, message) => {
    const retired: Patient = { ...nobody('300'), link: [{ type: 'replaced-by', other: { reference: 'Patient/eRosa' } }] };
    await queued('register', ROSA);
    const [text = ''] = await queued(act, ...(message === 'ADT^A40' ? [retired] : message.startsWith('ADT') ? [ROSA] : [VISIT]));
    const medplum = Hl7Message.parse(text);
    expect(medplum.toString()).toBe(text);
    expect(medplum.getSegment('PID')!.getComponent(3, 4, 1)).toBe('1.2.840.114350.1.13.999.2.7.5.737384.14');
    const standard = new HL7(text);
    standard.transform();
    expect(`${standard.get('MSH.9.1')}^${standard.get('MSH.9.2')}`).toBe(message);
    expect(standard.get('PID.5.1')).toBe('Peña-Okafor');
    if (message.startsWith('SIU')) expect(standard.get('SCH.2.1') ?? standard.get('SCH.2')).toBe('5550001');
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

test('no act raises two triggers', () => {
  const acts = TRIGGERS.flatMap((trigger) => trigger.acts);
  expect(new Set(acts).size).toBe(acts.length);
});
