import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const CLI = fileURLToPath(new URL('../cli.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'feed-'));

/** A listener that knows nothing of us: answers AA, or AE where a text occurs. */
const got: string[] = [];
const server = net.createServer((socket) => {
  let rest = '';
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1');
    for (let end = rest.indexOf('\u001c\r'); end >= 0; end = rest.indexOf('\u001c\r')) {
      const text = rest.slice(rest.indexOf('\u000b') + 1, end);
      rest = rest.slice(end + 2);
      got.push(text);
      const code = text.includes('REFUSE') ? 'AE' : 'AA';
      const [header = ''] = text.split('\r');
      const control = header.split(text[3]!)[header.startsWith('BHS') ? 10 : 9];
      socket.write(`\u000bMSH|^~\\&|R|R|S|S|1||ACK|a|P|2.5.1\rMSA|${code}|${control}|no such ward\r\u001c\r`);
    }
  });
});
let to: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  to = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function feed(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  got.length = 0;
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, 'feed', ...args], { cwd: folder }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, 'latin1');
  return path;
}

describe('stories', () => {
  test('are told to a listener with nothing else running, the same for the same seed', async () => {
    const args = ['--to', to, '--story', 'stay', '--count', '2', '--speed', '5000', '--seed', 's'];
    const { code, out } = await feed(...args);
    expect(out).toMatch(/s {2}sent 12 {2}acknowledged 12 {2}retried 0 {2}rejected 0\n$/);
    expect(code).toBe(0);
    const events = got.map((text) => text.split('|')[8]!.split('^').slice(0, 2).join('^')).sort();
    const each = ['ADT^A01', 'ADT^A02', 'ADT^A03', 'ADT^A04', 'MDM^T02', 'ORU^R01'];
    expect(events).toEqual(each.flatMap((event) => [event, event]));
    const people = () => got.map((text) => /\rPID\|[^|]*\|[^|]*\|([^^]*)/.exec(text)![1]).sort();
    const first = people();
    await feed(...args);
    expect(people()).toEqual(first);
  });

  test('in another dialect, with a fault', async () => {
    const { code } = await feed(
      ...['--to', to, '--story', 'register', '--count', '2', '--speed', '5000', '--dialect', 'cerner'],
      ...['--fault', 'sent-anew:times=1', '--acks', 'NE,AL'],
    );
    expect(got.map((text) => text.split('|').slice(2, 4).join('^'))).toEqual(Array(3).fill('CERNER^HNAM'));
    expect(got[0]!.split('\r')[0]).toContain('|2.3|||NE|AL||8859/1');
    expect(code).toBe(0);
  });

  test.each(['!@*$%', '!@*$%#'])('with other delimiters, in Latin-1: %s', async (signs) => {
    await feed(
      '--to',
      to,
      '--story',
      'register',
      '--count',
      '1',
      '--speed',
      '100000',
      '--delimiters',
      signs,
      '--charset',
      '8859/1',
    );
    expect(got[0]!.slice(0, 4 + signs.length)).toBe(`MSH${signs}!`);
    expect(got[0]!.split('\r')[0]!.split('!')[17]).toBe('8859/1');
  });

  test('a storm updates everybody', async () => {
    await feed('--to', to, '--story', 'register', '--count', '5', '--speed', '50000', '--arrivals', 'storm');
    expect(got.filter((text) => text.includes('ADT^A31')).length).toBeGreaterThan(0);
  });
});

const A = 'MSH|^~\\&|A|B|C|D|1||ADT^A08|7|T|2.5.1\nPID|1||5||ZZTEST^A\n';
const B = 'MSH|^~\\&|A|B|C|D|2||SIU^S12|8|T|2.3\nSCH|1\n';
const REAL = 'MSH|^~\\&|A|B|C|D|1||ADT^A08|7|P|2.5.1\nPID|1||123456||Smith^Jane||19800229|F|||||(617)867-5309\n';

describe('a file', () => {
  test('is replayed in order, under its own control ids', async () => {
    const { code, out } = await feed('--to', to, '--file', file('two.hl7', A + B));
    expect(got).toEqual([A, B].map((text) => text.replaceAll('\n', '\r')));
    expect(out).toContain('sent 2  acknowledged 2');
    expect(code).toBe(0);
  });

  test('what is rejected is told, with the reason, and is the exit code', async () => {
    const { code, out } = await feed('--to', to, '--file', file('bad.hl7', A.replace('|A|', '|REFUSE|') + B));
    expect(out).toContain('rejected: ADT^A08');
    expect(out).toContain('AE no such ward');
    expect(out).toContain('sent 2  acknowledged 1  retried 0  rejected 1');
    expect(code).toBe(1);
  });

  test('that looks like real patients’ data is refused, with line and reason', async () => {
    const { code, err } = await feed('--to', to, '--file', file('real.hl7', A + REAL));
    expect(err).toMatch(/real\.hl7 looks like data of real patients; nothing was sent or kept\.\n {2}line 3: MSH-11 is P/);
    expect(err).toContain('--i-scrubbed-it');
    expect([code, got]).toEqual([2, []]);
  });

  test('goes out when the user vouches for it, or scrubbed', async () => {
    const path = file('real.hl7', REAL);
    expect((await feed('--to', to, '--file', path, '--i-scrubbed-it')).code).toBe(0);
    expect(got[0]).toContain('Smith^Jane');
    expect((await feed('--to', to, '--file', path, '--scrub')).code).toBe(0);
    expect(got[0]).toMatch(/\|\d{6}\|\|ZZ\w+\^ZZ\w+\|\|1980\d{4}\|F\|{5}\(212\)555-01\d\d\r/);
    const out = join(folder, 'clean.hl7');
    expect((await feed('--file', path, '--scrub', '--out', out)).out).toContain('1 messages written');
    expect(readFileSync(out, 'latin1')).not.toContain('Smith');
  });
});

describe('a batch file', () => {
  const whole = (count: number): string => `BHS|^~\\&|A|B|C|D\n${A}${B}BTS|${count}\n`;

  test('with a wrong count is refused, with line and fix', async () => {
    const { code, err } = await feed('--to', to, '--file', file('count.hl7', whole(3)));
    expect(err).toMatch(/count\.hl7: line 6: BTS-1 says 3 messages, and there are 2 since line 1\n {2}fix: /);
    expect([code, got]).toEqual([2, []]);
  });

  test('goes out message by message, or as a batch, and is written as one', async () => {
    const path = file('whole.hl7', whole(2));
    expect((await feed('--to', to, '--file', path)).code).toBe(0);
    expect(got).toHaveLength(2);
    const { code, out } = await feed('--to', to, '--file', path, '--batch', '10');
    expect(got.map((text) => text.split('\r').map((line) => line.slice(0, 3)))).toEqual([
      ['BHS', 'MSH', 'PID', 'MSH', 'SCH', 'BTS', ''],
    ]);
    expect(out).toContain('sent 2  acknowledged 2');
    expect(code).toBe(0);
    const written = join(folder, 'batches.hl7');
    await feed('--file', path, '--batch', '1', '--out', written);
    expect(readFileSync(written, 'latin1')).toMatch(/^FHS(.|\r)*\rBTS\|1\rBHS(.|\r)*\rBTS\|1\rFTS\|2\r$/);
    expect((await feed('--to', to, '--file', written)).code).toBe(0);
  });
});

/** A story in a file of the user's own, in which a person is registered by that act. */
const written = (act: string): string =>
  file('walk-in.yaml', `name: walk-in\ntitle: Somebody walks in\nsteps:\n  - { act: ${act}, of: p }\n`);

test('a story of a file is told like ours', async () => {
  const { code, out } = await feed('--to', to, '--story', written('register'), '--count', '2', '--speed', '100000');
  expect([code, got.map((text) => text.split('|')[8]!.split('^')[1])]).toEqual([0, ['A04', 'A04']]);
  expect(out).toContain('acknowledged 2');
});

describe('a mistake', () => {
  test.each<[string[], RegExp]>([
    [[], /say where to: --to HOST:PORT/],
    [['--to', 'x'], /"target" must be host:port/],
    [['--to', 'x:1', '--story', 'regster'], /there is none called "regster"; did you mean register\?/],
    [['--to', 'x:1', '--story', 'none.yaml'], /--story none\.yaml: ENOENT/],
    [['--to', 'x:1', '--story', 'WRONG'], /walk-in\.yaml:4:12: "regster" is no act\n {4}fix: use one of/],
    [['--to', 'x:1', '--fault', 'late-cpy'], /no fault is called "late-cpy"/],
    [['--to', 'x:1', '--fault', 'split-frame:siz=3'], /unknown key "siz"; did you mean "size"\? There are: size, at, pauseMs/],
    [['--to', 'x:1', '--sender', 'mirt'], /"sender" is one of them: standard, mirth/],
    [['--to', 'x:1', '--hl7-version', '2.2'], /there are: 2\.3, 2\.3\.1, 2\.4, 2\.5\.1, 2\.6, 2\.7, 2\.8/],
    [['--to', 'x:1', '--delimiters', '||^~&'], /"delimiters" are five or six different signs/],
    [['--to', 'x:1', '--charset', 'EBCDIC'], /"charset" is one of them/],
    [['--to', 'x:1', '--batch', '0'], /"batch" must be more than 0/],
    [['--to', 'x:1', '--batch', '9', '--acks', 'AL,AL'], /"batch" does not go with "acknowledgements"/],
    [['--to', 'x:1', '--sequence', 'on'], /"sequence" is one of them: off, start, resynchronise/],
    [['--to', 'x:1', '--rate', '0'], /--rate takes a number above 0/],
    [['--to', 'x:1', '--from', '25:00'], /--from takes a time such as 06:00/],
    [['--to', 'x:1', '--zone', 'Mars'], /"Mars" is no IANA time zone/],
    [['--to', 'x:1', '--file', 'none.hl7'], /none\.hl7: ENOENT/],
    [['--to', 'x:1', '--cert', 'none.pem'], /--cert none\.pem: ENOENT/],
  ])('%j', async (args, says) => {
    const { code, err } = await feed(...args.map((arg) => (arg === 'WRONG' ? written('regster') : arg)));
    expect(err).toMatch(says);
    expect(err).not.toMatch(/\n {4}at /);
    expect(code).toBe(2);
  });

  test('a listener that is not there is given up, with the reason', async () => {
    const { code, out } = await feed(
      '--to',
      'localhost:1',
      '--story',
      'register',
      '--count',
      '1',
      '--speed',
      '9999',
      '--patience',
      '0.3',
    );
    expect(out).toMatch(/nothing was answered for 0\.3 s: refused: .*ECONNREFUSED/);
    expect(out).toContain('1 messages were not delivered');
    expect(code).toBe(1);
  });
});
