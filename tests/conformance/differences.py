"""Where the embedded AWS isn't as AWS documents itself.

Each is asserted both ways, so that it is noticed when it is mended, or changes.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """What comes of a call: an error's code, or what happens, in words."""

    aws: str
    emulator: str


DIFFERENCES = {
    "delete with the receipt of an earlier receive": Difference(
        "accepted, nothing deleted", "ReceiptHandleIsInvalid"
    ),
    "delete twice": Difference("accepted", "ReceiptHandleIsInvalid"),
    "publish a batch of more than 256 KiB": Difference("BatchRequestTooLong", "accepted"),
    "publish an empty batch": Difference("EmptyBatchRequest", "InvalidParameter"),
    "publish a batch with one empty message": Difference("that one fails", "all are taken"),
}
