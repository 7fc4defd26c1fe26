"""Salesforce by simple-salesforce: upserts by external id, and rereads what others wrote."""
import threading

from simple_salesforce import Salesforce, SalesforceError
from simple_salesforce.exceptions import SalesforceExpiredSession

from door import Door, Refused

BUSY = {"REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE"}


class Through:
    """The session that simple-salesforce is given: its calls go through the door, where outages are known."""

    def __init__(self, door):
        self.door, self.proxies = door, {}

    def request(self, method, url, **options):
        return self.door.call(method, url, **options)


class Crm:
    def __init__(self, settings, workers):
        self.settings = lambda name: settings[f"SYNCPROOF_CRM_{name}"]
        self.door = Door("CRM", workers)
        self.lock = threading.Lock()
        self.client, self.me = None, None

    def sign_in(self, stale=None):
        with self.lock:
            if self.client is None or self.client is stale:
                form = {"grant_type": "client_credentials"}
                form |= {"client_id": self.settings("CLIENT_ID"), "client_secret": self.settings("CLIENT_SECRET")}
                reply = self.door.call("POST", f"{self.settings('LOGIN_URL')}/services/oauth2/token", data=form)
                if reply.status_code != 200:
                    raise Refused(f"CRM: sign-in {reply.status_code}")
                granted = reply.json()
                self.me = granted["id"].split("/")[-1]
                self.client = Salesforce(
                    instance_url=granted["instance_url"],
                    session_id=granted["access_token"],
                    version=self.settings("API_VERSION"),
                    session=Through(self.door),
                )
            return self.client

    def _do(self, action):
        client = self.sign_in()
        try:
            try:
                done = action(client)
            except SalesforceExpiredSession:
                done = action(self.sign_in(stale=client))
            self.door.well()
            return done
        except SalesforceError as error:
            rows = error.content if isinstance(error.content, list) else []
            codes = [row.get("errorCode", "?") for row in rows]
            if BUSY & set(codes):
                raise self.door.close(codes[0]) from error
            fields = sorted({field for row in rows for field in row.get("fields") or []})
            raise Refused(f"CRM: {error.status} {' '.join(codes)} {' '.join(fields)}".strip()) from error

    def upsert(self, object_, key, values):
        self._do(lambda client: getattr(client, object_).upsert(f"EHR_Key__c/{key}", values))

    def read(self, object_, key, fields):
        soql = f"SELECT {', '.join(fields)} FROM {object_} WHERE EHR_Key__c = '{quote(key)}'"
        return next(iter(self._do(lambda client: client.query(soql))["records"]), None)

    def touched_by_others(self, object_, since):
        """(key, time) of the records that somebody else wrote last, from `since` on."""
        self.sign_in()
        soql = (
            f"SELECT EHR_Key__c, SystemModstamp FROM {object_} WHERE SystemModstamp >= {since} "
            f"AND LastModifiedById != '{self.me}' AND EHR_Key__c != null ORDER BY SystemModstamp"
        )
        rows = self._do(lambda client: list(client.query_all_iter(soql)))
        return [(row["EHR_Key__c"], row["SystemModstamp"]) for row in rows]


def quote(text):
    return text.replace("\\", "\\\\").replace("'", "\\'")
