"""A message's body made fit for quarantine, and changed no more than needed.

It may not even be well-formed, so it is taken as text: a field is known by the name before it.
"""

import contextlib
import html
import json
import re
from urllib.parse import quote_plus, unquote_plus

from chalicelib.cards import (
    REMOVED,
    SUSPECT,
    WRITTEN,
    WRITTEN_IN_JSON,
    mask,
    mask_written,
    remove_tracks,
)
from chalicelib.sanitise import HASH, Policy, pays, personal

_KEY = r'[^"\\\n]{1,80}'
_NAME = r"[\w:.\-\[\]]{1,80}"
#: A text or number of JSON's, an attribute of XML's, a field of a form.
_NAMED_VALUE = re.compile(
    rf"""(?P<open>"(?P<key>{_KEY})"\s*:\s*(?P<quote>")?|(?<![\w:.-])(?P<name>{_NAME})=(?P<mark>["'])?)"""
    r"""(?P<value>(?(quote)[^"\\]*(?:\\.[^"\\]*)*|(?(key)-?\d[\d.eE+-]*|"""
    r"""(?(mark)(?:(?!(?P=mark))[^<\n])*|[^\s<>"'&;,\[\]{}]+))))"""
)
#: The text of an XML element, be it the last before the body was cut off.
_ELEMENT = re.compile(
    rf"(?P<open><(?P<name>{_NAME})(?:\s[^<>]*(?<!/))?>\s*(?:<!\[CDATA\[)?)"
    r"(?P<value>[^<\]]*(?:\](?!\]>)[^<\]]*)*)"
)
_RUN = re.compile(r"\d+")
#: A decimal number of JSON's: one point, and nothing but its end after it.
_DECIMAL = re.compile(r"(?<![\w.])\d+\.(?P<fraction>\d+)(?:[eE][+-]?\d+)?(?=\s*(?:[,\]}]|\Z))")
_BARE = re.compile(r"(?:(?<=[:\[,\s-])|\A)\*[\d*]*+(?<=\d)(?=\s*(?:[,\]}]|\Z))")
#: JSON in percent-encoding, in a field of a form; or with quotes escaped, in a text of JSON's.
_FOLDED = re.compile(
    r"(?<![^&\s])(?P<form>[\w.-]{1,80}=)(?P<value>%(?:7[Bb]|5[Bb])[^&\s]*)"
    r'|(?<!\\)"\s*(?:\{\s*\\"|\[\s*(?:\{\s*)?\\")(?:[^"\\]|\\.)*+"'
)
_CONTAINER = re.compile(rf'"(?P<name>{_KEY})"\s*:\s*[\[{{]')
_MOST_BROKEN = 100
#: How often JSON may be folded into JSON, or into a form, and still be known by its names.
_DEEPEST = 4
_JSON = ("{", "[", '"')
_DECODER = json.JSONDecoder()
_SECRET_NAME = re.compile(
    r"cvv|cvc|cav2|csc$|security[ _-]?code|^pin$|pin[ _-]?(block|code|data)|"
    r"track[ _-]?\d?([ _-]?data)?$|magstripe",
    re.IGNORECASE,
)
_PERSONAL_NAME = re.compile(
    r"e?[ _-]?mail|phone|mobile|address|street|birth|(^|_)ip$|latitude|longitude|"
    r"(first|last|given|family|middle|full|sur|holder|customer|buyer|guest|contact)[ _-]?name|"
    r"^data_?element_?value$",  # of SAP's customer details: a name, a number to call
    re.IGNORECASE,
)
#: SAP cuts names off at thirty letters, and so the last of one that ends in "sequencenumber".
_ID_NAME = re.compile(
    r"(id|uid|uuid|guid|key|sku|gtin|ean|upc|barcode|sequencenumber?|receipt_?number|order_?number)$",
    re.IGNORECASE,
)


def mask_body(body: str, policy: Policy, key: bytes = b"") -> str:
    """Return a message's body fit for quarantine, changed no more than needed.

    Fields are known by the name before them, so that ids and barcodes survive a redrive.
    """
    return _unfolded(body, policy, key, _DEEPEST)


def _unfolded(body: str, policy: Policy, key: bytes, depth: int) -> str:
    """Mask a body, and what is folded into it up to a depth that no till needs."""
    written = WRITTEN_IN_JSON if body.lstrip()[:1] in _JSON else WRITTEN
    told, at = [], 0
    for found in _FOLDED.finditer(body) if depth else ():
        told.append(_masked(body[at : found.start()], policy, key, written))
        told.append(_inside(found, policy, key, depth - 1))
        at = found.end()
    return "".join([*told, _masked(body[at:], policy, key, written)])


def _masked(body: str, policy: Policy, key: bytes, written: re.Pattern[str]) -> str:
    body = _without_containers(remove_tracks(body), policy)
    for pattern in (_NAMED_VALUE, _ELEMENT):
        body = pattern.sub(lambda found: _named(found, policy, key), body)
    body = mask_written(body, written, lambda plain: _exempt(plain).__contains__)
    if not SUSPECT.search(body):
        return _BARE.sub(_zeroed, body)
    escapes = {at for found in written.finditer(body) for at in range(*found.span())}
    masked = mask(body, (_exempt(body) | escapes).__contains__)
    # A number of JSON's must stay one; no issuer's range begins like that.
    return _BARE.sub(_zeroed, masked)


def _zeroed(stars: re.Match[str]) -> str:
    return "9" + stars[0][1:].replace("*", "0")


def _inside(found: re.Match[str], policy: Policy, key: bytes, depth: int) -> str:
    """Mask JSON that is folded into a field of a form, or into a text of JSON's."""
    if found["form"]:
        inside = _unfolded(unquote_plus(found["value"]), policy, key, depth)
        return found["form"] + quote_plus(inside)
    with contextlib.suppress(ValueError):
        inside = _unfolded(json.loads(found[0], strict=False), policy, key, depth)
        return json.dumps(inside, ensure_ascii=False)
    return _masked(found[0], policy, key, WRITTEN_IN_JSON)


def _without_containers(body: str, policy: Policy) -> str:
    """Empty the JSON objects and lists whose name says that they hold secrets or personal data."""
    kept, at, broken = [], 0, 0
    for found in _CONTAINER.finditer(body):
        name = found["name"]
        personal_ = policy != "keep" and _PERSONAL_NAME.search(name)
        if found.start() < at or not (personal_ or _SECRET_NAME.search(name)):
            continue
        try:
            _, end = _DECODER.raw_decode(body, found.end() - 1)
        except (ValueError, RecursionError):
            broken += 1
            if broken > _MOST_BROKEN:
                break  # that is no JSON, and each look at it takes time
            continue
        kept.append(body[at : found.end() - 1] + "null")
        at = end
    return "".join(kept) + body[at:]


def _exempt(body: str) -> set[int]:
    """Return where digits begin that are no card number's: of ids, decimals and hashes."""
    kept = [
        found.span("value")
        for pattern in (_NAMED_VALUE, _ELEMENT)
        for found in pattern.finditer(body)
        if _ID_NAME.search(_name_of(found)) and "card" not in _name_of(found).lower()
    ]
    kept += [found.span() for pattern in (_DECIMAL, HASH) for found in pattern.finditer(body)]
    return {run.start() for span in kept for run in _RUN.finditer(body, *span)}


def _name_of(found: re.Match[str]) -> str:
    groups = found.groupdict()
    return str(groups.get("key") or groups["name"]).rpartition(":")[2]


def _named(found: re.Match[str], policy: Policy, key: bytes) -> str:
    name, value, opened = _name_of(found), found["value"], found["open"]
    groups = found.groupdict()
    number = groups.get("key") and not groups["quote"]
    if _SECRET_NAME.search(name) and value:
        return opened + ("0" if number or opened[-1] == "=" else REMOVED)
    if "loyal" in name.lower() and pays(value):
        told = None  # masked it would give several people one number
    elif policy != "keep" and _PERSONAL_NAME.search(name):
        told = personal(_plain(found), policy, key)
    else:
        return found[0]
    return opened + (json.dumps(told) if number else told or "")


def _plain(found: re.Match[str]) -> str:
    """Return the value as an adapter would read it, so that its hash is the same."""
    value: str = found["value"]
    if not found.groupdict().get("key"):
        return html.unescape(value) if found["open"][-1] != "=" else unquote_plus(value)
    with contextlib.suppress(ValueError):
        return str(json.loads(f'"{value}"', strict=False))
    return value
