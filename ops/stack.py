"""The app on the emulator: resources first, then the functions, both by CloudFormation."""

import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ops.emulator import Emulator
from ops.merchants import Declared, declared
from ops.project import ROOT, build
from ops.resources import logical_id, template

STAGE = "local"
WHEELS = ROOT / ".local" / "wheels"
BUCKET = "tillbridge-local-code"
#: Workers a function.  The emulator unpacks the code anew for each of them, in one process.
WORKERS = 2
_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64"}


def create_resources(emulator: Emulator, stage: str = STAGE) -> None:
    """Create queues, topics and the table."""
    _create(emulator, f"tillbridge-{stage}-resources", template(stage))
    # The emulator's CloudFormation leaves TTL out, so the table gets it by its own call.
    emulator.client("dynamodb").update_time_to_live(
        TableName=f"tillbridge-{stage}",
        TimeToLiveSpecification={"AttributeName": "expiry", "Enabled": True},
    )


def deploy_functions(emulator: Emulator, environment: dict[str, str], stage: str = STAGE) -> int:
    """Package the app as Chalice does and deploy it; return the zip's size in bytes."""
    with tempfile.TemporaryDirectory(prefix="tillbridge-build-") as folder:
        project = build(
            stage,
            Path(folder) / "project",
            {**emulator.environment, **environment},
            lambda_architecture=_ARCHITECTURES.get(platform.machine(), "x86_64"),
        )
        out = Path(folder) / "out"
        _package(project, out, stage)
        code = (out / "deployment.zip").read_bytes()
        document = json.loads((out / "sam.json").read_text())
    key = f"{hashlib.sha256(code).hexdigest()}.zip"
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=key, Body=code)
    names = {logical_id(one.function): function_name(stage, one) for one in declared(stage)}
    for logical, resource in document["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            properties = resource["Properties"]
            properties |= {"CodeUri": f"s3://{BUCKET}/{key}", "FunctionName": names[logical]}
            for source in properties["Events"].values():
                if source["Type"] == "SQS":
                    source["Properties"]["ScalingConfig"] = {"MaximumConcurrency": WORKERS}
    _create(emulator, f"tillbridge-{stage}", document)
    return len(code)


def function_name(stage: str, one: Declared) -> str:
    """Return the name that Chalice gives a merchant's function."""
    return f"tillbridge-{stage}-{one.function}"


def _package(project: Path, out: Path, stage: str) -> None:
    """Run `chalice package`, with the wheels that `make` has fetched: no network is needed."""
    environment = dict(os.environ)
    if WHEELS.exists():
        environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(WHEELS)}
    chalice = Path(sys.executable).with_name("chalice")
    done = subprocess.run(  # noqa: S603 - our own command
        [chalice, "package", "--stage", stage, out],
        cwd=project, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    # A wheel that is missing is only a warning to Chalice, and a failing function to us.
    if done.returncode or "Could not install" in done.stdout + done.stderr:
        sys.exit(f"chalice package failed:\n{done.stdout}{done.stderr}")


def _create(emulator: Emulator, name: str, document: dict[str, Any]) -> None:
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(
        StackName=name, TemplateBody=json.dumps(document), Capabilities=["CAPABILITY_IAM"]
    )
    while True:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            return
        if not stack["StackStatus"].endswith("IN_PROGRESS"):
            reason = stack.get("StackStatusReason", "no reason given")
            sys.exit(f"stack {name}: {stack['StackStatus']}: {reason}")
        time.sleep(0.05)
