"""The archive: every event once more, in objects of JSON lines, for subscribers yet to come.

What is published can't be asked for again, so a queue of its own takes it to a bucket.  Copies are
kept as they come; whoever reads them knows them by their event ids.
"""

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "events/"


def keep(s3: "S3Client", bucket: str, event: Mapping[str, Any]) -> None:
    """Write a batch's events as one object.  The same batch writes the same object again."""
    records = event["Records"]
    lines = "".join(record["body"] + "\n" for record in records)
    body = gzip.compress(lines.encode(), mtime=0)
    s3.put_object(Bucket=bucket, Key=name(records), Body=body)


def name(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the key of a batch's object: by the hour in which its first event was sent."""
    sent = min(int(record["attributes"]["SentTimestamp"]) for record in records)
    ids = "".join(sorted(record["messageId"] for record in records))
    hour = datetime.fromtimestamp(sent / 1000, UTC)
    return f"{PREFIX}{hour:%Y/%m/%d/%H}/{hashlib.sha256(ids.encode()).hexdigest()[:32]}.jsonl.gz"
