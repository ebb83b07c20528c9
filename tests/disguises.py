"""Card numbers as people, tills and programs write them: each of them is still a card number.

A disguise takes a card number and returns a text.  Of the card's digits, only the last four may be
left of it; other digits that stand beside it are told, and stay.
"""

import html
import json
import re
from collections.abc import Callable, Iterator
from random import Random
from urllib.parse import quote, quote_plus, urlencode
from xml.sax.saxutils import quoteattr

from stdnum import luhn

from chalicelib.issuers import ISSUERS
from chalicelib.masking import mask_body
from chalicelib.sanitise import clean

Disguise = Callable[[str], str]
#: Passes Luhn in no issuer's range, or fails it in one.
FALSE = "4111111111111112"


def numbers(random: Random) -> Iterator[str]:
    """Yield card numbers with a right check digit, of every range and length in turn."""
    while True:
        for low, high, lengths in ISSUERS:
            for length in lengths:
                prefix = str(random.randint(int(low), int(high)))
                rest = length - len(prefix) - 1
                body = prefix + f"{random.randrange(10**rest):0{rest}}"
                yield body + luhn.calc_check_digit(body)


def grouped(card: str, gap: str) -> str:
    """Write it in groups of four, or 4-6-5 and 4-6-4 as these are printed."""
    groups = r"^\d{4}|\d{6}(?=\d{4,5}$)|\d+" if len(card) in (14, 15) else r"\d{1,4}"
    return gap.join(re.findall(groups, card))


def fours(card: str, gap: str) -> str:
    """Write it in groups of four; what is left over goes with the last."""
    return gap.join(re.findall(r"\d{4}(?=\d{3})|\d+$", card))


def script(card: str, zero: str) -> str:
    return "".join(chr(ord(zero) + int(digit)) for digit in card)


def in_groups(gap: str) -> Disguise:
    return lambda card: f"paid by {grouped(card, gap)}, thanks"


def in_wide_groups(gap: str) -> Disguise:
    return lambda card: f"paid by {fours(card, gap)}, thanks"


def in_script(zero: str) -> Disguise:
    return lambda card: f"paid by {script(card, zero)}, thanks"


def within(form: str) -> Disguise:
    return lambda card: form.replace("CARD", card)


#: In what people type into: product names, notes.
TEXTS: dict[str, Disguise] = {
    "plain": within("paid by CARD, thanks"),
    "spaces": in_groups(" "), "dashes": in_groups("-"), "dots": in_groups("."),
    "slashes": in_groups("/"), "underscores": in_groups("_"), "plus signs": in_groups("+"),
    "no-break spaces": in_groups("\u00a0"), "thin spaces": in_groups("\u2009"),
    "narrow no-break spaces": in_groups("\u202f"), "ideographic spaces": in_groups("\u3000"),
    "en dashes": in_groups("\u2013"), "minus signs": in_groups("\u2212"),
    "soft hyphens": in_groups("\u00ad"), "zero-width between all": "\u200b".join,
    "word joiners between all": "\u2060".join,
    "spaces between all": " ".join, "full-width digits": in_script("\uff10"),
    "Arabic-Indic digits": in_script("\u0660"), "Devanagari digits": in_script("\u0966"),
    "mathematical digits": in_script("\U0001d7ce"), "two spaces": in_wide_groups("  "),
    "spaced dashes": in_wide_groups(" - "), "a dot and a space": in_wide_groups(". "),
    "line breaks": in_wide_groups("\n"), "tabs": in_groups("\t"),
    "letters before and after": within("VisaCARDEUR"), "a word before": within("x:CARD;y"),
    "an expiry date after": within("CARD exp"), "a false candidate before": within(f"{FALSE} CARD"),
    "an order number before": within("order 12 CARD"), "in an address": within("https://a.b/?c=CARD&d"),
    "in an address, spaced": lambda c: f"https://a.b/?c={quote(grouped(c, ' '))}",
    "no-break spaces of HTML": in_groups("&nbsp;"), "numbered entities": in_groups("&#160;"),
    "hexadecimal entities": in_groups("&#xA0;"), "dashes of HTML": in_groups("&ndash;"),
    "two in a row": within("CARD CARD"), "two in a row, joined": within("CARDCARD"),
    "track 2": within(";CARD=29121010000000000?"), "track 1": within("%BCARD^DOE/JANE^29121010?"),
}  # fmt: skip


def in_json(value: str, *, ascii_: bool = True) -> str:
    return json.dumps({"a": 1, "note": value, "z": [True]}, ensure_ascii=ascii_)


#: In bodies as they are set aside.
BODIES: dict[str, Disguise] = {
    "JSON text": in_json, "JSON number": within('{"a": CARD, "z": 1}'),
    "JSON key": within('{"CARD": 1}'), "JSON list": within('["x", "CARD"]'),
    "escaped no-break spaces": lambda c: in_json(grouped(c, "\u00a0")),
    "escaped thin spaces": lambda c: in_json(grouped(c, "\u2009")),
    "escaped line breaks": lambda c: in_json(fours(c, "\n")),
    "escaped slashes": lambda c: in_json(grouped(c, "/")).replace("/", "\\/"),
    "escaped zero-width between all": lambda c: in_json("\u200b".join(c)),
    "escaped full-width digits": lambda c: in_json(script(c, "\uff10")),
    "escaped digits": lambda c: in_json(c).replace(c, "".join(f"\\u{ord(d):04x}" for d in c)),
    "after an escaped letter": lambda c: in_json(f"\u00e0{c}"),
    "raw zero-width": lambda c: in_json("\u200b".join(c), ascii_=False),
    "two spaces in JSON": lambda c: in_json(fours(c, "  ")),
    "JSON in JSON": lambda c: in_json(in_json(c)),
    "JSON in JSON, spaced": lambda c: in_json(in_json(grouped(c, "\u00a0"))),
    "cut-off JSON": within('{"note": "CARD'),
    "a form": lambda c: urlencode({"a": 1, "note": c}),
    "a form, spaced": lambda c: urlencode({"a": 1, "note": grouped(c, " ")}),
    "JSON in a form": lambda c: f"a=1&payload={quote_plus(in_json(grouped(c, ' ')))}",
    "XML text": within("<T><Note>CARD</Note></T>"), "CDATA": within("<N><![CDATA[CARD]]></N>"),
    "XML attribute": lambda c: f"<T Note={quoteattr(c)}/>",
    "XML entities": lambda c: f"<T><Note>{grouped(c, '&#160;')}</Note></T>",
    "XML line breaks": lambda c: f"<T><Note>\n{fours(c, chr(10))}\n</Note></T>",
    "digits as XML entities": lambda c: f"<N>{''.join(f'&#{ord(d)};' for d in c)}</N>",
    "a CSV cell": within("a,b,c\nx,CARD,y\n"), "a quoted CSV cell": within('a;b\n"x, CARD";y\n'),
    "track 2 in JSON": within('{"a": ";CARD=29121010000000000?"}'),
}  # fmt: skip
#: What stands beside the card number, and stays.
BESIDE = {"a false candidate before": FALSE, "an order number before": "12"}


def left(name: str, card: str) -> str:
    """Return the digits of the card that are left of it in that disguise, and of what is beside."""
    disguised = (TEXTS | BODIES)[name](card)
    masked = clean(disguised) if name in TEXTS else mask_body(disguised, "keep")
    return "".join(str(int(char)) for char in _bare(masked) if char.isdecimal())


def fine(name: str, card: str) -> bool:
    """Tell whether no more than the last four are left, and what is beside, or less than that."""
    if name.startswith("two in a row"):
        return _fine_twice(clean(TEXTS[name](card)), card)
    told = BESIDE.get(name, "") + card[-4:]
    zeroed = "9" + "0" * (len(card) - 5) + card[-4:]  # a number of JSON's stays one
    return told.endswith(found := left(name, card)) or found == zeroed


def _fine_twice(masked: str, card: str) -> bool:
    """Tell whether of both numbers no digit is left before the last four.

    Digits of the first one's end may go as well: they may begin what could be a card number, too.
    """
    first, second = masked[: len(card)], masked[-len(card) :]
    return second.endswith(f"*{card[-4:]}") and not re.search(r"\d", first[:-4] + second[:-4])


def _bare(body: str) -> str:
    """Return the body without the digits that are its own: of escapes that stand for no digit."""
    body = body.replace("\\\\u", "\\u")
    for escape in re.findall(r"\\u[0-9a-f]{4}", body):
        char = json.loads(f'"{escape}"')
        body = body.replace(escape, char if char.isdecimal() else " ", 1)
    return re.sub(r'\\?"a\\?": 1|a=1|: 1}|%22a%22%3A\+1|%\w\w|', "", html.unescape(body))
