"""simple-salesforce, unmodified, over TLS: logs in, upserts, queries. Settings come as one JSON object in argv[1]."""
import json
import sys
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed, SalesforceMalformedRequest

settings = json.loads(sys.argv[1])
host = urlsplit(settings["loginTls"]).netloc


class Redirected(HTTPAdapter):
    """The client only knows hosts under salesforce.com; the session that it lets us bring sends those to the simulator."""

    def send(self, request, **options):
        request.url = urlunsplit(urlsplit(request.url)._replace(netloc=host))
        return super().send(request, **options)


def session():
    made = requests.Session()
    made.mount("https://login.salesforce.com", Redirected())
    return made


def login(password):
    return Salesforce(
        username=settings["username"],
        password=password,
        security_token=settings["securityToken"],
        version=settings["apiVersion"],
        session=session(),
    )


salesforce = login(settings["password"])
assert salesforce.sf_instance == host, salesforce.sf_instance

try:
    login("guess")
    raise SystemExit("a wrong password was accepted")
except SalesforceAuthenticationFailed as error:
    assert error.code == "INVALID_LOGIN", error.code

key = "EHR_Key__c/authority|python-1"
assert salesforce.Contact.upsert(key, {"LastName": "Python", "FirstName": "Monty"}) == 201
assert salesforce.Contact.upsert(key, {"LastName": "Python", "FirstName": "Eric"}) in (200, 204)
found = salesforce.query("SELECT Id, FirstName FROM Contact WHERE EHR_Key__c = 'authority|python-1'")
assert found["totalSize"] == 1 and found["records"][0]["FirstName"] == "Eric", found

contact = salesforce.Contact.get(found["records"][0]["Id"])
assert contact["Name"] == "Eric Python", contact["Name"]
assert len(list(salesforce.query_all_iter("SELECT Id FROM Contact"))) >= 1

try:
    salesforce.Contact.create({"FirstName": "Nameless"})
    raise SystemExit("a contact without a last name was accepted")
except SalesforceMalformedRequest as error:
    assert error.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING", error.content

rows = [{"EHR_Key__c": f"authority|bulk-{i}", "LastName": f"Bulk {i}"} for i in range(150)] + [{"EHR_Key__c": "authority|bad", "LastName": ""}]
[done] = salesforce.bulk2.Contact.upsert(records=rows, external_id_field="EHR_Key__c", wait=1)
assert done["numberRecordsProcessed"] == 151 and done["numberRecordsFailed"] == 1, done
assert "REQUIRED_FIELD_MISSING" in salesforce.bulk2.Contact.get_failed_records(done["job_id"])
assert salesforce.bulk2.Contact.get_successful_records(done["job_id"]).count("authority|bulk-") == 150
pages = list(salesforce.bulk2.Contact.query("SELECT Id, EHR_Key__c FROM Contact WHERE EHR_Key__c LIKE 'authority|bulk-%'", wait=1))
assert sum(page.count("authority|bulk-") for page in pages) == 150, pages

results = salesforce.bulk.Task.insert([{"Subject": f"one {i}"} for i in range(20)])
assert all(row["success"] for row in results), results
found = salesforce.bulk.Task.query("SELECT Id, CreatedDate FROM Task WHERE Subject LIKE 'one %'")
assert len(found) == 20 and isinstance(found[0]["CreatedDate"], int), found
