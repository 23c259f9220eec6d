"""Readers of central banks' sheets: what they take, and what they must refuse (M10, M11, S15).

The documents are written here, in the forms of the banks' published sheets.
"""

import json
from typing import Any

import pytest

from altyn.money import Rate, Rounding, conversion
from altyn.rates import FEEDS, FeedError, PublishedRate, Quotation, read_sheet

NBK = """<?xml version="1.0" encoding="utf-8"?>
<rates><title>Official exchange rates</title><date>01.04.2026</date>
{items}</rates>"""
NBK_ITEM = """<item><fullname>n</fullname><title>{code}</title><description>{value}</description>
<quant>{nominal}</quant><index/><change>0.1</change></item>
"""
CBR = """<?xml version="1.0" encoding="windows-1251"?><ValCurs Date="17.03.2026" name="Market">{}
</ValCurs>"""
CBR_ITEM = (
    '<Valute ID="R1"><NumCode>{numeric}</NumCode><CharCode>{code}</CharCode>'
    "<Nominal>{nominal}</Nominal><Name>Йена</Name><Value>{value}</Value>"
    "<VunitRate>{unit}</VunitRate></Valute>"
)
NBKR = """<?xml version="1.0" encoding="windows-1251" ?>
<CurrencyRates Name="Daily Exchange Rates" Date="24.05.2026">
<Currency ISOCode="USD">
<Nominal>1</Nominal>
<Value>87,4500</Value>
</Currency>
</CurrencyRates>"""
ECB = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
 xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
<Cube><Cube time='2022-10-03'><Cube currency='USD' rate='0.9764'/>
<Cube currency='HRK' rate='7.5275'/></Cube></Cube></gesmes:Envelope>"""


def nbk(*items: tuple[str, str, str]) -> bytes:
    """A sheet of the National Bank of Kazakhstan: code, value, nominal."""
    lines = [NBK_ITEM.format(code=c, value=v, nominal=n) for c, v, n in items]
    return NBK.format(items="".join(lines)).encode()


def cbr(**changes: str) -> bytes:
    """A sheet of the Bank of Russia with one line about the yen."""
    values = {"numeric": "392", "code": "JPY", "nominal": "100", "value": "54,1234"}
    values["unit"] = "0,541234"
    return CBR.format(CBR_ITEM.format(**{**values, **changes})).encode("cp1251")


def cbu(**changes: Any) -> bytes:
    """A sheet of the Central Bank of Uzbekistan with one line about the dong."""
    line = {"id": 1, "Code": "704", "Ccy": "VND", "Nominal": "10", "Rate": "4.68", "Diff": "0"}
    line["Date"] = "01.04.2026"
    return json.dumps([{**line, **changes}]).encode()


def test_m10_the_nominal_is_kept_and_worked_in_exactly() -> None:
    """31.29 tenge for a hundred won is 0.3129 for one, without a division."""
    sheet = read_sheet("nbk", nbk(("KRW", "31.29", "100"), ("USD", "478", "1")))
    assert (sheet.day, sheet.home, sheet.quotation) == ("2026-04-01", "KZT", Quotation.DIRECT)
    assert sheet.rates == (PublishedRate("KRW", 100, 3129, 2), PublishedRate("USD", 1, 478, 0))
    assert sheet.rate(sheet.rates[0], 7) == Rate("KRW260401", "KRW", "KZT", 3129, 4, 7)


def test_m11_the_european_central_bank_quotes_the_inverse_way() -> None:
    """0.9764 dollars for a euro: a hundred dollars are 102.42 euros, not 97.64."""
    sheet = read_sheet("ecb", ECB.encode())
    rate = sheet.rate(sheet.rates[0], 0)
    assert (rate.base, rate.quote) == ("EUR", "USD")
    assert conversion(rate, "USD", "EUR", Rounding.HALF_UP).convert(100_00) == 102_42
    assert sheet.left_out == ("HRK",)


def test_the_bank_of_russia_writes_commas_and_windows_1251() -> None:
    """Its rate of one unit, also in exponent form, agrees with the rate over the nominal."""
    assert read_sheet("cbr", cbr()).rates == (PublishedRate("JPY", 100, 541234, 4),)
    rial = cbr(numeric="364", code="IRR", nominal="1000000", value="58,8139", unit="5,88139E-05")
    assert read_sheet("cbr", rial).rates == (PublishedRate("IRR", 1_000_000, 588139, 4),)


def test_the_banks_of_kyrgyzstan_and_uzbekistan_are_read() -> None:
    """One in XML with a comma, the other in JSON with numbers as texts."""
    assert read_sheet("nbkr", NBKR.encode()).rates == (PublishedRate("USD", 1, 874500, 4),)
    sheet = read_sheet("cbu", cbu())
    assert (sheet.home, sheet.day) == ("UZS", "2026-04-01")
    assert sheet.rates == (PublishedRate("VND", 10, 468, 2),)


def test_a_unit_without_minor_units_is_left_out_and_told() -> None:
    """The special drawing right is in most sheets and in no payment."""
    sheet = read_sheet("nbk", nbk(("XDR", "653.6", "1"), ("USD", "478.17", "1")))
    assert sheet.left_out == ("XDR",)


@pytest.mark.parametrize(
    ("source", "content", "reason"),
    [
        ("nbk", nbk(("USD", "0.00", "1")), "zero"),
        ("nbk", nbk(("USD", "-478.17", "1")), "digits"),
        ("nbk", nbk(("USD", "1e3", "1")), "digits"),
        ("nbk", nbk(("USD", "٤٧٨", "1")), "digits"),
        ("nbk", nbk(("USD", "478,17", "1")), "digits"),
        ("nbk", nbk(("USD", "478.17", "3")), "nominal"),
        ("nbk", nbk(("USD", "478.17", "0")), "nominal"),
        ("nbk", nbk(("USD", "478.17", "10000000")), "nominal"),
        ("nbk", nbk(("USD", "478.17", "1"), ("USD", "479", "1")), "twice"),
        ("nbk", nbk(("KZT", "1", "1")), "own currency"),
        ("nbk", nbk(("ZZZ", "1", "1")), "ISO 4217"),
        ("nbk", nbk(("usd", "1", "1")), "capital"),
        ("nbk", nbk(), "no rate"),
        ("nbk", nbk(("USD", "1", "1")).replace(b"01.04.2026", b"31.04.2026"), "calendar"),
        ("nbk", nbk(("USD", "1", "1")).replace(b"01.04.2026", b"2026-04-01"), "01.04.2026"),
        ("nbk", nbk(("USD", "1", "1")).replace(b"<quant>", b"<quant/><quant>"), "exactly one"),
        ("nbk", nbk(("USD", "1", "1"))[:-20], "well-formed"),
        ("nbk", b"", "well-formed"),
        ("nbk", cbr(), "form of that source"),
        ("cbr", cbr(nominal="10"), "over the nominal"),
        ("cbr", cbr(numeric="840"), "another currency"),
        ("cbr", cbr(value="54.1234"), "digits"),
        ("cbr", cbr(unit="NaN"), "over the nominal"),
        ("cbr", cbr(unit="x"), "not a number"),
        ("ecb", ECB.replace("time='2022-10-03'", "").encode(), "calendar"),
        ("cbu", b"{}", "list"),
        ("cbu", b"[1]", "object"),
        ("cbu", b"[", "JSON"),
        ("cbu", b"[" * 100_000, "JSON"),
        ("cbu", b"[]", "no rate"),
        ("cbu", cbu(Rate=None), "are expected"),
        ("cbu", cbu(Code="840"), "another currency"),
        ("nbk", b" " * (1 << 20) + b"<", "longer"),
    ],
)
def test_m10_a_sheet_with_a_doubtful_line_is_refused_whole(
    source: str, content: bytes, reason: str
) -> None:
    """What is wrong is told with its place, and nothing of the sheet is used."""
    with pytest.raises(FeedError, match=reason) as caught:
        read_sheet(source, content)
    assert caught.value.where


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE rates [<!ENTITY a "1">]>',
        '<!DOCTYPE rates SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE rates [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
    ],
)
def test_a_sheet_with_a_document_type_is_refused(head: str) -> None:
    """Entities and addresses in a rate sheet are an attack, not a rate."""
    text = nbk(("USD", "1", "1")).decode().replace("<rates>", head + "<rates>")
    with pytest.raises(FeedError, match="document type"):
        read_sheet("nbk", text.encode())


def test_every_feed_states_its_currency_and_reader() -> None:
    """A source is a currency, a direction, a name and a reader; an unknown one is no source."""
    assert {feed.home for feed in FEEDS.values()} == {"KZT", "RUB", "KGS", "UZS", "EUR"}
    with pytest.raises(LookupError):
        read_sheet("fed", b"")
