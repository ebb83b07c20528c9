"""Baskets at random, and what they come to: reckoned here, by no adapter.

`tills/<vendor>.py` writes a basket in its vendor's format, and says in `KNOWS` what that format
can tell: "discount", "tip", "included" and "added" tax, "several" tenders, "return" and how it was
"paid back".
"""

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st

DECIMALS = {"EUR": 2, "JPY": 0, "KWD": 3}
WHEN = "2026-03-14T09:30:00Z"


@dataclass(frozen=True)
class Item:
    """A line: amounts in minor units; `discount` and `tax` are of the whole line."""

    name: str
    quantity: int
    price: int
    discount: int
    tax: int

    @property
    def total(self) -> int:
        return self.quantity * self.price - self.discount


@dataclass(frozen=True)
class Basket:
    """One sale, or one return, which is written like the sale it takes back."""

    number: int
    currency: str
    items: tuple[Item, ...]
    rate: int
    included: bool
    tip: int
    cash: int
    returned: bool

    @property
    def subtotal(self) -> int:
        return sum(item.total for item in self.items)

    @property
    def tax(self) -> int:
        return sum(item.tax for item in self.items)

    @property
    def total(self) -> int:
        return self.subtotal + self.tip + (0 if self.included else self.tax)

    @property
    def tenders(self) -> tuple[tuple[str, int], ...]:
        """What was paid in cash, and the rest by card: nothing of nothing."""
        paid = (("cash", self.cash), ("card", self.total - self.cash))
        return tuple((kind, amount) for kind, amount in paid if amount)

    def major(self, amount: int) -> str:
        """Return an amount in the currency's major unit, as text with all its decimals."""
        return f"{Decimal(amount).scaleb(-DECIMALS[self.currency]):f}"

    def grossed(self, item: Item) -> int:
        """Return what a line came to with its tax, wherever that is."""
        return item.total + (0 if self.included else item.tax)


@st.composite
def baskets(draw: st.DrawFn, knows: frozenset[str]) -> Basket:
    """Draw a basket that a format can tell which `knows` so much."""
    rate = draw(st.sampled_from((0, 5, 10, 20)))
    taxes = sorted(knows & {"included", "added"})
    included = draw(st.sampled_from(taxes or ["included"])) == "included"
    returned = "return" in knows and draw(st.booleans())
    items = draw(st.lists(_items(rate if taxes else 0, "discount" in knows, included),
                          min_size=1, max_size=5))  # fmt: skip
    tip = draw(st.integers(0, 2_000)) if "tip" in knows and not returned else 0
    bare = Basket(
        number=draw(st.integers(1, 10**9)), currency=draw(st.sampled_from(sorted(DECIMALS))),
        items=tuple(items), rate=rate if taxes else 0, included=included, tip=tip,
        cash=0, returned=returned,
    )  # fmt: skip
    cash = draw(st.integers(0, bare.total)) if "several" in knows else 0
    return Basket(**(vars(bare) | {"cash": cash}))


@st.composite
def _items(draw: st.DrawFn, rate: int, discounted: bool, included: bool) -> Item:
    quantity, price = draw(st.integers(1, 9)), draw(st.integers(1, 50_000))
    discount = draw(st.integers(0, quantity * price - 1)) if discounted else 0
    total = quantity * price - discount
    base = total * 100 // (100 + rate) if included else total
    tax = total - base if included else base * rate // 100
    name = draw(st.sampled_from(("Flat white", "Roggenbrot", "あんパン", "Tote, large")))
    return Item(name, quantity, price, discount, tax)
