import { type LinkFault, linkFault, oneOf, text } from './define.ts';
import type { Edit } from './edit.ts';

const join = (message: Edit, ...parts: string[]): string => parts.join(message.component);

const IDS: Record<string, (message: Edit, id: string[]) => string> = {
  'other-first': (message, id) =>
    [join(message, 'X99', '', '', 'OTHER&2.999.1&ISO', 'PI'), join(message, ...id)].join(message.repetition),
  'no-authority': (message, [mrn = '', , , , type = '']) => join(message, mrn, '', '', '', type),
  'zeros-lost': (message, [mrn = '', ...rest]) => join(message, mrn.replace(/^0+(?=.)/, ''), ...rest),
  'zeros-added': (message, [mrn = '', ...rest]) => join(message, `000${mrn}`, ...rest),
  'other-facility': (message, [mrn = '', check = '', scheme = '', , ...rest]) =>
    join(message, mrn, check, scheme, 'ELSEWHERE&2.999.7&ISO', ...rest),
};

const PHONES: Record<string, (message: Edit) => string> = {
  'mail-first': (message) =>
    [join(message, '', 'NET', 'Internet', 'first@mail.example'), join(message, '(212)555-0143', 'PRN', 'CP')].join(
      message.repetition,
    ),
  'empty-first': (message) => ['', join(message, '(212)555-0143', 'PRN', 'CP')].join(message.repetition),
  'text-only': () => '212 555 0143 ext 7',
  'parts-only': (message) => join(message, '', 'PRN', 'CP', '', '1', '212', '5550143', '7'),
  unformatted: (message) => join(message, '', 'PRN', 'CP', '', '', '', '', '', '', '', '', '+1 212 555 0143'),
  'cell-extension': (message) => join(message, '(212)555-0143', 'PRN', 'PH', '', '', '', '', 'CELL'),
  'mail-as-phone': () => 'first@mail.example',
};

const ZONES: Record<string, (ts: string) => string> = {
  none: (ts) => ts.replace(/[+-]\d{4}$/, ''),
  wrong: (ts) => `${ts.replace(/[+-]\d{4}$/, '')}+0900`,
  utc: (ts) => `${ts.replace(/[+-]\d{4}$/, '')}+0000`,
};
const SLOTS = ['SCH-11.4', 'SCH-11.5', 'AIS-4', 'AIL-6', 'AIP-6'];

const CODES: Record<string, [place: string, value: string]> = {
  'sex-word': ['PID-8', 'Female'],
  'sex-coded': ['PID-8', 'F^Female^HL70001'],
  'sex-x': ['PID-8', 'X'],
  'sex-wrong': ['PID-8', 'Q'],
  leaked: ['PV1-18', 'CD:312507'],
  display: ['PV1-2', 'Outpatient'],
  'status-own': ['SCH-25', '1^SCH'],
  'status-empty': ['SCH-25', ''],
};

const RESULTS: Record<string, (message: Edit) => void> = {
  'no-type': (message) => message.set('OBX-2', '', 'first'),
  'no-value': (message) => message.set('OBX-5', '', 'first'),
  repeated: (message) => message.set('OBX-5', ['1', '2'].join(message.repetition), 'first'),
  'less-than': (message) => {
    message.set('OBX-2', 'NM', 'first');
    message.set('OBX-5', '<5', 'first');
  },
  'document-without-encoding': (message) => {
    message.set('OBX-2', 'ED', 'first');
    message.set('OBX-5', join(message, '', 'AP', '', '', 'JVBERi0xLjQ='), 'first');
  },
};

const TESTS: Record<string, (message: Edit) => void> = {
  zztest: (message) => message.set('PID-5', join(message, 'ZZTEST', 'PATIENT', '', '', '', '', 'L')),
  baby: (message) => message.set('PID-5', join(message, message.get('PID-5.1'), 'BABY BOY', '', '', '', '', 'L')),
  unreliable: (message) => message.set('PID-32', 'US'),
};

/** Values that are not what they should be. */
export const VALUES: readonly LinkFault[] = [
  linkFault({
    row: 'V1',
    name: 'null-value',
    doc: 'A field holds the value that says "delete", or something that looks like it.',
    receiver: 'deletes what it may, refuses it in a key, and never stores the quotation marks.',
    params: {
      field: text('which field or component', 'PID-13'),
      value: oneOf('what stands there', '""', "''", '"" '),
    },
    edit: (message, { field = '', value = '' }) => message.set(field, value),
  }),
  linkFault({
    row: 'V2',
    name: 'empty-value',
    doc: 'A field that had a value comes empty.',
    receiver: 'leaves what it holds as it is.',
    params: { field: text('which field', 'PID-13') },
    edit: (message, { field = '' }) => message.set(field, ''),
  }),
  linkFault({
    row: 'V3',
    name: 'odd-date',
    doc: 'A date is none, or not to the day.',
    receiver: 'keeps the precision that came, and refuses the field, not the message.',
    params: {
      field: text('which field', 'PID-7'),
      value: oneOf(
        'what stands there',
        '00000000',
        '19000101',
        '2026030207000012',
        '02/29/1980',
        '1980',
        '198002',
        '29991231',
        '20260230',
      ),
    },
    edit: (message, { field = '', value = '' }) => message.set(field, value),
  }),
  linkFault({
    row: 'V4',
    name: 'odd-zone',
    doc: 'The times of an appointment have no zone, or a wrong one.',
    receiver: 'takes a time without zone for one of the clinic, and keeps the time on the wall.',
    params: { what: oneOf('which', 'none', 'wrong', 'utc') },
    to: /^SIU/,
    edit: (message, { what = '' }) => {
      for (const place of SLOTS) if (message.get(place)) message.set(place, ZONES[what]!(message.get(place)));
    },
  }),
  linkFault({
    row: 'V5',
    name: 'odd-id',
    doc: 'PID-3 holds another id first, no authority, more or fewer zeros, or the same number of another hospital.',
    receiver: 'matches by authority, type and value.',
    params: { what: oneOf('which', ...Object.keys(IDS)) },
    edit: (message, { what = '' }) => message.set('PID-3', IDS[what]!(message, message.get('PID-3').split(message.component))),
  }),
  linkFault({
    row: 'V6',
    name: 'odd-phone',
    doc: 'Phones and mail come in an order or a form that is lawful and rare.',
    receiver: 'finds them, keeps what it cannot read, and never writes an e-mail over a phone.',
    params: { what: oneOf('which', ...Object.keys(PHONES)) },
    edit: (message, { what = '' }) => message.set('PID-13', PHONES[what]!(message)),
  }),
  linkFault({
    row: 'V7',
    name: 'odd-code',
    doc: 'A code is of no table: a word, a text in its place, a leaked internal number, the own code of a site.',
    receiver: 'maps what it knows, puts the rest aside as unknown, and answers AA.',
    params: { what: oneOf('which', ...Object.keys(CODES)) },
    edit: (message, { what = '' }) => message.set(...CODES[what]!),
  }),
  linkFault({
    row: 'V8',
    name: 'odd-result',
    doc: 'An OBX lacks its type or its value, repeats it, or says "<5" in a number.',
    receiver: 'refuses that OBX, not the message.',
    params: { what: oneOf('which', ...Object.keys(RESULTS)) },
    to: /^ORU/,
    edit: (message, { what = '' }) => RESULTS[what]!(message),
  }),
  linkFault({
    row: 'V9',
    name: 'test-patient',
    doc: 'The person is a test, a newborn without a name, or said to be unreliable (PID-32).',
    receiver: 'filters by its policy, and answers AA.',
    params: { what: oneOf('which', ...Object.keys(TESTS)) },
    edit: (message, { what = '' }) => TESTS[what]!(message),
  }),
];
