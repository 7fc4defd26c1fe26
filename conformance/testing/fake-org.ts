import { compileCondition } from '../map/soql-condition.ts';
import type { Image } from './behaviour.ts';
import { type JournalBuilder, ORG } from './journal-builder.ts';

interface Job {
  object: string;
  person: string;
  where: string;
  text: string;
}

/** What administrators and jobs of the CRM do, as literal events. */
export class FakeOrg {
  readonly #b: JournalBuilder;
  #locks = new Map<string, string[]>();
  #sizes = new Map<string, number>();

  constructor(b: JournalBuilder) {
    this.#b = b;
  }

  /** A call to the CRM's part of the control API. */
  call(method: string, path: string, body: Image = {}): object {
    if (path === '/v1/crm/jobs/reminder') return this.#remind(body as unknown as Job);
    if (path === '/v1/crm/jobs/outreach')
      return this.#reachOut(body as unknown as Job & { consent: { object: string; forbids: string } });
    if (path === '/v1/crm/fields') return this.#alter(body as { object: string; field: string; length?: number });
    if (path === '/v1/crm/locks') return this.#hold(body as { name: string; records: { id: string }[] });
    if (path === '/v1/crm/rules') return {};
    if (path.startsWith('/v1/crm/records/')) return { rows: [this.#seenByVolunteers(path)] };
    if (method === 'DELETE') return this.#free(decodeURIComponent(path.split('/').at(-1)!));
    return { lockWaitMs: 10_000 };
  }

  // What is clinical in the default map is hidden from them, field by field as written here.
  #seenByVolunteers(path: string): Image {
    const id = /Id%20%3D%20'([^']+)'/.exec(path)?.[1] ?? '';
    const clinical = /^(Last_Visit|Follow_Up|Diabetes|HbA1c|Problem|Weight)/;
    return Object.fromEntries(Object.entries(this.#b.image('Contact', id) ?? {}).filter(([name]) => !clinical.test(name)));
  }

  /** Why a row cannot be written so: its field in an error, or `locked`; undefined when it can. */
  refuses(object: string, id: string | undefined, fields: Image): string | undefined {
    for (const [lock, ids] of this.#locks) {
      const refused = ids.find((one) => one === id || Object.values(fields).includes(one));
      if (!refused) continue;
      this.#b.add({ sim: 'crm', tenant: ORG, kind: 'setup', data: { lock, refused } });
      return 'locked';
    }
    if (object === 'Contact' && !id && !fields.LastName) return 'LastName';
    return Object.keys(fields).find(
      (name) => String(fields[name] ?? '').length > (this.#sizes.get(`${object}.${name}`) ?? Number.POSITIVE_INFINITY),
    );
  }

  #remind({ object, person, where, text }: Job): object {
    const isLive = compileCondition(/AND \((.*)\)$/.exec(where)![1]!);
    for (const row of this.#b.rows(object)) {
      if (!isLive.test(row)) continue;
      const records = [this.#b.ref(object, String(row.Id)), this.#b.ref('Contact', String(row[person]))];
      this.#b.add({ sim: 'crm', tenant: ORG, kind: 'send', actor: 'user:reminder', records, data: { job: 'reminder', text } });
    }
    return {};
  }

  #reachOut({ object, text, consent }: Job & { consent: { object: string; forbids: string } }): object {
    const forbids = compileCondition(consent.forbids);
    const refused = this.#b.rows(consent.object).filter((row) => forbids.test(row));
    for (const { Id } of this.#b.rows(object)) {
      if (refused.some(({ Contact__c }) => Contact__c === Id)) continue;
      const records = [this.#b.ref(object, String(Id))];
      this.#b.add({ sim: 'crm', tenant: ORG, kind: 'send', actor: 'user:outreach', records, data: { job: 'outreach', text } });
    }
    return {};
  }

  #alter({ object, field, length = Number.POSITIVE_INFINITY }: { object: string; field: string; length?: number }): object {
    const name = `${object}.${field}`;
    const before = this.#sizes.get(name) ?? Number.POSITIVE_INFINITY;
    this.#sizes.set(name, length);
    return { before: { length: before } };
  }

  #hold({ name, records }: { name: string; records: { id: string }[] }): object {
    this.#locks.set(
      name,
      records.map(({ id }) => id),
    );
    return {};
  }

  #free(lock: string): object {
    this.#locks.delete(lock);
    this.#b.add({ sim: 'crm', tenant: ORG, kind: 'setup', data: { lock, freed: true } });
    return {};
  }
}
