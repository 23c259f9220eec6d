"""Facts are read back from the journal as they were, or refused."""

import json
from typing import Any

import pytest

from altyn.settlement import (
    TRANSITIONS,
    Closed,
    Priced,
    State,
    fact_object,
    is_settlement_fact,
    read_fact,
)
from tests.settlement.scheme import BANKS, RUN, TWO, Office, settlement_bank


def test_every_fact_of_a_day_is_read_back_and_has_a_key_of_its_own() -> None:
    """A day with a failure, a default and a statement."""
    office = Office(settlement_bank(balance=0))
    office.settle()
    office.take(office.desk.default(BANKS[0], "no funds", TWO, office.tick()))
    office.restart()
    office.hear(office.bank.statement("KZT", office.tick()))
    for fact in office.journal:
        found = json.loads(json.dumps(fact_object(fact)))
        assert is_settlement_fact(found)
        assert read_fact(found) == fact
    keys = [fact.key for fact in office.journal]
    assert len(keys) == len(set(keys))


GOOD = fact_object(Priced(RUN, (), "00", 1))


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"fact": "cut-over"},
        {**GOOD, "more": 1},
        {**GOOD, "positions": [["obligation/A/KZT", "7"]]},
        {**GOOD, "positions": [["what/A/KZT", 7]]},
        {**GOOD, "positions": 7},
        {"fact": "settlement-closed", "run": RUN},
    ],
)
def test_object_of_another_form_is_refused(found: dict[str, Any]) -> None:
    """A fact is never half read."""
    with pytest.raises(ValueError, match="fact of settlement"):
        read_fact(found)


def test_closed_is_written_as_documented() -> None:
    """The form in the journal is part of the contract."""
    assert fact_object(Closed(RUN, 7)) == {"fact": "settlement-closed", "run": RUN, "at_us": 7}


def test_nothing_leaves_what_is_final_and_everything_can_become_final() -> None:
    """The table of transitions has one end, and no state is a trap."""
    assert not [state for state, _move in TRANSITIONS if state is State.SETTLED]
    ends = {State.SETTLED}
    for _turn in State:
        ends |= {state for (state, _move), to in TRANSITIONS.items() if to in ends}
    assert ends == set(State)
