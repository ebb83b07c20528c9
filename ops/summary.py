"""How a day's trading ended, for people to read."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ops.check import Found
from ops.day import Day
from ops.logged import COUNTED

#: Column heads that would be too wide for a terminal of 80 columns.
_HEADS = {
    "published": "pub-\nlished",
    "duplicate": "dupli-\ncate",
    "superseded": "super-\nseded",
    "ignored": "ig-\nnored",
    "quarantined": "quaran-\ntined",
    "left": "tried\nagain",
    "in queue": "at sub-\nscriber",
}


def table(days: list[Day], found: Found) -> Table:
    """Return what became of each merchant's transactions."""
    shown = Table(title="What became of the day's trading", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown.add_column("merchant", no_wrap=True)
    for fate in (*COUNTED, "in queue"):
        shown.add_column(_HEADS.get(fate, fate), justify="right", no_wrap=True)
    for day in days:
        counts = found.counts[day.merchant]
        events = sum(e["data"]["merchant"] == day.merchant for e in found.events)
        shown.add_row(day.merchant, *(f"{counts[fate]:,}" for fate in COUNTED), f"{events:,}")
    if silent := found.silent.total():
        who = ", ".join(sorted(name for name, lost in found.silent.items() if lost))
        shown.caption_justify = "left"
        shown.caption = (
            f"The machine was so busy that the emulator lost log lines of {silent} invocations: "
            f"counts of {who} may be too low.  Events and quarantine were counted where they are.\n"
        )
    return shown


def verdict(console: Console, days: list[Day], wrong: list[str], seconds: float) -> None:
    """Say whether all of it holds, and what to do next."""
    expected = sum(len(day.expected) for day in days)
    if wrong:
        console.print("[bold red]It does not hold:")
        for text in wrong:
            console.print(f"[red]  - {text}")
        console.print("Please report this with the lines above.")
        return
    console.print(
        f"[green]All {expected:,} transactions reached the subscriber's queue, none of them twice; "
        f"no card number is in any queue, in the table or in a log.[/] ({seconds:.0f} s)"
    )
    console.print(
        "\nWhat to try next:\n"
        "  make run N=20000                    a busier day\n"
        "  make run KEEP=1, then make console  keep it up, and look around in it on a page\n"
        "  .venv/bin/python -m ops adapt --help  try a payload of your own, without AWS\n"
        "  open app.py                         and add a merchant: README, 'Add a merchant'",
        soft_wrap=True,
    )


def members(console: Console, found: Found) -> None:
    """Say how many members of each merchant have how many points."""
    by_merchant: dict[str, list[int]] = {}
    for (merchant, _), points in found.points.items():
        by_merchant.setdefault(merchant, []).append(points)
    console.print("Members' points, each as the tills' own records have it, to the point:")
    for merchant, all_points in sorted(by_merchant.items()):
        console.print(f"  {merchant:17} {len(all_points)} members, {sum(all_points):,} points")
    console.print()
