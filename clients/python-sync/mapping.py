"""The data map of this sync (map/), in Python. A field that is absent from the result stays in the CRM as it is."""
import csv
import re
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

MAP = Path(__file__).parent / "map"


def table(name):
    with open(MAP / f"{name}.csv", encoding="utf-8", newline="") as file:
        return {row["source"]: row["target"] for row in csv.DictReader(file)}


INTERPRETER = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
SEX, STATUS = table("sex"), table("appointment-status")


def first(items, **wanted):
    """The first of those that are in use and have these values."""
    fit = (item for item in items or [] if all(item.get(name) == value for name, value in wanted.items()))
    return next((item for item in fit if not item.get("period", {}).get("end")), None)


def e164(text):
    """`+12125550143`, an extension as ` x9`; None for what cannot be dialled."""
    number, _, extension = re.sub(r"(?i)\s*(?:ext\.?|extension|x|#)\s*(?=\d+\s*$)", "|", text).partition("|")
    if re.search(r"[^\d\s().+/-]", number):
        return None
    digits = re.sub(r"\D", "", number)
    if number.strip().startswith("+") and not digits.startswith("1"):
        dialled = f"+{digits}" if 8 <= len(digits) <= 15 else None
    else:
        digits = digits.removeprefix("1") if len(digits) == 11 else digits
        real = re.fullmatch(r"[2-9]\d\d[2-9]\d{6}", digits) and len(set(digits)) > 1
        dialled = f"+1{digits}" if real else None
    return dialled and (f"{dialled} x{extension.strip()}" if extension else dialled)


def put(values, field, found, read=lambda value: value, limit=None):
    """Missing: cleared. Not readable: kept as it is. Too long: its beginning."""
    if found is None or found == "":
        values[field] = None
        return
    value = read(found)
    if value is not None:
        values[field] = value[:limit] if limit else value


def whole_day(text):
    try:
        return date.fromisoformat(text).isoformat() if len(text) == 10 else None
    except ValueError:
        return None


def key_of(resource, system, authority):
    value = next((each.get("value") for each in resource.get("identifier", []) if each.get("system") == system), None)
    return value and f"{authority}|{value}"


def language(patient):
    """Belongs to the CRM: it is filled when the contact is made, and then left alone."""
    spoken = next((each for each in patient.get("communication", []) if each.get("preferred")), {})
    code = next(iter(codes([spoken.get("language", {})])), None)
    return {"Preferred_Language__c": code} if code else {}


def contact(patient, authority):
    values = {"MRN__c": None, "MRN_Authority__c": authority}
    name = next((each for each in patient.get("name", []) if each.get("use") == "official"), {})
    put(values, "FirstName", next(iter(name.get("given", [])), None), limit=40)
    if name.get("family"):
        values["LastName"] = name["family"][:80]
    put(values, "Birthdate", patient.get("birthDate"), whole_day)
    values["Sex__c"] = SEX.get(patient.get("gender"), "Unknown")
    phones = [each for each in patient.get("telecom", []) if each.get("system") == "phone"]
    put(values, "MobilePhone", (first(phones, use="mobile") or {}).get("value"), e164)
    put(values, "HomePhone", (first(phones, use="home") or {}).get("value"), e164)
    mail = (first(patient.get("telecom"), system="email") or {}).get("value")
    put(values, "Email", mail, lambda text: text.lower() if re.fullmatch(r"\S+@\S+\.\S+", text) else None)
    home = first(patient.get("address"), use="home") or {}
    put(values, "MailingStreet", ", ".join(home.get("line", [])), limit=255)
    put(values, "MailingCity", home.get("city"), limit=40)
    put(values, "MailingState", home.get("state"), limit=80)
    put(values, "MailingPostalCode", home.get("postalCode"), limit=20)
    values["Deceased__c"] = bool(patient.get("deceasedBoolean") or patient.get("deceasedDateTime"))
    values["Active__c"] = patient.get("active", True)
    values["Interpreter__c"] = any(
        each.get("valueBoolean") is True for each in patient.get("extension", []) if each.get("url") == INTERPRETER
    )
    emergency = next((each for each in patient.get("contact", []) if "C" in codes(each.get("relationship", []))), {})
    put(values, "Emergency_Contact__c", emergency.get("name", {}).get("text"), limit=80)
    phone = next((each.get("value") for each in emergency.get("telecom", []) if each.get("system") == "phone"), None)
    put(values, "Emergency_Phone__c", phone, e164)
    return values


def codes(concepts):
    return [coding.get("code") for concept in concepts for coding in concept.get("coding", [])]


def appointment(resource, owner, zone):
    values = {"Contact__r": {"EHR_Key__c": owner}}
    start, end = resource.get("start"), resource.get("end")
    if start:
        values["Start__c"] = start
        values["Local_Date__c"] = datetime.fromisoformat(start).astimezone(ZoneInfo(zone)).date().isoformat()
    put(values, "End__c", end)
    if resource.get("status") in STATUS:
        values["Status__c"] = STATUS[resource["status"]]
    put(values, "Type__c", resource.get("appointmentType", {}).get("text"), limit=80)
    actors = [each.get("actor", {}) for each in resource.get("participant", [])]
    put(values, "Provider__c", shown(actors, "Practitioner/"), limit=120)
    put(values, "Location__c", shown(actors, "Location/"), limit=120)
    return values


def shown(actors, prefix):
    return next((each.get("display") for each in actors if each.get("reference", "").startswith(prefix)), None)
