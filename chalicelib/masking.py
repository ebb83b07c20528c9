"""A message's body made fit for quarantine, and changed no more than needed.

It may not even be well-formed, so it is taken as text: a field is known by the name before it.
"""

import contextlib
import json
import re

from chalicelib.cards import REMOVED, mask, remove_tracks
from chalicelib.sanitise import Policy, personal

_NAME = r"[\w:.\-\[\]]{1,80}"
_NAMED_VALUE = re.compile(
    rf"""(?P<open>"(?P<json>{_NAME})"\s*:\s*"?|<(?P<xml>{_NAME})(?:\s[^<>]*)?>|"""
    rf"""(?P<form>{_NAME})=["']?)(?P<value>(?<=")[^"\\]*(?:\\.[^"\\]*)*|[^<>"'&,{{}}\[\]\s][^<>"'&,}}\]]*)"""
)
#: A decimal number of JSON's: one point, and nothing but its end after it.
_DECIMAL = re.compile(r"(?<![\w.])\d+\.(?P<fraction>\d+)(?:[eE][+-]?\d+)?(?=\s*(?:[,\]}]|\Z))")
_BARE = re.compile(r"(?:(?<=[:\[,\s-])|\A)\*+(?=\d+\s*(?:[,\]}]|\Z))")
_CONTAINER = re.compile(rf'"(?P<name>{_NAME})"\s*:\s*[\[{{]')
_DECODER = json.JSONDecoder()
_SECRET_NAME = re.compile(
    r"cvv|cvc|cav2|csc$|security_?code|^pin$|pin_?(block|code|data)|track_?\d?(_?data)?$|magstripe",
    re.IGNORECASE,
)
_PERSONAL_NAME = re.compile(
    r"e?_?mail|phone|mobile|(first|last|given|family|middle|full|sur|holder)_?name|address|street|"
    r"birth|(^|_)ip$|latitude|longitude",
    re.IGNORECASE,
)
_ID_NAME = re.compile(
    r"(id|uid|uuid|guid|key|sku|gtin|ean|upc|barcode|sequencenumber|receipt_?number|order_?number)$",
    re.IGNORECASE,
)


def mask_body(body: str, policy: Policy, key: bytes = b"") -> str:
    """Return a message's body fit for quarantine, changed no more than needed.

    Fields are known by the name before them, so that ids and barcodes survive a redrive.
    """
    body = _without_containers(remove_tracks(body), policy)
    body = _NAMED_VALUE.sub(lambda found: _named(found, policy, key), body)
    exempt = {
        found.start("value")
        for found in _NAMED_VALUE.finditer(body)
        if _ID_NAME.search(_name_of(found)) and "card" not in _name_of(found).lower()
    }
    for found in _DECIMAL.finditer(body):
        exempt |= {found.start(), found.start("fraction")}
    masked = mask(body, lambda offset: offset in exempt)
    # A number of JSON's must stay one; no issuer's range begins like that.
    return _BARE.sub(lambda found: "9" + "0" * (len(found[0]) - 1), masked)


def _without_containers(body: str, policy: Policy) -> str:
    """Empty the JSON objects and lists whose name says that they hold secrets or personal data."""
    kept, at = [], 0
    for found in _CONTAINER.finditer(body):
        name = found["name"]
        personal_ = policy != "keep" and _PERSONAL_NAME.search(name)
        if found.start() < at or not (personal_ or _SECRET_NAME.search(name)):
            continue
        with contextlib.suppress(ValueError, RecursionError):
            _, end = _DECODER.raw_decode(body, found.end() - 1)
            kept.append(body[at : found.end() - 1] + "null")
            at = end
    return "".join(kept) + body[at:]


def _name_of(found: re.Match[str]) -> str:
    name = found["json"] or found["xml"] or found["form"]
    return name.rpartition(":")[2]


def _named(found: re.Match[str], policy: Policy, key: bytes) -> str:
    name, value = _name_of(found), found["value"]
    if _SECRET_NAME.search(name):
        return found["open"] + (REMOVED if '"' in found["open"][-1] or found["xml"] else "0")
    if value and _PERSONAL_NAME.search(name) and found["open"][-1] in '">=':
        return found["open"] + (personal(value, policy, key) or "")
    return found[0]
