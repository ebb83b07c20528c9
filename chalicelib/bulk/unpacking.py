"""A file of the inbox, from S3's note that it is there to its last record on the merchant's queue.

Whatever happens, the note stays on its queue until the file is done, or handed on to the next
invocation.  Killed anywhere, a worker has sent one wave at most that it didn't write down; those
messages go out again, and their transactions are recognised.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from chalicelib.bulk.formats import Csv, Json, JsonLines, key_at
from chalicelib.bulk.poslog import PosLog
from chalicelib.bulk.progress import SERVICE, Checkpoints, Progress, checkpoint_key
from chalicelib.bulk.records import Format, OutOfTime, Reading, Record, drafts
from chalicelib.bulk.sending import Queue, waves
from chalicelib.bulk.source import Place, opened
from chalicelib.calls import queue_url
from chalicelib.dedupe import wall_clock
from chalicelib.errors import Code, Rejected, Retry

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

FILES, RESULTS = "files/", "results/"
#: What must fit before the deadline when a chunk is read: a wave, its bodies, its checkpoint.
WAVE_MS = 55_000
LONGEST_KEY = 1024


@dataclass(frozen=True)
class File:
    """A file that was dropped."""

    place: Place
    merchant: str
    name: str
    #: Tells it from what will stand under its name later.
    version: str

    @property
    def result_key(self) -> str:
        key = f"{RESULTS}{self.merchant}/{self.name}.json"
        if len(key.encode()) <= LONGEST_KEY:
            return key
        return checkpoint_key(self.merchant, self.place.key, "").replace("#", "/") + ".json"


def noted(body: str, bucket: str) -> Iterator[File]:
    """Yield the files that a note of S3's tells of; its test note tells of none."""
    for record in json.loads(body).get("Records", ()):
        told = record["s3"]["object"]
        key = unquote_plus(told["key"])
        if record["s3"]["bucket"]["name"] != bucket or not key.startswith(FILES):
            continue
        merchant, _, name = key.removeprefix(FILES).partition("/")
        version = told.get("sequencer") or told["eTag"]
        yield File(Place(bucket, key, told["eTag"]), merchant, name, version)


def format_of(name: str, settings: Mapping[str, Any]) -> Format:
    """Return how a file of that name is read; `settings` are those of its merchant's vendor."""
    ending = name.lower().removesuffix(".gz").rpartition(".")[2]
    columns = settings.get("key", ())
    if ending == "csv":
        renamed = tuple(settings.get("renamed", {}).items())
        return Csv(settings.get("delimiter", ","), columns, renamed)
    if ending == "xml":
        return PosLog()
    key = key_at(columns) if columns else None
    if ending in ("ndjson", "jsonl"):
        return JsonLines(key)
    if ending == "json":
        return Json(key)
    reason = "the name must end in .xml, .csv, .json, .ndjson or .jsonl, and .gz if it is packed"
    raise Rejected(Code.UNKNOWN_FORMAT, reason)


@dataclass(frozen=True)
class Unpacker:
    """Takes files apart.  `declared` maps each merchant to what ops wrote down of it."""

    s3: "S3Client"
    sqs: "SQSClient"
    dynamodb: "DynamoDBClient"
    bucket: str
    #: What the names of the stage begin with, which is its table's name, too.
    stage: str
    place: str
    declared: Mapping[str, Mapping[str, Any]]
    now_ms: Callable[[], int] = wall_clock

    def run(self, body: str, deadline_ms: int) -> list[dict[str, Any]]:
        """Take the files of a note apart; return what became of each, for the log.

        Raise Retry, or what AWS raises, for what is to come again.
        """
        return [self._file(found, body, deadline_ms) for found in noted(body, self.bucket)]

    def _file(self, found: File, body: str, deadline_ms: int) -> dict[str, Any]:
        checkpoints = Checkpoints(self.dynamodb, self.stage)
        key = checkpoint_key(found.merchant, found.place.key, found.version)
        progress = checkpoints.read(key, self.now_ms())
        if progress.done:
            return self._told(found, progress, "done before")
        keyed = bool(self.declared.get(found.merchant, {}).get("key"))
        began, reading = progress.offset, Reading(self._records(found, progress, deadline_ms))
        try:
            for wave in waves(drafts(reading, keyed=keyed)):
                progress.sent(wave, self._queue(found.merchant).send(wave))
                if not checkpoints.write(key, progress, self.now_ms()):
                    return self._told(found, progress, "left to another worker")
        except Rejected as reason:
            reading.stopped = reason
        if isinstance(reading.stopped, OutOfTime):
            if progress.offset == began:
                raise Retry("no record could be read in time")
            url = queue_url(self.sqs, self._arn(SERVICE))
            self.sqs.send_message(QueueUrl=url, MessageBody=body)
            return self._told(found, progress, "goes on")
        told = self._end(found, progress, reading.stopped)
        checkpoints.write(key, replace(progress, done=True), self.now_ms())
        return told

    def _records(self, found: File, progress: Progress, deadline_ms: int) -> Iterator[Record]:
        def tick() -> None:
            if self.now_ms() + WAVE_MS > deadline_ms:
                raise OutOfTime

        settings = self.declared.get(found.merchant, {})
        if settings.get("kind") != "sqs":
            raise Rejected(Code.UNKNOWN_MERCHANT, "no merchant of that name has a queue")
        format_, offset = format_of(found.name, settings), progress.offset
        text, start, encoding = opened(self.s3, found.place, offset, progress.encoding, tick)
        progress.encoding = encoding
        yield from format_.records(text, start, progress.frame)

    def _end(self, found: File, progress: Progress, fault: Rejected | None) -> dict[str, Any]:
        """Write the result into the bucket, and return it without its list of refusals."""
        if not fault and not progress.records:
            fault = Rejected(Code.EMPTY, "there is no record in it")
        told = self._told(found, progress, "refused" if fault else "done")
        if fault:
            told |= {"code": fault.code.value, "reason": fault.reason}
        whole = told | {"refusals": progress.refusals}
        self.s3.put_object(
            Bucket=self.bucket, Key=found.result_key, ContentType="application/json",
            Body=json.dumps(whole, ensure_ascii=False, indent=1).encode(),
        )  # fmt: skip
        return told

    def _told(self, found: File, progress: Progress, state: str) -> dict[str, Any]:
        return {
            "file": found.place.key,
            "version": found.version,
            "merchant": found.merchant,
            "state": state,
            "records": progress.records,
            "messages": progress.messages,
            "offloaded": progress.offloaded,
            "refused": progress.refused,
            "started": _moment(progress.started_ms),
            "at": _moment(self.now_ms()),
        }

    def _queue(self, merchant: str) -> Queue:
        return Queue(self.sqs, self.s3, self._arn(merchant), self.bucket, merchant)

    def _arn(self, name: str) -> str:
        return f"arn:aws:sqs:{self.place}:{self.stage}-{name}"


def _moment(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
