"""Money is a whole number of the currency's minor unit.  Text becomes Decimal; no float is met."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from chalicelib.errors import Code, Rejected

#: Amounts beyond this are no retail sale, and JSON readers that know only doubles keep it exact.
LIMIT = 10**15

_DIGITS = 24
_QUANTITY_DIGITS = 12
_QUANTITY_STEP = Decimal("0.000001")

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"
_TWO_DECIMALS = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
    CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD
    LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN
    PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
    TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
#: ISO 4217 alphabetic code -> number of decimals, the few codes that were lately retired included.
EXPONENTS: dict[str, int] = {
    code: decimals
    for decimals, codes in (
        (0, _NO_DECIMALS),
        (2, _TWO_DECIMALS),
        (3, _THREE_DECIMALS),
        (4, _FOUR_DECIMALS),
    )
    for code in codes.split()
}


def exponent(currency: object) -> int:
    """Return how many decimals the currency (an ISO 4217 code) has."""
    if currency is None or currency == "":
        raise Rejected(
            Code.MISSING_CURRENCY,
            "neither the payload nor the merchant's settings name a currency",
        )
    if not isinstance(currency, str) or currency not in EXPONENTS:
        raise Rejected(Code.UNKNOWN_CURRENCY, "the currency is not an ISO 4217 code")
    return EXPONENTS[currency]


def whole(value: object) -> int:
    """Return an amount that the vendor counts in minor units already: an integer, nothing else."""
    if type(value) is not int:  # which a bool isn't
        raise Rejected(Code.BAD_MONEY, "an amount in minor units must be an integer")
    return value if -LIMIT <= value <= LIMIT else _bounded(value)


def rescaled(value: object, currency: object, decimals: Mapping[str, int]) -> int:
    """Return what `whole` does, for a vendor whose `decimals` of some currencies are its own.

    Nothing is rounded: an amount is refused if it is negative, or finer than its currency.
    """
    places = exponent(currency)
    shift = places - decimals.get(str(currency), places)
    scaled, rest = divmod(whole(value) * 10 ** max(shift, 0), 10 ** max(-shift, 0))
    if scaled < 0 or rest:
        raise Rejected(Code.BAD_MONEY, "an amount is negative, or finer than its currency")
    return _bounded(scaled)


def minor(value: object, currency: object) -> int:
    """Return a decimal amount (text, integer or Decimal) in minor units of `currency`.

    More decimals than the currency has are rounded half up, once.
    """
    scaled = decimal(value, Code.BAD_MONEY).scaleb(exponent(currency))
    return rounded(scaled)


def rounded(amount: Decimal) -> int:
    """Return a part of minor units rounded half up, which for a negative amount is down."""
    return _bounded(int(amount.to_integral_value(ROUND_HALF_UP)))


def decimal(value: object, code: Code = Code.BAD_QUANTITY) -> Decimal:
    """Return a plain decimal number, given as text, integer or Decimal, exactly."""
    if isinstance(value, str) and len(value) <= _DIGITS:
        return _known(value, code)
    return _decimal(value, code)


def _decimal(value: object, code: Code) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Rejected(code, "a decimal number was expected")
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        raise Rejected(code, "a decimal number is written in ASCII digits")
    try:
        number = Decimal(value)
    except InvalidOperation as fault:
        raise Rejected(code, "a decimal number was expected") from fault
    length = max(abs(number.adjusted()), len(number.as_tuple().digits))
    if not number.is_finite() or length > _DIGITS:
        raise Rejected(code, "the number is too long or not finite")
    return number


#: Prices and quantities are the same all day.  Only texts: 0 equals 0E20, and is not the same.
_known = lru_cache(maxsize=1024)(_decimal)


def quantity(value: object) -> str:
    """Return a quantity as a plain decimal string without trailing zeros: 1.500 is 1.5."""
    number = decimal(value)
    if number.adjusted() <= _QUANTITY_DIGITS:
        number = number.quantize(_QUANTITY_STEP, ROUND_HALF_UP)
    if number.adjusted() > _QUANTITY_DIGITS:
        raise Rejected(Code.BAD_QUANTITY, "the quantity is too large to be a sale")
    text = f"{number:f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _bounded(amount: int) -> int:
    if abs(amount) > LIMIT:
        raise Rejected(Code.BAD_MONEY, "the amount is too large to be a sale")
    return amount
