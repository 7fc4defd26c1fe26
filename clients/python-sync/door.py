"""A server that is called: what its refusals mean for the next call, to it and by anybody."""
import os
import threading
import time

import requests
from requests.adapters import HTTPAdapter

TIMEOUT = (5, 20)  # seconds to connect, and to wait for the next bytes
MAX_WAIT = float(os.environ.get("MAX_WAIT_SECONDS", "60"))


class NotNow(Exception):
    """The server is not to be called before `until`. It says nothing about the thing that was to be done."""

    def __init__(self, until):
        super().__init__("not now")
        self.until = until


class Refused(Exception):
    """The server took the call and refused it. The text holds codes and field names, never values."""


class Door:
    def __init__(self, name, workers):
        self.name = name
        self.session = requests.Session()
        self.session.mount("https://", HTTPAdapter(pool_maxsize=workers))
        self.lock = threading.Lock()
        self.closed_until = 0.0
        self.refusals = 0

    def call(self, method, url, **options):
        """@raises NotNow where the server is away or asks for patience; gives any other reply as it is"""
        if time.time() < self.closed_until:
            raise NotNow(self.closed_until)
        try:
            reply = self.session.request(method, url, timeout=TIMEOUT, allow_redirects=False, **options)
        except requests.exceptions.ReadTimeout as error:
            raise Refused(f"{self.name}: no answer in time") from error  # one call that hangs is no outage
        except requests.RequestException as error:
            raise self.close(type(error).__name__) from error
        if reply.status_code in (429, 502, 503, 504):
            raise self.close(reply.status_code, reply.headers.get("Retry-After"))
        return reply

    def well(self):
        """An answer of the kind that was wanted: the next refusal counts as the first."""
        self.refusals = 0

    def close(self, why, asked=None):
        with self.lock:
            if time.time() >= self.closed_until:  # not once more for each call that was under way
                self.refusals += 1
                wait = float(asked) if asked and asked.isdigit() else min(MAX_WAIT, 2 ** (self.refusals - 1))
                self.closed_until = time.time() + wait
                print(f"{self.name} is away ({why}), next call in {wait:.0f} s", flush=True)
            elif asked and asked.isdigit():
                self.closed_until = max(self.closed_until, time.time() + float(asked))
            return NotNow(self.closed_until)
