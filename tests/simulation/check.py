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
from collections.abc import Iterable, Iterator, Sequence

from chalicelib.masking import mask_body
from chalicelib.model import claim_key
from tests.simulation.case import PAN
from tests.simulation.witness import Copy
from tests.simulation.world import MERCHANT, World

#: How long a transaction is known, as docs/GUARANTEES.md says.
MEMORY_DAYS = 400
FATES = ("published", "duplicate", "superseded", "ignored", "quarantined", "left")
#: Revision and content.
Version = tuple[int, int]
Versions = dict[str, set[Version]]


def violations(world: World, since: int = 0) -> list[str]:
    """Return what is broken; `since` is the copy at which the memory of claims begins."""
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
            found += _of_one(world, key, versions, there)
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


def _of_one(
    world: World, key: str, versions: set[Version], copies: Sequence[Copy]
) -> Iterator[str]:
    """Check one transaction at one destination, where its copies came in this order."""
    in_time = list(_in_time(copies))
    yield from _lost(world, key, versions, in_time)
    revisions = [copy.revision for copy in in_time]
    if revisions != sorted(revisions):
        yield f"{key} was published in the order {revisions}"
    yield from _unsettled(world, key, in_time)
    runs = _runs(versions)
    seen: dict[Version, list[Copy]] = defaultdict(list)
    for copy in copies:
        version = copy.revision, copy.content
        if version not in versions:
            yield f"{key} was published as {version}, which was never sent"
        seen[runs.get(version, version)].append(copy)
    for (revision, content), same in seen.items():
        excused = sum(_excused(world, copy) for copy in same)
        turns = 0 if runs else world.witness.turns[_claim_of(key)]
        if len(same) > 1 + excused + turns:
            yield (
                f"{key} revision {revision} content {content} was published {len(same)} times"
                f" at {same[0].place}, and {excused} of them may be followed by a copy"
            )


def _unsettled(world: World, key: str, copies: Sequence[Copy]) -> Iterator[str]:
    """Once a content is committed, other content of the same revision is a conflict."""
    committed: dict[int, tuple[float, int]] = {}
    for copy in copies:
        since, content = committed.get(copy.revision, (copy.at, copy.content))
        if since < copy.at and content != copy.content:
            yield f"{key} revision {copy.revision} was published again with other content"
        marker = world.witness.markers.get(copy.batch)
        if marker and marker.at <= copy.deadline and _claim_of(key) not in marker.owed:
            committed.setdefault(copy.revision, (marker.at, copy.content))


def _claim_of(key: str) -> str:
    return claim_key(MERCHANT.id, "test", key)


def _in_time(copies: Iterable[Copy]) -> Iterator[Copy]:
    """Leave out copies of what was published before that the client had given up: they come late.

    A consumer who compares revisions isn't misled by them.
    """
    seen = set()
    for copy in copies:
        if copy.heard or (copy.revision, copy.content) not in seen:
            yield copy
        seen.add((copy.revision, copy.content))


def _lost(world: World, key: str, versions: set[Version], copies: Sequence[Copy]) -> Iterator[str]:
    """The last content must be the newest revision's; another of that revision, in quarantine."""
    newest = max(revision for revision, _ in versions)
    contents = {content for revision, content in versions if revision == newest}
    if not copies:
        yield f"{key} was never published"
    elif copies[-1].content not in contents:
        yield f"{key} ends on {copies[-1].content}, its newest revision is {sorted(contents)}"
    told = {copy.content for copy in copies}
    for content in sorted(contents - told):
        if not _conflicted(world, key, newest, content):
            yield f"{key} revision {newest} content {content} is nowhere"


def _conflicted(world: World, key: str, revision: int, content: int) -> bool:
    for _, letter in world.letters():
        reasons = letter.attributes.get("reasons", {}).get("StringValue", "[]")
        if any(one.get("transaction") == key for one in json.loads(reasons)):
            told = json.loads(letter.body)
            for record in told if isinstance(told, list) else [told]:
                if (record.get("id"), record.get("rev"), record.get("total")) == (
                    key,
                    revision,
                    content,
                ):
                    return True
    return False


def _runs(versions: set[Version]) -> dict[Version, Version]:
    """Map each version to the first of the run of equal content in which it stands.

    Where one revision has two contents, each version stands for itself.
    """
    ordered = sorted(versions)
    if len({revision for revision, _ in ordered}) < len(ordered):
        return {}
    runs: dict[Version, Version] = {}
    before: Version | None = None
    for version in ordered:
        same = before is not None and before[1] == version[1]
        runs[version] = runs[before] if same and before else version
        before = version
    return runs


def _excused(world: World, copy: Copy) -> bool:
    """Tell whether a copy may follow: its answer was lost, or it wasn't written down in time."""
    marker = world.witness.markers.get(copy.batch)
    if not copy.heard or marker is None or marker.at > copy.deadline:
        return True
    owed = marker.owed.get(_claim_of(copy.key))
    if owed is None:
        return False
    return not owed or any(arn.endswith(f":{copy.place}") or arn == copy.place for arn in owed)


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
