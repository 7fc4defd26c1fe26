import { afterEach, describe, expect, test } from 'vitest';
import { digest, type Rule } from '#kernel';
import { type Message, occurrences, parseMessage, plain, rawField, value } from '../message/parse.ts';
import { MllpDecoder } from '../mllp.ts';
import { Receiver } from '../testing/receiver.ts';
import { AUTHORITY, openWorld, ROSA, type World } from '../testing/site.ts';

/** How a receiver does its work: the first of each is right, the others are bugs that are met. */
interface Habits {
  framing: 'stream' | 'packet' | 'first-byte';
  segments: 'any-end' | 'cr-only';
  delimiters: 'declared' | 'fixed';
  identity: 'authority' | 'first';
  duplicates: 'content' | 'control-id' | 'none';
  order: 'event-time' | 'arrival';
  empty: 'keeps' | 'clears';
  nulls: 'deletes' | 'stores';
  phone: 'by-type' | 'first';
  merges: 'checked' | 'trusted';
}
const RIGHT: Habits = {
  ...{ framing: 'stream', segments: 'any-end', delimiters: 'declared', identity: 'authority', duplicates: 'content' },
  ...{ order: 'event-time', empty: 'keeps', nulls: 'deletes', phone: 'by-type', merges: 'checked' },
};

type State = Record<string, { family?: string; phone?: string; stamp: string; effects: number; into?: string }>;

function messages(chunks: readonly Buffer[], { framing, segments, delimiters }: Habits): Message[] {
  const decoder = new MllpDecoder();
  const frames = chunks.flatMap((chunk) => {
    if (framing === 'packet') return [chunk.subarray(1, -2)];
    if (framing === 'first-byte' && chunk[0] !== 0x0b) return [];
    return decoder.push(chunk).flatMap((found) => ('frame' in found ? [found.frame] : []));
  });
  return frames.flatMap((frame) => {
    let text = frame.toString('utf8');
    if (segments === 'cr-only') text = text.replaceAll('\n', ' ');
    if (delimiters === 'fixed' && !text.startsWith('MSH|')) return [];
    try {
      return parseMessage(text).segments.some(({ name }) => name === 'PID') ? [parseMessage(text)] : [];
    } catch {
      return [];
    }
  });
}

/** What a receiver with those habits holds in the end. */
function received(chunks: readonly Buffer[], habits: Habits): State {
  const state: State = {};
  const seen = new Set<string>();
  for (const message of messages(chunks, habits)) {
    const body = message.segments.slice(1).map(({ fields }) => fields.join('|'));
    const key = habits.duplicates === 'control-id' ? rawField(message, 'MSH', 10) : digest(...body);
    if (habits.duplicates !== 'none' && seen.has(key)) continue;
    seen.add(key);
    const ids = occurrences(message, 'PID', 3);
    const own = ids.find((each) => plain(message, each[3], 2) === AUTHORITY);
    const mrn = plain(message, (habits.identity === 'first' ? ids[0] : own)?.[0]);
    if (!mrn) continue;
    const stamp = value(message, 'EVN', 2);
    const held = state[mrn] ?? { stamp: '', effects: 0 };
    state[mrn] = held;
    held.effects++;
    const retired = plain(message, occurrences(message, 'MRG', 1)[0]?.[0]);
    if (retired && (retired !== mrn || habits.merges === 'trusted'))
      state[retired] = { ...(state[retired] ?? { stamp, effects: 0 }), into: mrn };
    if (habits.order === 'event-time' && stamp < held.stamp) continue;
    held.stamp = stamp;
    held.family = value(message, 'PID', 5) || held.family;
    const raw = rawField(message, 'PID', 13);
    const reps = occurrences(message, 'PID', 13);
    const phone = habits.phone === 'first' ? reps[0] : reps.find((each) => each[2] === 'CP');
    if (raw === '""') held.phone = habits.nulls === 'deletes' ? undefined : '""';
    else if (raw !== '') held.phone = plain(message, phone?.[0]) || plain(message, phone?.[3]);
    else if (habits.empty === 'clears') held.phone = undefined;
  }
  return state;
}

const seenOf = (state: State, effects: boolean): unknown =>
  Object.fromEntries(
    Object.entries(state).map(([mrn, { family, phone, into, effects: n }]) => [
      mrn,
      { family, phone, into, ...(effects ? { n } : {}) },
    ]),
  );

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** The packets of a small feed: Rosa, her marriage, somebody else, and where it is about that a merge; under a fault, or none. */
async function packets(rule?: Rule, { answers = true, merged = false } = {}): Promise<Buffer[]> {
  const peer = await new Receiver(...(answers ? [] : [() => undefined])).listen();
  const world: World = await openWorld();
  open.push(
    () => peer.close(),
    () => world.stop(),
  );
  if (rule) world.kernel.rules.arm({ times: 1, ...rule });
  const married = { ...ROSA, name: [{ use: 'official' as const, family: 'Lund', given: ['Rosa'] }] };
  const other = { ...ROSA, id: 'eOther', identifier: [{ ...ROSA.identifier![0]!, value: '300' }] };
  await world.ehr.put('register', ROSA);
  // EVN-2 tells them apart by the millisecond.
  await new Promise((resolve) => setTimeout(resolve, 3));
  await world.ehr.put('update', married);
  await world.ehr.put('register', other);
  if (rule?.fault.startsWith('merge') || merged)
    await world.ehr.put('merge', { ...other, link: [{ type: 'replaced-by', other: { reference: 'Patient/eRosa' } }] });
  world.hl7.setLink({ target: peer.target, ackTimeoutMs: 60 });
  await world.seen('ack', () => world.hl7.link().queued === 0);
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
  return peer.chunks;
}

const A08 = { operation: 'ADT^A08' };
const A04 = { operation: 'ADT^A04' };

describe('each fault leaves a correct receiver right, and shows the bug in one that has it', () => {
  test.each<[string, Rule, Partial<Habits>]>([
    ['T1', { fault: 'split-frame', params: { at: '40,-1' } }, { framing: 'packet' }],
    ['T2', { fault: 'several-frames', params: { count: 2 } }, { framing: 'packet' }],
    ['T3', { fault: 'junk-between', params: { what: 'text' } }, { framing: 'first-byte' }],
    ['T7', { fault: 'cut-by-next', where: A08 }, { framing: 'packet' }],
    ['T8', { fault: 'empty-frame', where: A08 }, { framing: 'packet' }],
    ['T10', { fault: 'gone-before-answer' }, { duplicates: 'none' }],
    ['T11', { fault: 'impatient', params: { ms: 5 } }, { duplicates: 'none' }],
    ['D1', { fault: 'duplicate' }, { duplicates: 'none' }],
    ['D1 at once', { fault: 'at-once', params: { copies: 3 } }, { duplicates: 'none' }],
    ['D1 late', { fault: 'late-copy', where: A04 }, { duplicates: 'none', order: 'arrival' }],
    ['D2', { fault: 'reused-id', times: 9 }, { duplicates: 'control-id' }],
    ['D3', { fault: 'sent-anew', params: { when: 'after-next' }, where: A04 }, { order: 'arrival', duplicates: 'control-id' }],
    ['O1', { fault: 'held-back', params: { ms: 40 }, where: A04 }, { order: 'arrival' }],
    ['O2', { fault: 'reorder', where: A04 }, { order: 'arrival' }],
    ['M3', { fault: 'merge-into-itself' }, { merges: 'trusted' }],
    ['S1', { fault: 'segment-ends', params: { end: 'lf' }, where: A08 }, { segments: 'cr-only' }],
    ['S3', { fault: 'other-delimiters', where: A08 }, { delimiters: 'fixed' }],
    ['V1', { fault: 'null-value', where: A08 }, { nulls: 'stores' }],
    ['V2', { fault: 'empty-value', where: A08 }, { empty: 'clears' }],
    ['V5', { fault: 'odd-id', params: { what: 'other-first' }, where: A08 }, { identity: 'first' }],
    ['V6', { fault: 'odd-phone', params: { what: 'mail-first' }, where: A08 }, { phone: 'first' }],
  ])('%s %j', async (row, rule, bug) => {
    const merged = rule.fault.startsWith('merge');
    const [whole, damaged] = [await packets(undefined, { merged }), await packets(rule, { answers: row !== 'T11' })];
    // Where the bug loses a message, or does one twice, what it holds in the end may be right by luck: effects are counted.
    const effects = !('order' in bug || 'nulls' in bug || 'empty' in bug || 'phone' in bug || 'merges' in bug);
    const truth = received(whole, RIGHT);
    // What the fault changes in truth: a phone that is deleted, and a merge that never was.
    if (row === 'V1') truth['204181']!.phone = undefined;
    if (row === 'M3') truth['300']!.into = undefined;
    expect(seenOf(received(damaged, RIGHT), effects)).toEqual(seenOf(truth, effects));
    expect(seenOf(received(damaged, { ...RIGHT, ...bug }), effects)).not.toEqual(seenOf(truth, effects));
  });
});
