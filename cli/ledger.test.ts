import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Ledger } from './ledger.ts';

type Run = { id: string; wrong: number };

const place = (): string => join(mkdtempSync(join(tmpdir(), 'ledger-')), 'deep', 'series.jsonl');
const open = (file: string, about = 'seeds of abc', resume = true, now = 'Monday') =>
  Ledger.open<Run>(file, { about, now, resume });

describe('a series of runs', () => {
  it('goes on where it was', () => {
    const file = place();
    open(file).add({ id: '1', wrong: 0 });
    const again = open(file, undefined, true, 'Tuesday');
    again.add({ id: '2', wrong: 1 });
    expect([again.resumed, again.begun, again.get('1'), open(file).entries]).toEqual([
      true,
      'Monday',
      { id: '1', wrong: 0 },
      [
        { id: '1', wrong: 0 },
        { id: '2', wrong: 1 },
      ],
    ]);
  });

  it.each([
    ['is of other code or options', 'seeds of def', true],
    ['is not to be resumed', 'seeds of abc', false],
  ])('begins anew where it %s', (_, about, resume) => {
    const file = place();
    open(file).add({ id: '1', wrong: 0 });
    expect([open(file, about, resume).entries, readFileSync(file, 'utf8').trim().split('\n').length]).toEqual([[], 1]);
  });

  it('counts the later of two lines about one run', () => {
    const file = place();
    const ledger = open(file);
    ledger.add({ id: '1', wrong: 3 });
    ledger.add({ id: '1', wrong: 0 });
    expect(open(file).entries).toEqual([{ id: '1', wrong: 0 }]);
  });

  it('does the run again whose line a kill cut', () => {
    const file = place();
    open(file).add({ id: '1', wrong: 0 });
    appendFileSync(file, '{"id":"2","wro');
    const again = open(file);
    expect(again.get('2')).toBeUndefined();
    again.add({ id: '2', wrong: 0 });
    expect(open(file).entries.map(({ id }) => id)).toEqual(['1', '2']);
  });

  it.each([['nothing'], ['{"about":'], ['']])('begins anew over a file that holds %j', (text) => {
    const file = place();
    open(file).add({ id: '1', wrong: 0 });
    writeFileSync(file, text);
    expect(open(file).entries).toEqual([]);
  });
});
