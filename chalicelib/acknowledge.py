"""What is done leaves the queue at once; what is left comes back soon, and then less and less soon.

Chalice can't switch on ReportBatchItemFailures, and without it Lambda takes a returned list of
failures for success.  So on a partial failure we delete the finished messages ourselves and raise:
that is right with the setting and without it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.calls import batches, in_parallel, queue_url
from chalicelib.receive import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

ENTRIES_A_CALL = 10
#: Seconds until a message comes back: doubled at each receive, up to five minutes.
LONGEST_WAIT = 300


def acknowledge(sqs: "SQSClient", done: Sequence[Message], left: Sequence[Message]) -> None:
    """Delete the finished messages, and set when the others come back.

    It never raises: what couldn't be deleted comes back as a duplicate.  SNS has no receipts.
    """
    calls: list[tuple[Any, str, list[Any]]] = []
    for change, found in ((_delete, done), (_postpone, left)):
        kept = [message for message in found if message.receipt]
        for part in batches(kept, ENTRIES_A_CALL):
            entries = [change(str(place), message) for place, message in enumerate(part)]
            calls.append((change, queue_url(sqs, part[0].source_arn), entries))
    in_parallel(lambda call: _send(sqs, *call), calls)


def wait(receive_count: int) -> int:
    """Return for how many seconds a message stays hidden after so many receives."""
    return min(1 << min(receive_count, 16), LONGEST_WAIT)


def _send(sqs: "SQSClient", change: Any, url: str, entries: list[Any]) -> None:
    if change is _delete:
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    else:
        sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)


def _delete(place: str, message: Message) -> dict[str, Any]:
    return {"Id": place, "ReceiptHandle": message.receipt}


def _postpone(place: str, message: Message) -> dict[str, Any]:
    return _delete(place, message) | {"VisibilityTimeout": wait(message.receive_count)}
