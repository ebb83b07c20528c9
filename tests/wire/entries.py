"""Single entries of a batch call that fail inside an answer that says 200.

What fails is taken out of the request, so that it is not applied, and told as failed in the answer.
"""

import json
import re
from collections.abc import Collection
from urllib.parse import parse_qsl, urlencode

#: How SNS, which speaks the older of AWS's protocols, numbers the entries of a batch.
_NUMBERED = re.compile(r"PublishBatchRequestEntries\.member\.(\d+)\.(.+)")
_FAILED = "<member><Id>{}</Id><Code>{}</Code><SenderFault>false</SenderFault></member>"
_EMPTY = "<PublishBatchResponse><PublishBatchResult>{}</PublishBatchResult></PublishBatchResponse>"


def without(operation: str, body: bytes, places: Collection[int]) -> tuple[bytes, list[str]]:
    """Return the request without the entries at those places (counted from 0), and their ids.

    The request is empty where no entry is left.
    """
    if operation == "PublishBatch":
        return _without_members(body, places)
    call = json.loads(body)
    name = "Statements" if "Statements" in call else "Entries"
    entries = list(enumerate(call[name]))
    gone = [str(entry.get("Id", at)) for at, entry in entries if at in places]
    call[name] = [entry for at, entry in entries if at not in places]
    return (json.dumps(call).encode() if call[name] else b""), gone


def told(operation: str, answer: bytes, gone: list[str], code: str) -> bytes:
    """Return the answer with those entries told as failed; it is empty if none was sent on."""
    if operation == "PublishBatch":
        failed = f"<Failed>{''.join(_FAILED.format(one, code) for one in gone)}</Failed>"
        end = "</PublishBatchResult>"
        text = re.sub(r"<Failed\s*/>|<Failed></Failed>", "", answer.decode() or _EMPTY.format(""))
        return text.replace(end, failed + end).encode()
    found = json.loads(answer or b"{}")
    if operation == "BatchExecuteStatement":
        found.setdefault("Responses", [])
        for place in sorted(map(int, gone)):
            found["Responses"].insert(place, {"Error": {"Code": code, "Message": "injected"}})
        return json.dumps(found).encode()
    failed_entries = [{"Id": one, "Code": code, "SenderFault": False} for one in gone]
    found["Failed"] = [*found.get("Failed", ()), *failed_entries]
    return json.dumps({"Successful": []} | found).encode()


def _without_members(body: bytes, places: Collection[int]) -> tuple[bytes, list[str]]:
    kept, gone, numbers = [], [], dict[str, int]()
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        found = _NUMBERED.fullmatch(name)
        if not found:
            kept.append((name, value))
        elif int(found[1]) - 1 in places:
            gone += [value] if found[2] == "Id" else []
        else:
            number = numbers.setdefault(found[1], len(numbers) + 1)
            kept.append((f"PublishBatchRequestEntries.member.{number}.{found[2]}", value))
    return (urlencode(kept).encode() if numbers else b""), gone
