"""The checker: after a month of everything that goes wrong, every member has what is owed.

What is owed is worked out by `tests/owed.py` from what the tills remember, and from what members
were told of their claims.  Of two who claim one receipt one must be told that it is theirs, and
that is whose it is; so far, and no further, the order of things counts.
"""

from collections import defaultdict
from collections.abc import Iterator

from chalicelib.members import Claimed
from tests.counter import Counter, wrong
from tests.simulation.points.chain import JUNK, Chain
from tests.simulation.points.claimant import Claimant

FATES = ("applied", "duplicate", "waiting", "ignored", "quarantined", "left")


def violations(world: Chain) -> list[str]:
    """Return what is broken."""
    if world.endless:
        return ["it never comes to an end"]
    found = [*_left(world), *_counts(world), *_claims(world), *_balances(world)]
    return [*world.watch.broken, *found]


def _left(world: Chain) -> Iterator[str]:
    """Nothing may be left on a queue, among what SQS buried, or waiting."""
    for name in world.pollers:
        if count := len(world.sqs.queues[name].messages):
            yield f"{count} messages are left on {name}"
    aside = set()
    for queue, _, letter in world.letters():
        if "code" not in letter.attributes or letter.body != JUNK:
            yield f"{queue} has a dead letter though all is well: {letter.body[:200]}"
        aside.add(letter.body)
    if world.case.junk and JUNK not in aside:
        yield "what is no event is not in quarantine"
    for key, write in world.table.pending.items():
        yield f"{key} is never written: {write}"
    for one in Counter(world.table).inbox.waits():
        yield f"{one.subject} still waits for {one.original}"


def _counts(world: Chain) -> Iterator[str]:
    """Each line of rewards: in = the sum of all fates."""
    for line in world.logged:
        if "subscriber" in line and line["in"] != sum(line[fate] for fate in FATES):
            yield f"the counts of {line['request_id']} don't add up: {line}"
        if "conserved" in line and not line["conserved"]:
            yield f"the counts of {line['request_id']} don't add up: {line}"


def _claims(world: Chain) -> Iterator[str]:
    """One of those who claim a receipt gets it, unless its sale was undone before."""
    claimed = defaultdict[tuple[str, str], list[Claimant]](list)
    for one in world.claimants:
        claimed[one.shop, one.number].append(one)
    for bill in world.month.bills:
        bill.claimed_by = ""
        asked = claimed.get((bill.shop, f"R{bill.number}"), [])
        owners = sorted({one.who for one in asked if one.said is Claimed.CLAIMED})
        if len(owners) == 1:
            bill.claimed_by = owners[0]
        elif asked and not (bill.voided and not owners):
            said = [(one.who, str(one.said)) for one in asked]
            yield f"receipt R{bill.number} of {bill.shop} was claimed: {said}"


def _balances(world: Chain) -> Iterator[str]:
    counter = Counter(world.table)
    try:
        found = wrong(counter, world.month)
    except AssertionError as fault:
        yield f"an account is not the sum of its entries: {fault}"
        return
    for (shop, who), (held, due) in sorted(found.items()):
        yield f"{who} has {held} points at {shop}, and is owed {due}"
