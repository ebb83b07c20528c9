"""Bodies that lie in the inbox bucket, as people need them: looked at, and kept for longer."""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from chalicelib.errors import Misconfigured, Rejected, Retry
from chalicelib.parcels import fetched, own
from chalicelib.receive import Message
from ops.aws import client, place
from ops.resources import prefix


def inbox_bucket(stage: str) -> str:
    """Return the name of the bucket that large bodies and files lie in."""
    region, account = place().split(":")
    return f"{prefix(stage)}-inbox-{account}-{region}"


@dataclass(frozen=True)
class Bodies:
    """A merchant's large bodies in one stage."""

    stage: str
    merchant: str

    def fetched(self, message: Message) -> Message:
        """Return the message with its body, wherever that lies."""
        if not message.may_point:
            return message
        try:
            return fetched(client("s3"), inbox_bucket(self.stage), self.merchant, message)
        except Retry as fault:
            raise Misconfigured(f"{fault}: may you read that bucket? try again") from fault

    def renewed(self, message: Message) -> bool:
        """Let what a message points to expire no sooner than if it were new; False if lost."""
        bucket = inbox_bucket(self.stage) if message.may_point else ""
        try:
            found = own(bucket, self.merchant, message) if bucket else None
        except Rejected:
            return True  # it isn't the merchant's, and will be refused again
        if found is None:
            return True
        source = {"Bucket": bucket, "Key": found.key}
        try:
            client("s3").copy_object(**source, CopySource=source, MetadataDirective="REPLACE")
        except ClientError as fault:
            if fault.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                return False
            raise
        return True
