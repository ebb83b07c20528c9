"""What is checked of the door: whether it is there, and who may come in."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ops.entries import signs
from ops.merchants import Declared
from ops.snapshot import Data, Snapshot

#: A secret that is so old has been seen by many eyes.
OLDEST = timedelta(days=365)


def of_door(found: Snapshot) -> Iterator[tuple[str, str, str]]:
    """Yield what it is about, what is wrong, and what mends it: empty where deploying does."""
    if found.entries and found.door is None:
        yield "door", "there are secrets for it, and app.py has no routes: nobody can come in", ""
    if found.entries and found.door is not None:
        if not found.door:
            yield "door", f"its function tillbridge-{found.stage} isn't deployed", ""
        elif not found.doors_api:
            yield "door", "its API isn't deployed: nobody can come in", ""
        elif found.door["Handler"] != "app.app":
            yield "door", f"its handler is {found.door['Handler']}, not app.app", ""
    known = {seen.one.merchant.id: seen.one for seen in found.merchants}
    for name, (entry, since) in sorted(found.entries.items()):
        if name in known:
            yield from ((name, *one) for one in _entry(known[name], entry, since, found.stage))
        else:
            yield (
                name,
                "it may come in by the door, and app.py doesn't have it",
                f"aws ssm delete-parameter --name /tillbridge/{found.stage}/door/{name}",
            )


def _entry(
    one: Declared, entry: Data, since: datetime | None, stage: str
) -> Iterator[tuple[str, str]]:
    command = f"python -m ops secrets {{}} {one.merchant.id} --stage {stage}"
    if (entry.get("vendor"), entry.get("source")) != (one.vendor, one.kind):
        yield "the door takes it for another vendor's, or sends elsewhere", command.format("set")
    for kind, option in (("secrets", ""), ("own", " --own")):
        stored = entry.get(kind, ())
        if len(stored) > 2:  # noqa: PLR2004 - one that is new, and one before it
            yield "it has more than two secrets, and only two are good", command.format("set")
        if stored and since and datetime.now(UTC) - since > OLDEST:
            yield (f"its {'own ' if option else ''}secret is over a year old",
                   command.format("rotate") + option)  # fmt: skip
    if entry.get("secrets") and signs(one) is None:
        yield f"{one.vendor} signs nothing that could be checked", command.format("set") + " --own"
