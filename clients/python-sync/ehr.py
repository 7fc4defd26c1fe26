"""Epic by FHIR R4: signs in as a backend service, and reads."""
import threading
import time
import uuid

import jwt

from door import Door, Refused

NEEDED = ("system/Patient.read", "system/Appointment.read", "system/Group.read")


class Ehr:
    def __init__(self, settings, site, workers):
        get = lambda name: settings[f"SYNCPROOF_{site.upper()}_{name}"]
        self.url, self.token_url, self.client_id = get("FHIR_URL"), get("TOKEN_URL"), get("CLIENT_ID")
        self.key_id, self.group = get("KEY_ID"), get("GROUP_ID")
        self.system = get("AUTHORITY") if ":" in get("AUTHORITY") else f"urn:oid:{get('AUTHORITY')}"
        with open(get("PRIVATE_KEY_FILE"), encoding="ascii") as file:
            self.key = file.read()
        granted = get("SCOPES").split()
        self.scopes = " ".join(scope for scope in NEEDED if scope in granted)
        # One each: a type that is refused is asked for less and less, and the others go on.
        self.doors = {name: Door(f"EHR {name}", workers) for name in ("token", "Patient", "Appointment", "Group")}
        self.lock = threading.Lock()
        self.token, self.expires = None, 0.0

    def sign_in(self, stale=None):
        with self.lock:
            if self.token and self.token != stale and time.time() < self.expires:
                return self.token
            now = int(time.time())
            claims = {"iss": self.client_id, "sub": self.client_id, "aud": self.token_url, "jti": str(uuid.uuid4())}
            claims |= {"iat": now, "nbf": now, "exp": now + 240}
            form = {
                "grant_type": "client_credentials",
                "scope": self.scopes,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": jwt.encode(claims, self.key, algorithm="RS384", headers={"kid": self.key_id}),
            }
            reply = self.doors["token"].call("POST", self.token_url, data=form)
            if reply.status_code != 200:
                raise Refused(f"EHR: sign-in {reply.status_code}")
            granted = reply.json()
            self.token, self.expires = granted["access_token"], time.time() + granted.get("expires_in", 300) - 30
            return self.token

    def get(self, type_, url, params=None):
        door = self.doors[type_]
        token = self.sign_in()
        for last in (False, True):
            headers = {"Authorization": f"Bearer {token}", "Accept": "application/fhir+json"}
            reply = door.call("GET", url, params=params, headers=headers)
            if reply.status_code != 401 or last:
                break
            token = self.sign_in(stale=token)
        if reply.status_code in (401, 403):
            raise door.close(f"{reply.status_code}: no right to read that")
        if reply.status_code != 200:
            raise Refused(f"EHR: {reply.status_code} for {type_}")
        door.well()
        return reply.json()

    def search(self, type_, **params):
        """Every page, or an exception: half an answer is none."""
        found, bundle = [], self.get(type_, f"{self.url}/{type_}", params)
        while True:
            for entry in bundle.get("entry", []):
                if entry["resource"]["resourceType"] == type_:
                    found.append(entry["resource"])
                elif entry["resource"]["resourceType"] == "OperationOutcome":
                    severities = [issue["severity"] for issue in entry["resource"]["issue"]]
                    if "error" in severities or "fatal" in severities:
                        raise Refused(f"EHR: a search of {type_} was answered in part")
            following = next((link["url"] for link in bundle.get("link", []) if link["relation"] == "next"), None)
            if not following:
                return found
            bundle = self.get(type_, following)

    def patient(self, id_):
        """By search: a read of a chart that was merged away redirects to the survivor, a search shows the chart itself."""
        return next(iter(self.search("Patient", _id=id_)), None)

    def with_mrn(self, mrn):
        return self.search("Patient", identifier=f"{self.system}|{mrn}")

    def appointments(self, patient_id):
        return self.search("Appointment", patient=patient_id)

    def members(self):
        members = self.get("Group", f"{self.url}/Group/{self.group}").get("member", [])
        return [member["entity"]["reference"].split("/")[-1] for member in members if not member.get("inactive")]
