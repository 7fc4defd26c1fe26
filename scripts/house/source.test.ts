import { describe, expect, it } from 'vitest';
import { imports, withoutComments } from './source.ts';

describe('withoutComments', () => {
  it.each([
    ['a line comment', 'a(); // Date.now', 'a();            '],
    ['a block comment over lines', 'a /* x\ny */ b', 'a     \n     b'],
    ['a URL in a string', "f('http://x'); // y", "f('http://x');     "],
    ['a comment sign in a template', '`/* {a} */` // y', '`/* {a} */`     '],
    ['a quote in a regular expression', "x = /'/; // y", "x = /'/;     "],
    ['a division', 'a / b / c // y', 'a / b / c     '],
    ['an apostrophe in a comment', "// don't\nb('x')", "        \nb('x')"],
  ])('%s', (_, source, expected) => expect(withoutComments(source)).toBe(expected));
});

describe('imports', () => {
  it.each([
    ["import { a } from './a.ts';", './a.ts', false],
    ["import a from './a.ts';", './a.ts', false],
    ["import a, { type B } from './a.ts';", './a.ts', false],
    ["import * as a from './a.ts';", './a.ts', false],
    ["import './side.ts';", './side.ts', false],
    ["import type { A } from '#kernel';", '#kernel', true],
    ["import { type A, type B } from '#kernel';", '#kernel', true],
    ["import { type A, b } from '#kernel';", '#kernel', false],
    ["export * from './b.ts';", './b.ts', false],
    ["export type { A } from './b.ts';", './b.ts', true],
    ["import {\n  a,\n  b,\n} from '../c.ts';", '../c.ts', false],
    ["const x = await import('#crm');", '#crm', false],
  ])('%s', (source, specifier, typesOnly) => expect(imports(source)).toEqual([{ specifier, typesOnly }]));

  it.each([
    "// import { a } from './a.ts';",
    "export const a = 'b';",
    "export type A = 'b' | 'c';",
    "export function f() {\n  return from('x');\n}",
  ])('sees none in %s', (source) => expect(imports(source)).toEqual([]));
});
