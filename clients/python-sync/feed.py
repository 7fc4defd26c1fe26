"""The hospital's HL7 feed. A message says about whom something changed; what changed is read by FHIR, so that neither order nor
repetition matters. It is acknowledged once that is on disk."""
import re
import socketserver
import uuid
from datetime import datetime

import hl7

EVENTS = {"ADT": "A01 A02 A03 A04 A05 A08 A11 A13 A23 A28 A29 A31 A37 A40 A47".split()}
EVENTS["SIU"] = "S12 S13 S14 S15 S17 S26".split()
CHARSETS = {"": "ascii", "ASCII": "ascii", "8859/1": "latin-1", "UNICODE UTF-8": "utf-8"}
START, END = b"\x0b", b"\x1c\r"


class Wrong(Exception):
    def __init__(self, code, reason):
        super().__init__(reason)
        self.code = code


def part(segment, field, component=1):
    """A component of the first repetition; the encoding characters are the usual ones, as the parser made sure."""
    components = text_of(segment, field).split("~")[0].split("^")
    return components[component - 1].strip() if len(components) >= component else ""


def text_of(segment, field):
    try:
        return str(segment[field]).strip()
    except IndexError:
        return ""


def day(text):
    """@raises ValueError where that is no date or time of HL7"""
    digits = re.match(r"\d*", text)[0]
    if not re.fullmatch(r"\d{4}(\d\d){0,5}(\.\d{1,4})?([+-]\d{4})?", text):
        raise ValueError(text)
    forms = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
    datetime.strptime(digits, forms[len(digits)])


class Feed:
    """What is taken, and from whom. @param want is told the MRNs that a message is about"""

    def __init__(self, settings, site, want):
        get = lambda name: settings.get(f"SYNCPROOF_{site.upper()}_{name}", "")
        self.authority, self.sender, self.processing = get("AUTHORITY"), get("MLLP_SENDER"), get("MLLP_PROCESSING_ID")
        self.charset, self.bind, self.want = get("MLLP_CHARSET"), get("MLLP_BIND"), want

    def answer(self, frame):
        header = frame.split(b"\r")[0].decode("latin-1")
        fields = header.split("|") + [""] * 20
        code, reason = "AA", ""
        try:
            self.want(*self.about(frame, fields))
        except Wrong as wrong:
            code, reason = wrong.code, str(wrong)
            print(f"refused message {fields[9]} ({fields[8]}): {code} {reason}", flush=True)
        now = datetime.now().strftime("%Y%m%d%H%M%S")
        kind = "^".join(["ACK", *fields[8].split("^")[1:2]])
        msh = ["MSH", "^~\\&", fields[4], fields[5], fields[2], fields[3], now, "", kind, uuid.uuid4().hex[:20]]
        msh += [fields[10], fields[11] or "2.5.1"]
        return f"{'|'.join(msh)}\rMSA|{code}|{fields[9]}|{reason}\r".encode("latin-1")

    def about(self, frame, fields):
        if fields[0] != "MSH" or not fields[9]:
            raise Wrong("AR", "no header")
        if self.sender and "^".join(fields[2:4]) != self.sender:
            raise Wrong("AR", "unknown sender")
        if self.processing and fields[10].split("^")[0] != self.processing:
            raise Wrong("AR", "processing id")
        type_, _, event = fields[8].partition("^")
        if event.split("^")[0] not in EVENTS.get(type_, []):
            raise Wrong("AR", "event is not taken")
        try:
            charset = CHARSETS.get(fields[17].split("~")[0] or self.charset, "utf-8")
            message = hl7.parse(frame.decode(charset).strip("\r\n"))
        except Exception as error:
            raise Wrong("AR", "cannot be parsed") from error
        names = [str(segment[0]) for segment in message]
        if "PID" not in names:
            raise Wrong("AE", "no PID")
        self.check_times(message, names)
        mrns = self.mrns(message.segment("PID"), 3)
        if "MRG" in names:
            mrns += self.mrns(message.segment("MRG"), 1)
        elif event.startswith("A40"):
            raise Wrong("AE", "no MRG")
        if not mrns:
            raise Wrong("AE", "no identifier of this hospital")
        return mrns

    def check_times(self, message, names):
        wanted = [("PID", 7, 1), ("EVN", 2, 1), ("SCH", 11, 4), ("SCH", 11, 5), ("PV1", 44, 1)]
        for name, field, component in wanted:
            value = part(message.segment(name), field, component) if name in names else ""
            if value and value != '""':
                try:
                    day(value)
                except ValueError as error:
                    raise Wrong("AE", f"{name}-{field} is no date") from error

    def mrns(self, segment, field):
        found = []
        for repetition in text_of(segment, field).split("~"):
            value, *rest = repetition.split("^")
            authority = (rest[2] if len(rest) > 2 else "").split("&")
            known = len(authority) < 2 or not authority[1] or authority[1] == self.authority
            if value.strip() and value != '""' and known:
                found.append(value.strip())
        return found

    def serve(self):
        feed = self

        class Link(socketserver.BaseRequestHandler):
            def handle(self):
                rest = b""
                while chunk := self.request.recv(65536):
                    rest += chunk
                    while END in rest:
                        block, rest = rest.split(END, 1)
                        # A frame that broke off is followed by the start of the next one: the last start counts.
                        if START in block:
                            self.request.sendall(START + feed.answer(block.rsplit(START, 1)[1]) + END)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads = True, True

            def handle_error(self, request, client_address):
                pass  # a connection that broke off: the hospital connects again

        host, port = self.bind.rsplit(":", 1)
        Server((host, int(port)), Link).serve_forever()
