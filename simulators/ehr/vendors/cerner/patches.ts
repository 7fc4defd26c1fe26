import type { PatchOperation } from '../../engine/json-patch.ts';
import type { Stored } from '../../engine/resource.ts';
import type { SiteFacts } from '../vendor.ts';

// `op path` as the pages list them; {i} is an index. Items of a list are named by a `test` of their id.
const item = (list: string, ...parts: string[]): string[] => [
  `add /${list}/-`,
  `test /${list}/{i}/id`,
  `remove /${list}/{i}`,
  ...parts.map((part) => `replace /${list}/{i}/${part}`),
];
// Of names only the first can be changed, and none added or removed.
const name = (...parts: string[]): string[] => ['test /name/0/id', ...parts.map((part) => `replace /name/0/${part}`)];
const replace = (...paths: string[]): string[] => paths.map((path) => `replace /${path}`);

/** lib/resources/r4/*_patch.yaml of cerner/fhir.cerner.com (2024). Video links are not among them: see the notes. */
const OFFERED: Readonly<Record<string, readonly string[]>> = {
  Patient: [
    ...item('identifier', 'system', 'value', 'period'),
    ...name('family', 'given', 'prefix', 'suffix', 'period'),
    ...item('telecom', 'value', 'rank', 'extension', 'period'),
    ...item('address', 'line', 'city', 'district', 'state', 'postalCode', 'country', 'period'),
    ...item('generalPractitioner'),
    ...replace('gender', 'birthDate', 'maritalStatus', 'communication', 'extension', 'extension/{i}'),
    'add /extension/-',
    'test /extension/{i}/id',
    'remove /extension/{i}',
  ],
  RelatedPerson: [
    ...item('identifier'),
    ...item('relationship', 'extension'),
    ...item('address'),
    ...item('telecom'),
    ...name('family', 'prefix', 'given', 'suffix'),
  ],
  Appointment: [
    ...replace('status', 'slot', 'patient-status', 'extension', 'comment'),
    'add /slot',
    'add /reasonCode',
    'add /cancelationReason',
    'add /extension',
  ],
  Slot: replace('status'),
  MedicationRequest: replace('status'),
  Communication: replace('extension'),
  Encounter: [...replace('period/start', 'period/end', 'type', 'extension'), 'add /extension/-'],
  Coverage: replace(
    'class/0/value',
    'class/1/value',
    'class/1/name',
    'dependent',
    'period',
    'relationship',
    'subscriberId',
    'subscriber',
  ),
};

/** Statuses that a patch may set, by type. */
const STATUSES: Readonly<Record<string, readonly string[]>> = {
  Appointment: ['arrived', 'checked-in', 'cancelled', 'booked', 'fulfilled'],
  Slot: ['free', 'busy-tentative'],
  MedicationRequest: ['stopped', 'cancelled'],
};

/** "…change the status in the following sequences." (Appointment page) */
const NEXT: Readonly<Record<string, readonly string[]>> = {
  proposed: ['booked', 'cancelled'],
  booked: ['arrived', 'checked-in', 'cancelled'],
  arrived: ['checked-in', 'cancelled'],
  'checked-in': ['fulfilled', 'cancelled'],
};

const normal = ({ op, path }: PatchOperation): string => `${op} ${path.replace(/\/\d+(?=\/|$)/g, '/{i}')}`;

/**
 * Only listed operations on listed paths; items of lists only behind a test of their id; an appointment only from one
 * state to the next. @returns the operations as they are applied: a value that is not there yet may be replaced.
 */
export function onPatch(type: string, operations: readonly PatchOperation[], before: Stored, site: SiteFacts): PatchOperation[] {
  const refuse = (diagnostics: string): never => site.reject('invariant', { diagnostics, expression: type });
  const offered = OFFERED[type] ?? [];
  for (const [i, one] of operations.entries()) {
    if (!offered.includes(normal(one)) && !offered.includes(`${one.op} ${one.path}`))
      refuse(`the patch operation ${one.op} ${one.path} is not supported`);
    const list = /^(\/\w+\/\d+)(?:\/|$)/.exec(one.path)?.[1];
    const test: PatchOperation = { op: 'test', path: `${list}/id` };
    const named = offered.includes(normal(test)) || offered.includes(`test ${test.path}`);
    if (list !== undefined && one.op !== 'test' && named && !testedBefore(operations.slice(0, i), list))
      refuse(`${one.op} ${one.path} requires a test operation on ${list}/id`);
  }
  const status = operations.find(({ path }) => path === '/status')?.value;
  if (status !== undefined && STATUSES[type] && !STATUSES[type].includes(status as string))
    refuse(`the status ${JSON.stringify(status)} is not supported`);
  if (type === 'Appointment') checkAppointment(operations, before, refuse);
  return operations.flatMap((one) => applied(one, before));
}

const testedBefore = (earlier: readonly PatchOperation[], item: string): boolean =>
  earlier.some(({ op, path }) => op === 'test' && path === `${item}/id`);

function checkAppointment(operations: readonly PatchOperation[], before: Stored, refuse: (why: string) => never): void {
  const asks = (op: string, path: string): PatchOperation | undefined =>
    operations.find((one) => one.op === op && one.path === path);
  const status = asks('replace', '/status')?.value as string | undefined;
  const was = String(before.status);
  if (status !== undefined && !NEXT[was]?.includes(status)) refuse(`the status may not change from ${was} to ${status}`);
  const beside = (what: PatchOperation | undefined, present: boolean, other: string): void => {
    if (what && !present) refuse(`${what.op} ${what.path} must be accompanied by ${other}`);
  };
  const moved = asks('replace', '/slot') !== undefined;
  beside(asks('add', '/slot'), status === 'booked', 'replace /status with booked');
  if (status === 'booked' && !asks('add', '/slot')) refuse('replace /status with booked must be accompanied by add /slot');
  beside(asks('add', '/reasonCode'), status === 'booked', 'replace /status with booked');
  beside(asks('add', '/cancelationReason'), status === 'cancelled', 'replace /status with cancelled');
  beside(asks('add', '/extension'), moved, 'replace /slot');
  beside(asks('replace', '/comment'), moved, 'replace /slot');
  beside(
    asks('replace', '/extension'),
    moved || (status === 'cancelled' && asks('add', '/cancelationReason') !== undefined),
    'replace /slot, or by replace /status with cancelled and add /cancelationReason',
  );
  if (moved && was !== 'booked') refuse(`an appointment that is ${was} cannot be moved to another slot`);
  const patient = asks('replace', '/patient-status');
  if (patient && (patient.value !== 'accepted' || was !== 'booked'))
    refuse('the participant status can only become accepted, of a booked appointment');
  const reason = asks('add', '/reasonCode')?.value as { text?: string }[] | undefined;
  if (reason && (!Array.isArray(reason) || reason.length > 1 || reason.some(({ text }) => !text)))
    refuse('only one reasonCode may be provided, and its text is required');
  const why = asks('add', '/cancelationReason')?.value as { coding?: unknown[] } | undefined;
  if (why && why.coding?.length !== 1) refuse('exactly one coding must be provided in cancelationReason');
}

// What the pages call replace may also be set for the first time, or be unset by an empty value.
function applied(one: PatchOperation, before: Stored): PatchOperation[] {
  const { op, path, value } = one;
  const unset = (): PatchOperation[] => (isThere(before, path) ? [{ op: 'remove', path }] : []);
  if (path === '/patient-status') {
    const participants = (before.participant ?? []) as { status: string; actor?: { reference?: string } }[];
    const at = participants.findIndex(({ actor }) => actor?.reference?.includes('Patient/'));
    return [{ op: 'replace', path: `/participant/${at}/status`, value }];
  }
  if (path === '/reasonCode') {
    const texts = (value as { text?: string }[]).map(({ text }) => ({ text }));
    return texts.length > 0 ? [{ op: 'add', path, value: texts }] : unset();
  }
  if (path === '/cancelationReason') return [{ op, path, value: { coding: (value as { coding: unknown[] }).coding } }];
  // Each extension takes the place of the one with its URL; the others stay.
  if (path === '/extension') return [{ op: 'add', path, value: [...others(before, value), ...list(value)] }];
  const field = op === 'replace' && !/\/\d+$/.test(path);
  if (!field) return [one];
  return value === null || value === '' ? unset() : [{ op: 'add', path, value }];
}

interface Extended {
  url?: string;
}
const list = (value: unknown): Extended[] => (Array.isArray(value) ? value : [value]) as Extended[];
const others = ({ extension = [] }: Stored, value: unknown): Extended[] =>
  (extension as Extended[]).filter(({ url }) => !list(value).some((one) => one?.url === url));

function isThere(root: unknown, pointer: string): boolean {
  let at: unknown = root;
  for (const key of pointer.split('/').slice(1)) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return false;
    at = (at as Record<string, unknown>)[key];
  }
  return true;
}
