import { afterEach, describe, expect, test } from 'vitest';
import type { Rule } from '#kernel';
import type { LinkSettings } from '../index.ts';
import { type Habits, type Held, ModelReceiver, RIGHT } from '../testing/model-receiver.ts';
import { OBSERVATIONS, REPORT } from '../testing/samples.ts';
import { nobody, openWorld, ROSA, VISIT } from '../testing/site.ts';
import { HL7_FAULTS } from './index.ts';

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const MARRIED = { ...ROSA, name: [{ use: 'official' as const, family: 'Lundström', given: ['Rosa'] }] };
const MOVED = { ...MARRIED, address: [{ use: 'home' as const, line: ['9 Oak Ave'], city: 'New York' }] };
const OTHER = { ...nobody('300', 'Holm'), gender: 'male' as const, birthDate: '1950-01-02' };

/** What a receiver with those habits makes of a small feed, under a fault or none. */
async function played(habits: Partial<Habits>, rule?: Rule, answerMs = 0, patienceMs = 500): Promise<ModelReceiver> {
  const receiver = new ModelReceiver({ ...RIGHT, ...habits }, answerMs);
  const target = await receiver.listen();
  const world = await openWorld();
  open.push(
    () => receiver.close(),
    () => world.stop(),
  );
  if (rule) world.kernel.rules.arm({ times: 1, ...rule });
  const put: typeof world.ehr.put = async (...those) => {
    const made = await world.ehr.put(...those);
    // Times of events tell them apart by the millisecond.
    await new Promise((resolve) => setTimeout(resolve, 2));
    return made;
  };
  await put('register', ROSA);
  await put('update', MARRIED);
  await put('register', OTHER);
  await put('book', VISIT);
  await put('result', REPORT, ...OBSERVATIONS);
  await put('merge', { ...OTHER, link: [{ type: 'replaced-by', other: { reference: 'Patient/eRosa' } }] });
  await put('update-person', MOVED);
  // What a wrong receiver never answers is given up.
  const on: LinkSettings['on'] = { garbled: 'skip', stale: 'skip', refused: 'skip', ...(answerMs ? {} : { silent: 'skip' }) };
  world.hl7.setLink({ target, ackTimeoutMs: patienceMs, on });
  while (world.hl7.link().queued > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
  return receiver;
}

const A04 = { operation: 'ADT^A04' };
const A08 = { operation: 'ADT^A08' };
const A31 = { operation: 'ADT^A31' };
const OF_300 = { operation: 'ADT^A04', text: '|300^' };

type People = Record<string, Held>;
/** What the feed says under the fault: the same as without; as though the message had not come; or the same but for this. */
type Says = 'the same' | 'nothing' | ((people: People) => unknown);

interface Row {
  fault: string;
  params?: Rule['params'];
  where?: Rule['where'];
  times?: number;
  says?: Says;
  /** A receiver with this bug goes wrong. */
  bug: Partial<Habits>;
  /** How late the receiver answers. */
  answerMs?: number;
  /** The bug shows without the fault, too. */
  always?: boolean;
}

const ROWS: Row[] = [
  { fault: 'split-frame', params: { at: '40,-1' }, where: OF_300, bug: { framing: 'packet' } },
  { fault: 'several-frames', params: { count: 2 }, bug: { framing: 'packet' } },
  { fault: 'junk-between', params: { what: 'text' }, where: OF_300, bug: { framing: 'first-byte' } },
  { fault: 'junk-between', params: { what: 'text' }, where: A31, bug: { junk: 'fatal' } },
  { fault: 'no-start-byte', where: A31, says: 'nothing', bug: { framing: 'any-start' } },
  { fault: 'odd-end', params: { end: 'fs' }, where: A31, bug: { framing: 'fs-cr' } },
  { fault: 'double-frame', where: A31, bug: { framing: 'fs-cr', answers: 'anything' } },
  { fault: 'cut-by-next', where: A31, bug: { framing: 'packet' } },
  { fault: 'empty-frame', where: A08, bug: { answers: 'anything' } },
  { fault: 'ack-in-front', where: A08, bug: { answers: 'anything' } },
  { fault: 'cut-off', params: { share: 0.8, how: 'close' }, where: A31, bug: { atClose: 'takes-part', checks: 'none' } },
  { fault: 'gone-before-answer', bug: { duplicates: 'none' } },
  { fault: 'impatient', params: { ms: 5 }, bug: { duplicates: 'none' }, answerMs: 25 },
  { fault: 'half-open', where: A31, bug: { connections: 'first-only' } },
  { fault: 'idle', params: { ms: 300 }, where: A31, bug: { silence: 'leaves' }, always: true },
  { fault: 'extra-connections', params: { count: 3 }, bug: { connections: 'first-only' } },
  { fault: 'oversize', params: { bytes: 200_000 }, where: A31, says: addsDocument, bug: { largest: 100_000 } },
  { fault: 'endless-frame', params: { bytes: 100 }, bug: { connections: 'first-only' } },
  { fault: 'probe', params: { what: 'http' }, where: A04, bug: { junk: 'fatal' } },
  { fault: 'late-copy', where: A04, bug: { duplicates: 'none', order: 'arrival' } },
  { fault: 'at-once', params: { copies: 3 }, bug: { duplicates: 'none' } },
  { fault: 'reused-id', where: { operation: 'ADT^A08|ADT^A31' }, times: 2, bug: { duplicates: 'control-id' } },
  { fault: 'sent-anew', params: { when: 'after-next' }, where: A04, bug: { duplicates: 'control-id', order: 'arrival' } },
  { fault: 'no-id', where: A31, says: 'nothing', bug: { checks: 'none' } },
  { fault: 'held-back', params: { ms: 60 }, where: A08, bug: { order: 'arrival' } },
  { fault: 'clock-skew', params: { hours: -26 }, where: A31, bug: { order: 'event-time' } },
  { fault: 'sequence-number', where: A31, bug: { sequence: 'enforced' } },
  { fault: 'merge-of-unknown', says: mergesUnknown, bug: { merges: 'known-only' } },
  { fault: 'merge-again', bug: { duplicates: 'control-id' } },
  { fault: 'merge-into-itself', says: 'nothing', bug: { merges: 'trusted' } },
  { fault: 'merge-inverse', bug: { merges: 'trusted', aliases: 'ignored', mismatch: 'trusted' } },
  { fault: 'merge-reversed', says: 'nothing', bug: { mismatch: 'trusted' } },
  { fault: 'merge-incomplete', says: 'nothing', bug: { checks: 'none' } },
  { fault: 'retired-id', params: { mrn: '300' }, where: A31, bug: { aliases: 'ignored', mismatch: 'trusted' } },
  { fault: 'overlay', where: A31, says: 'nothing', bug: { mismatch: 'trusted' } },
  { fault: 'segment-ends', params: { end: 'lf' }, where: A31, bug: { segmentEnds: 'cr-only' } },
  { fault: 'line-break-inside', where: A31, says: 'nothing', bug: { segments: 'anything' } },
  { fault: 'other-delimiters', where: A31, bug: { delimiters: 'fixed' } },
  { fault: 'odd-msh-2', params: { value: '^~&' }, where: A31, bug: { delimiters: 'four-only' } },
  { fault: 'unescaped', where: A31, bug: { repetition: 'last' } },
  { fault: 'odd-escape', where: A31, says: livesAt('half \\ way'), bug: { escapes: 'refused' } },
  { fault: 'odd-charset', where: A31, bug: { charset: 'utf8-only' } },
  { fault: 'odd-header', params: { what: 'lower-case' }, where: A31, bug: { segments: 'upper-case-only' } },
  { fault: 'unsupported', params: { what: 'event' }, where: A31, says: 'nothing', bug: { checks: 'none' } },
  { fault: 'missing', where: A31, says: 'nothing', bug: { checks: 'none' } },
  { fault: 'extra-segments', where: A31, bug: { segments: 'known-only' } },
  { fault: 'cut-short', where: A31, says: 'nothing', bug: { checks: 'none' } },
  { fault: 'truncated', where: A31, says: isCalled('Lun'), bug: { identity: 'by-name' }, always: true },
  { fault: 'batch', where: A31, bug: { batches: 'unknown' } },
  { fault: 'null-value', where: A31, says: hasNoPhone, bug: { nulls: 'stores' } },
  { fault: 'empty-value', where: A31, bug: { empty: 'clears' }, always: true },
  { fault: 'odd-date', params: { value: '1980' }, where: A31, says: wasBorn('1980'), bug: { dates: 'completed' } },
  { fault: 'odd-zone', bug: { zones: 'utc' } },
  { fault: 'odd-id', where: A31, bug: { identity: 'first' } },
  { fault: 'odd-phone', where: A31, bug: { repetition: 'first' } },
  { fault: 'odd-code', where: A31, bug: { codes: 'verbatim' } },
  { fault: 'odd-result', says: lacksFirstResult, bug: { results: 'all-or-nothing' } },
  { fault: 'test-patient', where: OF_300, says: 'nothing', bug: { tests: 'taken' } },
  { fault: 'duplicate', bug: { duplicates: 'none' } },
  { fault: 'reorder', where: A08, bug: { order: 'arrival' } },
];

const rosa = (people: People): Held => people['204181']!;
function livesAt(street: string): Says {
  return (people) => Object.assign(rosa(people), { street });
}
function isCalled(family: string): Says {
  return (people) => Object.assign(rosa(people), { family });
}
function wasBorn(birth: string): Says {
  return (people) => Object.assign(rosa(people), { birth });
}
function hasNoPhone(people: People): void {
  delete rosa(people).phone;
}
function lacksFirstResult(people: People): void {
  rosa(people).results?.shift();
}
function addsDocument(people: People): void {
  rosa(people).results?.push(expect.stringMatching(/^\^AP\^PDF/));
}
function mergesUnknown(people: People): void {
  delete people['300']!.into;
  people.UNKNOWNR = { into: '204181' };
}

interface Ended {
  people: People;
  filed: number;
  bogus: number;
  fellBack: number;
}
const ended = ({ state }: ModelReceiver): Ended => structuredClone(state) as Ended;

let whole: Promise<Ended> | undefined;
/** What the feed is without any fault, to a receiver without any bug. */
function undisturbed(): Promise<Ended> {
  whole ??= played({}).then(ended);
  return whole;
}

describe('each fault leaves a correct receiver right, and shows the bug in one that has it', () => {
  test.each(ROWS.map((row) => [row.fault, JSON.stringify(row.bug), row] as const))('%s %s', async (fault, _, row) => {
    const { params, where, times = 1, says = 'the same', bug, answerMs, always } = row;
    const rule = { fault, params, where, times };
    const plain = await undisturbed();
    const drop: Rule = { fault: 'drop', where: where ?? { operation: 'ADT^A40' } };
    const truth = structuredClone(says === 'nothing' ? ended(await played({}, drop)) : plain);
    if (typeof says === 'function') says(truth.people);
    const right = await played({}, rule, answerMs);
    expect(ended(right)).toEqual(truth);
    // What is never answered need not be waited for long.
    expect(ended(await played(bug, rule, answerMs, 120))).not.toEqual(truth);
    if (!always) expect(ended(await played(bug))).toEqual(plain);
  });

  test('there is a row for each', () => {
    const proven = new Set(ROWS.map(({ fault }) => fault));
    expect(HL7_FAULTS.map(({ name }) => name).filter((name) => !proven.has(name))).toEqual([]);
  });
});
