"""Bodies that SQS and SNS can't carry as text travel packed, and say so in an attribute."""

import base64
import re
import zlib
from typing import Any

#: The message attribute: `base64`, or `gzip+base64`.
CONTENT_ENCODING = "ContentEncoding"
#: A message attribute by which the SQS Extended Client knows a pointer: the body's bytes.
POINTED_SIZE = "ExtendedPayloadSize"
GZIP = "gzip+base64"
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
#: What SQS doesn't carry: characters that XML 1.0 doesn't have.  Named one by one, the pattern is
#: made in a tenth of the time that it takes by what it carries.
_NOT_CARRIED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def fitted(body: bytes, limit: int) -> tuple[str, str]:
    """Return the body as SQS takes it, and its encoding: empty where it goes as it is.

    It may be longer than `limit` even when packed: the caller looks.
    """
    if len(body) <= limit:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = ""
        if text and not _NOT_CARRIED.search(text):
            return text, ""
    return pack(body), GZIP


def pack(body: bytes) -> str:
    """Return the body as `gzip+base64` reads it."""
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    return base64.b64encode(packer.compress(body) + packer.flush()).decode()


def unpack(packed: bytes, limit: int) -> bytes | None:
    """Return what gzip or zlib packed, or None if that is longer than `limit`.

    Raises ValueError or zlib.error where it is cut off, or more follows.
    """
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    body = unpacker.decompress(packed, limit + 1)
    if len(body) > limit:
        return None
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("cut off, or more follows")
    return body


def size_attribute(size: int) -> dict[str, Any]:
    """Return the message attribute of a pointer to a body of so many bytes."""
    return {POINTED_SIZE: {"DataType": "Number", "StringValue": str(size)}}
