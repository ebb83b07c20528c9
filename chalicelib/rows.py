"""The items of a ledger as DynamoDB holds them: accounts and purchases.  Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from chalicelib.rewards import Purchase
from chalicelib.shelf import Item, digest

#: A member's purchases by the sort keys of their items, or by their subjects.
Bought = dict[str, Purchase]


@dataclass(frozen=True)
class Account:
    """What an account's own item says.

    `rows` are the sort keys of what the last transaction changed of the purchases, each with the
    version that it has there, or 0 if it is gone.
    """

    version: int = 0
    balance: int = 0
    rows: Mapping[str, int] = field(default_factory=dict)


def account_of(item: Item) -> Account:
    """Return the account that an item holds."""
    rows = {place: int(one["N"]) for place, one in item.get("rows", {"M": {}})["M"].items()}
    return Account(int(item["version"]["N"]), int(item["balance"]["N"]), rows)


def stored(account: Account) -> Item:
    """Return the attributes of an account's item."""
    rows = {place: {"N": str(version)} for place, version in account.rows.items()}
    counts = {"version": account.version, "balance": account.balance}
    return attributes({}, counts) | {"rows": {"M": rows}}


def placed(rows: Mapping[str, Purchase], source: str) -> Bought:
    """Return purchases by the sort keys of their items."""
    return {f"bought#{row.at:013}#{digest(source, name)}": row for name, row in rows.items()}


def moment_of(place: str) -> int:
    """Return when what has that sort key was bought, in ms."""
    return int(place.split("#")[1])


def version_of(item: Item | None) -> int:
    """Return the version of its account with which a purchase was written, 0 if it isn't there."""
    if item is None:
        return 0
    return int(item["version"]["N"]) if "version" in item else -1  # older than versions


def written(row: Purchase, source: str, subject: str, version: int) -> Item:
    """Return the attributes of a purchase's item."""
    words = {"source": source, "subject": subject, "moment": row.moment.isoformat(),
             "spend": str(row.spend), "base": str(row.base), "why": row.why}  # fmt: skip
    return attributes(words, {"version": version})


def read(item: Item, member: str) -> Purchase:
    """Return the purchase that an item holds."""
    moment = datetime.fromisoformat(item["moment"]["S"])
    spend, base = (Fraction(item[name]["S"]) for name in ("spend", "base"))
    return Purchase(member, moment, spend, base, item["why"]["S"])


def attributes(words: Mapping[str, str], counts: Mapping[str, int]) -> Item:
    """Return texts and whole numbers as attributes."""
    return {name: {"S": text} for name, text in words.items()} | {
        name: {"N": str(count)} for name, count in counts.items()
    }
