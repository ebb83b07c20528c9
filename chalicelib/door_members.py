"""The door's side of rewards: how a member stands, and a receipt claimed.

Who asks is the merchant's own app, which signs as its tills do and answers for which of its users
is which member.  Only calls to here pay for the imports of rewards: reception.py.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from chalicelib import bodies, members
from chalicelib.bodies import Unreadable
from chalicelib.claiming import FORMS, Claim, faults, possible
from chalicelib.desk import Desk
from chalicelib.exchange import Answer, Request, problem, told
from chalicelib.gate import Gate
from chalicelib.ledger import Ledger
from chalicelib.members import Claimed, Member
from chalicelib.tries import MOST_TRIES, Tries

#: A claim is short, however its texts are escaped.
MOST_BYTES = 16_384
#: The query that asks for entries older than one.
PAGE = re.compile("before=([1-9][0-9]{0,11})")
PROBLEMS = "urn:tillbridge:problem:"
_NO_REWARDS = "the merchant has no rewards: app.py declares no mechanics for it"
#: Status, type, title and detail of what a claim may come to.
REFUSALS: Mapping[Claimed, tuple[int, str, str, str]] = {
    Claimed.UNKNOWN: (
        404, "receipt-unknown", "no such receipt",
        "no receipt like that can be claimed (yet): it may be unknown, somebody's or too old",
    ),
    Claimed.AMBIGUOUS: (
        409, "receipt-ambiguous", "several receipts",
        "several receipts are like that: tell both business_date and total",
    ),
    Claimed.TAKEN: (
        409, "receipt-taken", "claimed already", "another member has claimed that receipt",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class MembersDoor:
    """What a merchant's app may ask of its members."""

    gate: Gate
    desk: Desk
    tries: Tries

    def member(self, request: Request, merchant: str, identity: str) -> Answer:
        """Tell how a member stands, with a page of entries; one whom nobody knows has nothing."""
        found = self.gate.asked(request, merchant, "members", identity, PAGE)
        if isinstance(found, Answer):
            return found
        name, ledger = found[0], self.desk.ledgers.get(merchant)
        if ledger is None:
            return problem(404, _NO_REWARDS)
        if not possible(name):
            return problem(404, f"nobody can have that id: {FORMS}")
        page = PAGE.fullmatch(request.query)
        before = int(page[1]) if page else None
        return told(200, **_shown(merchant, members.member(ledger, name, before=before)))

    def claims(self, request: Request, merchant: str) -> Answer:
        """Give a receipt to a member, once; the same claim again is answered alike."""
        entry = self.gate.admit(request, merchant, f"POST /v1/{merchant}/claims")
        if isinstance(entry, Answer):
            return entry
        ledger = self.desk.ledgers.get(merchant)
        if ledger is None:
            return problem(404, _NO_REWARDS)
        try:
            text = bodies.single(request.body, request.once.get("content-type", ""), MOST_BYTES)
            claim = Claim.model_validate_json(text)
        except Unreadable as reason:
            return problem(reason.status, reason.reason)
        except ValidationError as wrong:
            return _wrong(faults(wrong))
        return self._claimed(ledger, claim)

    def _claimed(self, ledger: Ledger, claim: Claim) -> Answer:
        if wait := self.tries.wait(ledger.merchant, claim.member, claim.model_dump_json()):
            detail = f"a member may try {MOST_TRIES} claims a day"
            return problem(429, detail, wait=wait, type=f"{PROBLEMS}too-many-claims")
        became = members.claim_receipt(self.desk.inbox, ledger, claim.member, claim.receipt)
        if became is Claimed.CLAIMED:
            whose = {"member": claim.member, "merchant": ledger.merchant}
            return told(200, **whose, receipt_number=claim.receipt_number)
        status, kind, title, detail = REFUSALS[became]
        return problem(status, detail, type=PROBLEMS + kind, title=title)


def _shown(merchant: str, found: Member) -> dict[str, Any]:
    """Return how a member stands; `next` is the path that `older` makes."""
    content = asdict(found)
    name = content.pop("id")
    path = f"/v1/{merchant}/members/{quote(name, safe=':')}"
    more = f"{path}?before={found.older}" if found.older else None
    return {"member": name, "merchant": merchant, **content, "next": more}


def _wrong(errors: list[dict[str, str]]) -> Answer:
    detail = "; ".join(f"{one['field'] or one['code']}: {one['detail']}" for one in errors)
    title = "the claim can't be read"
    return problem(400, detail, type=f"{PROBLEMS}bad-claim", title=title, errors=errors)
