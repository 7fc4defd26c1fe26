"""A small sync of one Epic hospital into Salesforce: patients and their appointments, one way.

Messages, the regular look at the whole group, and edits of CRM users all say the same: look at that patient again. One function
then makes the CRM right for that patient, from what the hospital holds at that moment. So it does not matter in which order, how often or how late anything was heard of.
"""
import hashlib
import json
import os
import signal
import sys
import threading
import time
from datetime import datetime, timedelta, timezone

from crm import Crm
from door import MAX_WAIT, NotNow, Refused
from ehr import Ehr
from feed import Feed
from losses import LOOK_AGAIN, Losses
from mapping import appointment, contact, key_of, language
from work import LATER, Work

WORKERS = 6
POLL = float(os.environ.get("POLL_SECONDS", "30"))
DATA = os.environ.get("DATA", ".")


class Wait(Exception):
    """To be done again in so many seconds: nothing has failed."""

    def __init__(self, seconds):
        super().__init__("wait")
        self.seconds = seconds


class Sync:
    def __init__(self, settings, site):
        get = lambda name: settings[f"SYNCPROOF_{site.upper()}_{name}"]
        self.authority, self.zone = get("AUTHORITY"), get("TIME_ZONE")
        self.work = Work(os.path.join(DATA, "work.db"))
        self.ehr, self.crm = Ehr(settings, site, WORKERS), Crm(settings, WORKERS)
        self.losses = Losses()
        self.feed = Feed(settings, site, lambda *mrns: self.work.want("mrn", *mrns))

    # What there is to do.

    def do_mrn(self, mrn):
        ids = {chart["id"] for chart in self.ehr.with_mrn(mrn)} | set(self.work.patients_of(f"{self.authority}|{mrn}"))
        if not ids:
            raise Refused("EHR: nobody has the MRN of a message yet")
        self.work.want("patient", *ids)

    def do_patient(self, id_):
        self.work.take_doubts(id_)
        patient = self.ehr.patient(id_)
        if patient is None:
            raise Refused(f"EHR: no Patient/{id_}")
        key = self.key(patient)
        if key is None:
            raise Refused(f"EHR: Patient/{id_} has no MRN of this hospital")
        owner = self.survivor(patient)
        owner_key = self.key(owner)
        if owner is not patient and self.work.written("Contact", owner_key)[0] is None:
            self.work.want("patient", owner["id"])
            raise Wait(0.2)
        values = contact(patient, self.authority) | {"MRN__c": key.removeprefix(f"{self.authority}|")}
        failures, doubtful = [], []
        self.write("Contact", key, id_, values, failures, doubtful, at_first=language(patient))
        for each in self.ehr.appointments(id_):
            number = next((one["value"] for one in each.get("identifier", []) if one.get("value")), None)
            if number:
                values = appointment(each, owner_key, self.zone)
                self.write("Appointment__c", f"{self.authority}|{number}", id_, values, failures, doubtful)
        if failures:
            raise Refused("; ".join(failures))
        if doubtful:
            raise Wait(LOOK_AGAIN)

    def key(self, patient):
        return key_of(patient, self.ehr.system, self.authority)

    def survivor(self, patient):
        for _ in range(10):
            links = (link for link in patient.get("link", []) if link.get("type") == "replaced-by")
            link = next(links, None)
            if link is None:
                return patient
            patient = self.ehr.patient(link["other"]["reference"].split("/")[-1])
            if patient is None:
                raise Refused("EHR: the survivor of a merge cannot be read")
        raise Refused("EHR: merges in a circle")

    def write(self, object_, key, patient, values, failures, doubtful, at_first=None):
        """Writes what is new. What failed is noted, so that the rest of the patient is written all the same."""
        known, doubt = self.work.written(object_, key)
        fields = {name: digest(value) for name, value in values.items()}
        gone = [name for name, value in fields.items() if value is None and (known or {}).get(name)]
        kept = self.losses.not_believed(object_, key, gone, [name for name, value in fields.items() if value])
        for name in kept:
            values.pop(name)
            fields[name] = known[name]
        if known is None or doubt or any(known.get(name) != value for name, value in fields.items()):
            try:
                if not doubt or not self.holds(object_, key, values):
                    self.crm.upsert(object_, key, values | (at_first or {} if known is None else {}))
            except Refused as refused:
                failures.append(f"{object_}: {refused}")
                return
            self.work.wrote(object_, key, patient, (known or {}) | fields)
        doubtful += kept

    def holds(self, object_, key, values):
        fields = [f"{name}.EHR_Key__c" if isinstance(value, dict) else name for name, value in values.items()]
        record = self.crm.read(object_, key, fields)
        return record is not None and all(same(record[name], value) for name, value in values.items())

    # The threads.

    def worker(self):
        while True:
            kind, ref, heard, tries = self.work.take()
            try:
                getattr(self, f"do_{kind}")(ref)
                self.work.finish(kind, ref, heard)
            except NotNow as wait:
                self.work.put_off(kind, ref, wait.until, failed=False)
            except Wait as wait:
                self.work.put_off(kind, ref, time.time() + wait.seconds, failed=False)
            except Exception as error:  # one patient must not stop the others
                wait = min(MAX_WAIT, 2 ** min(tries, 10))
                what = str(error) if isinstance(error, Refused) else type(error).__name__
                shown = ref if kind == "patient" else "a message"
                print(f"failed: {kind} {shown}: {what}; again in {wait} s", flush=True)
                self.work.put_off(kind, ref, time.time() + wait, failed=True)

    def every(self, seconds, action):
        while True:
            begun = time.time()
            try:
                action()
            except NotNow as wait:
                time.sleep(max(0.1, wait.until - time.time()))
                continue
            except Exception as error:
                print(f"failed: {action.__name__}: {error if isinstance(error, Refused) else type(error).__name__}", flush=True)
            time.sleep(max(0.1, seconds - (time.time() - begun)))

    def look_at_all(self):
        if self.work.count(f"urgency = {LATER} AND tries = 0") == 0:  # a round that is still under way is not begun again
            self.work.want("patient", *self.ehr.members(), urgency=LATER)

    def look_at_edits(self):
        for object_ in ("Contact", "Appointment__c"):
            note = f"since:{object_}"
            since = self.work.note(note) or stamp(datetime.now(timezone.utc))
            touched = self.crm.touched_by_others(object_, since)
            for key, _ in touched:
                self.work.doubt(object_, key)
            newest = max([time_ for _, time_ in touched], default=None)
            # Some seconds again: a transaction may commit later than its stamp says.
            moment = datetime.fromisoformat(newest) - timedelta(seconds=10) if newest else datetime.fromisoformat(since)
            self.work.note(note, stamp(max(moment, datetime.fromisoformat(since))))

    def run(self):
        for _ in range(WORKERS):
            threading.Thread(target=self.worker, daemon=True).start()
        threading.Thread(target=self.every, args=(POLL, self.look_at_all), daemon=True).start()
        threading.Thread(target=self.every, args=(POLL, self.look_at_edits), daemon=True).start()
        threading.Thread(target=self.feed.serve, daemon=True).start()
        print("running", flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


def digest(value):
    """None stays None, so that what was filled is known without keeping it."""
    return None if value is None else hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def stamp(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def same(held, value):
    if isinstance(value, dict):
        return held is not None and all(held.get(name) == each for name, each in value.items())
    if isinstance(value, str) and isinstance(held, str) and "T" in value and value[:4].isdigit():
        return datetime.fromisoformat(held) == datetime.fromisoformat(value)
    return held == value


if __name__ == "__main__":
    if sys.argv[1:] in (["pending"], ["failed"]):
        condition = "tries = 0" if sys.argv[1] == "pending" else "tries > 0"
        print(json.dumps({"count": Work(os.path.join(DATA, "work.db")).count(condition)}))
        sys.exit()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    Sync(os.environ, os.environ["SYNCPROOF_SITES"].split(",")[0]).run()
