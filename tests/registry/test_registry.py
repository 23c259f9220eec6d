"""One version of the registry: built whole from facts, looked up by key and instant."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from altyn.identifiers import ParticipantId
from altyn.money import Rate, Rounding, format_amount
from altyn.registry import (
    AmbiguousBinTableError,
    BinRange,
    Fact,
    Participant,
    Registry,
    Scheme,
    fact_of,
    version_of,
)

SCHEME = Scheme("TEST", "Test", "900001", "UTC", "", "USD", "25", Rounding.HALF_UP)
STEP = Participant(
    ParticipantId("STEPKZ"), "Step", "KZ", "KZT", frozenset({"issuer", "acquirer"}), ("400101",)
)
GOLD = Participant(
    ParticipantId("GOLDKZ"), "Gold", "KZ", "KZT", frozenset({"acquirer"}), ("400102", "400103")
)
TOKYO = Participant(
    ParticipantId("TOKYOJP"), "Tokyo", "JP", "JPY", frozenset({"issuer", "acquirer"}), ("400201",)
)
BIN = BinRange("990001", STEP.participant_id, "CLASSIC", "KZT", frozenset({16}))
TENGE = Rate("KZT-1", "USD", "KZT", 50000, 2, 1_000)  # 500.00 tenge for a dollar
YEN = Rate("JPY-1", "JPY", "USD", 8, 3, 1_000)  # 0.008 dollars for a yen
VALUES = (SCHEME, STEP, GOLD, TOKYO, BIN, TENGE, YEN)


def registry(*values: Scheme | Participant | BinRange | Rate) -> Registry:
    """A registry of these values."""
    return Registry([fact_of(value) for value in values])


def test_participants_are_found_by_id_and_institution() -> None:
    """DE32 leads to its participant; what nobody owns leads to nobody."""
    found = registry(*VALUES)
    assert found.participants == {each.participant_id: each for each in (STEP, GOLD, TOKYO)}
    assert found.by_institution["400103"] == GOLD
    assert "400999" not in found.by_institution
    assert found.scheme == SCHEME
    assert found.bins.find("9900010000000000") == BIN


def test_facts_build_the_same_version_again() -> None:
    """The facts of a version, in any order, name and build that version."""
    first = registry(*VALUES)
    shuffled = list(first.facts)
    random.Random(1).shuffle(shuffled)
    again = Registry(shuffled)
    assert again.version == first.version == version_of(first.facts)
    assert len(first.version) == 8
    assert int(first.version, 16) >= 0
    assert again.by_institution == first.by_institution


def test_f38_any_change_is_another_version() -> None:
    """A version names its facts: one cap, one state, one rate changed is another name."""
    versions = {registry(*VALUES).version}
    for changed in (
        (SCHEME, replace(STEP, state="suspended"), *VALUES[2:]),
        (SCHEME, replace(STEP, net_debit_caps={"KZT": 1}), *VALUES[2:]),
        (*VALUES[:-1], YEN._replace(mantissa=9)),
        VALUES[:-1],
    ):
        versions.add(registry(*changed).version)
    assert len(versions) == 5


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        (VALUES[1:], "states one scheme, this one states 0"),
        ((*VALUES, SCHEME), "states one scheme, this one states 2"),
        ((*VALUES, STEP), "stated twice"),
        ((*VALUES, replace(STEP, participant_id=ParticipantId("X"))), "two participants"),
        (
            (*VALUES, replace(BIN, prefix="1" * 6, participant_id=ParticipantId("X"))),
            "no participant",
        ),
    ],
)
def test_contradiction_is_refused_whole(
    values: tuple[Scheme | Participant | BinRange | Rate, ...], complaint: str
) -> None:
    """A registry that contradicts itself is never half loaded."""
    with pytest.raises(ValueError, match=complaint):
        registry(*values)


def test_f36_ambiguous_bin_table_is_refused() -> None:
    """The same prefix twice refuses the whole version."""
    with pytest.raises(AmbiguousBinTableError):
        registry(*VALUES, replace(BIN, participant_id=TOKYO.participant_id))


def test_settlement_currency_is_domestic_only_at_home() -> None:
    """Two banks of one country settle in its currency; everything else crosses the border."""
    found = registry(*VALUES)
    assert found.settlement_currency(STEP, GOLD, "KZT") == "KZT"
    assert found.settlement_currency(STEP, GOLD, "USD") == "USD"
    assert found.settlement_currency(STEP, GOLD, "JPY") == "USD"
    assert found.settlement_currency(STEP, TOKYO, "JPY") == "USD"
    assert found.settlement_currency(TOKYO, STEP, "KZT") == "USD"


@pytest.mark.parametrize(
    ("source", "target", "amount", "expected", "rate_id"),
    [
        ("USD", "KZT", 100, 50_000, "KZT-1"),  # 1.00 USD is 500.00 KZT
        ("KZT", "USD", 50_000, 100, "KZT-1"),  # and back, by the inverse
        ("JPY", "USD", 1_000, 800, "JPY-1"),  # 1,000 JPY is 8.00 USD
        ("USD", "JPY", 800, 1_000, "JPY-1"),
        ("JPY", "KZT", 1_000, 400_000, "JPY-1*KZT-1"),  # through the dollar: 4,000.00 KZT
        ("KZT", "JPY", 400_000, 1_000, "KZT-1*JPY-1"),
    ],
)
def test_m11_conversion_is_direct_inverse_or_through_the_middle(
    source: str, target: str, amount: int, expected: int, rate_id: str
) -> None:
    """Worked by hand: the direction is part of the rate, and the rates used are named."""
    found = registry(*VALUES).conversion(source, target, 1_000)
    assert found is not None
    assert format_amount(found.convert(amount), target) == format_amount(expected, target)
    assert found.rate_id == rate_id


def test_m02_way_through_the_middle_is_rounded_once() -> None:
    """A hundredth of a dollar in between is not lost: 1 KZT through dollars is exact."""
    found = registry(*VALUES).conversion("KZT", "JPY", 1_000)
    assert found is not None
    assert Fraction(found.numerator, found.denominator) == Fraction(1, 400)
    assert found.convert(200) == 1  # half a yen goes up; in whole cents it would be none


def test_m10_missing_rate_gives_no_conversion() -> None:
    """Without a rate, or before it is in force, nothing is invented."""
    found = registry(*VALUES)
    assert found.conversion("USD", "KZT", 999) is None
    assert found.conversion("JPY", "KZT", 999) is None
    assert found.conversion("USD", "EUR", 1_000) is None
    assert found.conversion("EUR", "KZT", 1_000) is None


def test_m09_rate_in_force_is_the_latest_that_has_begun() -> None:
    """A new rate takes over at its instant, whatever direction it is quoted in."""
    later = Rate("KZT-2", "KZT", "USD", 4, 3, 5_000)  # 0.004 dollars for a tenge: 250.00
    found = registry(*VALUES, later)
    answers = {1_000: "KZT-1", 4_999: "KZT-1", 5_000: "KZT-2", 10**16: "KZT-2"}
    # Forwards and backwards in time: what was asked before must not answer for it.
    for now_us in [*answers, *reversed(answers)]:
        rate = found.conversion("USD", "KZT", now_us)
        assert rate is not None
        assert rate.rate_id == answers[now_us]
    assert found.conversion("USD", "KZT", 999) is None


def test_m09_new_rate_reaches_the_ways_through_the_middle() -> None:
    """A conversion through the dollar changes when either of its rates does."""
    found = registry(*VALUES, YEN._replace(rate_id="JPY-2", mantissa=10, effective_us=5_000))
    before, after = (found.conversion("JPY", "KZT", now_us) for now_us in (4_999, 5_000))
    assert before is not None
    assert after is not None
    assert (before.convert(1), after.convert(1)) == (400, 500)
    assert after.rate_id == "JPY-2*KZT-1"


def test_rounding_is_that_of_the_scheme() -> None:
    """The scheme's rule decides half a minor unit in every conversion."""
    for rounding, cents in ((Rounding.HALF_UP, 1), (Rounding.HALF_EVEN, 0)):
        found = registry(replace(SCHEME, rounding=rounding), TENGE).conversion("KZT", "USD", 1_000)
        assert found is not None
        assert found.convert(250) == cents


def test_registry_of_facts_from_json_lists_is_the_same() -> None:
    """A tuple and a list state the same fact."""
    facts: list[Fact] = [fact_of(value) for value in VALUES]
    listed = [
        {key: list(value) if isinstance(value, tuple) else value for key, value in fact.items()}
        for fact in facts
    ]
    assert Registry(listed).version == Registry(facts).version
