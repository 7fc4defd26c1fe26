import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { systemClock, tokenMark } from '#simulators';
import { RunFolder } from '../run-folder.ts';
import { SubjectOutput } from '../subject/subject-output.ts';
import { SecretError } from './scan.ts';
import { marksIn, Secrets } from './secrets.ts';

const knowing = (...values: string[]): Secrets => {
  const secrets = new Secrets('salt');
  values.forEach((value, i) => {
    secrets.know(`S${i}`, value);
  });
  return secrets;
};

/** What programs make of a value on its way into a log, a URL or a file. */
const WRITTEN: Record<string, (value: string) => string> = {
  'in clear': (value) => value,
  'in JSON': (value) => JSON.stringify({ password: value }),
  'in JSON in JSON': (value) => JSON.stringify(JSON.stringify({ password: value })),
  'in a query': (value) => `?${new URLSearchParams({ client_secret: value })}`,
  'percent-encoded': encodeURIComponent,
  'percent-encoded, small letters': (value) => encodeURIComponent(value).replace(/%[0-9A-F]{2}/g, (c) => c.toLowerCase()),
  'percent-encoded twice': (value) => encodeURIComponent(encodeURIComponent(value)),
  'in a header': (value) => `authorization: Basic ${Buffer.from(`someone:${value}`).toString('base64')}`,
  'in base64url, between others': (value) => Buffer.from(`a=1&b=${value}&c=2`).toString('base64url'),
  'in hex': (value) => Buffer.from(value).toString('hex'),
  'in markup': (value) =>
    `<b>${value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')}</b>`,
};

// Long enough that no other text holds it by chance; of characters that URLs, JSON and markup each write in their own way.
const value = fc
  .string({ minLength: 12, maxLength: 40, unit: fc.constantFrom(...'aZ09 +/=&<>"\'\\%~!é€.-_:') })
  .filter((v) => !/^[\s\\]|[\s\\]$|^(.)\1+$/.test(v));
const around = fc.string({ maxLength: 20, unit: fc.constantFrom(...'xyz ,;()') });

describe('a secret', () => {
  test.each(Object.entries(WRITTEN))('%s is found and becomes its digest', (_, write) => {
    fc.assert(
      fc.property(value, around, around, (secret, before, after) => {
        const secrets = knowing(secret);
        const text = `${before} ${write(secret)} ${after}`;
        expect(secrets.find(text)).toEqual(['S0']);
        const clean = secrets.clean(text);
        expect(marksIn(clean)).toContain('S0');
        expect(secrets.find(clean)).toEqual([]);
        expect(secrets.clean(clean)).toBe(clean);
      }),
    );
  });

  it('is hidden beside others that overlap it, hold it or are held by it', () => {
    fc.assert(
      fc.property(value, fc.nat(30), fc.nat(30), value, (whole, from, length, other) => {
        const part = whole.slice(Math.min(from, whole.length - 6), Math.min(from, whole.length - 6) + 6 + length);
        const grown = `${whole.slice(whole.length / 2)}${other}`;
        const secrets = knowing(part, whole, grown);
        const clean = secrets.clean(`${whole}${other} | ${part}`);
        for (const one of [whole, grown, part]) expect(clean.replaceAll(/<secret \w+ [0-9a-f]{16}>/g, '\n')).not.toContain(one);
      }),
    );
  });

  it('leaves all other text alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(knowing('correct horse battery staple').clean(text)).toBe(text);
      }),
    );
    expect(knowing('on').clean('on and on')).toBe('on and on');
  });

  it('leaves JSON as JSON, whatever letters it begins with', () => {
    fc.assert(
      fc.property(fc.constantFrom('nsecret-12', 'u00e9-secret', '"quoted"', 'tabbed\\n1'), fc.json(), (secret, json) => {
        const event = { url: `/\n${secret}?x=${encodeURIComponent(secret)}`, [`key ${secret}`]: [1, secret, null], json };
        const clean = JSON.stringify(knowing(secret).cleanAll(event));
        expect(knowing(secret).find(clean)).toEqual([]);
        expect(JSON.parse(clean).json).toBe(json);
      }),
    );
  });

  it('cannot hide behind what looks like a digest', () => {
    const secrets = knowing('HUNTER_2222');
    expect(secrets.clean('<secret HUNTER_2222 0123456789abcdef>')).not.toContain('HUNTER_2222');
  });

  it('shows as another digest in every run, so that nobody can try passwords on it', () => {
    const shown = ['one salt', 'another'].map((salt) => {
      const secrets = new Secrets(salt);
      secrets.know('PW', 'hunter22');
      return secrets.clean('hunter22');
    });
    expect(new Set(shown).size).toBe(2);
    expect(shown.map((text) => marksIn(text))).toEqual([['PW'], ['PW']]);
  });

  it('is hidden over any cut of a stream', async () => {
    await fc.assert(
      fc.asyncProperty(
        value,
        fc.constantFrom(...Object.values(WRITTEN)),
        fc.array(fc.nat(200), { maxLength: 6 }),
        async (secret, write, cuts) => {
          const bytes = Buffer.from(`x ${write(secret)} y\nnext`);
          const file = join(mkdtempSync(join(tmpdir(), 'syncproof-test-')), 'subject.log');
          const secrets = knowing(secret);
          const output = new SubjectOutput({ file, clock: systemClock, secrets });
          const stream = new PassThrough();
          output.attach(stream, 'out');
          const places = [...new Set(cuts)].sort((a, b) => a - b).filter((at) => at < bytes.length);
          for (const [i, at] of [0, ...places].entries()) stream.write(bytes.subarray(at, places[i] ?? bytes.length));
          stream.end();
          await finished(stream);
          await new Promise((resolve) => setImmediate(resolve));
          output.close();
          const kept = readFileSync(file, 'utf8');
          expect(secrets.find(kept)).toEqual([]);
          expect(marksIn(kept)).toContain('S0');
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a token of the sandbox', () => {
  const sandbox = { seed: '42', runKey: 'k' };
  const TOKEN = '00D000000000001!AQ.abcdefghijklmnopqrstuvwxyz012345_ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
  const hearing = (): Secrets => {
    const secrets = knowing();
    secrets.hear({ kind: 'start', data: sandbox });
    secrets.hear({ kind: 'token', data: { token: tokenMark(sandbox, TOKEN) } });
    return secrets;
  };

  test.each([
    ['in clear', `Bearer ${TOKEN}`],
    ['at the end of a sentence', `got ${TOKEN}.`],
    ['in a query', `?access_token=${encodeURIComponent(TOKEN).replace('!', '%21')}&x=1`],
    ['in JSON', JSON.stringify({ access_token: TOKEN })],
    ['in base64', Buffer.from(`Bearer ${TOKEN}`).toString('base64')],
  ])('%s is found, though only its mark is known', (_, text) => {
    const secrets = hearing();
    expect(secrets.find(text)).toEqual(['ACCESS_TOKEN']);
    expect(secrets.find(secrets.clean(text))).toEqual([]);
    expect(secrets.clean(text)).not.toContain(TOKEN.slice(20, 40));
  });

  it('of another sandbox is nobody’s', () => expect(hearing().find(TOKEN.replace('AQ.a', 'AQ.b'))).toEqual([]));

  it('that was printed before it was known is taken out at the end', () => {
    const secrets = knowing();
    const folder = RunFolder.create(mkdtempSync(join(tmpdir(), 'syncproof-test-')), 'run');
    folder.secrets = secrets;
    writeFileSync(folder.file('subject.log'), `t out ${TOKEN}\n`);
    writeFileSync(folder.file('subject-1.log'), `t out ${TOKEN}\n`);
    secrets.hear({ kind: 'start', data: sandbox });
    secrets.hear({ kind: 'token', data: { refresh: tokenMark(sandbox, TOKEN) } });
    writeFileSync(folder.file('audit.jsonl'), `${JSON.stringify({ who: 'sync', by: `"Bearer" ${TOKEN}` })}\n`);
    folder.cleanOutput('audit.jsonl', 'not-there.jsonl');
    expect(folder.output()!.flatMap(marksIn)).toEqual(['ACCESS_TOKEN', 'ACCESS_TOKEN']);
    const [audited] = folder.lines('audit.jsonl')!;
    expect(JSON.parse(audited!)).toEqual({
      who: 'sync',
      by: expect.stringMatching(/^"Bearer" <secret ACCESS_TOKEN [0-9a-f]{16}>$/),
    });
  });
});

describe('a run folder', () => {
  const SECRET = 'correct horse';
  const made = (): RunFolder => {
    const folder = RunFolder.create(mkdtempSync(join(tmpdir(), 'syncproof-test-')), 'run');
    folder.secrets = knowing(SECRET);
    return folder;
  };

  it('keeps a journal in which secrets are digests, under hashes that hold', () => {
    const folder = made();
    const journal = folder.journal('sandbox');
    const event = { v: 1, process: 'sandbox', incarnation: 1, seq: 1, at: 1, wall: '', sim: 'crm', kind: 'request' } as const;
    journal.add({ ...event, data: { url: `/?p=${encodeURIComponent(SECRET)}` } });
    journal.add({ ...event, seq: 2, data: { url: '/quiet' } });
    journal.flush();
    const [first, second] = new RunFolder(folder.path).events();
    expect(marksIn(String(first!.data!.url))).toEqual(['S0']);
    expect(second!.data).toEqual({ url: '/quiet' });
  });

  test.each<[string, (folder: RunFolder) => void, string[]]>([
    ['nothing secret', (folder) => folder.write('report.html', 'all well'), []],
    ['an input', (folder) => void folder.keep(`{"attests": "${SECRET}"}`), ['S0']],
    ['a file of somebody else', (folder) => writeFileSync(folder.file('people.json'), `a\nb ${btoa(`x:${SECRET}`)}`), ['S0']],
    ['a private key', (folder) => writeFileSync(folder.file('k.pem'), '-----BEGIN RSA PRIVATE KEY-----\n'), ['a private key']],
  ])('sealed with %s', (_, write, held) => {
    const folder = made();
    write(folder);
    const before = readdirSync(folder.path, { recursive: true });
    if (held.length === 0) return expect(() => folder.seal()).not.toThrow();
    expect(() => folder.seal()).toThrow(new RegExp(`:\\d+ held ${held[0]}`));
    expect(readdirSync(folder.path, { recursive: true }).length).toBe(before.length - 1);
    expect(() => folder.seal()).not.toThrow();
  });

  it('takes no report that holds one', () => {
    const folder = made();
    expect(() => folder.write('summary.md', `a\n${SECRET}`)).toThrow(SecretError);
    expect(readdirSync(folder.path)).not.toContain('summary.md');
  });
});
