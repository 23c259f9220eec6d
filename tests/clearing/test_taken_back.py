"""What a presentment took of its authorization comes back with it."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.clearing.cycle import (
    KZT,
    TODAY,
    USD,
    Day,
    Row,
    Rows,
    authorization,
    clear,
    conversion,
    entry,
    matching_terms,
    only,
    presentment,
    terms,
)

LATER = {"file_id": "F2", "file_sequence": 2}


def reference(number: int) -> str:
    """The acquirer reference of a record of that number."""
    return f"{number:023d}"


def reversal(number: int, names: int, **values: object) -> Row:
    """A record that takes back the one of that number; its own reference is 100 higher."""
    own = {"original_reference": reference(names), "acquirer_reference": reference(100 + number)}
    return presentment(number, **{"reversal": True, **own, **values})


def after(folder: Path, cleared: Day, **tables: Rows) -> Day:
    """The next cycle, on what one left."""
    before = {
        "items_before": cleared["items"],
        "authorizations_before": cleared["authorizations"],
        "terms": [terms(cycle="2026-11-23/2")],
    }
    return clear(folder, **{**before, **tables})


def states(cleared: Day) -> list[tuple[str, int]]:
    """State of each authorization, and what is presented of it."""
    return [(row["state"], row["presented"]) for row in cleared["authorizations"]]


def reasons(cleared: Day) -> list[str]:
    """Why records were rejected."""
    return [row["reason"] for row in cleared["rejected"]]


@pytest.fixture
def used_up(tmp_path: Path) -> Day:
    """A cycle in which one presentment used its authorization up."""
    cleared = clear(tmp_path, transactions=[authorization()], presentments=[presentment(1)])
    assert states(cleared) == [("cleared", 10_000)]
    item = only(cleared["items"])
    assert (item["drawn"], item["final"]) == (10_000, True)
    return cleared


@pytest.mark.parametrize("correction_comes_first", [False, True])
def test_a_presentment_is_taken_back_and_presented_right(
    tmp_path: Path, used_up: Day, *, correction_comes_first: bool
) -> None:
    """In one file, in whatever order: the right amount is matched as if the wrong never was."""
    first, second = (3, 2) if correction_comes_first else (2, 3)
    records = [reversal(first, 1, **LATER), presentment(second, amount=9_000, **LATER)]
    cleared = after(tmp_path, used_up, presentments=records)
    outcomes = {item["outcome"]: item for item in cleared["items"]}
    assert set(outcomes) == {"TAKEN_BACK", "MATCHED"}
    assert outcomes["TAKEN_BACK"]["drawn"] == 10_000
    assert outcomes["TAKEN_BACK"]["authorization"] == outcomes["MATCHED"]["authorization"] == 10
    assert states(cleared) == [("cleared", 9_000)]
    assert sum(fee["amount"] for fee in cleared["fees"]) == 90 - 100


def test_what_came_in_this_cycle_gives_room_from_the_next_on(tmp_path: Path) -> None:
    """Two records contend for one authorization: taking the first back does not help the second."""
    records = [presentment(1), reversal(2, 1), presentment(3)]
    cleared = clear(tmp_path, transactions=[authorization()], presentments=records)
    assert reasons(cleared) == ["COMPLETED"]
    assert states(cleared) == [("open", 0)]
    again = presentment(1, acquirer_reference=reference(3), **LATER)
    cleared = after(tmp_path, cleared, presentments=[again])
    assert only(cleared["items"])["outcome"] == "MATCHED"
    assert states(cleared) == [("cleared", 10_000)]


def test_a_part_that_is_taken_back_leaves_the_others(tmp_path: Path) -> None:
    """Only the last part uses up: taking an earlier one back does not open what that one closed."""
    first = presentment(1, amount=3_000, part_number=1, final=False)
    last = presentment(2, amount=5_000, part_number=2)
    cleared = clear(tmp_path, transactions=[authorization()], presentments=[first, last])
    assert states(cleared) == [("cleared", 8_000)]
    earlier = cleared["items"]
    cleared = after(tmp_path, cleared, presentments=[reversal(1, 1, amount=3_000, **LATER)])
    assert states(cleared) == [("cleared", 5_000)]
    cleared["items"] += earlier
    cleared = after(tmp_path, cleared, presentments=[reversal(2, 2, amount=5_000, **LATER)])
    assert states(cleared) == [("open", 0)]


def test_it_comes_back_by_what_it_took_not_by_the_rate_of_today(tmp_path: Path) -> None:
    """Dollars against tenge: what was counted then is given back, whatever a dollar is now."""

    def dollar(worth: int) -> Row:
        return conversion(rate_id="USD-1", numerator=worth)

    paid = {"amount": 19, "currency": USD, "part_number": 1, "final": False}
    cleared = clear(
        tmp_path, transactions=[authorization()], presentments=[presentment(1, **paid)],
        conversions=[dollar(500)],
    )  # fmt: skip
    assert states(cleared) == [("open", 9_500)]
    back = reversal(1, 1, **paid, **LATER)
    cleared = after(tmp_path, cleared, presentments=[back], conversions=[dollar(400)])
    assert only(cleared["items"])["drawn"] == 9_500
    assert states(cleared) == [("open", 0)]


def test_c08_one_opened_again_after_its_day_expires_and_is_told(
    tmp_path: Path, used_up: Day
) -> None:
    """It is open no longer than any other; a late presentment may still name it."""
    late = TODAY + timedelta(days=9)
    rows = [terms(cycle="2026-12-02/1", business_day=late)]
    back = reversal(1, 1, booked_day=late, **LATER)
    cleared = after(tmp_path, used_up, presentments=[back], terms=rows)
    assert states(cleared) == [("expired", 0)]
    notice = only(cleared["authorization_notices"])
    assert (notice["notice"], notice["amount"]) == ("EXPIRED", 10_000)
    again = presentment(1, acquirer_reference=reference(9), file_id="F3", file_sequence=3)
    cleared = after(tmp_path, cleared, presentments=[{**again, "booked_day": late}], terms=rows)
    assert only(cleared["items"])["outcome"] == "MATCHED"


@pytest.mark.parametrize("completed_before", [False, True])
def test_what_the_switch_completed_stays_completed(
    tmp_path: Path, used_up: Day, *, completed_before: bool
) -> None:
    """The completion stands for itself; taking a presentment back does not undo it."""
    completion = entry(sequence=12, kind="financial_advice", outcome="accepted", refers_to=10)
    back = [reversal(1, 1, **LATER)]
    if completed_before:
        between = after(tmp_path, used_up, transactions=[completion])
        between["items"] += used_up["items"]
        cleared = after(tmp_path, between, presentments=back)
    else:
        cleared = after(tmp_path, used_up, transactions=[completion], presentments=back)
    assert states(cleared) == [("completed", 0)]


@pytest.mark.parametrize("reversed_before", [False, True])
def test_c11_what_the_switch_reversed_does_not_open_again(
    tmp_path: Path, used_up: Day, *, reversed_before: bool
) -> None:
    """Nothing stands of it. Told as presented and then reversed only while it is presented."""
    reversed_all = entry(
        sequence=12, kind="reversal", outcome="accepted", refers_to=10, posted_change=0, remaining=0
    )
    back = [reversal(1, 1, **LATER)]
    if reversed_before:
        between = after(tmp_path, used_up, transactions=[reversed_all])
        assert only(between["authorization_notices"])["notice"] == "REVERSED_AFTER_PRESENTMENT"
        assert states(between) == [("cleared", 10_000)]
        between["items"] += used_up["items"]
        cleared = after(tmp_path, between, presentments=back)
    else:
        cleared = after(tmp_path, used_up, transactions=[reversed_all], presentments=back)
    assert states(cleared) == [("reversed", 0)]
    assert cleared["authorization_notices"] == []


def test_a_reversal_that_is_refused_gives_nothing_back(tmp_path: Path, used_up: Day) -> None:
    """Another amount than the original's: no room, and the next presentment finds none."""
    records = [reversal(1, 1, amount=9_999, **LATER), presentment(2, **LATER)]
    cleared = after(tmp_path, used_up, presentments=records)
    assert reasons(cleared) == ["ORIGINAL_DIFFERS", "COMPLETED"]
    assert states(cleared) == [("cleared", 10_000)]


def test_a_second_reversal_gives_nothing_back(tmp_path: Path, used_up: Day) -> None:
    """However often it is taken back, in one cycle or the next, it comes back once."""
    twice = [reversal(1, 1, **LATER), reversal(2, 1, **LATER)]
    cleared = after(tmp_path, used_up, presentments=twice)
    assert reasons(cleared) == ["ORIGINAL_TAKEN_BACK"]
    assert states(cleared) == [("open", 0)]
    thrice = reversal(1, 1, file_id="F3", file_sequence=3, acquirer_reference=reference(7))
    cleared["items"] += used_up["items"]
    cleared = after(tmp_path, cleared, presentments=[thrice])
    assert reasons(cleared) == ["ORIGINAL_TAKEN_BACK"]
    assert states(cleared) == [("open", 0)]


@pytest.mark.parametrize("same_cycle", [False, True])
def test_f44_a_purchase_is_not_refunded_in_the_cycle_that_takes_it_back(
    tmp_path: Path, used_up: Day, *, same_cycle: bool
) -> None:
    """The money goes back once: taking back comes before refunding, in whatever order they came."""
    refund = presentment(
        4, credit=True, processing_code="200000", original_reference=reference(1), **LATER
    )
    records = [refund, reversal(5, 1, **LATER)]
    if same_cycle:
        cleared = clear(
            tmp_path, transactions=[authorization()], presentments=[presentment(1), *records]
        )
    else:
        cleared = after(tmp_path, used_up, presentments=records)
    assert reasons(cleared) == ["ABOVE_PURCHASE"]
    nets = {row["participant"]: row["principal"] for row in cleared["nets"]}
    assert nets["BORI"] == (0 if same_cycle else 10_000)


def test_an_authorization_that_is_forgotten_stays_forgotten(tmp_path: Path, used_up: Day) -> None:
    """Its item is taken back all the same."""
    back = [reversal(1, 1, **LATER)]
    cleared = after(
        tmp_path, used_up, presentments=back, authorizations_before=[],
        matching_terms=[matching_terms()],
    )  # fmt: skip
    assert only(cleared["items"])["currency"] == KZT
    assert cleared["authorizations"] == []
