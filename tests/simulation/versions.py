"""The checker's half that looks at one transaction at one destination."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from chalicelib.model import claim_key
from tests.simulation.account import MERCHANT
from tests.simulation.witness import Copy
from tests.simulation.world import World

#: Revision and content.
Version = tuple[int, int]


def broken_of(
    world: World, key: str, versions: set[Version], copies: Sequence[Copy], *, whole: bool
) -> Iterator[str]:
    """Check one transaction at one destination, where its copies came in this order.

    `whole` says whether these are all that there ever were.
    """
    in_time = list(_in_time(copies))
    if whole:
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
