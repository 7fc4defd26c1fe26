import type { Site } from '../settings.ts';
import type { Steps } from '../steps.ts';
import { instant, type Message, NULL, repetitions, segment, timestamp, value } from './message.ts';

/** Why a message is not taken: AR when it is not for us, AE when its content is wrong. `condition` is of HL7 table 0357. */
export type Refusal = { code: 'AE' | 'AR'; condition: number; text: string };

/** Where accepted messages wait until they were applied; it survives a kill. */
export type Inbox = { keep(message: Message, text: string): void };

// Events whose PID is a whole snapshot of the patient. A visit is not kept, so admit and discharge count as updates.
const ADT_EVENTS = new Set(['A01', 'A02', 'A03', 'A04', 'A05', 'A06', 'A07', 'A08', 'A28', 'A31', 'A34', 'A40']);
/** Merges of charts: A34 is how they are told up to version 2.3. */
export const MERGES: readonly string[] = ['A34', 'A40'];
const SIU_EVENTS = new Set(['S12', 'S13', 'S14', 'S15', 'S17', 'S26']);

/** Whether a message can be taken into custody; nothing of a refused message is applied. */
export function validateMessage(message: Message, site: Site, steps: Steps): Refusal | undefined {
  const msh = message.segments[0];
  const pid = segment(message, 'PID');
  const mllp = site.mllp;
  if (mllp?.sender && mllp.sender !== message.sender) return { code: 'AR', condition: 207, text: 'MSH-3/4: unknown sender' };
  if (mllp?.processingId && mllp.processingId !== value(msh, 11))
    return { code: 'AR', condition: 202, text: 'MSH-11: wrong processing id' };
  if (!value(msh, 12).startsWith('2.')) return { code: 'AR', condition: 203, text: 'MSH-12: unsupported version' };
  if (message.control === '') return { code: 'AR', condition: 101, text: 'MSH-10 is missing' };
  if (message.type !== 'ADT' && message.type !== 'SIU')
    return { code: 'AR', condition: 200, text: 'MSH-9.1: unsupported message type' };
  if (!(message.type === 'ADT' ? ADT_EVENTS : SIU_EVENTS).has(message.event))
    return { code: 'AR', condition: 201, text: 'MSH-9.2: unsupported event' };
  if (!pid) return { code: 'AE', condition: 100, text: 'PID is missing' };
  if (!steps.findIdentity(repetitions(pid, 3), site))
    return { code: 'AE', condition: 101, text: "PID-3: no identifier of this site's authority" };
  if (MERGES.includes(message.event) && !steps.findIdentity(repetitions(segment(message, 'MRG'), 1), site))
    return { code: 'AE', condition: 101, text: 'MRG-1 is missing' };
  if (message.type === 'SIU' && !value(segment(message, 'SCH'), 2))
    return { code: 'AE', condition: 101, text: 'SCH-2 is missing' };
  const dates = [
    ['PID-7', value(pid, 7)],
    // Without a time of its own a message cannot be put in order.
    ['EVN-2 or MSH-7', value(segment(message, 'EVN'), 2) || value(msh, 7) || 'missing'],
    ['SCH-11.4', value(segment(message, 'SCH'), 11, 4)],
    ['SCH-11.5', value(segment(message, 'SCH'), 11, 5)],
  ] as const;
  const bad = dates.find(([, date]) => date !== '' && date !== NULL && instant(date, site) === undefined);
  return bad && { code: 'AE', condition: 102, text: `${bad[0]}: not a date` };
}

/**
 * Takes custody of a valid message. It is on disk before the sender is told so: from the AA on, the sender has forgotten it.
 * A message that is there already (sent again because our AA was lost) is acknowledged like the first.
 */
export function receive(message: Message, text: string, inbox: Inbox): void | Promise<void> {
  inbox.keep(message, text);
}

/** The acknowledgement: MSA-2 repeats the control id of the message, by which alone the sender can match it. */
export function ack(message: Message | undefined, refusal: Refusal | undefined, now: number): string {
  const msh = message?.segments[0];
  const of = (field: number, component?: number) => value(msh, field, component);
  const control = message?.control ?? '';
  const header = [
    'MSH',
    '^~\\&',
    of(5),
    of(6),
    of(3),
    of(4),
    timestamp(now),
    '',
    `ACK^${message?.event ?? ''}^ACK`,
    `${now}${control}`.slice(-20),
    of(11) || 'P',
    of(12) || '2.5.1',
  ];
  const msa = ['MSA', refusal?.code ?? 'AA', control];
  const err = refusal ? [['ERR', '', '', `${refusal.condition}^${refusal.text}^HL70357`, 'E', '', '', '', refusal.text]] : [];
  return [header, msa, ...err].map((fields) => `${fields.join('|')}\r`).join('');
}
