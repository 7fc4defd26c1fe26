import { describe, expect, it } from 'vitest';
import type { Link } from '../model.ts';
import type { Site } from '../settings.ts';
import { referenceSteps as steps } from '../steps.ts';
import { decodeMessage, decodeText, instant, segment, value } from './message.ts';
import { frame, frameReader } from './mllp.ts';

const OID = '1.2.840.114350.1.13.999.2.7.5.737384.14';
const site: Site = {
  name: 'north',
  authority: OID,
  timeZone: 'America/Chicago',
  mllp: { bind: { host: '127.0.0.1', port: 0 }, processingId: 'P', sender: 'EPIC^NORTH' },
};
const header = (event: string) => `MSH|^~\\&|EPIC|NORTH|SYNC|CRM|20260310101500.250-0500||${event}|77|P|2.5.1`;
const text = (...segments: string[]) => segments.map((one) => `${one}\r`).join('');
const decode = (...segments: string[]) => decodeMessage(text(...segments));
const PID = `PID|1||1234^^^NORTH&${OID}&ISO^MR||Lee^Ann^^^^^L||19800131|F|||1 Elm St, Apt 2^^Springfield^IL^62701^US^H||(217)555-0143^PRN^CP^^1^217^5550143~^NET^Internet^Ann@mail.example||en`;
const SCH = 'SCH||9001|||||reason|OV^Office Visit|30|MIN|^^^20260311233000-0500^20260312000000-0500||||||||||||||Booked';
const AIP = 'AIP|1||77^Ray^Jo';
const AIL = 'AIL|1||D1^^^^^^^^North Clinic';

describe('framing', () => {
  const bytes = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.from('two'))]);
  const read = (chunks: Buffer[]) => {
    const reader = frameReader();
    return chunks.flatMap(reader).map(String);
  };
  it.each([
    ['two in one chunk', [bytes], ['one', 'two']],
    ['byte by byte', [...bytes].map((byte) => Buffer.of(byte)), ['one', 'two']],
    ['junk before the start', [Buffer.from('xx\r\n'), bytes], ['one', 'two']],
    ['a lost end', [Buffer.from('\x0blost'), bytes], ['one', 'two']],
    ['no return after the end', [Buffer.from('\x0bone\x1c'), frame(Buffer.from('two'))], ['one', 'two']],
  ])('%s', (_, chunks, messages) => expect(read(chunks)).toEqual(messages));
});

describe('decoding', () => {
  it('follows the delimiters that MSH declares, and undoes escapes', () => {
    const message = decode('MSH#*!?%#A#B#C#D#20260101##ADT*A08#1#P#2.3', 'PID###5*x*y*N%O*MR!6##O?T?Neil*A?F?B?X2D?C');
    expect(value(segment(message, 'PID'), 5, 1)).toBe('O%Neil');
    expect(value(segment(message, 'PID'), 5, 2)).toBe('A#B-C');
    expect(segment(message, 'PID')?.fields[3]).toHaveLength(2);
    expect(message.event).toBe('A08');
  });

  it.each([
    ['UNICODE UTF-8', 'utf8'],
    ['8859/1', 'latin1'],
    ['', 'utf8'],
    ['', 'latin1'],
  ] as const)('reads MSH-18 "%s" sent as %s', (charset, encoding) => {
    const bytes = Buffer.from(`${header('ADT^A08')}||||||${charset}\rPID|||||Müller^José`, encoding);
    expect(decodeText(bytes, undefined)).toContain('Müller^José');
  });

  it.each([
    ['20260310101500.250-0500', '2026-03-10T15:15:00.250Z'],
    ['20260310101500-0500', '2026-03-10T15:15:00.000Z'],
    ['202603101015+0130', '2026-03-10T08:45:00.000Z'],
    ['20260310101500', '2026-03-10T15:15:00.000Z'],
    ['20260110', '2026-01-10T06:00:00.000Z'],
    ['20261310', undefined],
    ['20260230', undefined],
    ['yesterday', undefined],
  ])('time %s is %s', (from, to) => expect(instant(from, site)).toBe(to && Date.parse(to)));
});

describe('validation', () => {
  it.each([
    ['a good message', [header('ADT^A08'), PID], undefined],
    ['an appointment', [header('SIU^S12'), SCH, PID], undefined],
    ['a foreign sender', [header('ADT^A08').replace('EPIC', 'OTHER'), PID], 'AR 207'],
    ['a wrong processing id', [header('ADT^A08').replace('|P|', '|T|'), PID], 'AR 202'],
    ['an unknown type', [header('ORU^R01'), PID], 'AR 200'],
    ['an unknown event', [header('ADT^Z99'), PID], 'AR 201'],
    ['no PID', [header('ADT^A08')], 'AE 100'],
    ['no identifier', [header('ADT^A08'), 'PID|1||||Lee^Ann'], 'AE 101'],
    ["another hospital's identifier only", [header('ADT^A08'), PID.replace(OID, '1.2.3')], 'AE 101'],
    ['a birth date that is none', [header('ADT^A08'), PID.replace('19800131', '19801399')], 'AE 102'],
    ['a partial birth date', [header('ADT^A08'), PID.replace('19800131', '1980')], undefined],
    ['no appointment number', [header('SIU^S12'), SCH.replace('9001', ''), PID], 'AE 101'],
    ['no time of its own', [header('ADT^A08').replace('20260310101500.250-0500', ''), PID], 'AE 102'],
  ])('%s', (_, segments, refusal) => {
    const found = steps.validateMessage(decode(...segments), site, steps);
    expect(found && `${found.code} ${found.condition}`).toBe(refusal);
  });

  it('answers with the control id of the message', () => {
    const reply = decodeMessage(steps.ack(decode(header('ADT^A08'), PID), undefined, 0));
    expect(reply.segments.map((one) => one.name)).toEqual(['MSH', 'MSA']);
    expect([reply.type, reply.event, reply.sender]).toEqual(['ACK', 'A08', 'SYNC^CRM']);
    expect([value(segment(reply, 'MSA'), 1), value(segment(reply, 'MSA'), 2)]).toEqual(['AA', '77']);
  });
});

describe('mapping', () => {
  const contact = (pid: string) => steps.mapMessagePatient(decode(header('ADT^A08'), pid), site, steps);

  it('takes the whole PID', () => {
    expect(contact(PID)).toEqual({
      LastName: 'Lee',
      FirstName: 'Ann',
      Birthdate: '1980-01-31',
      Sex__c: 'Female',
      MobilePhone: '+12175550143',
      HomePhone: null,
      Email: 'ann@mail.example',
      MailingStreet: '1 Elm St, Apt 2',
      MailingCity: 'Springfield',
      MailingState: 'IL',
      MailingPostalCode: '62701',
    });
  });

  it.each([
    ['20260310101500.250-0500', '2026-03-10T15:15:00.250Z'],
    ['20260310101500-0500', '2026-03-10T15:15:00.999Z'],
    ['20260310101500', '2026-03-10T15:15:00.999Z'],
  ])('a message of %s is as old as the last moment that it can mean', (time, at) => {
    const message = decode(header('ADT^A08').replace('20260310101500.250-0500', time), PID);
    expect(steps.orderKey(message, site)).toEqual({ at: Date.parse(at), seq: '77' });
  });

  it.each([
    ['says nothing about what is empty', 'PID|1||1234||Lee^Ann', { LastName: 'Lee', FirstName: 'Ann' }],
    [
      'empties what is ""',
      'PID|1||1234||||""|""|||""||""',
      expect.objectContaining({
        Birthdate: null,
        Sex__c: 'Unknown',
        MailingCity: null,
        MobilePhone: null,
        HomePhone: null,
        Email: null,
      }),
    ],
    ['never empties a name', 'PID|1||1234||""', {}],
    [
      'takes the legal name wherever it stands',
      'PID|1||1234||Nick^Annie^^^^^N~Lee^Ann^^^^^L',
      { LastName: 'Lee', FirstName: 'Ann' },
    ],
    ['keeps no date that is partial', 'PID|1||1234||||198001', {}],
    [
      'takes the home address by either word for it, never another',
      'PID|1||1234||||||||9 Post Rd^^Ames^IA^50010^US^mailing~1 Elm St^^Springfield^IL^62701^US^home',
      { MailingStreet: '1 Elm St', MailingCity: 'Springfield', MailingState: 'IL', MailingPostalCode: '62701' },
    ],
    ['knows the dead', `PID|1||1234${'|'.repeat(27)}Y`, { Deceased__c: true }],
  ])('%s', (_, pid, fields) => expect(contact(pid)).toEqual(fields));

  it('makes patient and appointment out of a SIU', () => {
    const facts = steps.mapMessage(decode(header('SIU^S12'), SCH, PID, 'RGS|1', AIP, AIL), site, steps);
    expect(facts).toMatchObject([
      { object: 'Contact', key: `${OID}|1234`, seed: { Preferred_Language__c: 'en' } },
      {
        object: 'Appointment__c',
        key: `${OID}|9001`,
        person: `${OID}|1234`,
        stamp: { at: Date.parse('2026-03-10T15:15:00.250Z'), seq: '77' },
        fields: {
          Contact__c: `${OID}|1234`,
          Start__c: '2026-03-12T04:30:00.000Z',
          End__c: '2026-03-12T05:00:00.000Z',
          Local_Date__c: '2026-03-11',
          Status__c: 'Booked',
          Type__c: 'Office Visit',
          Provider__c: 'Jo Ray',
          Location__c: 'North Clinic',
        },
      },
    ]);
  });

  it.each([
    ['S12', '', 'Booked'],
    ['S14', 'Complete', 'Completed'],
    ['S15', '1^SCH', 'Cancelled'],
    ['S26', '', 'No-Show'],
    ['S13', 'Cancelled', 'Cancelled'],
  ])('an %s with status "%s" is %s', (event, status, word) => {
    const message = decode(header(`SIU^${event}`), SCH.replace('Booked', status), PID);
    expect(steps.mapMessageAppointment(message, site, steps).Status__c).toBe(word);
  });

  it('reads the type of a visit that has no code', () => {
    const sch = SCH.split('|');
    sch[8] = 'Procedure';
    const message = decode(header('SIU^S14'), sch.join('|'), PID);
    expect(steps.mapMessageAppointment(message, site, steps).Type__c).toBe('Procedure');
  });

  it.each(['A34', 'A40'])('reads a merge: MRG retires, PID survives (%s)', (event) => {
    const facts = steps.mapMessage(decode(header(`ADT^${event}`), PID, `MRG|99^^^NORTH&${OID}&ISO^MR`), site, steps);
    expect(facts[1]).toMatchObject({ loser: `${OID}|99`, survivor: `${OID}|1234` });
  });
});

it('writes back who and what, and nothing else', () => {
  const said = (value: string) => ({ value, stamp: { at: 1, seq: '' } });
  const link = {
    object: 'Contact',
    person: `${OID}|1234`,
    desired: { MRN__c: said('1234'), LastName: said('O|Lee'), FirstName: said('Ann') },
  } as unknown as Link;
  const message = decodeMessage(steps.writeBack(link, { Preferred_Language__c: 'es' }, site, 0));
  const pid = segment(message, 'PID');
  expect([message.type, message.event, value(message.segments[0], 11), value(message.segments[0], 5)]).toEqual([
    'ADT',
    'A31',
    'P',
    'EPIC',
  ]);
  expect(steps.findIdentity(pid?.fields[3] ?? [], site)).toEqual({ authority: OID, mrn: '1234' });
  expect([value(pid, 5, 1), value(pid, 5, 2), value(pid, 15), value(pid, 7), value(pid, 13)]).toEqual([
    'O|Lee',
    'Ann',
    'es',
    '',
    '',
  ]);
});

it('writes the note of an appointment back as a change of that appointment', () => {
  const said = (value: string) => ({ value, stamp: { at: 1, seq: '' } });
  const link = { object: 'Appointment__c', key: `${OID}|77`, person: `${OID}|1234`, desired: {} } as unknown as Link;
  const patient = { desired: { LastName: said('Lee') } } as unknown as Link;
  const written = (note: string | null) => decodeMessage(steps.writeBack(link, { Note__c: note }, site, 0, patient));
  const message = written('Confirmed | by phone');
  expect([message.type, message.event]).toEqual(['SIU', 'S14']);
  expect([value(segment(message, 'SCH'), 2), value(segment(message, 'NTE'), 3)]).toEqual(['77', 'Confirmed | by phone']);
  expect(steps.findIdentity(segment(message, 'PID')?.fields[3] ?? [], site)).toEqual({ authority: OID, mrn: '1234' });
  expect(segment(written(null), 'NTE')?.fields[3]).toEqual([[['""']]]);
  // A line break of the user's would be the end of the segment.
  expect(value(segment(written('First\r\nsecond\nthird'), 'NTE'), 3)).toBe('First\nsecond\nthird');
});

it('writes a decision back with its number, time, method and source', () => {
  const link = { object: 'Communication_Consent__c', key: `${OID}|C9`, person: `${OID}|1234`, desired: {} } as unknown as Link;
  const edit = { Status__c: 'OptOut', Captured__c: '2026-03-01T08:00:00.000Z', Method__c: 'Phone', Source__c: 'Desk & phone' };
  const message = decodeMessage(steps.writeBack(link, edit, site, 0));
  const con = segment(message, 'CON');
  expect([message.type, message.event]).toEqual(['ADT', 'A31']);
  expect([4, 7, 10, 11, 13].map((field) => value(con, field))).toEqual([
    'C9',
    'Desk & phone',
    'T',
    'R',
    '20260301080000.000+0000',
  ]);
});
