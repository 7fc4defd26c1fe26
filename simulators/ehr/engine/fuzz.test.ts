import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import { type Json, register, startSite, type TestSite } from '../test-site.ts';
import { VENDORS } from '../vendors/index.ts';
import { Sample } from '../vendors/samples.ts';
import { DEFINITIONS, RESOURCE_TYPES } from './definitions.ts';
import { applyPatch, type PatchFailed, readPatch } from './json-patch.ts';
import { validate } from './validate.ts';

/** Whatever comes in, the answer is the vendor's: a refusal in its own form, nothing written, no defect of ours. */
describe.each(VENDORS)('$id', ({ id: vendor, capability, errors }) => {
  const raws = Object.values(errors).flatMap(({ raw }) => (raw ? [raw.body] : []));
  let test: TestSite;
  let ada: string;
  beforeAll(async () => {
    test = await startSite({ vendor, clock: new ManualClock() });
    ada = await register(test, 'Lovelace', '1');
  });
  afterAll(() => test.close());

  const head = () => test.kernel.journal.read({ kind: 'commit' }).length;
  const defects = () => test.kernel.journal.read({ kind: 'stop' });
  const send = async (method: string, path: string, body: string | undefined, type: string) => {
    const before = head();
    const reply = await test.call(path, { method, body, headers: { 'content-type': type } });
    const text = await reply.text();
    expect([defects(), reply.status < 500 || reply.status === 501]).toEqual([[], true]);
    if (reply.status < 400) return;
    expect(head()).toBe(before);
    if (raws.includes(text)) return;
    const ours = reply.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined;
    if (ours) expect([ours.resourceType, ours.issue.length > 0]).toEqual(['OperationOutcome', true]);
  };
  const offered = RESOURCE_TYPES.filter((type) => capability[type]?.interactions.includes('create'));
  // Where nothing can be created all of it is refused.
  const creates = offered.length > 0 ? offered : RESOURCE_TYPES;
  const runs = { numRuns: 60 };

  it('bodies', async () => {
    const anything = fc.oneof(
      fc.json(),
      fc.string(),
      fc.json().map((text) => text.slice(0, -1)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...creates),
        anything,
        fc.constantFrom('application/fhir+json', 'application/json', 'text/plain', ''),
        (type, body, media) => send('POST', `/${type}`, body, media),
      ),
      runs,
    );
  });

  it('resources with one thing wrong', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...creates).chain(broken), ([type, resource]) =>
        send('POST', `/${type}`, JSON.stringify(resource), 'application/fhir+json'),
      ),
      { numRuns: 150 },
    );
  });

  it('patches', async () => {
    const pointer = fc.oneof(
      fc.constantFrom(
        '',
        '/',
        '/name',
        '/name/0',
        '/name/-',
        '/name/0/given/1',
        '/id',
        '/meta/versionId',
        '/__proto__/x',
        '/constructor',
        '/~2',
      ),
      fc.string(),
    );
    const operation = fc.record(
      {
        op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'),
        path: pointer,
        from: pointer,
        value: fc.jsonValue(),
      },
      { requiredKeys: ['op'] },
    );
    const patch = fc.oneof(
      fc.array(operation, { maxLength: 4 }).map((list) => JSON.stringify(list)),
      fc.json(),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(patch, (body) => send('PATCH', `/Patient/${ada}`, body, 'application/json-patch+json')),
      runs,
    );
  });

  it('searches', async () => {
    const types = RESOURCE_TYPES.filter((type) => capability[type]?.interactions.includes('search'));
    const query = fc.constantFrom(...types).chain((type) => {
      const names = [
        ...Object.keys(capability[type]!.search),
        '_count',
        '_include',
        '_revinclude',
        '_sort',
        '_summary',
        '_elements',
        'sessionID',
        '_page',
        'x',
      ];
      const modifier = fc.constantFrom('', '', '', ':exact', ':not', ':missing', ':Patient', ':x', '.name', ':Patient.name', ':');
      const value = fc.oneof(
        fc.string(),
        fc.constantFrom(
          'a|b',
          '|',
          ',',
          '\\',
          '$',
          'ge2020',
          'eq',
          '2020-13-45',
          `Patient/${ada}`,
          '*',
          'true',
          '%',
          '1e999',
          '-5',
          'Appointment:patient',
          '0',
        ),
      );
      return fc.array(fc.tuple(fc.constantFrom(...names), modifier, value), { maxLength: 4 }).map((pairs) => ({
        path: `/${type}`,
        params: new URLSearchParams(pairs.map(([name, how, text]): [string, string] => [`${name}${how}`, text])).toString(),
      }));
    });
    await fc.assert(
      fc.asyncProperty(query, fc.boolean(), ({ path, params }, post) =>
        post
          ? send('POST', `${path}/_search`, params, 'application/x-www-form-urlencoded')
          : send('GET', `${path}?${params}`, undefined, ''),
      ),
      { numRuns: 200 },
    );
  });

  it('addresses', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
        fc.array(fc.oneof(fc.string(), fc.constantFrom('Patient', '_history', '$export', '..', '%00', '%ff')), { maxLength: 4 }),
        (method, parts) =>
          send(
            method,
            `/${parts.map((part) => (part.startsWith('%') ? part : encodeURIComponent(part))).join('/')}`,
            method === 'GET' ? undefined : '{}',
            'application/fhir+json',
          ),
      ),
      runs,
    );
  });

  it('bundles', async () => {
    const entry = fc.record(
      {
        fullUrl: fc.constantFrom('urn:uuid:a', 'urn:uuid:b', 'x', ''),
        resource: fc.oneof(fc.jsonValue(), fc.constant({ resourceType: 'Patient', name: [{ family: 'X' }] })),
        request: fc.record(
          {
            method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'X'),
            url: fc.oneof(fc.constantFrom('Patient', `Patient/${ada}`, 'Patient?name=x', '/', ''), fc.string()),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    );
    const bundle = fc.record({
      resourceType: fc.constant('Bundle'),
      type: fc.constantFrom('batch', 'transaction', 'x'),
      entry: fc.oneof(fc.array(entry, { maxLength: 3 }), fc.jsonValue()),
    });
    await fc.assert(
      fc.asyncProperty(bundle, (body) => send('POST', '/', JSON.stringify(body), 'application/fhir+json')),
      runs,
    );
  });

  it('and still answers', async () => {
    expect((await test.call(`/Patient?_id=${ada}`)).status).toBe(200);
  });
});

// A good resource in which one value, at whatever depth, is replaced by something.
function broken(type: string): fc.Arbitrary<[string, Json]> {
  const names = Object.keys(DEFINITIONS.types[type]!).map((key) => key.replace('*', '').replace('[x]', 'String'));
  return fc
    .tuple(fc.constantFrom(...names), fc.oneof(fc.jsonValue(), fc.constantFrom(null, '', [], {}, [null], [{}], 'x', 0)))
    .map(([name, value]) => [type, { ...new Sample(type, (target) => `${target}/none`).finish(), [name]: value }]);
}

describe('validation', () => {
  it('never throws, and finds nothing to say twice about the same place and thing', () => {
    fc.assert(
      fc.property(fc.constantFrom(...RESOURCE_TYPES).chain(broken), ([, resource]) => {
        const issues = validate(resource).map(({ code, expression, message }) => `${code} ${expression} ${message}`);
        expect(new Set(issues).size).toBe(issues.length);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('JSON Patch', () => {
  it('undoes itself: what is added and removed again leaves the document', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), fc.jsonValue()),
        fc.stringMatching(/^[A-Z~/]{1,4}$/),
        fc.jsonValue(),
        (document, key, value) => {
          const path = `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
          const added = applyPatch(document, [
            { op: 'add', path, value },
            { op: 'test', path, value },
          ]);
          expect(Object.keys(added)).toHaveLength(Object.keys(document).length + 1);
          expect(applyPatch(added, [{ op: 'remove', path }])).toEqual({ ...document });
        },
      ),
    );
  });
  it.each<[string, unknown, object[], unknown]>([
    ['inserts', { a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
    ['appends', { a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    ['moves', { a: [1, 2], b: {} }, [{ op: 'move', from: '/a/0', path: '/b/c' }], { a: [2], b: { c: 1 } }],
    [
      'copies',
      { a: { x: 1 } },
      [
        { op: 'copy', from: '/a', path: '/b' },
        { op: 'replace', path: '/b/x', value: 2 },
      ],
      { a: { x: 1 }, b: { x: 2 } },
    ],
    ['replaces all', { a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
    ['tests deeply', { a: [{ x: 1, y: 2 }] }, [{ op: 'test', path: '/a', value: [{ y: 2, x: 1 }] }], { a: [{ x: 1, y: 2 }] }],
    ['escapes', { 'a/b': { '~': 1 } }, [{ op: 'remove', path: '/a~1b/~0' }], { 'a/b': {} }],
  ])('%s', (_what, document, operations, expected) => expect(applyPatch(document, readPatch(operations))).toEqual(expected));
  it.each<[object, RegExp]>([
    [{ op: 'remove', path: '/x' }, /there is no x/],
    [{ op: 'add', path: '/a/5', value: 1 }, /no item 5/],
    [{ op: 'add', path: '/a/01', value: 1 }, /no item 01/],
    [{ op: 'add', path: '/b/c', value: 1 }, /there is no b/],
    [{ op: 'add', path: '/s/c', value: 1 }, /no object or list/],
    [{ op: 'move', from: '/a', path: '/a/0' }, /into itself/],
    [{ op: 'test', path: '/a', value: [2] }, /is not \[2\]/],
    [{ op: 'add', path: '/__proto__', value: 1 }, /no such element/],
  ])('%j is refused', (operation, why) => expect(() => applyPatch({ a: [1], s: '' }, readPatch([operation]))).toThrow(why));
  it('says when it was a test that failed', () => {
    expect(() => applyPatch({}, [{ op: 'test', path: '/a', value: 1 }])).toThrow(
      expect.objectContaining({ test: true }) as PatchFailed,
    );
  });
});
