"""A file of the inbox as a stream of text: fetched, unpacked and decoded as it is read."""

import codecs
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Code, Rejected
from chalicelib.payload import encoding_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK = 256 * 1024
#: Bytes that a packed file may have once it is unpacked: it can only be read from its beginning.
MOST_UNPACKED = 2 * 1024**3
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Place:
    """An object, as it was when we were told of it."""

    bucket: str
    key: str
    etag: str


def opened(
    s3: "S3Client", place: Place, offset: int, encoding: str, tick: Callable[[], None]
) -> tuple[Iterator[str], int, str]:
    """Open a file; return its text from `offset` on, where that text starts, and its encoding.

    `offset` counts bytes of UTF-8, and `encoding` is what was returned for offset 0.  `tick` is
    called at each chunk.  The text raises Rejected where it can't be read any further, and what S3
    raises.
    """
    packed = place.key.lower().endswith(".gz")
    seek = offset if encoding == "utf-8" and not packed else 0
    chunks = _raw(s3, place, seek)
    chunks = _ticking(unpacked(chunks) if packed else chunks, tick)
    head = _head(chunks) if not encoding else b""
    encoding = encoding or encoding_of(head)
    text = decoded(_chain(head, chunks), encoding)
    if offset:
        return _after(text, offset - seek), offset, encoding
    first = next(text, "")
    bare = first.removeprefix("\ufeff")
    return _chain(bare, text), len((first[: len(first) - len(bare)]).encode()), encoding


def _raw(s3: "S3Client", place: Place, seek: int) -> Iterator[bytes]:
    extra: dict[str, Any] = {"Range": f"bytes={seek}-"} if seek else {}
    try:
        answer = s3.get_object(Bucket=place.bucket, Key=place.key, IfMatch=place.etag, **extra)
    except Exception as fault:
        told = getattr(fault, "response", None) or {}
        code = told.get("Error", {}).get("Code", "")
        if code in {"NoSuchKey", "PreconditionFailed", "AccessDenied"}:
            reason = "the file was deleted or replaced before it was read to its end"
            raise Rejected(Code.FILE_GONE, reason) from fault
        if code == "InvalidRange":  # the last record was the end of the file
            return
        raise
    while chunk := answer["Body"].read(CHUNK):
        yield chunk


def _ticking(chunks: Iterable[bytes], tick: Callable[[], None]) -> Iterator[bytes]:
    for chunk in chunks:
        tick()
        yield chunk


def unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack gzip, of several members too; never more than a chunk of it at a time."""
    unpacker, left, begun = zlib.decompressobj(_GZIP), MOST_UNPACKED, False
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if unpacker.eof:
                    if not (rest := rest.lstrip(b"\0")):
                        break  # mere padding
                    unpacker = zlib.decompressobj(_GZIP)
                begun = True
                part = unpacker.decompress(rest, CHUNK)
                rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
                left -= len(part)
                if left < 0:
                    reason = f"the file unpacks to more than {MOST_UNPACKED} bytes"
                    raise Rejected(Code.BODY_TOO_LARGE, reason)
                if part:
                    yield part
    except zlib.error as fault:
        raise Rejected(Code.BAD_ENCODING, "the file is not gzip, or damaged") from fault
    if begun and not unpacker.eof:
        raise Rejected(Code.BAD_ENCODING, "the gzip is cut off")


def decoded(chunks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Decode, and yield whatever is good before the first byte that isn't."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in chunks:
            if text := decoder.decode(chunk):
                yield text
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as fault:
        if encoding != "utf-16":  # whose beginning says how all the rest is read
            yield fault.object[: fault.start].decode(encoding)
        raise Rejected(Code.BAD_ENCODING, f"the file is not {encoding}") from fault


def _after(text: Iterator[str], offset: int) -> Iterator[str]:
    """Pass over the first bytes of a text, which end with a character."""
    for chunk in text:
        if offset <= 0:
            yield chunk
            continue
        content = chunk.encode()
        yield content[offset:].decode()
        offset -= len(content)


def _head(chunks: Iterator[bytes]) -> bytes:
    """Return as much of the beginning as tells the encoding."""
    head = b""
    while len(head) < CHUNK and (chunk := next(chunks, b"")):
        head += chunk
    return head


def _chain(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    if first:
        yield first
    yield from rest
