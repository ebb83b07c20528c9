"""What must hold after each row, looked up in queues, dead letters, table and logs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chalicelib.claims import Claim
from chalicelib.dedupe import marker_key
from chalicelib.model import claim_key
from chalicelib.table import Table, parsed, uncovered
from ops.collect import drain
from ops.logged import Log
from ops.parts import MOST_RECEIVES
from ops.tills import TILLS, Sale
from tests.wire.rows import COMMIT, DEAD, LEDGER, PUBLISH, Row
from tests.wire.shop import Shop

Events = list[dict[str, Any]]


@dataclass
class Found:
    """What was sent in one row, and what was found of it."""

    row: Row
    merchant: str
    sales: list[Sale]
    #: How many events of these sales arrived before, at each destination.
    earlier: dict[str, int] = field(default_factory=dict)
    #: What was logged before.
    before: Log = field(default_factory=Log)
    sent: int = 0
    fired: list[int] = field(default_factory=list)
    #: Operations that weren't waited for, as the machine was too busy.
    given_up: Counter[str] = field(default_factory=Counter)
    #: Destination -> the events that arrived there.
    arrived: dict[str, Events] = field(default_factory=dict)
    dead: list[dict[str, Any]] = field(default_factory=list)
    log: Log = field(default_factory=Log)
    most_receives: int = 0

    @property
    def expected(self) -> dict[str, int]:
        """The amounts of the sales, in cents, by the transaction's id."""
        identify = TILLS["harbour-coffee"].identify
        return {identify(sale): sale.cents for sale in self.sales}

    @property
    def copies(self) -> int:
        """Copies beyond the first, over all destinations."""
        counts = [Counter(event["id"] for event in events) for events in self.arrived.values()]
        return sum(each.total() - len(each) for each in counts)

    @property
    def unheard(self) -> int:
        """Return how many invocations told nothing although nobody killed them."""
        return max(self.log.silent - self.row.kills, 0)


def broken(found: Found, shop: Shop) -> list[str]:
    """Return what doesn't hold, in words; nothing if all does."""
    wrong = [f"a fault never fired: {found.fired}"] if 0 in found.fired else []
    if left := shop.left(found.merchant):
        wrong.append(f"{left} messages are stuck")
    for queue, events in found.arrived.items():
        window = _strikes(found, queue) * len(found.sales)
        wrong += [f"{queue}: {text}" for text in misdelivered(found, events, window)]
    wrong += _misjudged(found, shop)
    wrong += _uncommitted(found, shop)
    wrong += miscounted(found)
    if found.most_receives > MOST_RECEIVES:
        wrong.append(f"a message was received {found.most_receives} times")
    return wrong


def _strikes(found: Found, queue: str) -> int:
    """Return how often something struck between publish and commit, or looked so to a worker."""
    publish = {"rewards": PUBLISH, "ledger": LEDGER, "dead": DEAD}[queue]
    by_itself = found.given_up[publish] + found.given_up[COMMIT]
    return by_itself + (sum(found.fired) if queue in found.row.window else 0)


def misdelivered(found: Found, events: Events, window: int) -> Iterator[str]:
    """Look at one destination's events: none lost, and `window` copies at most."""
    ids: dict[str, set[str]] = {}
    for event in events:
        ids.setdefault(event["subject"], set()).add(event["id"])
        if event["data"]["total"] != found.expected.get(event["subject"]):
            yield f"{event['subject']} has an amount that nobody sent"
    if missing := found.expected.keys() - ids.keys():
        yield f"{len(missing)} of {len(found.expected)} were lost"
    if any(len(each) > 1 for each in ids.values()):
        yield "copies have different event ids"
    copies = len(events) - len(ids)
    if copies > window:
        yield f"{copies} came twice"


def _misjudged(found: Found, shop: Shop) -> Iterator[str]:
    """Look at the dead letters: what can't be read, with its reason, and nothing else."""
    sqs = shop.emulator.client("sqs")
    found.dead = [m["MessageAttributes"] for m in drain(sqs, shop.name(f"{found.merchant}-dead"))]
    if any("code" not in attributes for attributes in found.dead):
        yield "a message was given up"
    ids = {attributes["message_id"]["StringValue"] for attributes in found.dead}
    copies = len(found.dead) - len(ids)
    if len(ids) != found.row.poison or copies > _strikes(found, "dead"):
        yield f"{len(found.dead)} dead letters of {len(ids)} messages, not {found.row.poison}"


def _uncommitted(found: Found, shop: Shop) -> Iterator[str]:
    """Look for each sale's claim: committed, with the revision that arrived."""
    table = Table(shop.emulator.client("dynamodb"), shop.name("")[:-1])
    revisions = {event["subject"]: event["data"]["revision"] for event in found.arrived["rewards"]}
    keys = {claim_key(found.merchant, "square", name): name for name in found.expected}
    items = table.read(keys)
    claims: list[Claim] = [parsed(item) for item in items.values() if item]
    markers = table.read({marker_key(claim) for claim in claims})
    committed = {
        claim.key
        for claim in claims
        if (marker := markers[marker_key(claim)]) and claim.key not in uncovered(marker)
    }
    if committed != keys.keys():
        yield f"{len(keys) - len(committed)} claims are not committed"
    if any(claim.revision != revisions.get(keys[claim.key], claim.revision) for claim in claims):
        yield "a claim has another revision than what arrived"


def miscounted(found: Found) -> Iterator[str]:
    """Look at the logs, which may tell of too few publishes, as a killed worker tells nothing."""
    if not found.log.conserved:
        yield "an invocation's counts don't add up"
    if found.log.ended < found.sent and not found.unheard:
        yield f"{found.sent} were sent, {found.log.ended} are logged as ended"
    if found.log.counts["published"] > len(found.sales):
        yield f"{found.log.counts['published']} were counted as published"
