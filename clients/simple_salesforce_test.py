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
