"""`python -m ops quarantine`: what was set aside and why, and what to do about it."""

import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from chalicelib.errors import Misconfigured
from ops.deadletters import Letter, Peek
from ops.merchants import Declared, named
from ops.redrive import foretold, moved

_SHORT_ID, _SHOWN = 8, 4_000
_MASKED = "Bodies in quarantine are masked: card numbers, and personal data that is not kept."


def show_list(one: Declared, options: argparse.Namespace) -> int:
    """List what was set aside, and why."""
    with Peek(one, options.stage) as peek:
        letters = _chosen(peek, options)
    if options.json:
        for letter in letters:
            print(json.dumps(_told(letter)))
        return 0
    console = Console()
    if not letters:
        console.print(f"{one.merchant.id}: nothing is in quarantine")
        return 0
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head in ("id", "since (UTC)", "code", "records", "first reason"):
        table.add_column(head, no_wrap=head != "first reason")
    for letter in letters:
        first = letter.reasons[0]
        about = first.get("transaction") or (f"#{first['position']}" if "position" in first else "")
        reason = f"{about}: {first['reason']}" if about else str(first["reason"])
        cells = (letter.id[:_SHORT_ID], letter.seen, letter.code, str(letter.rejected), reason)
        table.add_row(*cells)
    console.print(table)
    counts = Counter(letter.code for letter in letters)
    told = ", ".join(f"{code} {count}" for code, count in counts.most_common())
    console.print(f"{len(letters)} messages: {told}")
    console.print(
        f"Next: ops quarantine show {one.merchant.id} {letters[0].id[:_SHORT_ID]};"
        f" what a code means: docs/QUARANTINE.md",
        soft_wrap=True,
    )
    return 0


def show(one: Declared, options: argparse.Namespace) -> int:
    """Show one message with everything that is known of it."""
    with Peek(one, options.stage) as peek:
        letters = _chosen(peek, options)
    if not letters:
        raise Misconfigured(f"no message in quarantine begins with {options.message}")
    for letter in letters:
        for name, value in _told(letter).items():
            if name != "reasons":
                print(f"{name:<10} {value}")
        for reason in letter.reasons:
            print(f"reason     {json.dumps(reason, ensure_ascii=False)}")
        body = pretty(letter.masked(one))
        cut = len(body) > _SHOWN and not options.full
        print(f"\n{body[:_SHOWN] if cut else body}")
        if cut:
            print(f"... ({len(body)} characters: --full shows all)")
    print(f"\n{_MASKED}")
    return 0


def redrive(one: Declared, options: argparse.Namespace) -> int:
    """Send messages again to where they came from, or say what would come of it."""
    console = Console()
    with Peek(one, options.stage) as peek:
        letters = _chosen(peek, options)
        if not letters:
            console.print(f"{one.merchant.id}: nothing to redrive")
            return 0
        if options.dry_run:
            return _foretell(console, letters, one, options.stage)
        _sure(f"Send {len(letters)} messages to {one.source} again?", sure=options.yes)
        done = 0
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("moved", total=len(letters))
            try:
                for count in moved(peek, letters, one, options.rate):
                    done += count
                    progress.update(task, completed=done)
            except KeyboardInterrupt:
                console.print(f"stopped: {done} of {len(letters)} were moved, the rest is kept")
                raise
    console.print(f"{done} of {len(letters)} moved to {one.source}. {_MASKED}", soft_wrap=True)
    if done < len(letters):
        console.print(
            "[red]The others could not be sent, and stay in quarantine: try again, or look at them."
        )
        return 1
    return 0


def discard(one: Declared, options: argparse.Namespace) -> int:
    """Save messages to a file, and delete them."""
    if not (options.code or options.message or options.all):
        raise Misconfigured("say which: --code, --message or --all")
    console = Console()
    with Peek(one, options.stage) as peek:
        letters = _chosen(peek, options)
        if not letters:
            console.print(f"{one.merchant.id}: nothing to discard")
            return 0
        _sure(f"Delete {len(letters)} messages for good?", sure=options.yes)
        try:
            file = options.save.open("x", encoding="utf-8")
        except FileExistsError as fault:
            raise Misconfigured(f"{options.save} is there already: name a new file") from fault
        with file:
            for at in range(0, len(letters), 10):
                part = letters[at : at + 10]
                for letter in part:
                    file.write(json.dumps(_told(letter) | {"body": letter.masked(one)}) + "\n")
                file.flush()
                os.fsync(file.fileno())
                peek.delete(part)
    console.print(f"{len(letters)} messages deleted; {options.save} has what they were, masked")
    return 0


def _chosen(peek: Peek, options: argparse.Namespace) -> list[Letter]:
    """Return the messages that the options speak of."""
    found = []
    for letter in peek.letters():
        code, start = options.code, options.message
        if (not code or code == letter.code) and (not start or letter.id.startswith(start)):
            found.append(letter)
        if options.limit and len(found) == options.limit:
            break
    return sorted(found, key=lambda letter: letter.sent_ms)


def _foretell(console: Console, letters: list[Letter], one: Declared, stage: str) -> int:
    whole: Counter[str] = Counter()
    for letter in letters:
        ahead = foretold(letter, one, stage)
        whole += ahead
        told = ", ".join(f"{count} {what}" for what, count in sorted(ahead.items()))
        console.print(f"{letter.id[:_SHORT_ID]}  {told}", soft_wrap=True)
    console.print(f"\nof {whole.total()} records in {len(letters)} messages:")
    for what, count in whole.most_common():
        console.print(f"  {count:>6} {what}")
    console.print("Nothing was moved. Without --dry-run it is.")
    return 0


def _told(letter: Letter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "since": letter.seen,
        "code": letter.code,
        "records": letter.rejected,
        "source": letter.attributes.get("source", ""),
        "message_id": letter.attributes.get("message_id", ""),
        "reasons": letter.reasons,
    }


def pretty(body: str) -> str:
    """Return JSON indented, and anything else as it is."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body


def _sure(question: str, *, sure: bool) -> None:
    if sure:
        return
    if not sys.stdin.isatty():
        raise Misconfigured("no terminal to ask at: give --yes")
    if input(f"{question} [y/N] ").strip().lower() not in {"y", "yes"}:
        raise Misconfigured("nothing was done")


def add(commands: Any) -> None:
    """Add the command and its verbs."""
    from ops.__main__ import add_stage

    text = "Look at what was set aside, send it again, or discard it."
    verbs = commands.add_parser("quarantine", help=text, description=text).add_subparsers(
        required=True, metavar="VERB"
    )
    for name, command in (("list", show_list), ("show", show), ("redrive", redrive),
                          ("discard", discard)):  # fmt: skip
        parser = verbs.add_parser(name, help=command.__doc__, description=command.__doc__)
        add_stage(parser)
        parser.add_argument("merchant")
        if name == "show":
            parser.add_argument("message", help="its id, or the beginning of it")
            parser.add_argument("--full", action="store_true", help="show long bodies whole")
            parser.set_defaults(code="", limit=0)
        else:
            parser.add_argument("--code", default="", help="only messages with this code")
            parser.add_argument("--limit", type=int, default=100 if name == "list" else 0,
                                help="so many messages at most (0: all)")  # fmt: skip
            parser.add_argument("--message", default="", help="only the one with this id")
        if name == "list":
            parser.add_argument("--json", action="store_true", help="JSON lines for machines")
        if name == "redrive":
            parser.add_argument("--dry-run", action="store_true", help="say what would come of it")
            parser.add_argument("--rate", type=int, default=50, help="messages a second (50)")
        if name == "discard":
            parser.add_argument("--all", action="store_true", help="every message")
            parser.add_argument("--save", type=Path, required=True, help="a new file to keep them")
        if name in {"redrive", "discard"}:
            parser.add_argument("--yes", action="store_true", help="don't ask")
        parser.set_defaults(
            command=lambda options, run=command: run(
                named(options.stage, options.merchant), options
            )
        )
