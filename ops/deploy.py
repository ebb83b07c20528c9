"""Ship a stage: its resources by CloudFormation, then its functions by `chalice deploy`.

Chalice knows what it deployed from .chalice/deployed/<stage>.json alone: keep that file.
"""

import json
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chalicelib.errors import Misconfigured
from ops import door
from ops.aws import client, place
from ops.merchants import Declared, declared
from ops.package import prepare, run_chalice
from ops.parts import Resource
from ops.project import ROOT, build
from ops.resources import function_name, prefix, stack_name, stacks
from ops.secret import hash_key
from ops.stack import apply, settle_tables, status

STATE = ROOT / ".chalice" / "deployed"
#: Stacks that are created at a time: more, and CloudFormation asks for patience.
AT_A_TIME = 5
#: Stacks that are named one by one.
NAMED = 8
NOWHERE: Mapping[str, str] = MappingProxyType({})


def deploy(stage: str) -> int:
    """Bring a stage up to date, and say what was changed."""
    console, merchants = Console(), declared(stage)
    console.print(f"stage      {stage}, in {place()}")
    if status(client("cloudformation"), prefix(stage)):
        raise Misconfigured(f"stage {stage} was shipped by `make package`: go on with that")
    _refuse_lost_state(stage, merchants)
    changed = apply_all(stacks(stage), console)
    settle_tables(client("dynamodb"), prefix(stage))
    console.print(f"resources  {told(changed)}", soft_wrap=True)
    with console.status("functions  chalice deploy: some seconds for each function"):
        _deploy_functions(stage, {"HASH_KEY": hash_key(stage, merchants)})
        for one in merchants:
            if one.kind == "sns":
                keep_failures(stage, one)
    console.print(f"functions  {len(merchants)} merchants deployed")
    if api := door.api_of(json.loads((STATE / f"{stage}.json").read_text())):
        door.settle(prefix(stage), api)
        console.print(f"door       {door.url(prefix(stage))}", soft_wrap=True)
    _strays(stage, merchants, console)
    console.print(
        f"\nKeep .chalice/deployed/{stage}.json: Chalice knows from it what it deployed."
        f"\nNext: python -m ops doctor --stage {stage}",
        soft_wrap=True,
    )
    return 0


def apply_all(
    templates: Mapping[str, Resource], console: Console, urls: Mapping[str, str] = NOWHERE,
    **parameters: str,
) -> list[str]:  # fmt: skip
    """Apply the first stack, then the others side by side; return the names of those changed.

    `urls` say where templates lie in S3, `parameters` are passed on to those that have them.
    """
    columns = (
        TextColumn("{task.description:10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    cloudformation = client("cloudformation")
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("stacks", total=len(templates))

        def one(named: tuple[str, Resource]) -> tuple[str, bool]:
            name, template = named
            changed = apply(cloudformation, name, template, urls.get(name, ""), **parameters)
            progress.advance(task)
            return name, changed

        first, *others = templates.items()
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            done = [one(first), *pool.map(one, others)]
    return [name for name, changed in done if changed]


def told(changed: list[str]) -> str:
    """Say which stacks were changed: by name, while they are few."""
    names = ", ".join(changed[:NAMED]) or "none"
    more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
    return f"{len(changed)} stacks changed: {names}{more}"


def keep_failures(stage: str, one: Declared) -> None:
    """Keep what a topic's function fails at: Chalice has no word for it."""
    dead = f"arn:aws:sqs:{place()}:{prefix(stage)}-{one.merchant.id}-dead"
    client("lambda").put_function_event_invoke_config(
        FunctionName=function_name(stage, one),
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": dead}},
    )


def _deploy_functions(stage: str, environment: dict[str, str]) -> None:
    """Run `chalice deploy` on a copy, and bring what it knows back even if it fails."""
    project, state = ROOT / ".local" / "deploy" / stage, STATE / f"{stage}.json"
    copied = project / ".chalice" / "deployed" / state.name
    shutil.rmtree(copied.parent, ignore_errors=True)
    build(stage, project, environment, place())
    if state.exists():
        copied.parent.mkdir()
        shutil.copy(state, copied)
    try:
        prepare(project, stage)
        run_chalice(project, "deploy", "--stage", stage)
    finally:
        (project / ".chalice" / "config.json").unlink()  # it holds the key
        if copied.exists():
            state.parent.mkdir(exist_ok=True)
            shutil.copy(copied, state)


def _refuse_lost_state(stage: str, merchants: list[Declared]) -> None:
    """Refuse to deploy a second time what Chalice has forgotten: it would map queues twice."""
    if (STATE / f"{stage}.json").exists():
        return
    there = deployed(stage)
    if any(function_name(stage, one) in there for one in merchants):
        raise Misconfigured(
            f"stage {stage} is deployed, but .chalice/deployed/{stage}.json is not here:"
            " bring it back from where it was deployed, or `make destroy` first"
        )


def deployed(stage: str) -> dict[str, Any]:
    """Return the stage's functions by name, as they are in the account."""
    pages = client("lambda").get_paginator("list_functions").paginate()
    found = {one["FunctionName"]: one for page in pages for one in page["Functions"]}
    return {name: one for name, one in found.items() if name.startswith(f"{prefix(stage)}-")}


def _strays(stage: str, merchants: list[Declared], console: Console) -> None:
    """Tell of stacks whose merchant is no longer in app.py: they may hold messages."""
    pages = client("cloudformation").get_paginator("describe_stacks").paginate()
    there = {one["StackName"] for page in pages for one in page["Stacks"]}
    known = {stack_name(stage, one) for one in merchants}
    for name in sorted(there - known):
        if name.startswith(f"{prefix(stage)}-merchant-"):
            console.print(
                f"[yellow]{name} is of no merchant in app.py: when its queues are empty,"
                f" delete the stack.[/] Its dead letters stay.",
                soft_wrap=True,
            )
