"""What is looked at before a sheet is used: its day, what is missing, what has moved."""

import pytest

from altyn.rates import PublishedRate, Quotation, RateSheet, Remedy, findings

USD, KRW = PublishedRate("USD", 1, 478_17, 2), PublishedRate("KRW", 100, 31_29, 2)


def sheet(*rates: PublishedRate, day: str = "2026-04-02") -> RateSheet:
    """A sheet of the National Bank of Kazakhstan."""
    return RateSheet("nbk", "KZT", day, Quotation.DIRECT, rates, ())


def remedies(
    now: RateSheet, day: str, needed: tuple[str, ...] = (), before: RateSheet | None = None
) -> list[tuple[Remedy, str]]:
    """What `findings` asks for, and about which currency."""
    return [(found.remedy, found.currency) for found in findings(now, day, needed, before)]


def test_m10_yesterdays_sheet_is_not_used_as_todays() -> None:
    """A stale sheet is refused; one of tomorrow is looked at."""
    assert remedies(sheet(USD), "2026-04-02") == []
    assert remedies(sheet(USD), "2026-04-03") == [(Remedy.REFUSE, "")]
    assert remedies(sheet(USD), "2026-04-01") == [(Remedy.HOLD, "")]


def test_m10_a_needed_currency_that_is_missing_refuses_the_sheet() -> None:
    """The home currency needs no rate."""
    found = remedies(sheet(USD), "2026-04-02", ("USD", "EUR", "KZT"))
    assert found == [(Remedy.REFUSE, "EUR")]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (PublishedRate("USD", 1, 525_98, 2), []),
        (PublishedRate("USD", 1, 525_99, 2), [(Remedy.HOLD, "USD")]),
        (PublishedRate("USD", 1, 4781_70, 2), [(Remedy.HOLD, "USD")]),
        (PublishedRate("USD", 1, 430_35, 2), [(Remedy.HOLD, "USD")]),
        (PublishedRate("USD", 1, 478_1700, 4), []),
        (PublishedRate("USD", 10, 4781_70, 2), [(Remedy.HOLD, "USD")]),
        (PublishedRate("USD", 10, 478_17, 2), [(Remedy.HOLD, "USD"), (Remedy.HOLD, "USD")]),
    ],
)
def test_m10_a_jump_or_another_nominal_wants_a_second_person(
    now: PublishedRate, expected: list[tuple[Remedy, str]]
) -> None:
    """Compared for one unit and exactly, so ten times as much for ten units is no jump."""
    before = sheet(USD, day="2026-04-01")
    assert remedies(sheet(now), "2026-04-02", (), before) == expected


def test_m10_a_currency_that_is_gone_and_a_sheet_that_is_older_are_told() -> None:
    """What was there before and is not now may be an accident at the source."""
    before = sheet(USD, KRW, day="2026-04-02")
    assert remedies(sheet(USD, day="2026-04-02"), "2026-04-02", (), before) == [
        (Remedy.REFUSE, ""),
        (Remedy.HOLD, "KRW"),
    ]
