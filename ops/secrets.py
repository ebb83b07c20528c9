"""`python -m ops secrets`: who may come in by the door.  It never prints a secret."""

import argparse
import getpass
import json
import os
import secrets as random
import sys
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from chalicelib import signatures
from chalicelib.errors import Misconfigured
from ops.aws import client
from ops.entries import WHERE, signs, stored, target
from ops.merchants import Declared, declared, named

#: Shorter secrets of our own could be guessed.
SHORTEST = 32


def put(one: Declared, options: argparse.Namespace) -> int:
    """Store a secret: one of the vendor's webhooks, or with --own one of tills of your own."""
    kind = _kind(one, options)
    before = stored(options.stage).get(one.merchant.id, ({}, None))[0]
    value = [] if options.greeting else [_given(one, options)]
    _write(one, options, before | {kind: value})
    return _explain(one, options, kind, "stored" if value else "waiting for the vendor's greeting")


def rotate(one: Declared, options: argparse.Namespace) -> int:
    """Store a new secret, and let the one before it stay good until the next rotation."""
    kind = _kind(one, options)
    before = stored(options.stage).get(one.merchant.id, ({}, None))[0]
    if not before.get(kind):
        raise Misconfigured(f"{one.merchant.id} has none yet: python -m ops secrets set")
    new = _given(one, options)
    if new == before[kind][0]:
        raise Misconfigured("that is the secret which is stored already")
    _write(one, options, before | {kind: [new, before[kind][0]]})
    return _explain(one, options, kind, "stored; the one before it is still good")


def show(options: argparse.Namespace) -> int:
    """List what is stored for each merchant: how many secrets and since when, not what they are."""
    console, known = Console(), stored(options.stage)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head in ("merchant", "vendor", "of the vendor", "own", "since", "webhooks go to"):
        table.add_column(head)
    for one in declared(options.stage):
        entry, since = known.get(one.merchant.id, ({}, None))
        counts = [str(len(entry.get(kind, ()))) for kind in ("secrets", "own")]
        moment = f"{since:%Y-%m-%d}" if since else "-"
        hook = entry.get("url") or target(one, options.stage)
        table.add_row(one.merchant.id, one.vendor, *counts, moment, hook)
    console.print(table)
    return 0


def _kind(one: Declared, options: argparse.Namespace) -> str:
    if options.own:
        return "own"
    if signs(one) is None:
        raise Misconfigured(
            f"{one.vendor} signs its webhooks in no way that is known for sure: give --own, and"
            " let a function of yours that fetches sales post them to /transactions"
        )
    return "secrets"


def _given(one: Declared, options: argparse.Namespace) -> str:
    """Return the secret: generated into a file, typed in, or from standard input."""
    ours = options.own or signs(one) is signatures.verify
    if options.generate:
        if not ours:
            raise Misconfigured(f"{one.vendor} makes its secret itself: {WHERE[one.vendor]}")
        return _generated(options.generate)
    asked = f"secret of {one.merchant.id} ({'own' if ours else one.vendor}): "
    value = getpass.getpass(asked) if sys.stdin.isatty() else sys.stdin.readline()
    value = value.strip()
    if not value or not value.isascii() or not value.isprintable():
        raise Misconfigured("no secret was given: type it in, or send it to standard input")
    if ours and len(value) < SHORTEST:
        raise Misconfigured(f"it has less than {SHORTEST} characters: let --generate FILE make one")
    if one.vendor == "adyen" and not ours:
        _refuse_unless_hex(value)
    return value


def _generated(file: Path) -> str:
    value = random.token_hex(32)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as fault:
        raise Misconfigured(f"{file} is there already: name another file") from fault
    with os.fdopen(handle, "w") as out:
        out.write(value + "\n")
    return value


def _refuse_unless_hex(value: str) -> None:
    try:
        bytes.fromhex(value)
    except ValueError as fault:
        raise Misconfigured("Adyen's HMAC keys are written in hex") from fault


def _write(one: Declared, options: argparse.Namespace, entry: dict[str, Any]) -> None:
    entry |= {"vendor": one.vendor, "source": one.kind}
    url = options.url or entry.get("url") or target(one, options.stage)
    if url.startswith("http"):
        entry["url"] = url
    elif one.vendor == "square" and entry.get("secrets"):
        raise Misconfigured("Square signs its URL: deploy the door first, or give --url")
    client("ssm").put_parameter(
        Name=f"/tillbridge/{options.stage}/door/{one.merchant.id}",
        Value=json.dumps(entry), Type="SecureString", Overwrite=True,
    )  # fmt: skip


def _explain(one: Declared, options: argparse.Namespace, kind: str, said: str) -> int:
    hook = stored(options.stage)[one.merchant.id][0].get("url") or target(one, options.stage)
    print(f"{one.merchant.id}: {said}. The door knows it within a minute.")
    if kind == "own":
        print(f"Tills post to  {hook.removesuffix('/webhook')}/transactions")
        print("and sign with it as docs/HTTP.md says.")
    else:
        print(f"Enter at {one.vendor}, letter for letter:  {hook}")
        if options.greeting:
            print("Its greeting will be in the log of the door. Then: python -m ops secrets set")
        if one.vendor in WHERE:
            print(f"Its secret is {WHERE[one.vendor]}.")
    if options.generate:
        print(f"The new secret is in {options.generate}: hand it over, then delete the file.")
    print(f"Next: python -m ops secrets show-status --stage {options.stage}")
    return 0


def add(commands: Any) -> None:
    """Add the commands."""
    from ops.__main__ import add_stage

    parser = commands.add_parser("secrets", help=__doc__.partition("`: ")[2], description=__doc__)
    parts = parser.add_subparsers(required=True, metavar="ACTION")
    listing = parts.add_parser("show-status", help=show.__doc__, description=show.__doc__)
    add_stage(listing)
    listing.set_defaults(command=show)
    for name, command in (("set", put), ("rotate", rotate)):
        part = parts.add_parser(name, help=command.__doc__, description=command.__doc__)
        add_stage(part)
        part.add_argument("merchant")
        part.add_argument("--own", action="store_true", help="of your own tills and tools")
        part.add_argument("--url", default="", help="the webhook's URL, if it is at your domain")
        part.add_argument(
            "--generate", type=Path, metavar="FILE", help="make one, and write it there (0600)"
        )
        if name == "set":
            part.add_argument(
                "--greeting", action="store_true",
                help="no secret yet: answer what Clover and Zettle send before they tell it",
            )  # fmt: skip
        part.set_defaults(
            greeting=False, command=lambda o, run=command: run(named(o.stage, o.merchant), o)
        )
