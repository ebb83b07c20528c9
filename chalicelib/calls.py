"""AWS calls: several of one step at once, what came of each, and what SNS and SQS want in one.

A call that fails is not an error yet: what it was for stays on the queue.  But it is noted, by type
and code alone, as texts from AWS may quote what they were given.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

T = TypeVar("T")
R = TypeVar("R")

MOST_AT_ONCE = 20
_log = logging.getLogger(__name__)


def in_parallel(call: Callable[[T], R], parts: Sequence[T]) -> list[R | Exception]:
    """Make the calls, at most twenty at a time; an answer's place may hold what it raised instead.

    Any exception counts, not only botocore's: proxies and broken answers raise others.
    """
    if len(parts) < 2:  # noqa: PLR2004 - no threads for one call, or none
        return [attempt(call, part) for part in parts]
    with ThreadPoolExecutor(min(len(parts), MOST_AT_ONCE)) as pool:
        return list(pool.map(lambda part: attempt(call, part), parts))


def batches(
    parts: Iterable[T], most: int, size: Callable[[T], int] | None = None, limit: int = 0
) -> Iterator[list[T]]:
    """Split into runs of at most `most` parts, and at most `limit` bytes if a size is given."""
    batch: list[T] = []
    used = 0
    for part in parts:
        bytes_ = size(part) if size else 0
        if batch and (len(batch) == most or used + bytes_ > limit):
            yield batch
            batch, used = [], 0
        batch.append(part)
        used += bytes_
    if batch:
        yield batch


def attempt(call: Callable[[T], R], part: T) -> R | Exception:
    """Make one call; return its answer, or what it raised."""
    try:
        return call(part)
    except Exception as fault:  # noqa: BLE001 - the caller decides what each failure means
        answer = getattr(fault, "response", None) or {}
        code = answer.get("Error", {}).get("Code", "")
        note(f"{type(fault).__name__} {code} {getattr(fault, 'operation_name', '')}")
        return fault


def note(fault: str) -> None:
    """Log why something is left for another try."""
    _log.warning("left for another try: %s", " ".join(fault.split()))


def queue_url(sqs: "SQSClient", arn: str) -> str:
    """Return the URL of a queue, which AWS derives from its ARN, without asking for it."""
    account, name = arn.split(":")[4:]
    return f"{sqs.meta.endpoint_url}/{account}/{name}"


def text_attributes(values: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return message attributes as SNS and SQS want them."""
    return {name: {"DataType": "String", "StringValue": value} for name, value in values}
