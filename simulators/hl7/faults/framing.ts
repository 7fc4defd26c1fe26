import { type LinkFault, linkFault, number, oneOf, text } from './define.ts';

const VT = Buffer.from([0x0b]);
const END = Buffer.from([0x1c, 0x0d]);
const JUNK: Record<string, string> = { nul: '\0\0\0', crlf: '\r\n', spaces: '   ', text: 'HELLO\r\n' };
const PROBES: Record<string, Buffer> = {
  http: Buffer.from('GET / HTTP/1.1\r\nHost: hl7\r\n\r\n'),
  // The beginning of a TLS 1.2 ClientHello record.
  tls: Buffer.from('16030100c8010000c40303', 'hex'),
  scan: Buffer.alloc(0),
};
const ACK = 'MSH|^~\\&|EHR|EHR|CRM|CRM|20260101000000||ACK|ACK1|P|2.5.1\rMSA|AA|1\r';

// Of a frame that is whole: who gives it up earlier than it must be answered has learned nothing.
const ANSWER_MS = number("milliseconds that the answer may take; 0 is the link's own wait", 0, [0, 86_400_000]);

/** How the bytes of a frame and its surroundings go wrong. */
export const FRAMING: readonly LinkFault[] = [
  linkFault({
    row: 'T1',
    name: 'split-frame',
    doc: 'The frame comes in pieces: of one size, or cut at given offsets (negative ones from the end; -1 parts FS and CR).',
    receiver: 'puts them together: one effect, one answer.',
    params: {
      size: number('bytes of a piece', 1, [1, 1_000_000]),
      at: text('offsets in place of a size, such as "1,-1"', ''),
      pauseMs: number('milliseconds between pieces', 0, [0, 60_000]),
      answerMs: ANSWER_MS,
    },
    intact: true,
    plan: (outgoing, { size, at = '', pauseMs, answerMs }) => {
      const { start, end } = outgoing.frame;
      const length = start.length + outgoing.bytes.length + end.length;
      const step = Number(size);
      outgoing.cuts = at
        ? at.split(',').map(Number)
        : Array.from({ length: Math.ceil(length / step) - 1 }, (_, n) => (n + 1) * step);
      outgoing.pauseMs = Number(pauseMs);
      outgoing.answerMs = Number(answerMs) || undefined;
    },
  }),
  linkFault({
    row: 'T2',
    name: 'several-frames',
    doc: 'Several messages come in one write, without waiting for answers between.',
    receiver: 'takes them in order and answers each.',
    params: { count: number('messages in the write', 2, [2, 100]) },
    intact: true,
    plan: (outgoing, { count }) => {
      outgoing.together = Number(count);
    },
  }),
  linkFault({
    row: 'T3',
    name: 'junk-between',
    doc: 'Bytes of no frame stand before it.',
    receiver: 'skips to the start byte.',
    params: { what: oneOf('the bytes', 'nul', 'crlf', 'spaces', 'text'), answerMs: ANSWER_MS },
    intact: true,
    plan: (outgoing, { what = '', answerMs }) => {
      outgoing.frame.start = Buffer.concat([Buffer.from(JUNK[what]!), outgoing.frame.start]);
      outgoing.answerMs = Number(answerMs) || undefined;
    },
  }),
  linkFault({
    row: 'T4',
    name: 'no-start-byte',
    doc: 'The start byte is missing.',
    receiver: 'does not guess: it never answers AA, and may close the connection.',
    plan: ({ frame }) => {
      frame.start = Buffer.alloc(0);
    },
  }),
  linkFault({
    row: 'T5',
    name: 'odd-end',
    doc: 'The frame ends otherwise than by FS CR.',
    receiver: 'takes it once, or refuses it; it never takes it twice.',
    params: { end: oneOf('what ends it: FS alone, FS and LF, FS CR LF', 'fs', 'fs-lf', 'fs-cr-lf') },
    intact: true,
    plan: ({ frame }, { end = '' }) => {
      frame.end = Buffer.from({ fs: '\x1c', 'fs-lf': '\x1c\n', 'fs-cr-lf': '\x1c\r\n' }[end]!);
    },
  }),
  linkFault({
    row: 'T6',
    name: 'double-frame',
    doc: 'Start and end bytes are doubled.',
    receiver: 'takes one message, and no empty second one.',
    intact: true,
    plan: ({ frame }) => {
      frame.start = Buffer.concat([frame.start, frame.start]);
      frame.end = Buffer.concat([frame.end, frame.end]);
    },
  }),
  linkFault({
    row: 'T7',
    name: 'cut-by-next',
    doc: 'Half of the message stands before the start byte of the whole one, begun and never ended.',
    receiver: 'throws the fragment away without an AA for it.',
    intact: true,
    plan: ({ frame, bytes }) => {
      frame.start = Buffer.concat([frame.start, bytes.subarray(0, bytes.length / 2), frame.start]);
    },
  }),
  linkFault({
    row: 'T8',
    name: 'empty-frame',
    doc: 'An empty frame comes before it.',
    receiver: 'ignores it or answers AE; never AA, and it does not fail.',
    intact: true,
    plan: ({ frame }) => {
      frame.start = Buffer.concat([VT, END, frame.start]);
    },
  }),
  linkFault({
    row: 'T21',
    name: 'ack-in-front',
    doc: 'An acknowledgement of nothing comes before it.',
    receiver: 'never acknowledges an acknowledgement.',
    intact: true,
    plan: ({ frame }) => {
      frame.start = Buffer.concat([VT, Buffer.from(ACK), END, frame.start]);
    },
  }),
  linkFault({
    row: 'T9',
    name: 'cut-off',
    doc: 'The connection ends in mid frame; the message comes again on a new one.',
    receiver: 'throws the part away and waits.',
    params: { share: number('of the bytes that come', 0.5, [0, 0.999]), how: oneOf('how it ends', 'reset', 'close') },
    plan: (outgoing, { share, how }) => {
      outgoing.sever = { after: Number(share), how: how as 'reset' | 'close' };
    },
  }),
  linkFault({
    row: 'T10',
    name: 'gone-before-answer',
    doc: 'The sender hangs up when it has sent all, and before the answer; the message comes again.',
    receiver: 'keeps what it took, knows the second one for what it is, and answers AA.',
    params: { how: oneOf('how it ends', 'close', 'reset') },
    intact: true,
    plan: (outgoing, { how }) => {
      outgoing.sever = { after: 1, how: how as 'reset' | 'close' };
    },
  }),
  linkFault({
    row: 'T11',
    name: 'impatient',
    doc: 'The sender waits a short time only, then sends the same message again, on a new connection or on the same (T12).',
    receiver: 'does it once; the second one waits, or is answered AA.',
    params: {
      ms: number('how long it waits', 50, [1, 60_000]),
      connection: oneOf('where it comes again', 'new', 'same'),
    },
    intact: true,
    plan: (outgoing, { ms, connection }) => {
      outgoing.answerMs = Number(ms);
      outgoing.patient = connection === 'same';
    },
  }),
  linkFault({
    row: 'T13',
    name: 'half-open',
    doc: 'A new connection is used while the old one still looks alive.',
    receiver: 'takes the new one, keeps order across both, and gives the old one up in time.',
    intact: true,
    plan: (outgoing) => {
      outgoing.newConnection = true;
    },
  }),
  linkFault({
    row: 'T15',
    name: 'idle',
    doc: 'Nothing comes for a long time on an open connection, then the message.',
    receiver: 'does not take silence between frames for an error.',
    params: { ms: number('how long', 60_000, [0, 86_400_000]) },
    idle: ({ ms }) => Number(ms) === 0,
    intact: true,
    plan: (_, { ms }, { clock }) => clock.sleep(Number(ms)),
  }),
  linkFault({
    row: 'T17',
    name: 'extra-connections',
    doc: 'More connections are open than the receiver expects; they say nothing.',
    receiver: 'serves the one that speaks, or refuses the others openly.',
    params: { count: number('how many', 20, [1, 1000]) },
    intact: true,
    plan: (outgoing, { count }) => {
      outgoing.beside = { connections: Number(count), bytes: Buffer.alloc(0), close: false };
    },
  }),
  linkFault({
    row: 'T18',
    name: 'oversize',
    doc: 'The message carries a document of megabytes in an OBX.',
    receiver: 'takes it, or refuses it with AE; its memory is bounded and later messages are not affected.',
    params: { bytes: number('of the document, in base64', 5_000_000, [1, 100_000_000]) },
    intact: true,
    bytes: (bytes, { bytes: size }) =>
      Buffer.concat([
        bytes,
        Buffer.from('OBX|99|ED|PDF^Document||^AP^PDF^Base64^'),
        Buffer.alloc(Number(size), 'QUJD'),
        Buffer.from('||||||F\r'),
      ]),
  }),
  linkFault({
    row: 'T18',
    name: 'endless-frame',
    doc: 'Beside it, a connection begins a frame and never ends it.',
    receiver: 'gives up that frame at a limit of its own.',
    params: { bytes: number('how much of it comes', 20_000_000, [1, 1_000_000_000]) },
    intact: true,
    plan: (outgoing, { bytes }) => {
      outgoing.beside = { connections: 1, bytes: Buffer.concat([VT, Buffer.alloc(Number(bytes), 'A')]), close: true };
    },
  }),
  linkFault({
    row: 'T19',
    name: 'probe',
    doc: 'Beside it, something that is not HL7 knocks at the port.',
    receiver: 'closes that connection only.',
    params: { what: oneOf('an HTTP request, a TLS handshake, or a connection without a byte', 'http', 'tls', 'scan') },
    intact: true,
    plan: (outgoing, { what = '' }) => {
      outgoing.beside = { connections: 1, bytes: PROBES[what]!, close: true };
    },
  }),
];
