import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EvidenceError, RunFolder, readJournal } from './run-folder.ts';
import { patient } from './testing/by-hand.ts';
import { JournalBuilder } from './testing/journal-builder.ts';

const root = mkdtempSync(join(tmpdir(), 'run-folder-'));
afterAll(() => rmSync(root, { recursive: true }));
let made = 0;
const fresh = () => RunFolder.create(root, `run-${++made}`);

const history = (count: number, process?: string) => {
  const b = new JournalBuilder('ID-01/epic', process);
  for (let i = 0; i < count; i++)
    b.ehr('update', 'Patient', 'p1', patient('0000000000018', 'Begahutogamuw', { note: `ü ${i}\n` }));
  return b.events;
};
/** A journal of so many events, flushed after every `every`. */
function written(count: number, every = count): { file: string; text: string } {
  const journal = fresh().journal('sandbox');
  for (const [i, event] of history(count).entries()) {
    journal.add(event);
    if ((i + 1) % every === 0) journal.flush();
  }
  journal.flush();
  return { file: journal.file, text: readFileSync(journal.file, 'utf8') };
}

describe('a journal file', () => {
  it.each([
    [0, 1],
    [1, 1],
    [199, 199],
    [200, 200],
    [201, 201],
    [450, 7],
  ])('of %i events, sealed after every %i, is read as it was written', (count, every) => {
    const { file, text } = written(count, every);
    expect(readJournal(file)).toEqual(history(count));
    expect(text.split('\n').filter((line) => line.includes('"kind":"seal"')).length).toBe(
      every === count ? Math.ceil(count / 200) : Math.ceil(count / every),
    );
  });

  it('seals by itself after 200 events, so that a run that is killed leaves evidence', () => {
    const journal = fresh().journal('sandbox');
    for (const event of history(399)) journal.add(event);
    expect(readJournal(journal.file)).toEqual(history(399).slice(0, 200));
  });
});

describe('no byte can change unseen', () => {
  it('in any place', () => {
    const { file, text } = written(4, 2);
    const bytes = Buffer.from(text);
    // In place: a file that is written anew reaches the disk each time.
    const fd = openSync(file, 'r+');
    const put = (i: number, byte: number) => writeSync(fd, Uint8Array.of(byte), 0, 1, i);
    const isSeen = (i: number): boolean => {
      put(i, bytes[i]! ^ 1);
      try {
        readJournal(file);
        return false;
      } catch (error) {
        return error instanceof EvidenceError;
      } finally {
        put(i, bytes[i]!);
      }
    };
    expect([...bytes.keys()].filter((i) => !isSeen(i))).toEqual([]);
    closeSync(fd);
    expect(readJournal(file)).toHaveLength(4);
  });

  const lines = (text: string) => text.split('\n').slice(0, -1);
  const whole = (list: string[]) => `${list.join('\n')}\n`;
  // Of each history, lines 1, 2, 4 and 5 are events, 3 and 6 seals.
  it.each<[string, (text: string) => string, RegExp]>([
    ['an event', (t) => t.replace('"act":"update"', '"act":"modify"'), /sandbox\.jsonl:3: the hash chain is broken/],
    [
      'a later event',
      (t) => whole(lines(t).with(4, lines(t)[4]!.replace('clinic', 'clerks'))),
      /sandbox\.jsonl:6: the hash chain/,
    ],
    ['no JSON any more', (t) => t.replace('{"v":1', '{"v:1'), /sandbox\.jsonl:1 is not JSON/],
    ['a seal', (t) => t.replace('"lines":2', '"lines":3'), /sandbox\.jsonl:3: the hash chain/],
    ['a seal with more in it', (t) => t.replace('"lines":2', '"lines":2,"by":"me"'), /sandbox\.jsonl:3: the hash chain/],
    ['a seal that is gone', (t) => whole(lines(t).toSpliced(2, 1)), /sandbox\.jsonl:5: the hash chain/],
    ['a batch that is gone', (t) => whole(lines(t).toSpliced(0, 3)), /sandbox\.jsonl:3: the hash chain/],
    ['an event that is gone', (t) => whole(lines(t).toSpliced(0, 1)), /sandbox\.jsonl:2: the hash chain/],
    [
      'two events exchanged',
      (t) => whole([lines(t)[1]!, lines(t)[0]!, ...lines(t).slice(2)]),
      /sandbox\.jsonl:3: the hash chain/,
    ],
    ['a batch twice', (t) => whole([...lines(t), ...lines(t).slice(3)]), /sandbox\.jsonl:9: the hash chain/],
    ['a seal twice', (t) => whole([...lines(t), lines(t)[5]!]), /sandbox\.jsonl:7: the hash chain/],
    ['an empty line', (t) => whole(lines(t).toSpliced(1, 0, '')), /sandbox\.jsonl:2 is not JSON/],
    ['an event after the end', (t) => t + whole(lines(t).slice(0, 1)), /sandbox\.jsonl: the last 1 events are not sealed/],
    ['cut in a line', (t) => t.slice(0, -30), /sandbox\.jsonl:6 has no end: the file was cut/],
    ['cut before the last seal', (t) => whole(lines(t).slice(0, 5)), /sandbox\.jsonl: the last 2 events are not sealed/],
    ['cut by one byte', (t) => t.slice(0, -1), /sandbox\.jsonl:6 has no end/],
    ['null for an event', (t) => whole(lines(t).with(0, 'null')), /sandbox\.jsonl:3: the hash chain/],
  ])('%s', (_, change, message) => {
    const { file, text } = written(4, 2);
    expect(change(text)).not.toBe(text);
    writeFileSync(file, change(text));
    expect(() => readJournal(file)).toThrow(message);
    expect(() => readJournal(file)).toThrow(EvidenceError);
  });
});

describe('inputs', () => {
  it('are kept under their hash, once', () => {
    const folder = fresh();
    const hash = folder.keep('object,source\nContact,Patient\n');
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect([folder.keep('object,source\nContact,Patient\n'), folder.input(hash)]).toEqual([
      hash,
      'object,source\nContact,Patient\n',
    ]);
  });

  it.each<[string, (file: string) => void, RegExp]>([
    ['changed', (file) => writeFileSync(file, 'object,source\nLead,Patient\n'), /^inputs\/[0-9a-f]{64} was changed/],
    ['cut', (file) => writeFileSync(file, ''), /was changed/],
    ['with a byte order mark', (file) => writeFileSync(file, `\uFEFF${readFileSync(file, 'utf8')}`), /was changed/],
    ['missing', (file) => rmSync(file), /^inputs\/[0-9a-f]{64} is missing/],
  ])('%s', (_, change, message) => {
    const folder = fresh();
    const hash = folder.keep('object,source\nContact,Patient\n');
    change(folder.file(join('inputs', hash)));
    expect(() => folder.input(hash)).toThrow(message);
    expect(() => folder.input(hash)).toThrow(EvidenceError);
  });
});

describe('the folder of a run', () => {
  it('gives all events in one order: by time, then process, then number', () => {
    const folder = fresh();
    for (const process of ['crm', 'ehr/1']) {
      const journal = folder.journal(process);
      for (const event of history(3, process)) journal.add(event);
      journal.flush();
    }
    expect(folder.events().map(({ process, seq }) => `${process}:${seq}`)).toEqual(
      [1, 2, 3].flatMap((seq) => [`crm:${seq}`, `ehr/1:${seq}`]),
    );
    expect(existsSync(folder.file('journal/ehr_1.jsonl'))).toBe(true);
  });

  it('without journal, or with an empty one, is no evidence', () => {
    expect(() => new RunFolder(join(root, 'nothing')).events()).toThrow(/nothing holds no journal: it is not a run folder/);
    const folder = fresh();
    expect(() => folder.events()).toThrow(/the journal is empty/);
    writeFileSync(folder.file('journal/sandbox.jsonl'), '');
    expect(() => folder.events()).toThrow(EvidenceError);
  });

  it('hashes other files, and knows which are not there', () => {
    const folder = fresh();
    expect(folder.hashOf('subject.log')).toBeUndefined();
    writeFileSync(folder.file('subject.log'), 'ready\n');
    const before = folder.hashOf('subject.log');
    writeFileSync(folder.file('subject.log'), 'ready!\n');
    expect(before).not.toBe(folder.hashOf('subject.log'));
  });

  it('is what `latest` points at, the newest at a time', () => {
    const [first, second] = [fresh(), fresh()];
    first.publish(root);
    second.publish(root);
    expect(readlinkSync(join(root, 'latest'))).toBe(second.id);
  });
});
