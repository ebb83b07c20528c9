"""docs/COST.md, from prices, quotas and what was measured: `python -m benchmarks.document`."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.cost import HERE, MILLION, PRICES, Usage, milliseconds, monthly, per_million

DOCUMENT = HERE.parent / "docs" / "COST.md"
QUOTAS = json.loads((HERE / "quotas.json").read_text())
SECONDS = 30.4 * 24 * 3600
#: The busiest minutes of a month against its average.
PEAK = 10


def text() -> str:
    """Return the document."""
    prose = (HERE / "COST.in.md").read_text()
    tables = {
        "batches": _batches(), "month": _month(), "idle": _idle(), "growth": _growth(),
        "even": [_break_even()],
        "prices": [f"of {PRICES['region']}, {PRICES['as_of']} ({PRICES['source']})"],
        "quotas": [f"of {QUOTAS['as_of']} ({QUOTAS['source']})"],
    }  # fmt: skip
    for name, lines in tables.items():
        prose = prose.replace(f"<!-- {name} -->", "\n".join(lines))
    return prose


def _batches() -> Iterator[str]:
    services = ("Lambda", "DynamoDB", "SNS", "SQS")
    yield f"| batch | resends | ms | {' | '.join(services)} | together |"
    yield "|---" * (len(services) + 4) + "|"
    for batch in (1, 10, 100):
        for duplicates in (0, 0.1, 1):
            usage = Usage(batch=batch, duplicates=duplicates)
            costs = per_million(usage)
            cells = " | ".join(f"{costs[name]:.3f}" for name in services)
            told = f"{milliseconds(usage):.0f} | {cells} | **{sum(costs.values()):.2f}**"
            yield f"| {batch} | {duplicates:.0%} | {told} |"


def _month() -> Iterator[str]:
    parts = ("transactions", "logs", "polling", "metrics", "alarms")
    yield f"| merchants | transactions | {' | '.join(parts)} | together |"
    yield "|---" * (len(parts) + 3) + "|"
    for merchants, transactions in ((1, MILLION), (10, MILLION), (100, 10 * MILLION),
                                    (1000, MILLION), (1000, 100 * MILLION)):  # fmt: skip
        usage = Usage(transactions=transactions, merchants=merchants, queues=merchants)
        costs = monthly(usage)
        cells = " | ".join(f"{costs[name]:,.2f}" for name in parts)
        yield f"| {merchants:,} | {transactions:,} | {cells} | {sum(costs.values()):,.2f} |"


def _idle() -> Iterator[str]:
    yield "| sales a merchant | queues, batches of 1 | topics | one shared queue, batches of 10 |"
    yield "|---|---|---|---|"
    for each in (100, 1_000, 10_000, 100_000, MILLION):
        own = Usage(transactions=1000 * each, merchants=1000, queues=1000, batch=1)
        ways = (own, replace(own, queues=0), replace(own, queues=1, batch=10))
        costs = [sum(monthly(way).values()) - _watching(way) for way in ways]
        yield f"| {each:,} | " + " | ".join(f"{cost:,.0f}" for cost in costs) + " |"


def _watching(usage: Usage) -> float:
    """Return what metrics and alarms cost, which is the same whatever the queues."""
    costs = monthly(usage)
    return costs["metrics"] + costs["alarms"]


def _break_even() -> str:
    polling = monthly(Usage(transactions=0))["polling"]
    each = sum(per_million(Usage(batch=1)).values()) / MILLION
    saved = each - sum(per_million(Usage(batch=10)).values()) / MILLION
    return (
        f"An idle queue costs ${polling:.2f} a month: what {polling / each:,.0f} transactions cost"
        f" in batches of one, and what {polling / saved:,.0f} save by coming in batches of ten."
    )


def _growth() -> Iterator[str]:
    yield "| a month | a second | at peak | functions at once | write units/s | nearest quota |"
    yield "|---|---|---|---|---|---|"
    for transactions in (10**6, 10**7, 10**8, 10**9):
        average = transactions / SECONDS
        peak, usage = PEAK * average, Usage()
        busy = peak / usage.batch * milliseconds(usage) / 1000
        writes = 1.1 * peak
        shares = {
            "functions at once": busy / QUOTAS["lambda_concurrency"],
            "the table's writes": writes / QUOTAS["dynamodb_table_write_units_second"],
            "SNS": peak / QUOTAS["sns_messages_second"],
        }
        worst = max(shares, key=lambda name: shares[name])
        cells = (f"{transactions:,}", f"{average:,.1f}", f"{peak:,.0f}", f"{max(busy, 0.1):,.1f}",
                 f"{writes:,.0f}", f"{worst}: {shares[worst]:.1%}")  # fmt: skip
        yield "| " + " | ".join(cells) + " |"


def main() -> int:
    """Write the document."""
    Path(DOCUMENT).write_text(text())
    print(f"wrote {DOCUMENT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
