/** One operation of RFC 6902. */
export interface PatchOperation {
  op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  path: string;
  from?: string;
  value?: unknown;
}

/** Why a patch cannot be applied; `test` when the document is not what the client took it for. */
export class PatchFailed extends Error {
  readonly test: boolean;
  /** Number of the operation, from 0. */
  readonly index: number;
  constructor(index: number, message: string, test = false) {
    super(`operation ${index}: ${message}`);
    this.index = index;
    this.test = test;
  }
}

const OPS = ['add', 'remove', 'replace', 'move', 'copy', 'test'];
type Container = Record<string, unknown> | unknown[];

/** Checks the form of a patch document. @throws PatchFailed */
export function readPatch(value: unknown): PatchOperation[] {
  if (!Array.isArray(value)) throw new PatchFailed(0, 'a JSON Patch is an array of operations');
  value.forEach((one, i) => {
    const { op, path, from } = (typeof one === 'object' && one !== null ? one : {}) as Partial<PatchOperation>;
    if (!OPS.includes(op as string)) throw new PatchFailed(i, `op must be one of ${OPS.join(', ')}, not ${JSON.stringify(op)}`);
    if (!isPointer(path))
      throw new PatchFailed(i, `path must be a JSON Pointer such as /name/0/family, not ${JSON.stringify(path)}`);
    if ((op === 'move' || op === 'copy') && !isPointer(from)) throw new PatchFailed(i, `${op} needs from: a JSON Pointer`);
    if (['add', 'replace', 'test'].includes(op as string) && !Object.hasOwn(one as object, 'value'))
      throw new PatchFailed(i, `${op} needs a value`);
  });
  return value as PatchOperation[];
}

const isPointer = (text: unknown): text is string =>
  typeof text === 'string' && (text === '' || text.startsWith('/')) && !/~(?![01])/.test(text);

/** A copy of the document with the operations applied in order; all of them or none. @throws PatchFailed */
export function applyPatch<T>(document: T, operations: readonly PatchOperation[]): T {
  const root = { document: structuredClone(document) as unknown };
  for (const [i, operation] of operations.entries())
    applyOne(root, operation, (message, test) => {
      throw new PatchFailed(i, `${operation.op} ${operation.path}: ${message}`, test);
    });
  return root.document as T;
}

type Fail = (message: string, test?: boolean) => never;

function applyOne(root: { document: unknown }, { op, path, from, value }: PatchOperation, fail: Fail): void {
  if (op === 'test') {
    if (
      !same(
        get(root, path, (message) => fail(message, true)),
        value,
      )
    )
      fail(`the value is not ${JSON.stringify(value)}`, true);
  } else if (op === 'add') put(root, path, structuredClone(value), true, fail);
  else if (op === 'replace') put(root, path, structuredClone(value), false, fail);
  else if (op === 'remove') take(root, path, fail);
  else {
    if (op === 'move' && path.startsWith(`${from}/`)) fail(`cannot move ${from} into itself`);
    const moved = op === 'move' ? take(root, from!, fail) : structuredClone(get(root, from!, fail));
    put(root, path, moved, true, fail);
  }
}

const keysOf = (pointer: string): string[] => [
  'document',
  ...pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~')),
];

function child(container: unknown, key: string, fail: Fail): unknown {
  if (Array.isArray(container)) return container[indexOf(container, key, container.length - 1, fail)];
  if (typeof container !== 'object' || container === null || !Object.hasOwn(container, key)) return fail(`there is no ${key}`);
  return (container as Record<string, unknown>)[key];
}

function indexOf(list: unknown[], key: string, most: number, fail: Fail): number {
  if (!/^(0|[1-9]\d*)$/.test(key) || Number(key) > most) return fail(`there is no item ${key}: the list has ${list.length}`);
  return Number(key);
}

const get = (root: object, pointer: string, fail: Fail): unknown =>
  keysOf(pointer).reduce<unknown>((value, key) => child(value, key, fail), root);

function parent(root: object, pointer: string, fail: Fail): { container: Container; key: string } {
  const keys = keysOf(pointer);
  const key = keys.pop()!;
  const container = keys.reduce<unknown>((value, one) => child(value, one, fail), root);
  if (typeof container !== 'object' || container === null) return fail('its parent is no object or list');
  if (key === '__proto__') return fail('there is no such element');
  return { container: container as Container, key };
}

function put(root: object, pointer: string, value: unknown, insert: boolean, fail: Fail): void {
  const { container, key } = parent(root, pointer, fail);
  if (Array.isArray(container)) {
    const at =
      insert && key === '-' ? container.length : indexOf(container, key, insert ? container.length : container.length - 1, fail);
    container.splice(at, insert ? 0 : 1, value);
    return;
  }
  if (!insert) child(container, key, fail);
  container[key] = value;
}

function take(root: object, pointer: string, fail: Fail): unknown {
  const { container, key } = parent(root, pointer, fail);
  const value = child(container, key, fail);
  if (Array.isArray(container)) container.splice(Number(key), 1);
  else delete container[key];
  return value;
}

function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [one, two] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(one);
  return keys.length === Object.keys(two).length && keys.every((key) => Object.hasOwn(two, key) && same(one[key], two[key]));
}
