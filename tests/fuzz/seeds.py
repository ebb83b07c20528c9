"""Where inputs grow from: the made-up payload pairs, and texts that hide card numbers."""

import json
from functools import cache

from chalicelib.packing import pack
from tests.adapters import contract
from tests.fuzz.junk import PLANTED, TEXTS, TIMES

#: Bodies for what takes long by the byte.
SHORT = 1000


@cache
def payloads(vendor: str) -> list[bytes]:
    """Return the vendor's payloads, those of JSON without blanks, and lists taken apart."""
    return [one for path in contract.payloads(vendor) for one in _small(path.read_bytes())]


def _small(body: bytes) -> list[bytes]:
    try:
        value = json.loads(body)
    except ValueError:
        return [body]
    parts = value if isinstance(value, list) and len(body) > SHORT else [value]
    written = [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in parts]
    return [one.encode("utf-8", "backslashreplace") for one in written]  # as JSON escapes halves


def short_payloads() -> list[bytes]:
    return [body for vendor in contract.vendors() for body in payloads(vendor) if len(body) < 4000]


def bodies() -> list[bytes]:
    """Return short payloads, and JSON in forms and in texts."""
    found = [body for body in short_payloads() if len(body) < SHORT]
    inner = json.dumps({"card": PLANTED[0], "id": PLANTED[1], "email": "a@b.c", "n": 1.5})
    folded = (f"a=1&payload={inner}", json.dumps({"payload": inner}), f"<a><![CDATA[{inner}]]></a>")
    return [*found, *(one.encode() for one in folded), *texts()]


def texts() -> list[bytes]:
    return [one.encode("utf-8", "surrogatepass") for one in (*TEXTS, *TIMES)]


def envelopes() -> list[bytes]:
    """Return bodies as SNS wraps them, packed ones as well."""
    found = []
    for body in bodies()[:40]:
        text = body.decode("utf-8", "replace")
        for message, encoding in ((text, ""), (pack(body), "gzip+base64")):
            attributes = {"ContentEncoding": {"Type": "String", "Value": encoding}}
            envelope = {"Type": "Notification", "MessageId": "n1", "TopicArn": "arn:aws:sns:a:b:c",
                        "Message": message, "MessageAttributes": attributes}  # fmt: skip
            found += [json.dumps(envelope).encode(), message.encode()]
    return found


def transactions() -> list[bytes]:
    """Return what the pairs expect, one transaction each."""
    paths = sorted(contract.HERE.glob("*/*.expected.json"))
    outcomes = [one for path in paths for one in json.loads(path.read_text())]
    return [json.dumps(one).encode() for one in outcomes if "total" in one]
