"""Registry facts: each value turns into a fact and back, through JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.identifiers import ParticipantId
from altyn.money import Rate, Rounding
from altyn.registry import (
    BinRange,
    Participant,
    Profile,
    Scheme,
    StandInTerms,
    Window,
    fact_of,
    value_of,
)

TEXTS = st.text(max_size=12)
CODES = st.sampled_from(["KZT", "USD", "JPY"])
IDS = st.builds(ParticipantId, st.text("ABC123", min_size=1, max_size=8))
SCHEMES = st.builds(
    Scheme, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, CODES, st.sampled_from(["25", "00"]),
    st.sampled_from(Rounding), st.integers(), st.integers(), st.integers(),
    st.dictionaries(CODES, st.integers(min_value=0)),
)  # fmt: skip
PARTICIPANTS = st.builds(
    Participant,
    participant_id=IDS,
    name=TEXTS,
    country=TEXTS,
    currency=CODES,
    roles=st.frozensets(st.sampled_from(["issuer", "acquirer"])),
    institution_ids=st.lists(TEXTS).map(tuple),
    state=st.sampled_from(["active", "suspended"]),
    net_debit_caps=st.dictionaries(CODES, st.integers(min_value=1)),
    profile=st.none() | st.builds(Profile, st.lists(TEXTS).map(tuple), st.lists(TEXTS).map(tuple)),
)
BINS = st.builds(BinRange, TEXTS, IDS, TEXTS, CODES, st.frozensets(st.integers(13, 19)))
RATES = st.builds(
    Rate, TEXTS, CODES, CODES, st.integers(min_value=1), st.integers(0, 12), st.integers()
)


LISTS = st.lists(TEXTS).map(tuple)
WINDOWS = st.builds(
    Window, st.integers(1), st.sampled_from(["card", "issuer"]), st.integers(0), st.integers(0)
)
TERMS = st.builds(
    StandInTerms, TEXTS, IDS, TEXTS, LISTS, st.integers(), st.integers(), CODES, st.integers(0),
    st.lists(WINDOWS).map(tuple), LISTS, LISTS, LISTS, LISTS, st.booleans(),
    st.sampled_from(["refuse", "allow"]), TEXTS,
)  # fmt: skip


@given(st.one_of(SCHEMES, PARTICIPANTS, BINS, RATES, TERMS))
def test_value_survives_its_fact_and_json(
    value: Scheme | Participant | BinRange | Rate | StandInTerms,
) -> None:
    """What the journal keeps as JSON comes back equal, amounts of any size included."""
    fact = fact_of(value)
    assert value_of(fact) == value
    assert value_of(json.loads(json.dumps(fact))) == value
    assert fact_of(value_of(fact)) == fact


def test_facts_say_what_they_are() -> None:
    """The key `fact` names the kind, and sets are written in order."""
    entry = BinRange("990001", ParticipantId("A"), "GOLD", "KZT", frozenset({19, 13, 16}))
    assert fact_of(entry) == {
        "fact": "bin",
        "prefix": "990001",
        "participant_id": "A",
        "product": "GOLD",
        "currency": "KZT",
        "pan_lengths": [13, 16, 19],
    }


def test_fact_of_an_unknown_kind_is_refused() -> None:
    """A journal of a newer version is not half understood."""
    with pytest.raises(LookupError, match="no registry fact of the kind"):
        value_of({"fact": "fee", "amount": 1})
    with pytest.raises(LookupError):
        value_of({"prefix": "990001"})


def test_fact_with_a_value_too_many_or_too_few_is_refused() -> None:
    """A fact is taken whole or not at all."""
    fact = fact_of(Rate("R1", "USD", "KZT", 1, 0, 0))
    with pytest.raises(TypeError):
        value_of({**fact, "spread": 1})
    with pytest.raises(TypeError):
        value_of({key: value for key, value in fact.items() if key != "base"})
