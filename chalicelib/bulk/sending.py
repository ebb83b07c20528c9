"""Messages to a merchant's queue, in waves: each is one call, and wholly taken before the next."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.bulk.records import Draft
from chalicelib.calls import batches, note, queue_url, text_attributes
from chalicelib.errors import Code, Rejected, Retry
from chalicelib.packing import CONTENT_ENCODING, POINTED_SIZE, fitted
from chalicelib.parcels import offload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

#: What a call, and so a message, takes in bytes.
LIMIT = 1024 * 1024
ENTRIES_A_CALL, TRIES = 10, 5
#: Bytes of a body that still travels by itself: attributes count, and the other way round too.
LONGEST = LIMIT - 1024


def waves(drafts: Iterable[Draft]) -> Iterator[list[Draft]]:
    """Group messages so that a wave is one call, and bounded in memory."""
    return batches(drafts, ENTRIES_A_CALL, lambda draft: draft.size, 4 * LIMIT)


@dataclass(frozen=True)
class Queue:
    """A merchant's queue, and where what it doesn't take is put."""

    sqs: "SQSClient"
    s3: "S3Client"
    arn: str
    bucket: str
    merchant: str

    def send(self, wave: Sequence[Draft]) -> int:
        """Send all messages of a wave, or raise; return how many bodies went into the bucket."""
        entries = [self._entry(draft.body) for draft in wave if draft.texts]
        for part in batches(entries, ENTRIES_A_CALL, _size, LIMIT):
            self._send([entry | {"Id": str(at)} for at, entry in enumerate(part)])
        return sum(POINTED_SIZE in entry["MessageAttributes"] for entry in entries)

    def _send(self, entries: list[dict[str, Any]]) -> None:
        url = queue_url(self.sqs, self.arn)
        for _ in range(TRIES):
            try:
                answer = self.sqs.send_message_batch(QueueUrl=url, Entries=entries)  # type: ignore[arg-type]
            except self.sqs.exceptions.QueueDoesNotExist as fault:
                raise Rejected(Code.UNKNOWN_MERCHANT, "the merchant has no queue") from fault
            taken = {entry["Id"] for entry in answer.get("Successful", ())}
            entries = [entry for entry in entries if entry["Id"] not in taken]
            if not entries:
                return
            for failed in answer.get("Failed", ()):
                note(f"{failed['Code']} {self.arn}")
        raise Retry(f"the queue didn't take {len(entries)} messages")

    def _entry(self, body: str) -> dict[str, Any]:
        content = body.encode()
        if len(content) <= LONGEST:
            text, encoding = fitted(content, LONGEST)
            if len(text) <= LONGEST:
                told = text_attributes([(CONTENT_ENCODING, encoding)] if encoding else [])
                return {"MessageBody": text, "MessageAttributes": told}
        found = offload(self.s3, self.bucket, self.merchant, content)
        return {"MessageBody": found.body, "MessageAttributes": found.attributes}


def _size(entry: dict[str, Any]) -> int:
    return len(entry["MessageBody"].encode()) + 100
