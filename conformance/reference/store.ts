import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { Fields, Link, ObjectName } from './model.ts';

/** A message in custody. `text` is emptied once it was applied: nobody needs it any more, and it is about a patient. */
export type Waiting = { id: number; text: string };

/** A message to a hospital about a record of that key; `fields` names what a CRM user edited, `decided` says when the patient decided it. */
export type Outgoing = {
  id: number;
  text: string;
  person: string;
  fields: string;
  key: string;
  decided: string | null;
  /** What stood in the fields and what is to stand there, as JSON for the audit trail. */
  edit: string;
};

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS inbox (id INTEGER PRIMARY KEY, site TEXT, sender TEXT, control TEXT, digest TEXT, text TEXT, state TEXT DEFAULT 'waiting', UNIQUE (site, sender, control, digest));
  CREATE INDEX IF NOT EXISTS inbox_by_site ON inbox (site, id) WHERE state = 'waiting';
  CREATE TABLE IF NOT EXISTS link (
    object TEXT, key TEXT, site TEXT, person TEXT, desired TEXT, seed TEXT, held TEXT, revision INTEGER, savedRevision INTEGER,
    savedAt REAL, mergedInto TEXT, fhirId TEXT, PRIMARY KEY (object, key));
  CREATE INDEX IF NOT EXISTS link_person ON link (person, object);
  CREATE INDEX IF NOT EXISTS link_unsaved ON link (person) WHERE revision <> savedRevision;
  CREATE INDEX IF NOT EXISTS link_site ON link (site, object);
  CREATE INDEX IF NOT EXISTS link_fhir ON link (site, fhirId);
  CREATE TABLE IF NOT EXISTS told (id INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT, reference TEXT, UNIQUE (site, reference));
  CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY, site TEXT, text TEXT, person TEXT, fields TEXT, key TEXT, decided TEXT, edit TEXT);
  CREATE TABLE IF NOT EXISTS lease (name TEXT PRIMARY KEY, holder TEXT, until REAL);
  CREATE TABLE IF NOT EXISTS cursor (name TEXT PRIMARY KEY, value TEXT);
  CREATE TABLE IF NOT EXISTS failed (reference TEXT PRIMARY KEY, site TEXT, reason TEXT);`;

export type Store = ReturnType<typeof openStore>;

/**
 * The sync's memory: messages in custody, what each record should be and is, messages to the hospital, how far the CRM was
 * read. One SQLite file; every change is kept before its function returns, so that a kill at any moment loses nothing, nor, where
 * `survives` says so, a power cut.
 */
export function openStore(folder: string, survives: 'kill' | 'power-cut' = 'power-cut') {
  if (folder !== ':memory:') mkdirSync(folder, { recursive: true });
  const db = new DatabaseSync(folder === ':memory:' ? folder : join(folder, 'sync.db'));
  // FULL waits for the disk at every change: an acknowledged message survives a power cut too. NORMAL survives any kill.
  // Another instance may be writing: it is done in no time.
  db.exec(
    `PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${survives === 'kill' ? 'NORMAL' : 'FULL'};`,
  );
  db.exec(SCHEMA);
  const polled = new Map<string, number>();
  const hinted = new Set<string>();
  const prepared = new Map<string, ReturnType<DatabaseSync['prepare']>>();
  const sql = (text: string) => {
    const statement = prepared.get(text) ?? db.prepare(text);
    prepared.set(text, statement);
    return statement;
  };
  const all = <T>(text: string, ...values: SQLInputValue[]) => sql(text).all(...values) as T[];
  const links = (where: string, ...values: SQLInputValue[]) =>
    all<LinkRow>(`SELECT * FROM link WHERE ${where}`, ...values).map(toLink);

  // Written only when it is news: each write waits for the disk.
  function keepFhirId(key: string, fhirId: string | null): void {
    sql("UPDATE link SET fhirId = ? WHERE object = 'Contact' AND key = ? AND fhirId IS NOT ?").run(fhirId, key, fhirId);
  }

  return {
    /** Runs it as one change: all of it is kept, or nothing. */
    transaction<T>(work: () => T): T {
      sql('BEGIN IMMEDIATE').run();
      try {
        const result = work();
        sql('COMMIT').run();
        return result;
      } catch (error) {
        sql('ROLLBACK').run();
        throw error;
      }
    },

    /** Takes custody of a message. The same message of the same sender is there only once. */
    keepMessage(site: string, sender: string, control: string, text: string): void {
      sql('INSERT OR IGNORE INTO inbox (site, sender, control, digest, text) VALUES (?, ?, ?, ?, ?)').run(
        site,
        sender,
        control,
        digest(text),
        text,
      );
    },
    waitingMessages: (site: string) =>
      all<Waiting>("SELECT id, text FROM inbox WHERE state = 'waiting' AND site = ? ORDER BY id", site),
    closeMessage(id: number, state: 'applied' | 'failed'): void {
      // A message that failed is kept whole for whoever repairs it.
      sql("UPDATE inbox SET state = ?, text = iif(? = 'applied', '', text) WHERE id = ?").run(state, state, id);
    },

    /** Takes custody of what the EHR told of. Told again, it has a new number. */
    keepTold: (site: string, reference: string): void =>
      void sql('INSERT OR REPLACE INTO told (site, reference) VALUES (?, ?)').run(site, reference),
    toldOf: (site: string, reference: string): number | undefined =>
      all<{ id: number }>('SELECT id FROM told WHERE site = ? AND reference = ?', site, reference)[0]?.id,
    allTold: (site: string): string[] =>
      all<{ reference: string }>('SELECT reference FROM told WHERE site = ? ORDER BY id', site).map((row) => row.reference),
    dropTold: (id: number): void => void sql('DELETE FROM told WHERE id = ?').run(id),

    link: (object: ObjectName, key: string): Link | undefined => links('object = ? AND key = ?', object, key)[0],
    /** To whom a record belongs now. */
    ownerOf: ({ object, key, person }: Link): string =>
      all<{ person: string }>('SELECT person FROM link WHERE object = ? AND key = ?', object, key)[0]?.person ?? person,
    /** A person's records that the CRM does not hold yet as they should be; the contact first, as the others point to it. */
    unsavedLinks: (person: string): Link[] =>
      links("person = ? AND revision <> savedRevision ORDER BY object = 'Contact' DESC, key", person),
    unsavedPersons: (): string[] =>
      all<{ person: string }>('SELECT DISTINCT person FROM link WHERE revision <> savedRevision').map((row) => row.person),
    /** All that belongs to a person: everything but the contact itself. */
    recordsOf: (person: string): Link[] => links("person = ? AND object <> 'Contact'", person),
    /** A site's patients, the longest not polled first. */
    patientsPolledBefore(site: string, time: number): Link[] {
      const at = ({ key }: Link): number => polled.get(key) ?? 0;
      const known = links("site = ? AND object = 'Contact' AND mergedInto IS NULL", site);
      return known.filter((link) => at(link) < time).sort((a, b) => at(a) - at(b));
    },
    /** The person whom the EHR knows by that id. */
    patientWith: (site: string, fhirId: string): string | undefined => links('site = ? AND fhirId = ?', site, fhirId)[0]?.key,
    keepFhirId,
    /** Keeps what is desired of a record. What the CRM holds is not touched: a write may be under way. */
    putLink(link: Link): void {
      sql(`INSERT INTO link (object, key, site, person, desired, seed, held, revision, savedRevision, savedAt, mergedInto, fhirId)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET person = excluded.person, desired = excluded.desired,
        seed = excluded.seed, revision = excluded.revision, mergedInto = excluded.mergedInto`).run(
        ...[link.object, link.key, link.site, link.person, JSON.stringify(link.desired), JSON.stringify(link.seed)],
        ...[
          link.held && JSON.stringify(link.held),
          link.revision,
          link.savedRevision,
          link.savedAt,
          link.mergedInto,
          link.fhirId,
        ],
      );
    },
    /** Keeps what the CRM holds, as confirmed by it or seen in it. */
    putHeld(link: Link, held: Fields | null): void {
      sql('UPDATE link SET held = ? WHERE object = ? AND key = ?').run(held && JSON.stringify(held), link.object, link.key);
    },
    /** The record was written as it was desired in `link`, and that is what the CRM holds now. */
    keepSaved(link: Link, held: Fields | null, at: number): void {
      sql('UPDATE link SET held = ?, savedRevision = ?, savedAt = ? WHERE object = ? AND key = ?').run(
        ...[held && JSON.stringify(held), link.revision, at, link.object, link.key],
      );
    },
    /** The record was written as it was desired in `link`; if that changed meanwhile, it stays unsaved. */
    markSaved(link: Link, at: number): void {
      sql('UPDATE link SET savedRevision = ?, savedAt = ? WHERE object = ? AND key = ?').run(
        link.revision,
        at,
        link.object,
        link.key,
      );
    },
    /** Something happened to these persons: their charts are read next, and whole. */
    hint(persons: Iterable<string>): void {
      for (const key of persons) {
        polled.delete(key);
        hinted.add(key);
      }
    },
    /** Whether there was a hint since this was last asked. */
    takeHint: (key: string): boolean => hinted.delete(key),
    /** When a chart was read is forgotten with the process, which then reads all of them; the id is kept when it is news. */
    markPolled(key: string, at: number, fhirId: string | null): void {
      polled.set(key, at);
      keepFhirId(key, fhirId);
    },
    /** Follows merges to the chart that is in use. */
    survivorOf(person: string): string {
      for (let key = person; ; ) {
        const next = all<{ mergedInto: string | null }>(
          "SELECT mergedInto FROM link WHERE object = 'Contact' AND key = ?",
          key,
        )[0]?.mergedInto;
        if (!next) return key;
        key = next;
      }
    },

    queueMessage(site: string, { text, person, fields, key, decided, edit }: Omit<Outgoing, 'id'>): void {
      sql('INSERT INTO outbox (site, text, person, fields, key, decided, edit) VALUES (?, ?, ?, ?, ?, ?, ?)').run(
        ...[site, text, person, fields, key, decided, edit],
      );
    },
    nextMessage: (site: string): Outgoing | undefined =>
      all<Outgoing>(
        'SELECT id, text, person, fields, key, decided, edit FROM outbox WHERE site = ? ORDER BY id LIMIT 1',
        site,
      )[0],
    dropMessage: (id: number): void => void sql('DELETE FROM outbox WHERE id = ?').run(id),

    /** Takes the lease, or renews it. False while another instance holds it. */
    takeLease: (holder: string, now: number, ms: number): boolean =>
      sql(
        `INSERT INTO lease VALUES ('work', ?, ?) ON CONFLICT DO UPDATE SET holder = excluded.holder, until = excluded.until
          WHERE holder = excluded.holder OR until < ?`,
      ).run(holder, now + ms, now).changes > 0,
    dropLease: (holder: string): void => void sql('DELETE FROM lease WHERE holder = ?').run(holder),

    cursor: (name: string) => all<{ value: string }>('SELECT value FROM cursor WHERE name = ?', name)[0]?.value,
    setCursor(name: string, value: string): void {
      sql('INSERT INTO cursor VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value').run(name, value);
    },

    /** Puts something aside that can not be applied; true when it was not there yet. Its reference is kept as a digest. */
    setAside(site: string, reference: string, reason: string): boolean {
      return sql('INSERT OR IGNORE INTO failed VALUES (?, ?, ?)').run(digest(`${reference} ${reason}`), site, reason).changes > 0;
    },
    countFailed: () => all<{ n: number }>('SELECT count(*) AS n FROM failed')[0]?.n ?? 0,
    close: () => db.close(),
  };
}

type LinkRow = Omit<Link, 'desired' | 'seed' | 'held'> & { desired: string; seed: string; held: string | null };

const toLink = (row: LinkRow): Link => ({
  ...row,
  desired: JSON.parse(row.desired),
  seed: JSON.parse(row.seed),
  held: row.held && JSON.parse(row.held),
});

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
