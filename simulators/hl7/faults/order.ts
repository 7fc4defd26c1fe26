import { type LinkFault, linkFault, number, oneOf, text } from './define.ts';
import { Edit } from './edit.ts';

/** Identity and order of messages: duplicates, ids, late and early ones. `duplicate`, `reorder` and `drop` of the kernel belong to them. */
export const ORDER: readonly LinkFault[] = [
  linkFault({
    row: 'D1',
    name: 'late-copy',
    doc: 'The same bytes come again after the next message about the same person.',
    receiver: 'answers AA and does nothing: it must not fall back to the older state.',
    plan: (outgoing) => {
      outgoing.echoes = [{ bytes: outgoing.bytes, newId: false, afterNext: true }];
    },
  }),
  linkFault({
    row: 'D1',
    name: 'at-once',
    doc: 'The same bytes come over several connections at the same moment: both engines of a pair deliver, or a storm of retries.',
    receiver: 'answers AA to each and does it once, whichever copy it looks at first.',
    params: { copies: number('how many', 10, [2, 64]) },
    plan: (outgoing, { copies }) => {
      outgoing.abreast = Number(copies);
    },
  }),
  linkFault({
    row: 'D2',
    name: 'reused-id',
    doc: 'MSH-10 is one that another message had: a counter that began anew, or a constant.',
    receiver: 'does not drop it: the key of a message is more than MSH-10.',
    params: { id: text('what MSH-10 is', '1') },
    intact: true,
    edit: (message, { id = '' }) => message.set('MSH-10', id),
    plan: (outgoing, { id }) => {
      outgoing.answers = id;
    },
  }),
  linkFault({
    row: 'D3',
    name: 'sent-anew',
    doc: 'The same event comes again under a new MSH-10: a user pressed "resend", or an engine processed the day again.',
    receiver: 'files by the keys of the record, and does not let what is old win.',
    params: { when: oneOf('at once, or after the next message about the person', 'at-once', 'after-next') },
    plan: (outgoing, { when }) => {
      outgoing.echoes = [{ bytes: outgoing.bytes, newId: true, afterNext: when === 'after-next' }];
    },
  }),
  linkFault({
    row: 'D4',
    name: 'no-id',
    doc: 'MSH-10 is empty.',
    receiver: 'answers AE 101: no answer could be matched to it.',
    edit: (message) => message.set('MSH-10', ''),
    plan: (outgoing) => {
      outgoing.answers = '';
    },
  }),
  linkFault({
    row: 'O1',
    name: 'held-back',
    doc: 'The message stays behind for a while, and all others pass it; those about the same person, too.',
    receiver:
      'ends in the state of the newest event, whatever came first; it never refuses an update of somebody whom it does not know yet.',
    params: { ms: number('how long', 2000, [1, 86_400_000]) },
    plan: (outgoing, { ms }) => {
      outgoing.holdMs = Number(ms);
    },
  }),
  linkFault({
    row: 'L2',
    name: 'clock-skew',
    doc: "The sender's clock is wrong: MSH-7 and EVN-2 are hours off, or say the same for every message.",
    receiver: 'does not order by arrival or by MSH-7 alone.',
    params: { hours: number('how far; 0 gives every message one time', 26, [-87_600, 87_600]) },
    edit: (message, { hours }) => {
      for (const place of ['MSH-7', 'EVN-2']) {
        const was = message.get(place);
        if (was) message.set(place, Number(hours) === 0 ? '20260101000000' : shifted(was, Number(hours)));
      }
    },
  }),
  linkFault({
    row: 'L3',
    name: 'sequence-number',
    doc: 'MSH-13 holds a sequence number out of line: a gap, 0 (start over) or -1 (what do you expect?).',
    receiver: 'that keeps sequence numbers answers the one that it expects in MSA-4; any other ignores them.',
    params: { number: number('MSH-13', 1000, [-1, 2_000_000_000]) },
    intact: true,
    edit: (message, { number: sequence = '' }) => message.set('MSH-13', sequence),
  }),
];

// Moves a TS by hours; digits that are not there stay away, and so does the zone.
function shifted(ts: string, hours: number): string {
  const [, digits = '', rest = ''] = /^(\d{8,14})(.*)$/.exec(ts) ?? [];
  if (!digits) return ts;
  const [y, mo, d, h = '00', mi = '00', s = '00'] = [digits.slice(0, 4), ...(digits.slice(4).match(/../g) ?? [])];
  const at = new Date(Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h) + hours, Number(mi), Number(s)));
  return at.toISOString().replace(/\D/g, '').slice(0, digits.length) + rest;
}

const MERGES = /^ADT\^A(34|40)$/;

/** Merges that go wrong. */
export const MERGES_GONE_WRONG: readonly LinkFault[] = [
  linkFault({
    row: 'M1',
    name: 'merge-of-unknown',
    doc: 'The merge names records of which the receiver never heard.',
    receiver: 'makes the survivor, keeps the retired id as an alias, and answers AA.',
    params: { who: oneOf('who is unknown', 'retired', 'survivor', 'both'), mrn: text('the unknown MRN begins with', 'UNKNOWN') },
    to: MERGES,
    edit: (message, { who, mrn }) => {
      if (who !== 'survivor') message.set('MRG-1.1', `${mrn}R`);
      if (who !== 'retired') message.set('PID-3.1', `${mrn}S`);
    },
  }),
  linkFault({
    row: 'M2',
    name: 'merge-again',
    doc: 'The merge comes twice, the second time under another MSH-10.',
    receiver: 'does nothing the second time, and answers AA.',
    to: MERGES,
    plan: (outgoing) => {
      outgoing.echoes = [{ bytes: outgoing.bytes, newId: true, afterNext: false }];
    },
  }),
  linkFault({
    row: 'M3',
    name: 'merge-into-itself',
    doc: 'MRG-1 is the id in PID-3.',
    receiver: 'refuses it (ERR MRG^1^1, 205) and changes nothing.',
    to: MERGES,
    edit: (message) => message.set('MRG-1', message.get('PID-3')),
  }),
  linkFault({
    row: 'M4',
    name: 'merge-inverse',
    doc: 'After the merge of B into A comes one of A into B.',
    receiver: 'makes no loop: it keeps to its policy and raises an alert.',
    to: MERGES,
    plan: (outgoing) => {
      outgoing.echoes = [{ bytes: swapped(outgoing.bytes), newId: true, afterNext: false }];
    },
  }),
  linkFault({
    row: 'M6',
    name: 'merge-reversed',
    doc: 'The roles are exchanged: PID holds the retired one.',
    receiver: 'cannot know it from the message; where names and dates disagree with what it holds, it does not guess.',
    to: MERGES,
    bytes: (bytes) => swapped(bytes),
  }),
  linkFault({
    row: 'M6',
    name: 'merge-incomplete',
    doc: 'The merge lacks what says who is merged: the segment MRG, its id, or who assigned that.',
    receiver: 'never guesses: AE 100 or 101, and a person looks at it.',
    params: { lacks: oneOf('what is missing', 'segment', 'id', 'authority') },
    to: MERGES,
    edit: (message, { lacks }) => {
      if (lacks === 'segment') message.remove('MRG');
      else message.set(lacks === 'id' ? 'MRG-1' : 'MRG-1.4', '');
    },
  }),
  linkFault({
    row: 'M5',
    name: 'retired-id',
    doc: 'A message about a person still carries a retired id, in place of the current one or beside it.',
    receiver: 'files it with the survivor.',
    params: {
      mrn: text('the retired MRN', '000000'),
      how: oneOf('in place of the current id or beside it', 'instead', 'beside'),
    },
    edit: (message, { mrn = '', how }) => {
      const now = message.get('PID-3');
      if (how === 'instead') message.set('PID-3.1', mrn);
      else
        message.set(
          'PID-3',
          `${[mrn, ...now.split(message.component).slice(1)].join(message.component)}${message.repetition}${now}`,
        );
    },
  }),
  linkFault({
    row: 'M8',
    name: 'overlay',
    doc: 'An update puts another person under the same id: name, birth date and sex all change.',
    receiver: 'keeps the record and lets a person look at it.',
    params: { family: text('family name of the other person', 'OVERLAY') },
    to: /^ADT\^A(08|31)$/,
    edit: (message, { family = '' }) => {
      message.set('PID-5', [family, 'OTHER', '', '', '', '', 'L'].join(message.component));
      message.set('PID-7', '19511224');
      message.set('PID-8', message.get('PID-8') === 'M' ? 'F' : 'M');
    },
  }),
];

function swapped(bytes: Buffer): Buffer {
  const message = new Edit(bytes);
  const [survivor, retired] = [message.get('PID-3'), message.get('MRG-1')];
  message.set('PID-3', retired);
  message.set('MRG-1', survivor);
  return message.bytes();
}
