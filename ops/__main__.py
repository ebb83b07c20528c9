"""`python -m ops`: the commands for people.  Each says what it does with --help."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chalicelib.errors import Misconfigured

USAGE, INTERRUPTED = 2, 130
FEWEST, MOST = 100, 1_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    from ops import doctor, quarantine, replay, secrets, trace, upload, waits
    from ops.console import command as console

    parser = argparse.ArgumentParser(prog="python -m ops", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_adapt(commands)
    _add_resources(commands)
    _add_project(commands)
    _add_deploy(commands)
    _add_package(commands)
    _add_destroy(commands)
    quarantine.add(commands)
    trace.add(commands)
    waits.add(commands)
    doctor.add(commands)
    secrets.add(commands)
    replay.add(commands)
    upload.add(commands)
    console.add(commands)
    _add_run(commands)
    _add_schema(commands)
    _add_stop(commands)
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(INTERRUPTED))
    try:
        return int(options.command(options))
    except Misconfigured as fault:
        print(f"error: {fault}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("\ninterrupted; nothing is left running", file=sys.stderr)
        return INTERRUPTED


def _add_adapt(commands: Any) -> None:
    from ops.adapt import adapt_files, merchant, vendors

    text = "Adapt payload files as the merchant's function would, and print the transactions."
    parser = commands.add_parser("adapt", help=text, description=text)
    parser.add_argument("--vendor", required=True, choices=vendors())
    parser.add_argument("--merchant", default="my-shop", help="one of app.py's, for its settings")
    parser.add_argument("--timezone", help="the stores' IANA zone, such as Europe/Paris")
    parser.add_argument("--currency", help="ISO 4217 code, for payloads that name none")
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a payload; - reads standard input"
    )
    parser.set_defaults(
        command=lambda o: adapt_files(
            o.files, merchant(o.vendor, o.merchant, o.timezone, o.currency)
        )
    )


def add_stage(parser: Any) -> None:
    """Add the option that says which stage."""
    stage = os.environ.get("STAGE", "dev")
    parser.add_argument("--stage", default=stage, help=f"default: STAGE, or dev (now: {stage})")


def _add_resources(commands: Any) -> None:
    text = "Print the CloudFormation template of a stage's resources, derived from app.py."
    parser = commands.add_parser("resources", help=text, description=text)
    add_stage(parser)
    parser.set_defaults(command=_resources)


def _resources(options: argparse.Namespace) -> int:
    from ops.resources import whole

    print(json.dumps(whole(options.stage), indent=2))
    return 0


def _add_project(commands: Any) -> None:
    text = "Write the Chalice project of a stage, with a policy file for each merchant's function."
    parser = commands.add_parser("project", help=text, description=text)
    add_stage(parser)
    parser.add_argument("folder", type=Path)
    parser.set_defaults(command=_project)


def _project(options: argparse.Namespace) -> int:
    from ops.aws import place
    from ops.project import build

    build(options.stage, options.folder, {}, place())
    print(f"written; now: cd {options.folder} && chalice deploy --stage {options.stage}")
    return 0


def _add_deploy(commands: Any) -> None:
    text = "Deploy a stage: its resources by CloudFormation, its functions by `chalice deploy`."
    parser = commands.add_parser("deploy", help=text, description=text)
    add_stage(parser)
    parser.set_defaults(command=_deploy)


def _deploy(options: argparse.Namespace) -> int:
    from ops.deploy import deploy

    return deploy(options.stage)


def _add_package(commands: Any) -> None:
    text = "Package a stage as CloudFormation, functions included; with --bucket, deploy that."
    parser = commands.add_parser("package", help=text, description=text)
    add_stage(parser)
    parser.add_argument("--bucket", default="", help="where zip and templates may be put")
    parser.add_argument("folder", type=Path)
    parser.set_defaults(command=_package)


def _package(options: argparse.Namespace) -> int:
    from ops.ship import ship

    return ship(options.stage, options.folder, options.bucket)


def _add_destroy(commands: Any) -> None:
    text = "Delete a stage, but for its table and its dead letters.  Asks first."
    parser = commands.add_parser("destroy", help=text, description=text)
    add_stage(parser)
    parser.add_argument("--yes", action="store_true", help="don't ask")
    parser.set_defaults(command=_destroy)


def _destroy(options: argparse.Namespace) -> int:
    from ops.destroy import destroy

    return destroy(options.stage, sure=options.yes)


def _add_run(commands: Any) -> None:
    text = "Deploy the app to the embedded AWS, send a day's trading through it and check it."
    parser = commands.add_parser("run", help=text, description=text)
    parser.add_argument("--count", type=_count, default=2000, help="transactions (default: 2000)")
    parser.add_argument("--keep", action="store_true", help="leave it up, and print its addresses")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from ops.run import run

    return run(options.count, keep=options.keep)


def _add_schema(commands: Any) -> None:
    text = "Write docs/schema: events as JSON Schema and AsyncAPI, the door as OpenAPI."
    commands.add_parser("schema", help=text, description=text).set_defaults(command=_schema)


def _schema(_: argparse.Namespace) -> int:
    from ops.schema import write

    return write()


def _add_stop(commands: Any) -> None:
    text = "Stop the emulator that `run --keep` left up."
    commands.add_parser("stop", help=text, description=text).set_defaults(command=_stop)


def _stop(_: argparse.Namespace) -> int:
    from ops.emulator import stop_kept

    at = stop_kept()
    print(f"stopped the emulator at {at}" if at else "no emulator was kept")
    return 0


def _count(text: str) -> int:
    count = int(text)
    if not FEWEST <= count <= MOST:
        raise argparse.ArgumentTypeError(f"between {FEWEST} and {MOST}")
    return count


if __name__ == "__main__":
    sys.exit(main())
