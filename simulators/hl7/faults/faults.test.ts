import { afterEach, describe, expect, test } from 'vitest';
import type { Rule } from '#kernel';
import type { LinkSettings } from '../index.ts';
import { type Answer, accept, ack, Receiver, summary } from '../testing/receiver.ts';
import { nobody, openWorld, ROSA, type World } from '../testing/site.ts';
import { Edit } from './edit.ts';
import { ELSEWHERE, HL7_FAULTS } from './index.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function setting(settings: LinkSettings, ...script: Answer[]): Promise<{ world: World; peer: Receiver }> {
  const peer = await new Receiver(...script).listen();
  const world = await openWorld();
  open.push(
    () => peer.close(),
    () => world.stop(),
  );
  world.hl7.setLink({ target: peer.target, ackTimeoutMs: 80, ...settings });
  return { world, peer };
}

const HEAD = 'MSH|^~\\&|EHR|EPIC|CRM|CRM|20260302070000-0500||';
const PID = 'PID|1||204181^^^EPIC&1.2.3&ISO^MR||Peña^Rosa^^^^^L||19800229|F|||12 Elm St^^New York||(212)555-0143^PRN^CP';
const A08 = `${HEAD}ADT^A08^ADT_A01|C1|P|2.5.1||||||UNICODE UTF-8\rEVN|A08|20260302070000\r${PID}\rPV1|1|O\r`;
const A40 = `${HEAD}ADT^A40^ADT_A39|C1|P|2.5.1\rEVN|A40|20260302070000\rPID|1||1^^^E^MR\rMRG|2^^^E^MR\r`;
const S12 = `${HEAD}SIU^S12^SIU_S12|C1|P|2.5.1\rSCH|5|5|||||||||^^^20260309100000-0400^20260309103000-0400||||||||||||||Booked\r${PID}\rAIS|1|A|OV|20260309100000-0400\r`;
const R01 = `${HEAD}ORU^R01^ORU_R01|C1|P|2.5.1\r${PID}\rOBX|1|NM|718-7^Hb^LN||13|g/dL|||||F\r`;
const TEXTS: Record<string, string> = { 'ADT^A08': A08, 'ADT^A40': A40, 'SIU^S12': S12, 'ORU^R01': R01 };

/** The bytes on the wire for one given message under one fault, as Latin-1, up to the first answer or silence. */
async function wire(fault: string, params: Rule['params'] = {}, message = 'ADT^A08', text = TEXTS[message]!): Promise<string> {
  const { world, peer } = await setting({ on: { silent: 'skip', closed: 'skip' } }, () => ack('AA', 'C1'));
  world.kernel.rules.arm({ fault, params });
  world.hl7.give({ text, message, answers: 'C1' });
  await world.seen('ack', ({ outcome }) => !['garbled', 'stale'].includes(String(outcome)));
  // The last bytes before a hang-up may still be on their way.
  for (let turns = 0; turns < 10 || peer.raw.length === 0; turns++) await new Promise((resolve) => setImmediate(resolve));
  return peer.raw.toString('latin1');
}

const raw = (text: string): string => Buffer.from(text).toString('latin1');
const [VT, FS] = ['\u000b', '\u001c'];
const whole = (text = A08): string => `${VT}${raw(text)}${FS}\r`;

describe('framing', () => {
  test.each<[string, Rule['params'], string]>([
    ['junk-between', { what: 'nul' }, `\0\0\0${whole()}`],
    ['junk-between', { what: 'text' }, `HELLO\r\n${whole()}`],
    ['no-start-byte', {}, whole().slice(1)],
    ['odd-end', { end: 'fs' }, whole().slice(0, -1)],
    ['odd-end', { end: 'fs-lf' }, `${whole().slice(0, -1)}\n`],
    ['double-frame', {}, `${VT}${whole()}${FS}\r`],
    ['cut-by-next', {}, `${VT}${raw(A08).slice(0, raw(A08).length / 2)}${whole()}`],
    ['empty-frame', {}, `${VT}${FS}\r${whole()}`],
    ['ack-in-front', {}, `${VT}MSH|^~\\&|EHR|EHR|CRM|CRM|20260101000000||ACK|ACK1|P|2.5.1\rMSA|AA|1\r${FS}\r${whole()}`],
    ['cut-off', { share: 0.25, how: 'close' }, whole().slice(0, Math.floor(whole().length / 4))],
    ['oversize', { bytes: 8 }, `${VT}${raw(A08)}OBX|99|ED|PDF^Document||^AP^PDF^Base64^QUJDQUJD||||||F\r${FS}\r`],
    ['split-frame', { size: 100 }, whole()],
    ['gone-before-answer', {}, whole()],
    ['idle', { ms: 1 }, whole()],
  ])('%s %j', async (fault, params, bytes) => expect(await wire(fault, params)).toBe(bytes));

  test.each([
    ['1 byte each', { size: 1 }, whole().length],
    ['FS and CR apart', { at: '-1' }, 2],
    ['after VT, and before FS', { at: '1,-2', pauseMs: 2 }, 3],
  ])('split-frame: %s', async (_, params, pieces) => {
    const { world, peer } = await setting({}, () => ack('AA', 'C1'));
    world.kernel.rules.arm({ fault: 'split-frame', params });
    world.hl7.give({ text: A08, message: 'ADT^A08', answers: 'C1' });
    await world.seen('ack', ({ outcome }) => outcome === 'positive');
    expect(peer.raw.toString('latin1')).toBe(whole());
    // Packets may still be joined on the way; never are they fewer than one write would give, nor more than were written.
    expect(peer.chunks.length).toBeGreaterThan(1);
    expect(peer.chunks.length).toBeLessThanOrEqual(pieces);
    if (pieces <= 3) expect(peer.chunks).toHaveLength(pieces);
  });

  test('several-frames: in one write, each with its answer', async () => {
    const { world, peer } = await setting({ paused: true });
    world.kernel.rules.arm({ fault: 'several-frames', params: { count: 3 }, times: 1 });
    for (const mrn of ['1', '2', '2', '3']) await world.ehr.put('register', nobody(mrn));
    world.hl7.setLink({ paused: false });
    await world.seen('ack', () => world.hl7.link().queued === 0);
    expect(summary(peer.got)).toEqual(['A04 1', 'A04 2', 'A04 2', 'A04 3']);
    expect(peer.chunks.length).toBe(2);
    expect(world.events('ack').map(({ data }) => data!.outcome)).toEqual(Array(4).fill('positive'));
  });

  test.each([
    ['cut-off', {}, ['closed', 'positive'], 1],
    ['gone-before-answer', { how: 'reset' }, ['closed', 'positive'], 2],
    ['impatient', { ms: 20 }, ['silent', 'positive'], 2],
    ['no-start-byte', {}, ['silent', 'positive'], 2],
  ])('%s: the message comes again, whole', async (fault, params, outcomes, got) => {
    // What is impatient goes on before the first answer is there; what has no start is not answered.
    const slow: Answer = ['impatient', 'no-start-byte'].includes(fault) ? () => undefined : accept;
    const { world, peer } = await setting({}, slow);
    world.kernel.rules.arm({ fault, params, times: 1 });
    await world.ehr.put('register', ROSA);
    await world.seen('ack', () => world.hl7.link().queued === 0);
    expect(world.events('ack').map(({ data }) => data!.outcome)).toEqual(outcomes);
    expect(peer.connections).toBe(2);
    if (fault !== 'gone-before-answer') expect(peer.got).toHaveLength(got);
    expect(new Set(peer.got).size).toBe(1);
  });

  test('impatient on the same connection: the late answer belongs to the first, and is taken for both', async () => {
    const { world, peer } = await setting({ ackTimeoutMs: 2000 }, () => undefined);
    world.kernel.rules.arm({ fault: 'impatient', params: { ms: 20, connection: 'same' }, times: 1 });
    await world.ehr.put('register', ROSA);
    await world.seen('ack', () => world.hl7.link().queued === 0);
    expect([peer.connections, peer.got.length]).toEqual([1, 2]);
  });

  test('half-open: the old connection stays open', async () => {
    const { world, peer } = await setting({});
    await world.ehr.put('register', nobody('1'));
    await world.seen('ack');
    world.kernel.rules.arm({ fault: 'half-open' });
    await world.ehr.put('register', nobody('2'));
    await world.seen('ack', () => world.hl7.link().acked === 2);
    expect([peer.connections, peer.alive]).toEqual([2, 2]);
  });

  test.each([
    ['extra-connections', { count: 5 }, 6, ''],
    ['probe', { what: 'http' }, 2, 'GET / HTTP/1.1\r\nHost: hl7\r\n\r\n'],
    ['probe', { what: 'tls' }, 2, Buffer.from('16030100c8010000c40303', 'hex').toString('latin1')],
    ['probe', { what: 'scan' }, 2, ''],
    ['endless-frame', { bytes: 10 }, 2, `${VT}AAAAAAAAAA`],
  ])('%s %j', async (fault, params, connections, before) => {
    const { world, peer } = await setting({}, () => ack('AA', 'C1'));
    world.kernel.rules.arm({ fault, params });
    world.hl7.give({ text: A08, message: 'ADT^A08', answers: 'C1' });
    await world.seen('ack', ({ outcome }) => outcome === 'positive');
    expect(peer.connections).toBe(connections);
    const all = peer.raw.toString('latin1');
    expect([all.length, all.includes(before), all.includes(whole())]).toEqual([before.length + whole().length, true, true]);
  });
});

test('at-once: all copies are out before one is answered, each over its own connection and with its answer', async () => {
  const held: (() => void)[] = [];
  const hold: Answer = (control, socket) => {
    held.push(() => void socket.write(ack('AA', control)));
    return undefined;
  };
  const { world, peer } = await setting({ ackTimeoutMs: 5000 }, ...Array<Answer>(4).fill(hold));
  world.kernel.rules.arm({ fault: 'at-once', params: { copies: 4 }, times: 1 });
  await world.ehr.put('register', ROSA);
  await peer.messages(4);
  expect([peer.connections, new Set(peer.got).size, world.events('ack').length]).toEqual([4, 1, 0]);
  for (const answer of held) answer();
  await world.seen('ack', () => world.events('ack').length === 4);
  expect(world.events('ack').map(({ data }) => [data!.outcome, data!.copy, data!.attempt])).toEqual(
    expect.arrayContaining([1, 2, 3, 4].map((copy) => ['positive', copy, 1])),
  );
  await world.ehr.put('update', ROSA);
  await world.seen('ack', () => world.hl7.link().queued === 0);
  expect([peer.got.length, peer.connections]).toEqual([5, 4]);
});

test('at-once: a receiver that takes one connection only gets the message all the same', async () => {
  const { world, peer } = await setting({ ackTimeoutMs: 5000 });
  peer.admits = 1;
  world.kernel.rules.arm({ fault: 'at-once', params: { copies: 3 }, times: 1 });
  await world.ehr.put('register', ROSA);
  await world.seen('ack', () => world.hl7.link().queued === 0);
  expect(summary(peer.got)).toEqual(['A04 204181']);
});

describe('order and ids', () => {
  async function schedule(rule: Rule): Promise<{ world: World; peer: Receiver }> {
    const { world, peer } = await setting({ paused: true });
    world.kernel.rules.arm({ ...rule, where: { operation: 'ADT^A04' } });
    await world.ehr.put('register', ROSA);
    await world.ehr.put('register', nobody('2'));
    await world.ehr.put('update', { ...ROSA, gender: 'other' });
    world.hl7.setLink({ paused: false });
    await world.seen('ack', () => world.hl7.link().queued === 0);
    return { world, peer };
  }

  test('late-copy: the same bytes after the next message about the person', async () => {
    const { world, peer } = await schedule({ fault: 'late-copy', times: 1 });
    expect(summary(peer.got)).toEqual(['A04 204181', 'A04 2', 'A08 204181', 'A04 204181']);
    expect(peer.got[3]).toBe(peer.got[0]);
    expect(world.events('queue').at(-1)!.data).toMatchObject({ echo: peer.got[0]!.split('|')[9] });
  });

  test.each([
    ['at-once', ['A04 204181', 'A04 2', 'A08 204181', 'A04 204181']],
    ['after-next', ['A04 204181', 'A04 2', 'A08 204181', 'A04 204181']],
  ])('sent-anew %s: the same event under another id', async (when, expected) => {
    const { peer } = await schedule({ fault: 'sent-anew', params: { when }, times: 1 });
    expect(summary(peer.got)).toEqual(expected);
    const [first, last] = [peer.got[0]!, peer.got[3]!].map((text) => text.split('|'));
    expect(last![9]).not.toBe(first![9]);
    expect(last!.with(9, '')).toEqual(first!.with(9, ''));
  });

  test('held-back: others pass, those about the same person too', async () => {
    const { peer } = await schedule({ fault: 'held-back', params: { ms: 60 }, times: 1 });
    expect(summary(peer.got)).toEqual(['A04 2', 'A08 204181', 'A04 204181']);
  });

  test('reused-id: the answer is matched to it', async () => {
    const { world, peer } = await schedule({ fault: 'reused-id', params: { id: '7' } });
    expect(peer.got.map((text) => text.split('|')[9])).toEqual(['7', '7', expect.stringMatching(/^\d{14}$/)]);
    expect(world.events('ack').map(({ data }) => data!.outcome)).toEqual(Array(3).fill('positive'));
    expect(world.events('ack')[0]!.served).toHaveLength(1);
  });

  test('no-id', async () => {
    const { world, peer } = await schedule({ fault: 'no-id', times: 1 });
    expect(peer.got[0]!.split('|')[9]).toBe('');
    expect(world.events('ack')[0]!.data).toMatchObject({ outcome: 'positive', answered: '' });
    expect(world.events('ack')[0]!.served).toBeUndefined();
  });

  test.each([
    [26, '20260303090000-0500'],
    [-1, '20260302060000-0500'],
    [0, '20260101000000'],
  ])('clock-skew %i h', async (hours, time) => {
    expect((await wire('clock-skew', { hours })).split('|')[6]).toBe(time);
  });

  test('sequence-number', async () => expect((await wire('sequence-number', { number: -1 })).split('|')[12]).toBe('-1'));
});

/** The lines of a damaged message that differ from the built one. */
const changed = (bytes: string, text: string): string[] => {
  const lines = bytes.slice(1, -2).split('\r');
  const built = raw(text).split('\r');
  return lines.filter((line) => !built.includes(line));
};

describe('merges', () => {
  test.each<[string, Rule['params'], string[]]>([
    ['merge-of-unknown', {}, ['MRG|UNKNOWNR^^^E^MR']],
    ['merge-of-unknown', { who: 'survivor' }, ['PID|1||UNKNOWNS^^^E^MR']],
    ['merge-of-unknown', { who: 'both' }, ['PID|1||UNKNOWNS^^^E^MR', 'MRG|UNKNOWNR^^^E^MR']],
    ['merge-into-itself', {}, ['MRG|1^^^E^MR']],
    ['merge-reversed', {}, ['PID|1||2^^^E^MR', 'MRG|1^^^E^MR']],
    ['merge-incomplete', { lacks: 'id' }, ['MRG|']],
    ['merge-incomplete', { lacks: 'authority' }, ['MRG|2^^^^MR']],
    ['merge-incomplete', { lacks: 'segment' }, []],
  ])('%s %j', async (fault, params, lines) => expect(changed(await wire(fault, params, 'ADT^A40'), A40)).toEqual(lines));

  test.each([
    ['merge-again', ['PID|1||1^^^E^MR MRG|2^^^E^MR', 'PID|1||1^^^E^MR MRG|2^^^E^MR']],
    ['merge-inverse', ['PID|1||1^^^E^MR MRG|2^^^E^MR', 'PID|1||2^^^E^MR MRG|1^^^E^MR']],
  ])('%s: a second one under another id', async (fault, expected) => {
    const { world, peer } = await setting({});
    world.kernel.rules.arm({ fault });
    world.hl7.give({ text: A40, message: 'ADT^A40', answers: 'C1' });
    await peer.messages(2);
    expect(peer.got.map((text) => text.split('\r').slice(2, 4).join(' '))).toEqual(expected);
    expect(peer.got[1]!.split('|')[9]).not.toBe('C1');
  });

  test.each([
    ['retired-id', { mrn: '9' }, 'PID|1||9^^^EPIC&1.2.3&ISO^MR|'],
    ['retired-id', { mrn: '9', how: 'beside' }, 'PID|1||9^^^EPIC&1.2.3&ISO^MR~204181^^^EPIC&1.2.3&ISO^MR|'],
    ['overlay', {}, 'PID|1||204181^^^EPIC&1.2.3&ISO^MR||OVERLAY^OTHER^^^^^L||19511224|M|'],
  ])('%s %j', async (fault, params, start) => {
    const [line = ''] = changed(await wire(fault, params), A08);
    expect(line.slice(0, start.length)).toBe(start);
  });
});

describe('structure', () => {
  const pid = (from: string, to: string): string[] => [raw(PID.replace(from, to))];
  const msh = (from: string, to: string): string[] => [A08.split('\r')[0]!.replace(from, to)];
  test.each<[string, Rule['params'], string[]]>([
    [
      'line-break-inside',
      { field: 'PID-8' },
      ['PID|1||204181^^^EPIC&1.2.3&ISO^MR||PeÃ±a^Rosa^^^^^L||19800229|F', '|||12 Elm St^^New York||(212)555-0143^PRN^CP'],
    ],
    ['odd-msh-2', { value: '^~' }, msh('^~\\&', '^~')],
    ['odd-msh-2', {}, msh('^~\\&', '^~\\&#')],
    ['unescaped', {}, pid('Rosa', 'Q & A ~ R ^ S')],
    ['odd-escape', { what: 'stray' }, pid('12 Elm St', 'half \\ way')],
    ['odd-escape', { what: 'breaks' }, pid('12 Elm St', 'one\\.br\\two\\.sp2\\three')],
    ['odd-charset', { what: 'utf8-as-latin1' }, msh('UNICODE UTF-8', '8859/1')],
    ['odd-charset', { what: 'latin1-unlabelled' }, [msh('UNICODE UTF-8', '')[0]!, PID]],
    ['odd-header', { what: 'cut' }, msh('|C1|P|2.5.1||||||UNICODE UTF-8', '')],
    ['odd-header', { what: 'no-version' }, msh('2.5.1', '')],
    ['odd-header', { what: 'no-structure' }, msh('^ADT_A01', '')],
    ['odd-header', { what: 'lower-case' }, ['evn|A08|20260302070000', raw(PID.replace('PID', 'pid')), 'pv1|1|O']],
    ['odd-header', { what: 'version-runs-on' }, [msh('2.5.1||||||UNICODE UTF-8', '2.5.1\nEVN|A08|20260302070000')[0]!]],
    ['unsupported', { what: 'type' }, msh('ADT^A08', 'XYZ^A08')],
    ['unsupported', { what: 'event' }, msh('ADT^A08', 'ADT^A99')],
    ['unsupported', { what: 'processing' }, msh('|P|', '|T|')],
    ['unsupported', { what: 'version' }, msh('2.5.1', '9.9')],
    ['missing', { what: 'PID-3' }, pid('204181^^^EPIC&1.2.3&ISO^MR', '')],
    ['extra-segments', { what: 'z' }, ['ZPD|1|LOCAL^VALUE|Y']],
    ['extra-segments', { what: 'misplaced' }, ['NTE|1||out of place']],
    ['truncated', { length: 2 }, pid('Peña', 'Pe')],
  ])('%s %j', async (fault, params, lines) => expect(changed(await wire(fault, params), A08)).toEqual(lines));

  test.each<[string, Rule['params'], string]>([
    ['segment-ends', { end: 'lf' }, raw(A08).replaceAll('\r', '\n')],
    ['segment-ends', { end: 'crlf' }, raw(A08).replaceAll('\r', '\r\n')],
    ['segment-ends', { end: 'doubled' }, raw(A08).replaceAll('\r', '\r\r')],
    ['other-delimiters', {}, raw(A08).replace(/[|^~\\&]/g, (char) => '!@*$%'['|^~\\&'.indexOf(char)]!)],
    ['missing', { what: 'PID' }, raw(A08).replace(/PID.*?\r/, '')],
    ['extra-segments', { what: 'repeated' }, raw(A08).replace(/(PID.*?\r)/, '$1$1')],
    ['cut-short', { share: 0.5 }, raw(A08).slice(0, Math.floor(raw(A08).length / 2))],
    ['batch', { what: 'wrong-count' }, `FHS|^~\\&|EHR\rBHS|^~\\&|EHR\r${raw(A08)}BTS|7\rFTS|1\r`],
    ['batch', { what: 'bad-inside' }, `BHS|^~\\&|EHR\rMSH|^~\\&|broken\r${raw(A08)}BTS|2\r`],
    ['odd-charset', { what: 'bom' }, `\xef\xbb\xbf${raw(A08)}`],
    ['odd-charset', { what: 'utf-16' }, Buffer.from(A08, 'utf16le').toString('latin1')],
  ])('%s %j: all of it', async (fault, params, text) => expect(await wire(fault, params)).toBe(`${VT}${text}${FS}\r`));
});

describe('values', () => {
  const pid = (from: string, to: string): string[] => [raw(PID).replace(from, to)];
  test.each<[string, Rule['params'], string, string[]]>([
    ['null-value', {}, 'ADT^A08', pid('(212)555-0143^PRN^CP', '""')],
    ['null-value', { field: 'PID-5.2' }, 'ADT^A08', pid('^Rosa', '^""')],
    ['empty-value', {}, 'ADT^A08', pid('(212)555-0143^PRN^CP', '')],
    ['odd-date', { value: '02/29/1980' }, 'ADT^A08', pid('19800229', '02/29/1980')],
    ['odd-id', { what: 'other-first' }, 'ADT^A08', pid('204181^', 'X99^^^OTHER&2.999.1&ISO^PI~204181^')],
    ['odd-id', { what: 'no-authority' }, 'ADT^A08', pid('EPIC&1.2.3&ISO', '')],
    ['odd-id', { what: 'zeros-added' }, 'ADT^A08', pid('204181', '000204181')],
    ['odd-id', { what: 'other-facility' }, 'ADT^A08', pid('EPIC&1.2.3&ISO', 'ELSEWHERE&2.999.7&ISO')],
    ['odd-phone', { what: 'empty-first' }, 'ADT^A08', pid('(212)', '~(212)')],
    ['odd-phone', { what: 'mail-as-phone' }, 'ADT^A08', pid('(212)555-0143^PRN^CP', 'first@mail.example')],
    ['odd-code', { what: 'sex-wrong' }, 'ADT^A08', pid('|F|', '|Q|')],
    ['odd-code', { what: 'display' }, 'ADT^A08', ['PV1|1|Outpatient']],
    ['odd-code', { what: 'leaked' }, 'ADT^A08', ['PV1|1|O||||||||||||||||CD:312507']],
    ['odd-result', { what: 'less-than' }, 'ORU^R01', ['OBX|1|NM|718-7^Hb^LN||<5|g/dL|||||F']],
    ['odd-result', { what: 'no-type' }, 'ORU^R01', ['OBX|1||718-7^Hb^LN||13|g/dL|||||F']],
    ['test-patient', { what: 'zztest' }, 'ADT^A08', pid('PeÃ±a^Rosa', 'ZZTEST^PATIENT')],
    [
      'odd-zone',
      { what: 'none' },
      'SIU^S12',
      ['SCH|5|5|||||||||^^^20260309100000^20260309103000||||||||||||||Booked', 'AIS|1|A|OV|20260309100000'],
    ],
    [
      'odd-zone',
      { what: 'wrong' },
      'SIU^S12',
      ['SCH|5|5|||||||||^^^20260309100000+0900^20260309103000+0900||||||||||||||Booked', 'AIS|1|A|OV|20260309100000+0900'],
    ],
  ])('%s %j on %s', async (fault, params, message, lines) =>
    expect(changed(await wire(fault, params, message), TEXTS[message]!)).toEqual(lines),
  );
});

describe('the list', () => {
  const counts = { T: 21, A: 5, D: 4, O: 7, M: 8, S: 13, V: 9, L: 3 };
  const rows = Object.entries(counts).flatMap(([group, count]) => Array.from({ length: count }, (_, n) => `${group}${n + 1}`));
  const made = new Set(HL7_FAULTS.map(({ row }) => row));

  test.each(rows)('%s has a fault, or a reason why not', (row) => {
    expect([made.has(row), row in ELSEWHERE].filter(Boolean)).toHaveLength(1);
  });

  test('names are unique, and every fault says what a correct receiver does', () => {
    expect(new Set(HL7_FAULTS.map(({ name }) => name)).size).toBe(HL7_FAULTS.length);
    for (const { doc } of HL7_FAULTS) expect(doc).toMatch(/^[A-Z]\d+: .* A correct receiver .*\.$/);
  });

  test('a fault of merges leaves other messages alone', async () => {
    expect(await wire('merge-into-itself')).toBe(whole());
  });

  test.each(['MSH-10', 'PID-3.4', 'PID-3', 'PV1-50'])(
    'taking a message apart at %s and putting it together changes nothing',
    (place) => {
      const message = new Edit(Buffer.from(A08));
      const was = message.get(place);
      if (was) message.set(place, was);
      expect(message.bytes().toString()).toBe(A08);
    },
  );
});
