import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAuditLine } from './audit-entry.ts';

const ENTRY = { at: '2026-03-02T12:00:00Z', who: 'sync', action: 'update', what: 'Contact/1', before: { A: 1 }, after: { A: 2 } };
const read = (entry: object) => readAuditLine(JSON.stringify(entry), 7);

describe('a line of an audit trail', () => {
  it('is who, what, when and with what values', () => {
    expect(read(ENTRY)).toEqual({ ...ENTRY, line: 7, at: Date.parse(ENTRY.at), what: ['Contact/1'], failed: false });
    expect(read({ ...ENTRY, outcome: 'failure' })).toMatchObject({ failed: true });
  });

  it('can be a FHIR AuditEvent', () => {
    const event = {
      resourceType: 'AuditEvent',
      recorded: ENTRY.at,
      action: 'U',
      outcome: '0',
      agent: [{ who: { display: 'sync' } }],
      entity: [
        {
          what: { reference: 'Contact/1' },
          detail: [
            { type: 'before.A', valueString: '1' },
            { type: 'after.A', valueString: '2' },
          ],
        },
      ],
    };
    const expected = { action: 'update', who: 'sync', what: ['Contact/1'], before: { A: '1' }, after: { A: '2' }, failed: false };
    expect(read(event)).toMatchObject(expected);
  });

  it.each<[string, object, RegExp]>([
    ['when', { at: 'yesterday' }, /when/],
    ['who', { who: ' ' }, /who/],
    ['what was done', { action: 'look' }, /what was done/],
    ['with what', { what: [] }, /which records/],
  ])('has to say %s', (_, wrong, message) => {
    expect(read({ ...ENTRY, ...wrong })).toMatch(message);
  });

  it('may be anything: it is read, or it is said what is wrong with it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) => JSON.stringify({ ...ENTRY, what: value, before: value })),
        ),
        (text) => {
          expect(['string', 'object']).toContain(typeof readAuditLine(text, 1));
        },
      ),
    );
  });
});
