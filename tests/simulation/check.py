"""The checker: what docs/GUARANTEES.md promises, and its exceptions, after a run has drained.

Modelled as exceptions, since they are documented there:

- **The window for a copy.**  A copy may follow one whose batch was not written down while its
  worker could still live: killed, or its answers lost, between publishing and committing.  Such
  a copy may come late, after a newer revision.
- **Older than the memory.**  After 400 days a resend is a new transaction.
- **The same revision with other content** goes to quarantine as `conflict`; which of them came
  first is not ours to say.  Where the first was not committed yet, the other takes over, and either
  may come again for each time that they take turns.
- **What failed twelve times for other reasons** SQS itself puts among the dead letters, as it was
  sent, so that cards may stand in it; sent back once all is well, it must come to its end.
- **FIFO destinations** drop what they have seen within five minutes.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator

from chalicelib.masking import mask_body
from tests.simulation.case import PAN
from tests.simulation.versions import Version, broken_of
from tests.simulation.witness import Copy
from tests.simulation.world import World

#: How long a transaction is known, as docs/GUARANTEES.md says.
MEMORY_DAYS = 400
FATES = ("published", "duplicate", "superseded", "ignored", "quarantined", "left")
Versions = dict[str, set[Version]]


def violations(world: World, since: int = 0) -> list[str]:
    """Return what is broken.

    `since` is the copy before which all may be forgotten: what was published then isn't looked at,
    and what was published then need not be published again, as it may not be forgotten.
    """
    if world.endless:
        return ["it never comes to an end"]
    sent, bad = _sent(world)
    found = [*_left(world), *_counts(world), *_cards(world), *_unset(world, bad)]
    copies: dict[tuple[str, str], list[Copy]] = defaultdict(list)
    for copy in world.witness.copies[since:]:
        copies[copy.place, copy.key].append(copy)
    for key, versions in sent.items():
        for place in world.places:
            there = copies.pop((place.removeprefix(_QUEUES), key), [])
            found += broken_of(world, key, versions, there, whole=not since)
    found += [f"{key} was published, and never sent" for _, key in copies]
    found += _ids(world.witness.copies)
    return found


_QUEUES = "arn:aws:sqs:us-east-1:000000000000:"


def _sent(world: World) -> tuple[Versions, list[str]]:
    """Return all versions that were sent, by transaction, and the bodies that hold a bad record."""
    sent: Versions = defaultdict(set)
    bad = []
    for body in {one.body: None for one in world.sends}:
        try:
            told = json.loads(body)
        except ValueError:
            bad.append(body)
            continue
        for record in told if isinstance(told, list) else [told]:
            if "total" in record:
                sent[record["id"]].add((record["rev"], record["total"]))
            elif "open" not in record:
                bad.append(body)
    return sent, bad


def _left(world: World) -> Iterator[str]:
    """Nothing may be left on a queue, nor among what SQS buried."""
    for name, queue in world.sqs.queues.items():
        if name.startswith("in-") and queue.messages:
            yield f"{len(queue.messages)} messages are left on {name}"
    for _, letter in world.letters():
        if "code" not in letter.attributes:
            yield f"a message is dead though all is well: {letter.body}"


def _counts(world: World) -> Iterator[str]:
    """Each invocation's line: in = the sum of all fates."""
    for line in world.logged:
        if "in" in line and (not line["conserved"] or line["in"] != sum(map(line.get, FATES))):  # type: ignore[arg-type]
            yield f"the counts of {line['request_id']} don't add up: {line}"


def _cards(world: World) -> Iterator[str]:
    """No card number in events, table, quarantine, log lines or notes."""
    if not any(PAN in one.body for one in world.sends):
        return
    quarantined = [one for _, one in world.letters() if "code" in one.attributes]
    told = {
        "an event": sorted(world.witness.bodies),
        "the table": world.dynamodb.tables,
        "the quarantine": [[one.body, one.attributes] for one in quarantined],
        "a log line": world.logged,
        "a note": world.notes,
    }
    for where, what in told.items():
        if PAN in json.dumps(what):
            yield f"a card number stands in {where}"


def _unset(world: World, bad: Iterable[str]) -> Iterator[str]:
    """Whatever can't be read must be set aside, masked, with its reasons."""
    aside = {letter.body for _, letter in world.letters() if "code" in letter.attributes}
    for body in bad:
        if mask_body(body, "drop", b"") not in aside:
            yield f"neither published nor in quarantine: {body}"


def _ids(copies: Iterable[Copy]) -> Iterator[str]:
    """One id for one content of one transaction, and no other."""
    ids: dict[tuple[str, int], str] = {}
    for copy in copies:
        if ids.setdefault((copy.key, copy.content), copy.id) != copy.id:
            yield f"{copy.key} content {copy.content} has two event ids"
    if len(set(ids.values())) < len(ids):
        yield "two contents have one event id"


def forgets(world: World) -> bool:
    """Tell whether what was claimed before may be forgotten by now."""
    return world.case.days >= MEMORY_DAYS
