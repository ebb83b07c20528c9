"""What is wrong, in words, and what mends it.

AWS's own texts may quote anything, and aren't shown.
"""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
)  # fmt: skip

from chalicelib.errors import Misconfigured, Rejected
from ops.console.place import Stage

_DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId",
            "UnrecognizedClientException", "SignatureDoesNotMatch"}  # fmt: skip
_MISSING = {"ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue",
            "QueueDoesNotExist", "NoSuchBucket", "NotFound"}  # fmt: skip
#: What may happen to any page; anything else is a fault of ours.
FAULTS = (Misconfigured, Rejected, BotoCoreError, ClientError)


def told(fault: Exception, stage: Stage) -> tuple[str, str]:
    """Return what is wrong and what mends it, in words."""
    if isinstance(fault, Misconfigured | Rejected):
        what, _, remedy = str(fault).partition(": ")
        return what, remedy
    if isinstance(fault, ClientError):
        return _refused(fault, stage)
    if isinstance(fault, NoCredentialsError):
        return "There are no AWS credentials", "run `aws configure` or set AWS_PROFILE, and restart"
    if isinstance(fault, EndpointConnectionError):
        again = "`make run KEEP=1` again, and restart the console"
        return "AWS can't be reached", again if stage.emulated else "look at region and network"
    if isinstance(fault, BotoCoreError):
        return f"{type(fault).__name__} while talking to AWS", "try again"
    what = f"Something that nobody foresaw went wrong ({type(fault).__name__})"
    return what, "please report it with the lines that the console's terminal shows"


def _refused(fault: ClientError, stage: Stage) -> tuple[str, str]:
    code, call = fault.response.get("Error", {}).get("Code", ""), fault.operation_name
    if code in _DENIED:
        return f"Your credentials may not call {call}", "ask for that permission"
    if code in _EXPIRED:
        return "Your AWS credentials are no longer valid", "log in again, and restart the console"
    if code in _MISSING:
        mend = f"deploy stage {stage.name} first, or start the console with another --stage"
        return f"Stage {stage.name} lacks what {call} asks for", mend
    return f"AWS refused {call} ({code})", "try again; if it stays, see `python -m ops doctor`"
