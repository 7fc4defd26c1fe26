import { type LinkFault, linkFault, number, oneOf, text } from './define.ts';
import { Edit } from './edit.ts';

const ENDS: Record<string, (line: string, n: number) => string> = {
  lf: (line) => `${line}\n`,
  crlf: (line) => `${line}\r\n`,
  mixed: (line, n) => `${line}${['\r', '\n', '\r\n'][n % 3]}`,
  doubled: (line) => `${line}\r\r`,
};
const lines = (bytes: Buffer): string[] => bytes.toString('latin1').split('\r').filter(Boolean);
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

// The same message under other delimiters. Text keeps its escapes, whose letters name the delimiters by role.
function redelimited(bytes: Buffer, set: string): Buffer {
  const text = bytes.toString('latin1');
  const from = text.slice(3, 8);
  const to = set.padEnd(5, '&');
  const swap = (char: string): string => to[from.indexOf(char)] ?? char;
  return latin1(Array.from(text, (char) => (from.includes(char) ? swap(char) : char)).join(''));
}

const CHARSETS: Record<string, (bytes: Buffer) => Buffer> = {
  'latin1-unlabelled': (bytes) => labelled(Buffer.from(bytes.toString('utf8'), 'latin1'), ''),
  'utf8-as-latin1': (bytes) => labelled(bytes, '8859/1'),
  'utf8-unlabelled': (bytes) => labelled(bytes, ''),
  bom: (bytes) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
  // The euro sign and typographic quotes stand where Latin-1 has controls.
  'windows-1252': (bytes) =>
    labelled(Buffer.concat([Buffer.from(bytes.toString('utf8'), 'latin1'), latin1('NTE|1||\x80 5 \x93co-pay\x94\r')]), '8859/1'),
  'utf-16': (bytes) => Buffer.from(bytes.toString('utf8'), 'utf16le'),
};

function labelled(bytes: Buffer, charset: string): Buffer {
  const message = new Edit(bytes);
  message.set('MSH-18', charset);
  return message.bytes();
}

const HEADERS: Record<string, (message: Edit) => void> = {
  cut: (message) => void message.segments[0]!.splice(9),
  'no-version': (message) => message.set('MSH-12', ''),
  'no-structure': (message) =>
    message.set('MSH-9', message.get('MSH-9').split(message.component).slice(0, 2).join(message.component)),
  'lower-case': (message) => {
    for (const segment of message.segments.slice(1)) segment[0] = segment[0]!.toLowerCase();
  },
  // The line end after MSH is a LF, and the receiver takes it and what follows for a part of MSH-12.
  'version-runs-on': (message) => {
    const [header, next] = message.segments.splice(0, 2);
    header!.length = 12;
    message.segments.unshift([...header!.slice(0, 11), `${header![11]}\n${next![0]}`, ...next!.slice(1)]);
  },
};

const ESCAPES: Record<string, string> = {
  stray: 'half \\ way',
  unclosed: 'a \\F without end',
  unknown: 'an \\Q9\\ escape',
  highlight: '\\H\\loud\\N\\',
  breaks: 'one\\.br\\two\\.sp2\\three',
  hex: 'caf\\XC3A9\\',
};

const UNSUPPORTED: Record<string, [place: string, value: string]> = {
  type: ['MSH-9.1', 'XYZ'],
  event: ['MSH-9.2', 'A99'],
  processing: ['MSH-11', 'T'],
  version: ['MSH-12', '9.9'],
};

const BATCHES: Record<string, (message: string) => string> = {
  whole: (message) => `FHS|^~\\&|EHR\rBHS|^~\\&|EHR\r${message}BTS|1\rFTS|1\r`,
  'wrong-count': (message) => `FHS|^~\\&|EHR\rBHS|^~\\&|EHR\r${message}BTS|7\rFTS|1\r`,
  'no-trailer': (message) => `FHS|^~\\&|EHR\rBHS|^~\\&|EHR\r${message}`,
  'bad-inside': (message) => `BHS|^~\\&|EHR\rMSH|^~\\&|broken\r${message}BTS|2\r`,
};

/** Messages that are not what the standard says a message is. */
export const STRUCTURE: readonly LinkFault[] = [
  linkFault({
    row: 'S1',
    name: 'segment-ends',
    doc: 'Segments end by LF, CR LF, each in turn, or twice.',
    receiver: 'reads it all the same.',
    params: { end: oneOf('what ends them', 'lf', 'crlf', 'mixed', 'doubled') },
    intact: true,
    bytes: (bytes, { end = '' }) => latin1(lines(bytes).map(ENDS[end]!).join('')),
  }),
  linkFault({
    row: 'S2',
    name: 'line-break-inside',
    doc: 'A raw CR stands inside a field, so that a segment is broken in two.',
    receiver: 'refuses it (AE) or sets it aside; it does not lose half an address in silence.',
    params: { field: text('which field', 'PID-11') },
    edit: (message, { field = '' }) => {
      const was = message.get(field);
      const half = Math.ceil(was.length / 2);
      message.set(field, `${was.slice(0, half)}\r${was.slice(half)}`);
    },
  }),
  linkFault({
    row: 'S3',
    name: 'other-delimiters',
    doc: 'MSH-1 and MSH-2 declare other delimiters.',
    receiver: 'reads them from the header.',
    params: { set: text('MSH-1 and MSH-2, five characters', '!@*$%') },
    intact: true,
    bytes: (bytes, { set = '' }) => redelimited(bytes, set),
  }),
  linkFault({
    row: 'S3',
    name: 'odd-msh-2',
    doc: 'MSH-2 is shorter or longer than four characters.',
    receiver: 'takes the standard for what is missing, and lets the fifth one be.',
    params: { value: oneOf('MSH-2', '^~\\&#', '^~&', '^~') },
    intact: true,
    edit: (message, { value = '' }) => message.set('MSH-2', value),
  }),
  linkFault({
    row: 'S4',
    name: 'unescaped',
    doc: 'Text holds delimiters that nobody escaped, as URLs do.',
    receiver: 'does not let the fields after it move.',
    params: { field: text('which field', 'PID-5.2'), value: text('what stands there', 'Q & A ~ R ^ S') },
    edit: (message, { field = '', value = '' }) => message.set(field, value),
  }),
  linkFault({
    row: 'S5',
    name: 'odd-escape',
    doc: 'An escape is stray, never closed, unknown, or one of formatted text.',
    receiver: 'keeps it as it stands where it does not know it.',
    params: { what: oneOf('which', ...Object.keys(ESCAPES)), field: text('where', 'PID-11.1') },
    edit: (message, { what = '', field = '' }) => message.set(field, ESCAPES[what]!),
  }),
  linkFault({
    row: 'S6',
    name: 'odd-charset',
    doc: 'The bytes are not in the character set that MSH-18 declares.',
    receiver: 'does not garble a name: it reads strictly, falls back byte by byte, and says so.',
    params: { what: oneOf('which', ...Object.keys(CHARSETS)) },
    bytes: (bytes, { what = '' }) => CHARSETS[what]!(bytes),
  }),
  linkFault({
    row: 'S7',
    name: 'odd-header',
    doc: 'MSH is cut short, lacks its version or structure, runs into PID, or segment names are in small letters.',
    receiver: 'reads it leniently, or answers AR 200 or 203; it does not fail.',
    params: { what: oneOf('which', ...Object.keys(HEADERS)) },
    edit: (message, { what = '' }) => HEADERS[what]!(message),
  }),
  linkFault({
    row: 'S8',
    name: 'unsupported',
    doc: 'Type, event, processing id or version are none that the receiver takes.',
    receiver: 'answers AR 200, 201, 202 or 203.',
    params: { what: oneOf('which', ...Object.keys(UNSUPPORTED)) },
    edit: (message, { what = '' }) => message.set(...UNSUPPORTED[what]!),
  }),
  linkFault({
    row: 'S9',
    name: 'missing',
    doc: 'A segment or a field that must be there is not.',
    receiver: 'answers AE 100 or 101 and sets it aside; it can do without EVN.',
    params: { what: text('a segment, or a field such as PID-3', 'PID') },
    edit: (message, { what = '' }) => (what.includes('-') ? message.set(what, '') : message.remove(what)),
  }),
  linkFault({
    row: 'S10',
    name: 'extra-segments',
    doc: 'There are Z segments, segments twice, or segments where they do not belong.',
    receiver: 'leaves alone what it does not know, and does not lose PID or PV1.',
    params: { what: oneOf('which', 'z', 'repeated', 'misplaced') },
    intact: true,
    edit: (message, { what }) => {
      if (what === 'z') message.add('ZPD|1|LOCAL^VALUE|Y', 'PID');
      else if (what === 'repeated') message.add(message.find('PID')!.join(message.field), 'PID');
      else message.add('NTE|1||out of place', 'MSH');
    },
  }),
  linkFault({
    row: 'S11',
    name: 'cut-short',
    doc: 'The message ends in the middle of a field, in a whole frame.',
    receiver: 'sees it (no last CR) and answers AE.',
    params: { share: number('of the bytes that stay', 0.6, [0.05, 0.99]) },
    bytes: (bytes, { share }) => bytes.subarray(0, Math.floor(bytes.length * Number(share))),
  }),
  linkFault({
    row: 'S12',
    name: 'truncated',
    doc: 'A field is cut to a length.',
    receiver: 'keeps what came, and never matches people by it.',
    params: { field: text('which field', 'PID-5.1'), length: number('characters that stay', 3, [1, 1000]) },
    edit: (message, { field = '', length }) => message.set(field, message.get(field).slice(0, Number(length))),
  }),
  linkFault({
    row: 'S13',
    name: 'batch',
    doc: 'The message comes in a batch: a sound one, or one with a wrong count, no trailer, or a bad message before it.',
    receiver: 'takes the good ones, sets the bad one aside, and reports a count that is wrong.',
    params: { what: oneOf('which', ...Object.keys(BATCHES)) },
    intact: true,
    bytes: (bytes, { what = '' }) => latin1(BATCHES[what]!(bytes.toString('latin1'))),
  }),
];
