"""CloudFormation stacks: created or brought up to date, and waited for."""

import json
import time
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.errors import Misconfigured
from ops.parts import Resource

#: What CloudFormation takes in a call; anything longer must lie in S3.
MOST_BYTES = 51_200
MOST_RESOURCES = 500
_POLL_SECONDS = 0.05, 5.0
_NOTHING = ("didn't contain changes", "No updates are to be performed")


def apply(
    cloudformation: Any, name: str, template: Resource, url: str = "", **parameters: str
) -> bool:
    """Create or update a stack and wait for it; return whether anything changed.

    What stands already under a name of the template's, and outlived its stack, is taken in.
    `url` is where the template lies in S3, if it is too long to be sent.  Of the parameters those
    are passed on that the template has.
    """
    body = json.dumps(template, separators=(",", ":"))
    if not url and len(body) > MOST_BYTES:
        raise Misconfigured(f"the template of {name} has {len(body)} bytes: give a bucket for it")
    before = status(cloudformation, name)
    if before == "ROLLBACK_COMPLETE":  # its creation failed: it can only be deleted
        delete(cloudformation, name)
        before = ""
    change = f"tillbridge-{int(time.time())}"
    cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=change,
        ChangeSetType="UPDATE" if before else "CREATE",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        ImportExistingResources=True,
        Parameters=[
            {"ParameterKey": key, "ParameterValue": parameters[key]}
            for key in template.get("Parameters", {})
        ],
        **({"TemplateURL": url} if url else {"TemplateBody": body}),
    )
    if not _ready(cloudformation, name, change):
        cloudformation.delete_change_set(StackName=name, ChangeSetName=change)
        return False
    cloudformation.execute_change_set(StackName=name, ChangeSetName=change)
    _wait(cloudformation, name)
    return True


def status(cloudformation: Any, name: str) -> str:
    """Return the status of a stack, or nothing where there is none."""
    try:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    except ClientError as fault:
        if "does not exist" in str(fault):
            return ""
        raise
    # A change set that was never executed leaves a stack behind that has nothing in it.
    return "" if found in {"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"} else str(found)


def settle_tables(dynamodb: Any, name: str) -> None:
    """See to the tables' expiry and recovery, which CloudFormation has set; emulators may not."""
    for table in (name, f"{name}-rewards"):
        _settle(dynamodb, table)


def _settle(dynamodb: Any, name: str) -> None:
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if ttl["TimeToLiveStatus"] == "DISABLED":
        dynamodb.update_time_to_live(
            TableName=name,
            TimeToLiveSpecification={"AttributeName": "expiry", "Enabled": True},
        )
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        dynamodb.update_continuous_backups(
            TableName=name,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )


def delete(cloudformation: Any, name: str) -> None:
    """Delete a stack, but for what it retains, and wait for it."""
    cloudformation.delete_stack(StackName=name)
    for _ in _polls():
        if not (found := status(cloudformation, name)):
            return
        if found.endswith("FAILED"):
            raise Misconfigured(f"stack {name}: {found}: {_reason(cloudformation, name)}")


def _ready(cloudformation: Any, name: str, change: str) -> bool:
    """Wait for a change set; return whether there is anything to change."""
    for _ in _polls():
        found = cloudformation.describe_change_set(StackName=name, ChangeSetName=change)
        reason = found.get("StatusReason", "")
        if found["Status"] == "FAILED" and not any(text in reason for text in _NOTHING):
            raise Misconfigured(f"stack {name}: {reason}")
        if found["Status"] in {"FAILED", "CREATE_COMPLETE"}:
            return bool(found["Status"] == "CREATE_COMPLETE")
    return False


def _wait(cloudformation: Any, name: str) -> None:
    for _ in _polls():
        found = status(cloudformation, name)
        if found in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}:
            return
        if found and not found.endswith("IN_PROGRESS"):
            raise Misconfigured(f"stack {name}: {found}: {_reason(cloudformation, name)}")


def _polls() -> Any:
    """Wait a little longer each time: an emulator answers at once, AWS after minutes."""
    pause, longest = _POLL_SECONDS
    while True:
        yield
        time.sleep(pause)
        pause = min(pause * 1.3, longest)


def _reason(cloudformation: Any, name: str) -> str:
    """Return what CloudFormation says of the first thing that failed."""
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [one for one in events if one["ResourceStatus"].endswith("FAILED")]
    if not failed:
        return "see its events in the console"
    first = failed[-1]
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"
