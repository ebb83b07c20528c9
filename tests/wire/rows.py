"""The fault matrix, as data: what goes wrong, how often, and what may come of it."""

from dataclasses import dataclass
from typing import Any

from tests.wire.rules import KILLS, Act
from tests.wire.shop import HIDDEN

SERVICES = {
    "BatchExecuteStatement": "dynamodb",
    "BatchGetItem": "dynamodb",
    "PutItem": "dynamodb",
    "PublishBatch": "sns",
    "SendMessageBatch": "sqs",
    "SendMessage": "sqs",
    "DeleteMessageBatch": "sqs",
    "ChangeMessageVisibilityBatch": "sqs",
}
CLAIM, LOOK, COMMIT = "BatchExecuteStatement", "BatchGetItem", "PutItem"
PUBLISH, LEDGER, DEAD = "PublishBatch", "SendMessageBatch", "SendMessage"
DELETE, POSTPONE = "DeleteMessageBatch", "ChangeMessageVisibilityBatch"
#: A call is tried twice: so often it must fail to fail for good.
FOR_GOOD = 2
ALL = tuple(range(10))
BOTH = ("rewards", "ledger")

#: What microburst does to a call.
ERROR = {"error": {"code": "InternalServerError", "status": 500}}
SNS_ERROR = {"error": {"code": "InternalError", "status": 500}}
SNS_THROTTLED = {"error": {"code": "Throttled", "status": 429}}
THROTTLED = {"error": {"code": "ProvisionedThroughputExceededException"}}
RESET = {"reset": True}
LOST = {"response": {"abort_bytes": 0}}
CUT = {"response": {"truncate_bytes": 20}}
GARBLED = {"response": {"corrupt_bytes": 4}}
#: Longer than what a claim, or a commit, is waited for; and what a publish is waited for.
LATE, SLOW = {"latency": 3000}, {"latency": 4000}
CREEPING = {"latency": {"min": 20, "max": 400}}


@dataclass(frozen=True)
class Fault:
    """What befalls the first `times` calls of an operation: an Act of ours or microburst's rule."""

    operation: str
    does: Act | dict[str, Any]
    times: int = 1
    places: tuple[int, ...] = ()
    code: str = "InternalError"
    #: A text that the call must contain.
    where: str = ""


@dataclass(frozen=True)
class Row:
    """One row of the matrix: ten sales go through its faults."""

    name: str
    faults: tuple[Fault, ...]
    #: Where copies under the same id may come, as it strikes between publish and commit.
    window: tuple[str, ...] = ()
    #: Whether the sales went out before, so that newer revisions of them are what is sent.
    revised: bool = False
    #: Messages that can't be read, among the ten.
    poison: int = 0
    #: Whether all of it is sent again while the first call is held.
    again: bool = False
    #: Seconds until what a dead worker had comes back.
    hidden: int = HIDDEN

    @property
    def kills(self) -> int:
        return sum(
            fault.times
            for fault in self.faults
            if isinstance(fault.does, Act) and fault.does in KILLS
        )


def row(name: str, *faults: Fault, **more: Any) -> Row:
    return Row(name, faults, **more)


QUICK = (
    row("claim: answer lost, tried again", Fault(CLAIM, LOST)),
    row(
        "claim: statement 2 throttled inside a 200",
        Fault(CLAIM, Act.REFUSE, places=(2,), code="ThrottlingError"),
    ),
    row("publish: answer lost, tried again", Fault(PUBLISH, LOST), window=("rewards",)),
    row("worker killed before its claim", Fault(CLAIM, Act.KILL_BEFORE), hidden=2),
)
FAST = (
    *QUICK,
    row("claim: throttled once", Fault(CLAIM, THROTTLED)),
    row("claim: throttled for a while", Fault(CLAIM, THROTTLED, 2 * FOR_GOOD)),
    row("claim: connection reset", Fault(CLAIM, RESET)),
    row("claim: 500 for good", Fault(CLAIM, ERROR, FOR_GOOD)),
    row("claim: applied, then 500", Fault(CLAIM, Act.APPLY_THEN_500)),
    row("claim: lands late, tried again", Fault(CLAIM, LATE)),
    row(
        "claim: every statement fails inside a 200",
        Fault(CLAIM, Act.REFUSE, places=ALL, code="InternalServerError"),
    ),
    row("look: 500 for good", Fault(LOOK, ERROR, FOR_GOOD), revised=True),
    row("look: answer lost, tried again", Fault(LOOK, LOST), revised=True),
    row("take-over: answer lost", Fault(CLAIM, LOST, where="UPDATE"), revised=True),
    row("take-over: 500 for good", Fault(CLAIM, ERROR, FOR_GOOD, where="UPDATE"), revised=True),
    row("publish: 500 once", Fault(PUBLISH, SNS_ERROR)),
    row("publish: applied, then 500", Fault(PUBLISH, Act.APPLY_THEN_500), window=("rewards",)),
    row("publish: slow, messages come back meanwhile", Fault(PUBLISH, SLOW), hidden=3),
    row("publish: held, all sent again meanwhile", Fault(PUBLISH, Act.HOLD), again=True),
    row("commit: throttled once", Fault(COMMIT, THROTTLED)),
    row("commit: answer lost, tried again", Fault(COMMIT, LOST)),
    row("commit: applied, then 500, twice", Fault(COMMIT, Act.APPLY_THEN_500, FOR_GOOD)),
    row("commit: answer garbled", Fault(COMMIT, GARBLED)),
    row("worker killed after its commit", Fault(COMMIT, Act.KILL_AFTER), hidden=3),
    row("quarantine: 500 for good", Fault(DEAD, ERROR, FOR_GOOD), poison=1),
    row("quarantine: answer lost", Fault(DEAD, LOST), poison=1, window=("dead",)),
    row(
        "everything: slow", *(Fault(one, CREEPING, 50) for one in (CLAIM, PUBLISH, LEDGER, COMMIT))
    ),
)
#: Rows that wait for a lease to end: that of a dead worker, or of what was refused.
SLOW_ROWS = (
    row("claim: answer cut short, twice", Fault(CLAIM, CUT, FOR_GOOD)),
    row("claim: lands late, twice", Fault(CLAIM, LATE, FOR_GOOD)),
    row("claim: applied, then 500, twice", Fault(CLAIM, Act.APPLY_THEN_500, FOR_GOOD)),
    row("publish: 500 for good", Fault(PUBLISH, SNS_ERROR, FOR_GOOD)),
    row("publish: throttled for good", Fault(PUBLISH, SNS_THROTTLED, FOR_GOOD)),
    row("publish: entries 1 and 4 refused inside a 200", Fault(PUBLISH, Act.REFUSE, places=(1, 4))),
    row("publish: every entry refused inside a 200", Fault(PUBLISH, Act.REFUSE, places=ALL)),
    row("second destination: entry 0 refused", Fault(LEDGER, Act.REFUSE, places=(0,))),
    row("second destination: 500 for good", Fault(LEDGER, ERROR, FOR_GOOD)),
    row("commit: 500 for good", Fault(COMMIT, ERROR, FOR_GOOD), window=BOTH),
    row("worker killed after its claim", Fault(CLAIM, Act.KILL_AFTER)),
    row("worker killed after it published", Fault(PUBLISH, Act.KILL_AFTER), window=BOTH),
    row("worker killed before its commit", Fault(COMMIT, Act.KILL_BEFORE), window=BOTH),
    row(
        "acknowledgement: 500 for good",
        Fault(PUBLISH, Act.REFUSE, places=(3,)),
        Fault(DELETE, ERROR, FOR_GOOD),
    ),
    row(
        "worker killed before it acknowledges",
        Fault(PUBLISH, Act.REFUSE, places=(3,)),
        Fault(DELETE, Act.KILL_BEFORE),
    ),
    row(
        "return to the queue: 500 for good",
        Fault(PUBLISH, Act.REFUSE, places=(3,)),
        Fault(POSTPONE, ERROR, FOR_GOOD),
    ),
)
