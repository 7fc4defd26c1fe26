import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { RunFolder } from '../run-folder.ts';
import { AuditKeeper } from './audit-keeper.ts';
import { AuditTrail, type Look } from './audit-trail.ts';

const root = mkdtempSync(join(tmpdir(), 'audit-'));
afterAll(() => rmSync(root, { recursive: true }));
let made = 0;
const fresh = (): string => {
  const folder = join(root, String(++made));
  mkdirSync(folder);
  return folder;
};

describe('a trail is read as it grows', () => {
  it.each<[string, (file: string) => void, { lines: string[]; rewritten: string[] }]>([
    ['nothing new', () => {}, { lines: [], rewritten: [] }],
    ['a line more', (file) => appendFileSync(file, 'three\n'), { lines: ['three'], rewritten: [] }],
    ['half a line, which waits', (file) => appendFileSync(file, 'thr'), { lines: [], rewritten: [] }],
    ['a letter changed', (file) => writeFileSync(file, 'one\ntwO\n'), { lines: [], rewritten: ['a.jsonl'] }],
    ['the first line taken away', (file) => writeFileSync(file, 'two\n'), { lines: [], rewritten: ['a.jsonl'] }],
    ['the last line taken away', (file) => writeFileSync(file, 'one\n'), { lines: [], rewritten: ['a.jsonl'] }],
    ['changed and longer', (file) => writeFileSync(file, 'One\ntwo\nthree\n'), { lines: ['three'], rewritten: ['a.jsonl'] }],
    ['all of it gone', (file) => rmSync(file), { lines: [], rewritten: ['a.jsonl'] }],
    ['another file beside it', (file) => writeFileSync(`${file}2`, 'b\n'), { lines: ['b'], rewritten: [] }],
  ])('%s', async (_, change, expected) => {
    const folder = fresh();
    const file = join(folder, 'a.jsonl');
    writeFileSync(file, 'one\ntwo\n');
    const trail = new AuditTrail({ path: `\${RUN_DATA}` }, { RUN_DATA: folder });
    expect(await trail.look()).toEqual({ lines: ['one', 'two'], rewritten: [] });
    change(file);
    expect(await trail.look()).toEqual(expected);
  });

  it('is empty until there is one', async () => {
    const file = join(fresh(), 'later.jsonl');
    const trail = new AuditTrail({ path: file }, {});
    expect(await trail.look()).toEqual({ lines: [], rewritten: [] });
    writeFileSync(file, 'one\n');
    expect(await trail.look()).toEqual({ lines: ['one'], rewritten: [] });
  });

  it('can be an address', async () => {
    let body = 'one\n';
    const server = createServer((_, response) => response.end(body)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const trail = new AuditTrail({ url }, {});
    expect(await trail.look()).toEqual({ lines: ['one'], rewritten: [] });
    body = 'two\nthree\n';
    expect(await trail.look()).toEqual({ lines: ['three'], rewritten: ['audit'] });
    server.close();
    server.closeAllConnections();
  });

  it('however it is cut into looks, all lines come once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.stringMatching(/^[\w é€]{1,8}\n?$/u), { maxLength: 12 }), async (pieces) => {
        const file = join(fresh(), 'a');
        const trail = new AuditTrail({ path: file }, {});
        const found: string[] = [];
        for (const piece of pieces) {
          appendFileSync(file, piece);
          const { lines, rewritten } = await trail.look();
          expect(rewritten).toEqual([]);
          found.push(...lines);
        }
        const whole = pieces.join('').split('\n').slice(0, -1);
        expect(found).toEqual(whole.filter((line) => line.trim() !== ''));
      }),
      { numRuns: 40 },
    );
  });
});

describe('what is kept of it', () => {
  const line = (at: string): string => JSON.stringify({ at, who: 'sync', action: 'read', what: ['Patient/1'] });

  it('is of this run, and says when something was changed', async () => {
    const folder = RunFolder.create(fresh(), 'run');
    const told: unknown[] = [];
    const looks = [
      { lines: [line('2026-03-01T00:00:00Z'), 'old rubbish', line('2026-03-02T00:00:01Z')], rewritten: [] },
      { lines: ['new rubbish'], rewritten: ['a'] },
    ];
    const keeper = new AuditKeeper({
      folder,
      begunAt: Date.parse('2026-03-02T00:00:00Z'),
      look: async () => {
        const next = looks.shift();
        if (!next) throw new Error('nobody there');
        return next;
      },
      tell: (what, data) => told.push([what, data]),
    });
    for (let n = 0; n < 4; n++) await keeper.look();
    expect(readFileSync(folder.file('audit.jsonl'), 'utf8')).toBe(`${line('2026-03-02T00:00:01Z')}\nnew rubbish\n`);
    expect(told).toEqual([
      ['audit-rewritten', { source: 'a' }],
      ['audit-unread', { message: 'nobody there' }],
    ]);
  });

  it('is not looked at again once it is closed: it goes away with the subject', async () => {
    const looks: Look[] = [
      { lines: [], rewritten: [] },
      { lines: [], rewritten: ['a'] },
    ];
    const told: string[] = [];
    const look = async (): Promise<Look> => looks.shift()!;
    const keeper = new AuditKeeper({
      folder: RunFolder.create(fresh(), 'run'),
      begunAt: 0,
      look,
      tell: (what) => told.push(what),
    });
    await keeper.close();
    await keeper.look();
    expect([looks.length, told]).toEqual([1, []]);
  });
});
