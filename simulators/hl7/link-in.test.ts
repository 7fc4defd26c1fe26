import type { Patient } from '@medplum/fhirtypes';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Rule } from '#kernel';
import { framed } from './testing/receiver.ts';
import { frames, send, sendRaw } from './testing/sender.ts';
import { AUTHORITY, openWorld, ROSA, type World } from './testing/site.ts';

let world: World;
let address: string;
beforeEach(async () => {
  world = await openWorld();
  address = world.hl7.describe().addresses.mllpIn!;
  await world.ehr.put('register', ROSA);
});
afterEach(() => world.stop());

const ID = `204181^^^EPIC&${AUTHORITY}&ISO^MR`;
const NAME = 'Peña-Okafor^Rosa^María^^^^L';
const msh = (control: string, more: { type?: string; processing?: string; version?: string } = {}): string =>
  `MSH|^~\\&|SYNC|CRM|EPIC|EPIC|20260302||${more.type ?? 'ADT^A31^ADT_A05'}|${control}|${more.processing ?? 'P'}|${more.version ?? '2.5.1'}||||||UNICODE UTF-8`;

/** A whole A31 about Rosa: fields of PID by number. */
function a31(control: string, fields: Record<number, string>, header = msh(control)): string {
  const pid = { 1: '1', 3: ID, 5: NAME, ...fields } as Record<number, string>;
  const last = Math.max(...Object.keys(pid).map(Number));
  return `${header}\rEVN|A31|20260302\rPID|${Array.from({ length: last }, (_, at) => pid[at + 1] ?? '').join('|')}\rPV1|1|N\r`;
}

const commits = (): number => world.kernel.journal.read({ kind: 'commit' }).length - 1;

describe('what is filed', () => {
  const official = (name: object): Partial<Patient> => ({ name: [{ use: 'official', ...name }, ROSA.name![1]!] });
  const phone = (use: 'mobile' | 'home', value: string) => ({ system: 'phone', use, value });
  const [mobile, home, old, mail] = ROSA.telecom!;
  test.each<[string, Record<number, string>, Partial<Patient>]>([
    [
      'a name',
      { 5: 'Okafor^Rosalind^M^Jr^Dr^^L' },
      official({ family: 'Okafor', given: ['Rosalind', 'M'], suffix: ['Jr'], prefix: ['Dr'] }),
    ],
    ['a family name alone', { 5: 'Okafor' }, official({ family: 'Okafor', given: ['Rosa', 'María'] })],
    ['no middle name any more', { 5: 'Okafor^Rosa^""' }, official({ family: 'Okafor', given: ['Rosa'] })],
    [
      'the legal one of several names',
      { 5: 'Rosi^R^^^^^N~Okafor^Rosa^María^^^^L' },
      official({ family: 'Okafor', given: ['Rosa', 'María'] }),
    ],
    ['an escaped name', { 5: 'O\\T\\K' }, official({ family: 'O&K', given: ['Rosa', 'María'] })],
    ['a birth date', { 7: '19810301' }, { birthDate: '1981-03-01' }],
    ['a birth date with a time', { 7: '198103011200-0500' }, { birthDate: '1981-03-01' }],
    ['no birth date', { 7: '""' }, { birthDate: undefined }],
    ['a sex', { 8: 'O' }, { gender: 'other' }],
    ['no sex', { 8: '""' }, { gender: undefined }],
    [
      'a home address',
      { 11: '9 Oak Rd^Unit 2^Albany^NY^12207^US^H' },
      {
        address: [
          ROSA.address![0]!,
          { use: 'home', line: ['9 Oak Rd', 'Unit 2'], city: 'Albany', state: 'NY', postalCode: '12207', country: 'US' },
        ],
      },
    ],
    ['no home address', { 11: '""' }, { address: [ROSA.address![0]!] }],
    [
      'a mobile phone; the others stay',
      { 13: '(646)555-0177^PRN^CP^^1^646^5550177' },
      { telecom: [home, old, mail, phone('mobile', '(646)555-0177')] as Patient['telecom'] },
    ],
    [
      'a home phone in parts, and an e-mail address',
      { 13: '^PRN^PH^^1^646^5550177~^NET^Internet^new@mail.example' },
      {
        telecom: [
          mobile,
          old,
          phone('home', '(646) 555-0177'),
          { system: 'email', value: 'new@mail.example' },
        ] as Patient['telecom'],
      },
    ],
    ['no phone or e-mail', { 13: '""' }, { telecom: [old!] }],
    [
      'a language',
      { 15: 'fr^French' },
      {
        communication: [
          { language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'fr' }], text: 'French' }, preferred: true },
          ROSA.communication![0]!,
        ],
      },
    ],
    [
      'a language that was known',
      { 15: 'en' },
      { communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'en' }] }, preferred: true }] },
    ],
    ['no language', { 15: '""' }, { communication: [ROSA.communication![0]!] }],
    ['a death', { 30: 'Y' }, { deceasedBoolean: true }],
    ['a time of death', { 29: '20260301', 30: 'Y' }, { deceasedDateTime: '2026-03-01' }],
  ])('%s', async (_, fields, difference) => {
    const [answer] = await send(address, a31('m1', fields));
    expect(answer).toMatchObject({ code: 'AA', control: 'm1', error: '' });
    const { meta, ...now } = world.ehr.get('eRosa');
    expect(meta!.versionId).toBe('2');
    expect(now).toEqual(JSON.parse(JSON.stringify({ ...ROSA, ...difference })));
  });

  test.each<[string, Record<number, string>]>([
    ['blank fields', {}],
    ['what the record holds, written our way', { 7: '19800229', 8: 'F', 15: 'es', 30: 'N' }],
    ['the same numbers, written otherwise', { 13: '212-555-0143^PRN^CP~212.555.0199^PRN^PH' }],
    ['the same address', { 11: '12 Elm St, Apt 4^^New York^NY^10001^^H' }],
    ['fields that are not filed', { 16: 'M', 18: '77' }],
  ])('%s change nothing', async (_, fields) => {
    expect(await send(address, a31('m1', fields))).toMatchObject([{ code: 'AA' }]);
    expect(commits()).toBe(0);
    expect(world.events('ack')[0]!.data).toMatchObject({ direction: 'in', outcome: 'positive', unchanged: true });
  });

  test('the commit says who and why, and the link tells of it again', async () => {
    await send(address, a31('m1', { 15: 'fr' }));
    const [, commit] = world.kernel.journal.read({ kind: 'commit' });
    const [message] = world.events('message');
    const [answer] = world.events('ack');
    expect(commit).toMatchObject({ act: 'update-person', actor: 'link:SYNC', cohort: 'c1' });
    expect(message).toMatchObject({ actor: 'link:SYNC', data: { direction: 'in', control: 'm1', type: 'ADT^A31' } });
    expect(answer).toMatchObject({
      cause: message!.seq,
      data: { commit: commit!.seq, code: 'AA' },
      records: [{ id: 'eRosa', version: 2 }],
    });
    expect(world.events('queue').map(({ data }) => data!.message)).toEqual(['ADT^A04', 'ADT^A31']);
  });

  test.each(['ADT^A08^ADT_A01', 'ADT^A08', 'ADT^A31'])('%s is taken', async (type) => {
    expect(await send(address, a31('m1', { 8: 'M' }, msh('m1', { type })))).toMatchObject([{ code: 'AA' }]);
    expect(commits()).toBe(1);
  });

  test.each([
    ['LF ends', a31('m1', { 8: 'M' }).replaceAll('\r', '\n')],
    ['the authority without a namespace', a31('m1', { 3: `204181^^^&${AUTHORITY}&ISO^MR`, 8: 'M' })],
    ['the namespace alone', a31('m1', { 3: '204181^^^EPIC^MR', 8: 'M' })],
    ['the identifier among others', a31('m1', { 3: `204181^^^OTHER&1.2.3&ISO^MR~${ID}`, 8: 'M' })],
    ['no EVN', a31('m1', { 8: 'M' }).replace(/EVN.*\r/, '')],
    ['other delimiters', a31('m1', { 8: 'M' }).replaceAll('|', '#').replaceAll('^', '*')],
    ['an unknown segment', `${a31('m1', { 8: 'M' })}ZZZ|1\r`],
  ])('%s', async (_, text) => {
    expect(await send(address, text)).toMatchObject([{ code: 'AA', control: 'm1' }]);
    expect(world.ehr.get('eRosa').gender).toBe('male');
  });

  test('Latin-1 is read as declared', async () => {
    const text = a31('m1', { 5: 'Núñez^Zoë' }).replace('UNICODE UTF-8', '8859/1');
    await sendRaw(address, Buffer.from(framed(text), 'latin1'));
    expect(world.ehr.get('eRosa').name![0]).toMatchObject({ family: 'Núñez', given: ['Zoë', 'María'] });
  });
});

describe('what is refused', () => {
  test.each<[string, string, string, string]>([
    ['an unknown patient', a31('m1', { 3: ID.replace('204181', '999') }), 'AE', '204'],
    ["another hospital's identifier", a31('m1', { 3: '204181^^^OTHER&1.2.3&ISO^MR', 8: 'M' }), 'AE', '204'],
    ['an identifier of nobody', a31('m1', { 3: '204181', 8: 'M' }), 'AE', '204'],
    ['an empty identifier', a31('m1', { 3: `^^^EPIC&${AUTHORITY}&ISO`, 8: 'M' }), 'AE', '101'],
    ['no identifier', a31('m1', { 3: '', 8: 'M' }), 'AE', '101'],
    ['no PID', `${msh('m1')}\rEVN|A31\r`, 'AE', '100'],
    ['no control id', a31('', { 8: 'M' }), 'AE', '101'],
    ['a cleared name', a31('m1', { 5: '""' }), 'AE', '101'],
    ['a cleared family name', a31('m1', { 5: '""^Rosa' }), 'AE', '101'],
    ['a bad date', a31('m1', { 7: '19810229', 8: 'M' }), 'AE', '102'],
    ['an unknown sex', a31('m1', { 8: 'Female' }), 'AE', '103'],
    ['an unknown answer to death', a31('m1', { 8: 'M', 30: 'maybe' }), 'AE', '103'],
    ['another event', a31('m1', { 8: 'M' }, msh('m1', { type: 'ADT^A01^ADT_A01' })), 'AR', '201'],
    ['another type', a31('m1', { 8: 'M' }, msh('m1', { type: 'ORU^R01' })), 'AR', '200'],
    ['another processing id', a31('m1', { 8: 'M' }, msh('m1', { processing: 'T' })), 'AR', '202'],
    ['another version', a31('m1', { 8: 'M' }, msh('m1', { version: '3.0' })), 'AR', '203'],
    ['no message', 'hello', 'AR', '100'],
  ])('%s', async (_, text, code, error) => {
    const [answer] = await send(address, text);
    expect(answer).toMatchObject({ code, error });
    expect(commits()).toBe(0);
    const ack = world.events('ack')[0]!;
    expect(ack.data).toMatchObject({
      direction: 'in',
      code,
      outcome: code === 'AE' ? 'error' : 'reject',
      reason: expect.stringContaining(error),
    });
  });

  test('a record that was merged into another', async () => {
    world.ehr.seed({ ...ROSA, link: [{ type: 'replaced-by', other: { reference: 'Patient/x' } }] });
    const [answer] = await send(address, a31('m1', { 8: 'M' }));
    expect(answer).toMatchObject({ code: 'AE', error: '204', text: expect.stringContaining('merged') });
  });
});

describe('a batch', () => {
  const batch = (count: number | string, ...messages: string[]): string =>
    `BHS|^~\\&|SYNC|CRM|EPIC|EPIC|20260302||||B7\r${messages.join('')}BTS|${count}\r`;

  /** Frames that answer the first of these; the last one is always answered. */
  const raw = (...payloads: string[]): Promise<string[]> => frames(address, payloads.map(framed).join(''));

  test('is filed message by message, and answered by a batch', async () => {
    const whole = batch(2, a31('m1', { 8: 'M' }), a31('m2', { 3: ID.replace('204181', '999') }));
    const [answer] = await raw(whole);
    expect(answer!.split('\r').map((line) => line.split('|').slice(0, 3).join('|'))).toEqual([
      ...['BHS|^~\\&|EPIC', 'MSH|^~\\&|EPIC', 'MSA|AA|m1', 'MSH|^~\\&|EPIC', 'MSA|AE|m2', 'ERR||PID^1^3', 'BTS|2', ''],
    ]);
    // BHS-12 names the batch that it answers.
    expect(answer!.split('\r')[0]!.split('|').slice(2, 6)).toEqual(['EPIC', 'EPIC', 'SYNC', 'CRM']);
    expect(answer!.split('\r')[0]!.split('|')[11]).toBe('B7');
    expect(world.ehr.get('eRosa').gender).toBe('male');
    expect(world.events('message').map(({ data }) => data?.batch)).toEqual(['B7', 'B7']);
  });

  test.each<[string, string, string]>([
    ['a bad message inside', batch(2, 'MSH|^~\\&|broken\r', a31('m2', { 8: 'M' })), 'BTS|2'],
    ['a wrong count', batch(7, a31('m2', { 8: 'M' })), 'BTS|1|BTS-1 says 7 messages, and there is 1 since line 1'],
    ['no count', batch('', a31('m2', { 8: 'M' })), 'BTS|1'],
    ['no trailer', batch('', a31('m2', { 8: 'M' })).replace('BTS|\r', ''), 'BTS|1'],
    ['a file', `FHS|^~\\&|SYNC\r${batch(1, a31('m2', { 8: 'M' }))}FTS|1\r`, 'BTS|1'],
  ])('%s: the good ones are filed', async (_, text, trailer) => {
    const [answer] = await raw(text);
    expect(answer!.split('\r').filter(Boolean).at(-1)).toBe(trailer);
    expect(answer).toContain('MSA|AA|m2');
    expect(world.ehr.get('eRosa').gender).toBe('male');
  });

  test('without messages is answered by one without', async () => {
    const [answer] = await raw(batch(0));
    expect(answer).toMatch(/^BHS\|[^\r]*\|B7\rBTS\|0\r$/);
  });

  test('of acknowledgements is answered by nothing', async () => {
    const acks = batch(1, 'MSH|^~\\&|S|S|E|E|1||ACK|a1|P|2.5.1\rMSA|AA|x\r');
    const [answer, more] = await raw(acks, a31('m9', { 8: 'M' }));
    expect(answer).toContain('MSA|AA|m9');
    expect(more).toBeUndefined();
  });
});

describe('repetition', () => {
  test('a message that comes again is answered again, and files nothing', async () => {
    const text = a31('m1', { 8: 'M' });
    await send(address, text);
    await world.ehr.put('update', { ...world.ehr.get('eRosa'), gender: 'female' });
    const [answer] = await send(address, text);
    expect(answer!.code).toBe('AA');
    expect(world.ehr.get('eRosa').gender).toBe('female');
    expect(world.events('ack').at(-1)!.data).toMatchObject({ repeated: true });
  });

  test('a control id used for another message is not a repetition', async () => {
    await send(address, a31('m1', { 8: 'M' }), a31('m1', { 8: 'O' }));
    expect(world.ehr.get('eRosa').gender).toBe('other');
  });

  test('neither is the same control id of another sender', async () => {
    const text = a31('m1', { 8: 'M' });
    await send(address, text);
    await world.ehr.put('update', { ...world.ehr.get('eRosa'), gender: 'female' });
    await send(address, text.replace('SYNC', 'OTHER'));
    expect(world.ehr.get('eRosa').gender).toBe('male');
  });

  test.each([
    ['invalid', 'AE 103'],
    ['unavailable', 'AE 207'],
  ])('a rule that says %s is answered %s', async (error, answer) => {
    world.kernel.rules.arm({ fault: 'vendor-error', params: { error }, where: { path: '/in' }, times: 1 });
    const [first] = await send(address, a31('m1', { 8: 'M' }));
    expect(`${first?.code} ${first?.error}`).toBe(answer);
  });

  test('a refused message may be sent again', async () => {
    world.kernel.rules.arm({ fault: 'vendor-error', where: { path: '/in' }, times: 1 });
    const answers = [await send(address, a31('m1', { 8: 'M' })), await send(address, a31('m1', { 8: 'M' }))];
    expect(answers.flat().map(({ code }) => code)).toEqual(['AE', 'AA']);
  });
});

describe('on the wire', () => {
  const ok = framed(a31('m1', { 8: 'M' }));
  test.each<[string, string, number, string[]]>([
    ['junk before the frame', `hello${ok}`, 1, ['AA']],
    ['an empty frame first', framed('') + ok, 1, ['AA']],
    ['garbage in a frame first', framed('hello') + ok, 2, ['AR', 'AA']],
    ['several at once', framed(a31('m1', { 8: 'M' })) + framed(a31('m2', { 8: 'O' })), 2, ['AA', 'AA']],
    ['an acknowledgement is not acknowledged', framed('MSH|^~\\&|A|B|C|D|1||ACK|9|P|2.5.1\rMSA|AA|1\r') + ok, 1, ['AA']],
  ])('%s', async (_, bytes, count, codes) => {
    expect((await sendRaw(address, bytes, count)).map(({ code }) => code)).toEqual(codes);
  });

  test('two connections at once do not lose each other’s update', async () => {
    await Promise.all([send(address, a31('m1', { 8: 'M' })), send(address, a31('m2', { 15: 'fr' }))]);
    expect(world.ehr.get('eRosa')).toMatchObject({ gender: 'male', communication: [{ preferred: true }, {}] });
    expect(world.ehr.get('eRosa').meta!.versionId).toBe('3');
  });

  test.each<[string, Rule, number, number]>([
    ['lost-reply commits, and cuts', { fault: 'lost-reply' }, 0, 1],
    ['reset commits nothing', { fault: 'reset' }, 0, 0],
    ['an outage takes no connection', { fault: 'outage' }, 0, 0],
  ])('%s', async (_, rule, answers, filed) => {
    world.kernel.rules.arm({ ...rule, where: { path: '/in' } });
    expect(await send(address, a31('m1', { 8: 'M' }))).toHaveLength(answers);
    expect(commits()).toBe(filed);
  });

  // In doubt is the first message; the one before it is filed whole, and its answer can stray. Sent again under its id the
  // second one has the effect of once: `AA` either way.
  test.each<[string, Rule, string[], number]>([
    ['refuse-before-commit', { fault: 'refuse-before-commit' }, ['AE m2 207'], 0],
    ['fail-after-commit', { fault: 'fail-after-commit' }, ['AE m2 207'], 1],
    ['lost-reply', { fault: 'lost-reply' }, [], 1],
    ['reply-twice', { fault: 'reply-twice' }, ['AA m2', 'AA m2'], 1],
    ['wrong-reply', { fault: 'wrong-reply' }, ['AA m1'], 1],
  ])('%s leaves the sender in doubt, and no message is filed twice', async (_, rule, told, filed) => {
    const { id } = world.kernel.rules.arm({ ...rule, times: 1, where: { path: '/in', text: '|m2|' } });
    await send(address, a31('m1', { 15: 'fr' }));
    const m2 = a31('m2', { 8: 'M' });
    const answers = await sendRaw(address, framed(m2), Math.max(told.length, 1));
    expect(answers.map(({ code, control, error }) => [code, control, error].join(' ').trim())).toEqual(told);
    expect(commits()).toBe(1 + filed);
    expect(world.kernel.rules.list()).toMatchObject([{ id, fired: 1 }]);
    expect((await send(address, m2)).map(({ code, control }) => `${code} ${control}`)).toEqual(['AA m2']);
    expect(commits()).toBe(2);
  });

  test('commit-then-hang files the message, and answers when it is healed', async () => {
    const { id } = world.kernel.rules.arm({ fault: 'commit-then-hang', where: { path: '/in' } });
    const answers = send(address, a31('m1', { 8: 'M' }));
    while (commits() === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(world.events('ack')).toEqual([]);
    world.kernel.rules.heal(id);
    expect((await answers).map(({ code }) => code)).toEqual(['AA']);
    expect(commits()).toBe(1);
  });

  test('the address is told, and no secret', () => {
    expect(world.hl7.describe()).toMatchObject({
      name: 'epic-hl7',
      addresses: { mllpIn: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
      credentials: { sender: 'EPIC^EPIC', processingId: 'P', charset: 'UNICODE UTF-8' },
    });
  });
});
