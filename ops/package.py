"""The app as one CloudFormation template: `chalice package`, merged with what Chalice leaves out.

What is merged in: queues, topics, table, alarms; stable names; a mapping that takes single
failures; what becomes of a topic's message whose function keeps failing; logs as JSON.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ops.compiled import compile_zip
from ops.door import packaged, routed
from ops.merchants import Declared, declared, services
from ops.parts import Resource, arn, logical_id
from ops.project import ROOT, build
from ops.resources import function_name, prefix, whole

WHEELS = ROOT / ".local" / "wheels"
#: What is put in at deployment: any account and region.
ANYWHERE = "${AWS::Region}:${AWS::AccountId}"
#: The parameter that stands for HASH_KEY, so that no file and no bucket ever holds it.
HASH_KEY = "HashKey"


def package(stage: str, folder: Path, environment: dict[str, str], **settings: Any) -> Resource:
    """Write deployment.zip and sam.json into `folder`; return the template of sam.json.

    It has the parameter `HashKey` if a merchant hashes personal data.
    """
    project = build(stage, folder / "project", environment, ANYWHERE, **settings)
    merged = project / "merged.json"
    merged.write_text(json.dumps(additions(stage)))
    run_chalice(project, "package", "--stage", stage, "--merge-template", merged.name, "..")
    found: Resource = json.loads((folder / "sam.json").read_text())
    _compiled(folder / "deployment.zip", _runtime(found))
    return found


def additions(stage: str) -> Resource:
    """Return what is merged into Chalice's template: by logical id, and key by key."""
    found = whole(stage)
    for one in declared(stage):
        found["Resources"][logical_id(one.function)] = _function(one, stage)
    for service in services(stage):
        bare = logical_id(service)
        source = {"Queue": {"Fn::Sub": f"${{{bare}Queue.Arn}}"}}
        found["Resources"][bare] = {
            "DependsOn": [f"{bare}Log"],
            "Properties": {
                "FunctionName": f"{prefix(stage)}-{service}",
                "Events": {f"{bare}SqsEventSource": {"Properties": source}},
            },
        }
    if routed(stage):
        found["Resources"] |= packaged(prefix(stage))
    if any(one.merchant.personal == "hash" for one in declared(stage)):
        found["Parameters"] = {HASH_KEY: {"Type": "String", "NoEcho": True, "MinLength": 1}}
    found["Globals"] = {"Function": {"LoggingConfig": {"LogFormat": "JSON"}}}
    return found


def _function(one: Declared, stage: str) -> Resource:
    bare = logical_id(one.merchant.id)
    name, event = function_name(stage, one), logical_id(one.function)
    properties: Resource = {"FunctionName": name}
    if one.kind == "sqs":
        # The same intrinsic as Chalice's, as they are merged key by key; it waits for the queue.
        source = {
            "Queue": {"Fn::Sub": f"${{{bare}Queue.Arn}}"},
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        }
        properties["Events"] = {f"{event}SqsEventSource": {"Properties": source}}
    else:
        topic = {"Topic": {"Fn::Sub": f"${{{bare}Topic}}"}}
        properties["Events"] = {f"{event}SnsSubscription": {"Properties": topic}}
        dead = arn("sqs", f"{prefix(stage)}-{one.merchant.id}-dead")
        failed = {"OnFailure": {"Type": "SQS", "Destination": dead}}
        properties["EventInvokeConfig"] = {"MaximumRetryAttempts": 2, "DestinationConfig": failed}
    if one.merchant.personal == "hash":
        properties["Environment"] = {"Variables": {"HASH_KEY": {"Ref": HASH_KEY}}}
    return {"DependsOn": [f"{bare}Log", f"{bare}Dead"], "Properties": properties}


def prepare(project: Path, stage: str) -> None:
    """Make the zip before `chalice deploy` does, which takes it as it then finds it."""
    zips = project / ".chalice" / "deployments"
    shutil.rmtree(zips, ignore_errors=True)
    run_chalice(project, "package", "--stage", stage, "packaged")
    found = json.loads((project / "packaged" / "sam.json").read_text())
    shutil.rmtree(project / "packaged")
    for made in zips.glob("*.zip"):
        _compiled(made, _runtime(found))


def _runtime(found: Resource) -> str:
    """Return the functions' runtime, such as python3.12: Chalice takes its own Python's."""
    functions = (one["Properties"] for one in found["Resources"].values())
    return next(str(one["Runtime"]) for one in functions if "Runtime" in one)


def _compiled(package: Path, runtime: str) -> None:
    if not compile_zip(package, runtime):
        print(
            f"note: the functions run {runtime}, and this is Python {platform.python_version()}:"
            " their modules are not compiled, and cold starts take longer",
            file=sys.stderr,
        )


def run_chalice(project: Path, *arguments: str) -> str:
    """Run a command of Chalice's in a project, with the wheels that `make` has fetched."""
    environment = dict(os.environ)
    if WHEELS.exists():
        environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(WHEELS)}
    chalice = Path(sys.executable).with_name("chalice")
    done = subprocess.run(  # noqa: S603 - our own command
        [chalice, *arguments],
        cwd=project, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    # A wheel that is missing is only a warning to Chalice, and a failing function to us.
    if done.returncode or "Could not install" in done.stdout + done.stderr:
        sys.exit(f"chalice {arguments[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
