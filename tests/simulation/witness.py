"""What a run is judged by: the effects of its calls, as they happened and not as they were told."""

import json
from collections import Counter
from functools import cache
from typing import Any, NamedTuple

from tests.simulation.dynamodb import values_of
from tests.simulation.scheduler import Worker


class Effect(NamedTuple):
    """A call that has just been carried out; `heard` says whether its answer will be."""

    operation: str
    request: dict[str, Any]
    answer: dict[str, Any]
    worker: Worker
    batch: str
    heard: bool
    at: float


class Copy(NamedTuple):
    """An event that a destination has taken, and under which batch it was sent."""

    place: str
    key: str
    revision: int
    content: int
    id: str
    batch: str
    at: float
    deadline: float
    heard: bool


class Marker(NamedTuple):
    """A batch's marker: when it landed, and what is still owed of it."""

    at: float
    owed: dict[str, tuple[str, ...]]


class Witness:
    """Keeps what was published, committed and claimed."""

    def __init__(self) -> None:
        self.copies: list[Copy] = []
        self.bodies: set[str] = set()
        #: Each batch's marker, as it landed first.
        self.markers: dict[str, Marker] = {}
        #: How often a claim was taken over by other content.
        self.turns: Counter[str] = Counter()
        self._standing: dict[str, str] = {}
        self._taken: set[str] = set()

    def saw(self, effect: Effect) -> None:
        """Note what a call did."""
        if "Error" in effect.answer:
            return
        if effect.operation == "put_item":
            self._put(effect.request["Item"], effect.at)
        elif effect.operation == "batch_execute_statement":
            done = zip(effect.request["Statements"], effect.answer["Responses"], strict=True)
            for statement in [one for one, answer in done if "Error" not in answer]:
                self._claimed(statement)
        elif effect.operation in {"publish_batch", "send_message_batch"}:
            self._published(effect)

    def _put(self, item: dict[str, Any], at: float) -> None:
        _, kind, name = item["pk"]["S"].split("#", 2)
        if kind == "claim":
            self._standing[item["pk"]["S"]] = item["fingerprint"]["S"]
        elif name not in self.markers:
            named = item.get("uncovered", {}).get("M", {})
            owed = {key: tuple(one["S"] for one in places["L"]) for key, places in named.items()}
            self.markers[name] = Marker(at, owed)

    def _claimed(self, statement: dict[str, Any]) -> None:
        _, values, observed = values_of(statement)
        if "fingerprint" in values:
            key, content = (values | observed)["pk"]["S"], values["fingerprint"]["S"]
            self.turns[key] += content != self._standing.get(key, content)
            self._standing[key] = content

    def _published(self, effect: Effect) -> None:
        request = effect.request
        place = request.get("TopicArn") or request["QueueUrl"].rpartition("/")[2]
        entries = request.get("PublishBatchRequestEntries") or request["Entries"]
        bodies = {one["Id"]: one.get("Message") or one["MessageBody"] for one in entries}
        for one in effect.answer.get("Successful", ()):
            if one["MessageId"] in self._taken:
                continue  # a FIFO destination has dropped it
            self._taken.add(one["MessageId"])
            body = bodies[one["Id"]]
            self.bodies.add(body)
            known = (effect.batch, effect.at, effect.worker.deadline, effect.heard)
            self.copies.append(Copy(place, *_told(body), *known))


@cache
def _told(body: str) -> tuple[str, int, int, str]:
    """Return an event's transaction, revision, content and id."""
    found = json.loads(body)
    return found["subject"], found["data"]["revision"], found["data"]["total"], found["id"]
