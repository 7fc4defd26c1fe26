import type { Appointment, Patient } from '@medplum/fhirtypes';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseTime } from './message/time.ts';
import { send } from './testing/sender.ts';
import { AUTHORITY, nobody, openWorld, ROSA, VISIT, type World } from './testing/site.ts';

let world: World;
let address: string;
beforeEach(async () => {
  world = await openWorld();
  address = world.hl7.describe().addresses.mllpIn!;
  await world.ehr.put('register', ROSA);
  await world.ehr.put('register', nobody('300'));
  await world.ehr.put('book', VISIT);
});
afterEach(() => world.stop());

const id = (mrn: string): string => `${mrn}^^^EPIC&${AUTHORITY}&ISO^MR`;
const message = (type: string, control: string, ...segments: string[]): string =>
  [`MSH|^~\\&|SYNC|CRM|EPIC|EPIC|20260302||${type}|${control}|P|2.5.1||||||UNICODE UTF-8`, ...segments, ''].join('\r');
const commits = () => world.kernel.journal.read({ kind: 'commit' }).slice(3);
const codes = async (...messages: string[]) =>
  (await send(address, ...messages)).map(({ code, error }) => [code, error].join(' ').trim());

describe('a decision in an ADT^A31', () => {
  const consent = (type: string) =>
    ({
      resourceType: 'Consent',
      id: 'eConsent',
      status: 'active',
      patient: { reference: 'Patient/eRosa' },
      identifier: [{ value: 'C9' }],
      dateTime: '2026-01-01T00:00:00Z',
      category: [{ coding: [{ system: 'http://loinc.org', code: '64292-6' }] }],
      provision: { type, purpose: [{ code: 'HMARKT' }] },
    }) as unknown as Appointment;
  const con = (control: string, fields: Record<number, string>): string => {
    const said: Record<number, string> = { 1: '1', 4: 'C9', 11: 'R', 13: '20260301080000+0000', ...fields };
    const segment = ['CON', ...Array.from({ length: 13 }, (_, i) => said[i + 1] ?? '')].join('|');
    return message('ADT^A31^ADT_A05', control, 'EVN|A31|20260302', `PID|1||${id('204181')}`, segment);
  };

  test('is filed in the consent of that number, once', async () => {
    await world.ehr.put('consent', consent('permit'));
    expect(await codes(con('1', { 7: 'Call centre', 10: 'T' }), con('2', { 7: 'Call centre', 10: 'T' }))).toEqual(['AA', 'AA']);
    expect(world.ehr.get('eConsent')).toMatchObject({
      provision: { type: 'deny', purpose: [{ code: 'HMARKT' }] },
      dateTime: '2026-03-01T08:00:00Z',
      category: [{}, { coding: [{ code: 'phone' }] }],
      sourceAttachment: { title: 'Call centre' },
    });
    expect(commits().map(({ act }) => act)).toEqual(['consent', 'consent']);
  });

  test.each([
    ['an unknown number', { 4: 'C1' }, 'AE 204'],
    ['no number', { 4: '' }, 'AE 101'],
    ['a status that decides nothing', { 11: 'P' }, 'AE 103'],
    ['no time', { 13: '' }, 'AE 102'],
  ])('%s is refused', async (_, fields, answer) => {
    await world.ehr.put('consent', consent('permit'));
    expect(await codes(con('1', fields as Record<number, string>))).toEqual([answer]);
    expect(commits()).toHaveLength(1);
  });
});

describe('ADT^A40', () => {
  const a40 = (control: string, survivor: string, retired?: string): string =>
    message('ADT^A40^ADT_A39', control, 'EVN|A40|20260302', `PID|1||${id(survivor)}`, ...(retired ? [`MRG|${id(retired)}`] : []));
  const patient = (of: string) => world.ehr.get(of) as Patient;

  test('the record in MRG goes into that in PID, and the link tells of it', async () => {
    expect(await codes(a40('1', '204181', '300'))).toEqual(['AA']);
    expect(patient('e300')).toMatchObject({
      active: false,
      link: [{ other: { reference: 'Patient/eRosa' }, type: 'replaced-by' }],
    });
    expect(patient('eRosa').link).toEqual([{ other: { reference: 'Patient/e300' }, type: 'replaces' }]);
    expect(commits().map(({ act, actor }) => [act, actor])).toEqual([['merge', 'link:SYNC']]);
    expect(world.events('queue').at(-1)!.data).toMatchObject({ message: 'ADT^A40' });
  });

  test('told twice under two ids, it is done once', async () => {
    expect(await codes(a40('1', '204181', '300'), a40('2', '204181', '300'), a40('2', '204181', '300'))).toEqual([
      'AA',
      'AA',
      'AA',
    ]);
    expect(commits()).toHaveLength(1);
  });

  test.each([
    ['no MRG', () => a40('1', '204181'), 'AE 100'],
    ['itself', () => a40('1', '204181', '204181'), 'AE 205'],
    ['an unknown one', () => a40('1', '204181', '999'), 'AE 204'],
    ['into an unknown one', () => a40('1', '999', '300'), 'AE 204'],
  ])('%s is refused', async (_, text, answer) => {
    expect(await codes(text())).toEqual([answer]);
    expect(commits()).toHaveLength(0);
  });

  test('back again is refused: no loop', async () => {
    expect(await codes(a40('1', '204181', '300'), a40('2', '300', '204181'))).toEqual(['AA', 'AE 204']);
  });
});

describe('SIU', () => {
  const PID = `PID|1||${id('204181')}`;
  const sch = (fields: Record<number, string>): string =>
    `SCH|${Array.from({ length: 25 }, (_, at) => fields[at + 1] ?? '').join('|')}`.replace(/\|+$/, '');
  const siu = (event: string, control: string, fields: Record<number, string>, ...more: string[]): string =>
    message(`SIU^${event}^SIU_S12`, control, sch(fields), PID, 'RGS|1', ...more);
  const SLOT = '^^^20260310090000^20260310094500';
  const known = { 1: '5550001', 2: '5550001' };
  const made = () => world.kernel.cell<Appointment>('fake.epic').get('eNew1');
  const visit = () => world.kernel.cell<Appointment>('fake.epic').get('eVisit')!;

  test('S12 books: times of the clinic, type, reason, who and where', async () => {
    const resources = ['AIS|1|A|OV|20260310090000', 'AIP|1|A|77^Quincy^Mary', 'AIL|1|A|R1^^^^^^^^Room 1'];
    expect(await codes(siu('S12', '1', { 1: 'CRM-1', 7: '^Cough', 8: 'OV^Office Visit', 11: SLOT }, ...resources))).toEqual([
      'AA',
    ]);
    expect(made()).toMatchObject({
      status: 'booked',
      start: '2026-03-10T13:00:00Z',
      end: '2026-03-10T13:45:00Z',
      minutesDuration: 45,
      appointmentType: { coding: [{ code: 'OV', display: 'Office Visit' }], text: 'Office Visit' },
      reasonCode: [{ text: 'Cough' }],
    });
    expect(made()!.participant.map(({ actor }) => actor)).toEqual([
      { reference: 'Patient/eRosa' },
      { display: 'Mary Quincy' },
      { display: 'Room 1' },
    ]);
    expect(commits().map(({ act, cohort }) => [act, cohort])).toEqual([['book', 'c1']]);
    expect(world.events('queue').at(-1)!.data).toMatchObject({ message: 'SIU^S12', person: '204181' });
  });

  test('what its sender booked it finds by its own number', async () => {
    const own = { 1: 'CRM-1', 11: SLOT };
    const moved = { 1: 'CRM-1', 11: '^^^20260311090000^20260311093000' };
    expect(await codes(siu('S12', '1', own), siu('S12', '2', own), siu('S13', '3', moved), siu('S12', '4', own))).toEqual([
      'AA',
      'AA',
      'AA',
      'AE 205',
    ]);
    expect(commits().map(({ act }) => act)).toEqual(['book', 'reschedule']);
    expect(made()!.start).toBe('2026-03-11T13:00:00Z');
  });

  test.each<[string, Record<number, string>, string, Partial<Appointment>]>([
    [
      'S13',
      { 11: '^^^20260310090000-0400^20260310093000-0400' },
      'reschedule',
      { start: '2026-03-10T13:00:00Z', status: 'booked' },
    ],
    ['S13', { 9: '20', 11: '^^^20260310130000+0000' }, 'reschedule', { end: '2026-03-10T13:20:00Z' }],
    [
      'S14',
      { 8: 'TH^Telehealth' },
      'modify',
      { appointmentType: { coding: [{ code: 'TH', display: 'Telehealth' }], text: 'Telehealth' } },
    ],
    ['S14', { 25: 'Started' }, 'arrive', { status: 'arrived' }],
    ['S14', { 25: 'Complete' }, 'complete', { status: 'fulfilled' }],
    ['S15', { 6: '^Moved away' }, 'cancel', { status: 'cancelled', cancelationReason: { text: 'Moved away' } }],
    ['S26', {}, 'no-show', { status: 'noshow' }],
  ])('%s %j is %s', async (event, fields, act, expected) => {
    expect(await codes(siu(event, '1', { ...known, ...fields }))).toEqual(['AA']);
    expect(visit()).toMatchObject(expected);
    expect(commits().map((commit) => commit.act)).toEqual([act]);
    expect(await codes(siu(event, '2', { ...known, ...fields }))).toEqual(['AA']);
    expect(commits()).toHaveLength(1);
  });

  test.each<[string, string, Record<number, string>, string]>([
    ['an unknown appointment', 'S13', { 2: '404', 11: SLOT }, 'AE 204'],
    ['no time', 'S13', known, 'AE 101'],
    ['a time that is none', 'S13', { ...known, 11: '^^^2026031' }, 'AE 102'],
    ['an end before the beginning', 'S13', { ...known, 11: '^^^20260310090000^20260310080000' }, 'AE 102'],
    ['a booking without a number', 'S12', { 11: SLOT }, 'AE 101'],
    ['an event that is not taken', 'S17', known, 'AR 201'],
  ])('%s is refused', async (_, event, fields, answer) => {
    expect(await codes(siu(event, '1', fields))).toEqual([answer]);
    expect(commits()).toHaveLength(0);
  });

  test('the appointment of another patient is refused', async () => {
    expect(await codes(message('SIU^S15^SIU_S12', '1', sch(known), `PID|1||${id('300')}`))).toEqual(['AE 204']);
  });
});

describe('times', () => {
  test.each([
    ['20260302091500-0500', '2026-03-02T14:15:00Z'],
    ['202603020915', '2026-03-02T14:15:00Z'],
    ['20260308030000', '2026-03-08T07:00:00Z'],
    ['20260308023000', '2026-03-08T07:30:00Z'], // the hour that the clock skips
    ['20261101013000', '2026-11-01T05:30:00Z'], // of the hour that comes twice, the first
    ['20261101020000', '2026-11-01T07:00:00Z'],
    ['20260302', undefined],
    ['20260230091500', undefined],
    ['202603022515', undefined],
  ])('%s', (ts, expected) => expect(parseTime(ts, 'America/New_York')).toBe(expected));
});
