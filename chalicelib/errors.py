"""An error type says what happens next, not where it happened.

- Rejected: the message is bad. Quarantine it at once, a resend can't help.
- Ignored: nothing is wrong. A known state that isn't final, so there's nothing to publish.
- Retry: AWS said "not now", or another worker is at it. Leave it on the queue.
- Misconfigured: a setting is wrong. Nothing runs until it is mended.
"""

from enum import StrEnum


class Code(StrEnum):
    """Why something is in quarantine.  The remedies are in docs/QUARANTINE.md."""

    NOT_JSON = "not_json"
    NOT_XML = "not_xml"
    BAD_ENCODING = "bad_encoding"
    UNDECLARED_ENCODING = "undeclared_encoding"
    BODY_TOO_LARGE = "body_too_large"
    FOREIGN_POINTER = "foreign_pointer"
    POINTER_LOST = "pointer_lost"
    UNKNOWN_MERCHANT = "unknown_merchant"
    UNKNOWN_FORMAT = "unknown_format"
    FILE_GONE = "file_gone"
    TOO_MANY = "too_many"
    TOO_DEEP = "too_deep"
    XML_DOCTYPE = "xml_doctype"
    XML_ENTITIES = "xml_entities"
    EMPTY = "empty"
    BAD_SHAPE = "bad_shape"
    UNKNOWN_EVENT = "unknown_event"
    UNKNOWN_STATUS = "unknown_status"
    UNKNOWN_VALUE = "unknown_value"
    THIN_NOTIFICATION = "thin_notification"
    MISSING_ID = "missing_id"
    BAD_MONEY = "bad_money"
    MISSING_CURRENCY = "missing_currency"
    UNKNOWN_CURRENCY = "unknown_currency"
    MIXED_CURRENCY = "mixed_currency"
    BAD_QUANTITY = "bad_quantity"
    BAD_TIME = "bad_time"
    MISSING_ZONE = "missing_zone"
    UNSUPPORTED = "unsupported"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    ADAPTER_FAULT = "adapter_fault"


class Rejected(Exception):
    """The message is bad and stays bad.

    `position` counts the message's records from 1; `subject` is the transaction's id where known.
    """

    def __init__(self, code: Code, reason: str, position: int = 0, subject: str = "") -> None:
        super().__init__(code, reason)  # as it is called, so that it can be copied
        self.subject = subject
        self.code = code
        self.reason = reason
        self.position = position

    def __str__(self) -> str:
        return f"{self.code}: {self.reason}"


class Ignored(Exception):
    """A known state that yields no transaction, such as an open order or a training sale."""

    def __init__(self, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


class Retry(Exception):
    """Not now: what is left on the queue comes again."""


class Misconfigured(Exception):
    """A setting of the app or of a merchant is missing or wrong."""
