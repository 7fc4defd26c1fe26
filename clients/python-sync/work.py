"""What is still to be done, and what the CRM was last given: one SQLite file, so that a kill forgets nothing.

A patient is not a message: ten messages about one patient are one thing to do, and it is done by one worker at a time.
`wanted` counts what was heard, `done` how much of it the last finished round had heard when it began.
"""
import json
import sqlite3
import threading
import time

SOON, LATER = 0, 1  # what somebody waits for, and what is only looked at again


class Work:
    def __init__(self, path):
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.executescript(
            """
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            CREATE TABLE IF NOT EXISTS todo (kind TEXT, ref TEXT, wanted INT, done INT, tries INT, due REAL, urgency INT,
                                             PRIMARY KEY (kind, ref));
            CREATE TABLE IF NOT EXISTS written (object TEXT, key TEXT, patient TEXT, fields TEXT, doubt INT,
                                                PRIMARY KEY (object, key));
            CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT);
            """
        )
        self.changed = threading.Condition()
        self.taken = set()

    def want(self, kind, *refs, urgency=SOON):
        """Returns once it is on disk: an acknowledgement may follow."""
        with self.changed:
            self.db.execute("BEGIN")
            for ref in refs:
                self.db.execute(
                    """INSERT INTO todo VALUES (?, ?, 1, 0, 0, 0, ?) ON CONFLICT DO UPDATE SET wanted = wanted + 1,
                       urgency = CASE WHEN wanted > done THEN min(urgency, excluded.urgency) ELSE excluded.urgency END""",
                    (kind, ref, urgency),
                )
            self.db.execute("COMMIT")
            self.changed.notify_all()

    def take(self):
        """The next thing to do, when there is one: (kind, ref, what was heard of it, tries so far)."""
        with self.changed:
            while True:
                rows = self.db.execute(
                    "SELECT kind, ref, wanted, tries, due FROM todo WHERE wanted > done ORDER BY urgency, due LIMIT 500"
                ).fetchall()
                free = [row for row in rows if row[:2] not in self.taken]
                ready = next((row for row in free if row[4] <= time.time()), None)
                if ready:
                    self.taken.add(ready[:2])
                    return ready[:4]
                self.changed.wait(max(0.01, min([1.0, *(row[4] - time.time() for row in free)])))

    def finish(self, kind, ref, heard):
        with self.changed:
            self.db.execute("UPDATE todo SET done = ?, tries = 0, due = 0 WHERE kind = ? AND ref = ?", (heard, kind, ref))
            self._give_back(kind, ref)

    def put_off(self, kind, ref, until, failed):
        """Later, at the soonest at `until`. A server that is away is no failure of what was to be done."""
        with self.changed:
            self.db.execute(
                "UPDATE todo SET due = ?, tries = tries + ? WHERE kind = ? AND ref = ?", (until, int(failed), kind, ref)
            )
            self._give_back(kind, ref)

    def _give_back(self, kind, ref):
        self.taken.discard((kind, ref))
        self.changed.notify_all()

    def count(self, condition):
        with self.changed:
            return self.db.execute(f"SELECT count(*) FROM todo WHERE wanted > done AND {condition}").fetchone()[0]

    # What the CRM was given.

    def written(self, object_, key):
        """Digests of the fields that the CRM was given (None where it was given nothing yet), and whether somebody else wrote since."""
        with self.changed:
            query = "SELECT fields, doubt FROM written WHERE object = ? AND key = ?"
            fields, doubt = self.db.execute(query, (object_, key)).fetchone() or (None, 0)
            return fields and json.loads(fields), doubt > 0

    def wrote(self, object_, key, patient, fields):
        with self.changed:
            self.db.execute(
                """INSERT INTO written VALUES (?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET
                   patient = excluded.patient, fields = excluded.fields, doubt = CASE doubt WHEN 2 THEN 0 ELSE doubt END""",
                (object_, key, patient, json.dumps(fields)),
            )

    def doubt(self, object_, key):
        """Somebody else wrote that record: look at it again. A round that is under way does not take this doubt back."""
        with self.changed:
            self.db.execute("UPDATE written SET doubt = 1 WHERE object = ? AND key = ?", (object_, key))
            row = self.db.execute("SELECT patient FROM written WHERE object = ? AND key = ?", (object_, key)).fetchone()
        if row:
            self.want("patient", row[0])

    def take_doubts(self, patient):
        with self.changed:
            self.db.execute("UPDATE written SET doubt = 2 WHERE patient = ? AND doubt = 1", (patient,))

    def patients_of(self, key):
        with self.changed:
            rows = self.db.execute("SELECT patient FROM written WHERE object = 'Contact' AND key = ?", (key,)).fetchall()
            return [row[0] for row in rows]

    # What is to be remembered besides.

    def note(self, name, value=None):
        with self.changed:
            if value is not None:
                self.db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))
                return value
            row = self.db.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
            return row and row[0]
