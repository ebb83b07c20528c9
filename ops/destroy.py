"""Take a stage down, but for what can't be had again: the dedupe table and the dead letters."""

import sys

from rich.console import Console

from ops.aws import client, place
from ops.deploy import STATE
from ops.merchants import declared
from ops.package import run_chalice
from ops.project import ROOT, build
from ops.resources import prefix, stacks
from ops.stack import delete, status


def destroy(stage: str, *, sure: bool) -> int:
    """Delete a stage's functions, queues, topics and alarms, if the operator is sure."""
    console, name = Console(), prefix(stage)
    merchants = declared(stage)
    names = [name, *reversed(stacks(stage))]
    there = [one for one in names if status(client("cloudformation"), one)]
    if not there and not (STATE / f"{stage}.json").exists():
        console.print(f"stage {stage} is not deployed in {place()}: nothing to do")
        return 0
    console.print(
        f"This deletes stage {stage} in {place()}: the functions, queues and topics of"
        f" {len(merchants)} merchants, WITH THE MESSAGES THAT WAIT IN THEM, and the alarms.\n"
        f"It keeps the tables {name} and {name}-rewards, and every dead-letter queue.",
        soft_wrap=True,
    )
    if not sure and not _asked(stage):
        console.print("nothing was deleted")
        return 2
    if (STATE / f"{stage}.json").exists():
        _delete_functions(stage)
        console.print("functions  deleted")
    for one in there:
        delete(client("cloudformation"), one)
        console.print(f"stack      {one} deleted")
    console.print(
        f"Kept: the tables of {name} and the dead letters. `make deploy` takes them in again."
    )
    return 0


def _asked(stage: str) -> bool:
    """Let the operator type the stage's name."""
    if not sys.stdin.isatty():
        sys.stderr.write("error: no terminal to ask at: give --yes\n")
        return False
    return input(f"Type the stage's name to go on ({stage}): ").strip() == stage


def _delete_functions(stage: str) -> None:
    project = build(stage, ROOT / ".local" / "deploy" / stage, {}, place())
    (project / ".chalice" / "deployed").mkdir(exist_ok=True)
    state = STATE / f"{stage}.json"
    (project / ".chalice" / "deployed" / state.name).write_bytes(state.read_bytes())
    run_chalice(project, "delete", "--stage", stage)
    state.unlink()
