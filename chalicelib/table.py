"""The dedupe table's wire format and calls: items, PartiQL statements, consistent reads.

Two kinds of item, told apart by their partition key `pk`, which begins with the merchant:

- `<merchant>#claim#<vendor, id>`: batch_id, revision, fingerprint, lease_until (ms), owed, expiry
- `<merchant>#batch#<batch id>`: uncovered (the claims it does not commit, and what each is owed)
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.calls import batches, in_parallel
from chalicelib.claims import Claim

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import BatchGetItemOutputTypeDef

Item = Mapping[str, Any]
Statement = dict[str, Any]

#: DynamoDB's own limits, a call.
STATEMENTS_A_CALL, KEYS_A_CALL = 25, 100
#: What `execute` answers where AWS gave no answer at all.
NO_ANSWER = "NoAnswer"
_DAY = 24 * 3600
#: How long a transaction is known.  The marker outlives its claims, whose TTL may lag by days:
#: a claim without its marker would look uncommitted, and be published again.
CLAIM_SECONDS, MARKER_SECONDS = 400 * _DAY, 430 * _DAY


class Table:
    """One DynamoDB table, seen as claims and markers."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name
        fields = ", ".join(f"'{field}': ?" for field in ("pk", *_FIELDS))
        self._insert = f'INSERT INTO "{name}" VALUE {{{fields}}}'
        sets = " ".join(f'SET "{field}"=?' for field in _FIELDS)
        where = 'WHERE "pk"=? AND "batch_id"=? AND "revision"=?'
        self._take_over = f'UPDATE "{name}" {sets} {where}'
        self._advance = f'UPDATE "{name}" SET "revision"=? {where}'  # noqa: S608 - the name is ours

    def insertion(self, claim: Claim, now: int) -> Statement:
        """INSERT the claim where its key is free, else DuplicateItem.  `now` in ms."""
        return _statement(self._insert, {"S": claim.key}, *_values(claim, now))

    def take_over(self, found: Claim, claim: Claim, now: int) -> Statement:
        """UPDATE the claim if it is still as found, else ConditionalCheckFailed."""
        return _statement(self._take_over, *_values(claim, now), *_observed(found))

    def advance(self, found: Claim, claim: Claim) -> Statement:
        """UPDATE the revision alone: the expiry stays behind that of the claim's marker."""
        return _statement(self._advance, {"N": str(claim.revision)}, *_observed(found))

    def execute(self, statements: Sequence[Statement]) -> list[str | None]:
        """Execute conditional statements; return each one's error code, or None."""
        parts = list(batches(statements, STATEMENTS_A_CALL))
        codes: list[str | None] = []
        for part, answer in zip(parts, in_parallel(self._execute, parts), strict=True):
            known = answer if isinstance(answer, list) else []
            codes += (known + [NO_ANSWER] * len(part))[: len(part)]
        return codes

    def put(self, claim: Claim, now: int) -> Claim | None:
        """Put the claim where its key is free, else return the claim that stands."""
        item = {"pk": {"S": claim.key}} | dict(zip(_FIELDS, _values(claim, now), strict=True))
        try:
            self._client.put_item(
                TableName=self._name,
                Item=item,
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as fault:
            return parsed(fault.response["Item"])  # type: ignore[typeddict-item]
        return None

    def put_marker(self, key: str, uncovered: Mapping[str, Sequence[str]], now: int) -> None:
        """Write a batch's marker: from here on its claims are committed, but for `uncovered`."""
        item: dict[str, Any] = {"pk": {"S": key}, "expiry": _expiry(now, MARKER_SECONDS)}
        if uncovered:
            item["uncovered"] = {"M": {key: _list(owed) for key, owed in uncovered.items()}}
        self._client.put_item(TableName=self._name, Item=item)

    def read(self, keys: Iterable[str]) -> dict[str, Item | None]:
        """Read items consistently; a key that could not be read is missing from the answer."""
        found: dict[str, Item | None] = {}
        parts = list(batches(keys, KEYS_A_CALL))
        for part, answer in zip(parts, in_parallel(self._read, parts), strict=True):
            if isinstance(answer, Exception):
                continue
            found |= dict.fromkeys(part)
            found |= {item["pk"]["S"]: item for item in answer["Responses"].get(self._name, ())}
            unread = answer.get("UnprocessedKeys", {}).get(self._name)
            for key in unread["Keys"] if unread else ():
                del found[str(key["pk"]["S"])]
        return found

    def _execute(self, statements: list[Statement]) -> list[str | None]:
        answer = self._client.batch_execute_statement(Statements=statements)  # type: ignore[arg-type]
        return [entry.get("Error", {}).get("Code") for entry in answer["Responses"]]

    def _read(self, keys: Sequence[str]) -> "BatchGetItemOutputTypeDef":
        wanted: Any = {"Keys": [{"pk": {"S": key}} for key in keys], "ConsistentRead": True}
        return self._client.batch_get_item(RequestItems={self._name: wanted})


def parsed(item: Item) -> Claim:
    """Return the claim that an item holds."""
    return Claim(
        key=item["pk"]["S"],
        batch_id=item["batch_id"]["S"],
        revision=int(item["revision"]["N"]),
        fingerprint=item["fingerprint"]["S"],
        lease_until=int(item["lease_until"]["N"]),
        owed=tuple(name["S"] for name in item["owed"]["L"]),
    )


def uncovered(marker: Item | None) -> dict[str, tuple[str, ...]]:
    """Return the claims that a marker doesn't commit, and the destinations each is owed."""
    named = marker.get("uncovered", {}).get("M", {}) if marker else {}
    return {key: tuple(name["S"] for name in owed["L"]) for key, owed in named.items()}


_FIELDS = ("batch_id", "revision", "fingerprint", "lease_until", "owed", "expiry")


def _values(claim: Claim, now: int) -> list[Any]:
    return [
        {"S": claim.batch_id},
        {"N": str(claim.revision)},
        {"S": claim.fingerprint},
        {"N": str(claim.lease_until)},
        _list(claim.owed),
        _expiry(now, CLAIM_SECONDS),
    ]


def _observed(found: Claim) -> list[Any]:
    return [{"S": found.key}, {"S": found.batch_id}, {"N": str(found.revision)}]


def _expiry(now: int, seconds: int) -> dict[str, str]:
    return {"N": str(now // 1000 + seconds)}


def _list(names: Iterable[str]) -> dict[str, Any]:
    return {"L": [{"S": name} for name in names]}


def _statement(text: str, *parameters: Any) -> Statement:
    return {"Statement": text, "Parameters": list(parameters)}
