"""What is gone from a chart. From one it was removed; from many at once, it is the EHR that changed, and somebody has to look."""
import os
import threading
import time

LOOK_AGAIN = 2.0  # seconds until a loss is believed
MANY, AT_ONCE = 5, 60.0  # charts, within seconds
ACCEPTED = set(os.environ.get("ACCEPT_LOSSES", "").split())  # Contact.MobilePhone …, by an operator who looked


class Losses:
    def __init__(self):
        self.lock = threading.Lock()
        self.seen = {}  # by field: {key: (first seen, last seen)}
        self.told = set()

    def not_believed(self, object_, key, gone, there):
        """Of the fields that are gone, those that are to stay in the CRM for now."""
        now = time.time()
        with self.lock:
            for field in there:
                self.seen.get((object_, field), {}).pop(key, None)
            return [field for field in gone if f"{object_}.{field}" not in ACCEPTED and self._is_doubtful(object_, key, field, now)]

    def _is_doubtful(self, object_, key, field, now):
        charts = self.seen.setdefault((object_, field), {})
        charts[key] = (charts.get(key, (now, now))[0], now)
        for other in [each for each, (_, last) in charts.items() if now - last > AT_ONCE]:
            del charts[other]
        if len(charts) >= MANY and (object_, field) not in self.told:
            self.told.add((object_, field))
            print(f"held back: {object_}.{field} is gone from {len(charts)} charts at once; ACCEPT_LOSSES lets it pass", flush=True)
        return len(charts) >= MANY or now - charts[key][0] < LOOK_AGAIN
