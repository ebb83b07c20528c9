"""What a call did, in a line that a person can read."""

import json
from typing import Any

from chalicelib.story import unpacked
from tests.simulation.dynamodb import values_of

Request = dict[str, Any]


def told(operation: str, request: Request, answer: Any) -> str:
    """Return what was asked, and what came of it."""
    return _TOLD[operation](request, answer)


def event(body: str) -> str:
    """Return an event as `<transaction> r<revision> =<content>`."""
    found = json.loads(body)["data"]
    return f"{found['id']} r{found['revision']} ={found['total']}"


def _put(request: Request, answer: Any) -> str:
    item = request["Item"]
    refused = f" refused: {_claim(answer['Item'])}" if "Error" in answer else ""
    if "batch_id" in item:
        return f"inserts {_claim(item)}{refused}"
    owed = item.get("uncovered", {}).get("M", {})
    listed = [f"{_key(key)} to {_names(one)}" for key, one in owed.items()]
    return f"commits {_key(item['pk']['S'])[:6]}" + f", owing {listed}" * bool(owed)


def _execute(request: Request, answer: Any) -> str:
    codes = [one.get("Error", {}).get("Code", "done") for one in answer["Responses"]]
    found = zip(map(_statement, request["Statements"]), codes, strict=True)
    return "; ".join(f"{what}: {code}" for what, code in found)


def _statement(one: Any) -> str:
    kind, values, observed = values_of(one)
    revision = f"r{values['revision']['N']}"
    if kind == "INSERT":
        return f"inserts {_claim(values)}"
    was = ", ".join(f"{name} {_short(one)}" for name, one in observed.items())
    if "fingerprint" not in values:
        return f"advances to {revision} where {was}"
    return f"takes over as {revision} of {values['batch_id']['S'][:6]} where {was}"


def _read(request: Request, answer: Any) -> str:
    [wanted] = request["RequestItems"].values()
    keys = [_key(key["pk"]["S"])[:6] for key in wanted["Keys"]]
    [found] = answer["Responses"].values() if "Responses" in answer else [()]
    items = [
        _claim(item) if "batch_id" in item else f"{_key(item['pk']['S'])[:6]} is committed"
        for item in found
    ]
    return f"reads {', '.join(keys)}: {'; '.join(items) or 'nothing'}"


def _publish(request: Request, answer: Any) -> str:
    entries = request.get("PublishBatchRequestEntries") or request["Entries"]
    place = (request.get("TopicArn") or request["QueueUrl"]).rpartition("/")[2].rpartition(":")[2]
    bodies = {one["Id"]: one.get("Message") or one["MessageBody"] for one in entries}
    taken = [event(bodies[one["Id"]]) for one in answer.get("Successful", ())]
    return f"publishes to {place}: {'; '.join(taken) or 'nothing'}"


def _set_aside(request: Request, _: Any) -> str:
    code = request["MessageAttributes"]["code"]["StringValue"]
    return f"sets aside as {code}: {request['MessageBody']}"


def _receipts(request: Request, _: Any) -> str:
    return ", ".join(one["ReceiptHandle"] for one in request["Entries"])


def _get(request: Request, answer: Any) -> str:
    return f"reads {_place(request['Key'])}: {_item(answer.get('Item'))}"


def _query(request: Request, answer: Any) -> str:
    pk = request["ExpressionAttributeValues"][":pk"]["S"]
    return f"looks through {pk}: {'; '.join(map(_item, answer['Items'])) or 'nothing'}"


def _transact(request: Request, answer: Any) -> str:
    codes = [one["Code"] for one in answer.get("CancellationReasons", ())]
    refused = f" cancelled: {', '.join(codes)}" if codes else ""
    return f"writes {'; '.join(map(_written, request['TransactItems']))}{refused}"


def _written(write: Request) -> str:
    if "Delete" in write:
        return f"{_place(write['Delete']['Key'])} deleted"
    put = write["Put"]
    known = put.get("ExpressionAttributeValues", {}).get(":version", {}).get("N")
    where = f" over v{known}" if known else " where none is" * ("ConditionExpression" in put)
    return _item(put["Item"]) + where


def _item(item: Request | None) -> str:
    """Return a table's item as its place, its figures, and for a story what is in it."""
    if item is None:
        return "nothing"
    counts = [name for name in ("version", "points", "balance") if name in item]
    shown = [f"{name} {item[name]['N']}" for name in counts]
    shown += [f"at {item['root']['S']}"] if "root" in item else []
    if "story" in item:
        found = unpacked(item["story"]["B"])
        shown += [f"{name.strip()} r{one.revision}" for name, one in found.items()]
    return f"{_place(item)} ({', '.join(shown)})"


def _place(key: Request) -> str:
    return f"{key['pk']['S']}/{key['sk']['S']}".removesuffix("/story").replace("\x1f", "")


_TOLD = {
    "get_item": _get,
    "query": _query,
    "transact_write_items": _transact,
    "put_item": _put,
    "batch_execute_statement": _execute,
    "batch_get_item": _read,
    "publish_batch": _publish,
    "send_message_batch": _publish,
    "send_message": _set_aside,
    "delete_message_batch": lambda *call: f"deletes {_receipts(*call)}",
    "change_message_visibility_batch": lambda *call: f"postpones {_receipts(*call)}",
}


def _claim(item: Request) -> str:
    owed = _names(item["owed"])
    to = f" owed to {owed}" * bool(owed)
    return f"{_key(item['pk']['S'])} r{item['revision']['N']} of {item['batch_id']['S'][:6]}{to}"


def _key(key: str) -> str:
    return key.rpartition(":")[2].rpartition("#")[2]


def _names(owed: Any) -> str:
    return ",".join(one["S"].rpartition(":")[2] for one in owed["L"])


def _short(value: dict[str, str]) -> str:
    return _key(next(iter(value.values())))[:6]
