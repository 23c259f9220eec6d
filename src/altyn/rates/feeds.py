"""Readers of the daily rate sheets of central banks, in the forms in which they publish them.

    nbk    National Bank of Kazakhstan            KZT for `quant` units
    cbr    Bank of Russia                         RUB for `Nominal` units, decimal comma
    nbkr   National Bank of the Kyrgyz Republic   KGS for `Nominal` units, decimal comma
    cbu    Central Bank of Uzbekistan             UZS for `Nominal` units, JSON
    ecb    European Central Bank                  units for one EUR: the inverse way (M11)

A sheet is read whole or refused whole. XML is read without document types, entities or network
(S15); both forms are bounded in size.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

from lxml import etree

from altyn.money import find_currency, parse_rate_value
from altyn.rates.rate_sheet import PublishedRate, Quotation, RateSheet

SHEET_BYTES_MAX: Final = 1 << 20
RATES_MAX: Final = 400
_WITHDRAWN: Final = frozenset({"BGN", "HRK"})
"""Codes that central banks published until the euro took their place; old sheets have them."""

_DAY = re.compile(r"(?a:(\d\d)\.(\d\d)\.(\d{4}))\Z")
_ISO_DAY = re.compile(r"(?a:\d{4}-\d\d-\d\d)\Z")
_NOMINAL = re.compile(r"(?a:10{0,6})\Z")
_CODE = re.compile(r"[A-Z]{3}\Z")
_ECB = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}"


class FeedError(ValueError):
    """A sheet that cannot be used: `where` says the place in it, `reason` what is wrong."""

    def __init__(self, where: str, reason: str) -> None:
        """Neither repeats what stood there."""
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class _Line(NamedTuple):
    """A line of a sheet before it is checked; `unit_rate` is what the source says one unit costs,
    where it says so."""

    where: str
    code: str
    nominal: str
    value: str
    numeric: str = ""
    unit_rate: str = ""


class _Sheet(NamedTuple):
    day: str
    lines: list[_Line]


class Feed(NamedTuple):
    """A source: its home currency, which way it quotes, and the reader of its form."""

    home: str
    quotation: Quotation
    title: str
    read: Callable[[bytes], _Sheet]


def read_sheet(source: str, content: bytes) -> RateSheet:
    """The sheet that a source published.

    Raises LookupError for a source that is not in FEEDS, and FeedError for a sheet that cannot
    be read or has a doubtful line.
    """
    feed = FEEDS[source]
    if len(content) > SHEET_BYTES_MAX:
        raise FeedError("the file", f"longer than {SHEET_BYTES_MAX} bytes")
    day, lines = feed.read(content)
    if not lines:
        raise FeedError("the file", "it has no rate")
    if len(lines) > RATES_MAX:
        raise FeedError("the file", f"more than {RATES_MAX} rates")
    rates: dict[str, PublishedRate] = {}
    left_out: list[str] = []
    for line in lines:
        if not _CODE.match(line.code):
            raise FeedError(line.where, "the currency is not three capital letters")
        if line.code in rates or line.code in left_out:
            raise FeedError(line.where, "the currency stands twice in the sheet")
        rate = _rate(line, feed.home)
        if rate is None:
            left_out.append(line.code)
        else:
            rates[line.code] = rate
    return RateSheet(source, feed.home, day, feed.quotation, tuple(rates.values()), tuple(left_out))


def _rate(line: _Line, home: str) -> PublishedRate | None:
    """A line checked; None for a unit that has no minor unit, as the special drawing right."""
    currency = find_currency(line.code)
    if line.code == home:
        raise FeedError(line.where, "the source quotes its own currency")
    if currency is not None and line.numeric and line.numeric != currency.numeric:
        raise FeedError(line.where, "the numeric code is of another currency (ISO 4217)")
    if not _NOMINAL.match(line.nominal):
        raise FeedError(line.where, "the nominal is not 1, 10, 100 and so on up to 1000000")
    try:
        mantissa, scale = parse_rate_value(line.value)
    except ValueError as error:
        raise FeedError(line.where, str(error)) from error
    if line.unit_rate:
        _check_unit_rate(line)
    if currency is None:
        if line.code != "XDR" and line.code not in _WITHDRAWN:
            raise FeedError(line.where, "this is no currency of ISO 4217")
        return None
    return PublishedRate(line.code, int(line.nominal), mantissa, scale)


def _check_unit_rate(line: _Line) -> None:
    """A rate for one unit that is not the rate for the nominal betrays a wrong nominal (M10)."""
    try:
        unit, value = Decimal(line.unit_rate), Decimal(line.value)
    except InvalidOperation as error:
        raise FeedError(line.where, "the rate of one unit is not a number") from error
    if not unit.is_finite() or unit * int(line.nominal) != value:
        raise FeedError(line.where, "the rate of one unit is not the rate over the nominal")


def _tree(content: bytes, root: str) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        tree = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise FeedError(f"line {line}, column {column}", "this is not well-formed XML") from error
    except (ValueError, LookupError) as error:
        raise FeedError("the file", "its encoding cannot be read") from error
    if tree.getroottree().docinfo.doctype:
        raise FeedError("the file", "it has a document type; a rate sheet has none")
    if tree.tag != root:
        raise FeedError("the root element", "this is not the form of that source")
    return tree


def _text(element: etree._Element, name: str) -> str:
    found = element.findall(name)
    if len(found) != 1 or found[0].text is None:
        raise FeedError(f"line {element.sourceline}", f"exactly one element {name} is expected")
    return str(found[0].text).strip()


def _local_day(text: str, where: str) -> str:
    found = _DAY.match(text)
    if found is None:
        raise FeedError(where, "a day such as 01.04.2026 is expected")
    return _day(f"{found.group(3)}-{found.group(2)}-{found.group(1)}", where)


def _day(text: str, where: str) -> str:
    try:
        if not _ISO_DAY.match(text):
            raise ValueError
        date.fromisoformat(text)
    except ValueError as error:
        raise FeedError(where, "this is no day of the calendar") from error
    return text


def _point(text: str) -> str:
    """A decimal comma as a point; a text that has a point already is left to be refused."""
    return text.replace(",", ".") if "." not in text else text + ","


def _read_nbk(content: bytes) -> _Sheet:
    tree = _tree(content, "rates")
    lines = [
        _Line(
            f"line {item.sourceline}",
            _text(item, "title"),
            _text(item, "quant"),
            _text(item, "description"),
        )
        for item in tree.findall("item")
    ]
    return _Sheet(_local_day(_text(tree, "date"), "element date"), lines)


def _read_cbr(content: bytes) -> _Sheet:
    tree = _tree(content, "ValCurs")
    lines = [
        _Line(
            f"currency {number}",
            _text(item, "CharCode"),
            _text(item, "Nominal"),
            _point(_text(item, "Value")),
            _text(item, "NumCode"),
            _point(_text(item, "VunitRate")) if item.find("VunitRate") is not None else "",
        )
        for number, item in enumerate(tree.findall("Valute"), 1)
    ]
    return _Sheet(_local_day(tree.get("Date", ""), "attribute Date"), lines)


def _read_nbkr(content: bytes) -> _Sheet:
    tree = _tree(content, "CurrencyRates")
    lines = [
        _Line(
            f"line {item.sourceline}",
            item.get("ISOCode", ""),
            _text(item, "Nominal"),
            _point(_text(item, "Value")),
        )
        for item in tree.findall("Currency")
    ]
    return _Sheet(_local_day(tree.get("Date", ""), "attribute Date"), lines)


def _read_ecb(content: bytes) -> _Sheet:
    tree = _tree(content, "{http://www.gesmes.org/xml/2002-08-01}Envelope")
    days = tree.findall(f"{_ECB}Cube/{_ECB}Cube")
    if len(days) != 1:
        raise FeedError("element Cube", "the rates of exactly one day are expected")
    lines = [
        _Line(f"line {item.sourceline}", item.get("currency", ""), "1", item.get("rate", ""))
        for item in days[0].findall(f"{_ECB}Cube")
    ]
    return _Sheet(_day(days[0].get("time", ""), "attribute time"), lines)


def _read_cbu(content: bytes) -> _Sheet:
    try:
        # Numbers stay text: none of them may pass through a float, or be of unbounded length.
        items = json.loads(content, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise FeedError("the file", "this is not JSON") from error
    if not isinstance(items, list):
        raise FeedError("the file", "a list of currencies is expected")
    lines, days = [], set()
    for number, item in enumerate(items, 1):
        where = f"currency {number}"
        values = _strings(item, ("Ccy", "Nominal", "Rate", "Code", "Date"), where)
        days.add(_local_day(values.pop(), where))
        lines.append(_Line(where, *values))
    if len(days) > 1:
        raise FeedError("the file", "its rates are of different days")
    return _Sheet(days.pop() if days else "", lines)


def _strings(item: Any, names: Iterable[str], where: str) -> list[str]:
    if not isinstance(item, dict):
        raise FeedError(where, "an object is expected")
    found = [item.get(name) for name in names]
    if not all(isinstance(value, str) for value in found):
        raise FeedError(where, "Ccy, Code, Nominal, Rate and Date are expected")
    return [str(value) for value in found]


FEEDS: Final[dict[str, Feed]] = {
    "nbk": Feed("KZT", Quotation.DIRECT, "National Bank of Kazakhstan", _read_nbk),
    "cbr": Feed("RUB", Quotation.DIRECT, "Bank of Russia", _read_cbr),
    "nbkr": Feed("KGS", Quotation.DIRECT, "National Bank of the Kyrgyz Republic", _read_nbkr),
    "cbu": Feed("UZS", Quotation.DIRECT, "Central Bank of Uzbekistan", _read_cbu),
    "ecb": Feed("EUR", Quotation.INVERSE, "European Central Bank", _read_ecb),
}
"""The sources that can be read, by their short names."""
