"""What holds for any day: the SQL agrees with plain integers, and order and chance play no part."""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from altyn.clearing import RESULT_TABLES
from tests.clearing import reference_model
from tests.clearing.cycle import Day, Rows, contents, read, run
from tests.clearing.random_days import random_days

SEEDS = st.integers(0, 1 << 32)
KEYS = {table.name: table.key for table in RESULT_TABLES}


def in_order(name: str, rows: Rows) -> Rows:
    """Rows by their key, so that two engines' can be laid side by side."""
    return sorted(rows, key=lambda row: [str(row[column]) for column in KEYS[name]])


def with_results(later: Day, cleared: Day) -> Day:
    """A cycle with what the one before it gave."""
    before = {
        "items_before": cleared["items"],
        "authorizations_before": cleared["authorizations"],
    }
    return {**later, **before}


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_the_sql_agrees_with_the_reference_model(seed: int) -> None:
    """Two cycles, the second on the first one's results: every table is the same, row by row."""
    first, second = random_days(Random(seed))
    with TemporaryDirectory() as name:
        cleared = read(run(Path(name), first))
        wanted = reference_model.clear(first)
        for table in KEYS:
            assert in_order(table, cleared[table]) == in_order(table, wanted[table])
        second = with_results(second, cleared)
        cleared, wanted = read(run(Path(name), second)), reference_model.clear(second)
        for table in KEYS:
            assert in_order(table, cleared[table]) == in_order(table, wanted[table])


@settings(max_examples=3, deadline=None)
@given(SEEDS)
def test_order_threads_and_slices_leave_no_trace(seed: int) -> None:
    """Rows and files in another order, another count of threads or slices: the same bytes."""
    random = Random(seed)
    day, _ = random_days(random)
    shuffled = {name: random.sample(rows, len(rows)) for name, rows in day.items()}
    with TemporaryDirectory() as name:
        folder = Path(name)
        wanted = contents(run(folder, day))
        assert contents(run(folder, day)) == wanted
        assert contents(run(folder, shuffled, pieces=3, threads=1)) == wanted
        assert contents(run(folder, shuffled, pieces=2, threads=3, slice_rows=1000)) == wanted


@settings(max_examples=3, deadline=None)
@given(SEEDS)
def test_nets_sum_to_zero_and_every_input_ends_somewhere(seed: int) -> None:
    """Counted from the rows themselves, not by the engine's own proofs (I1, I9)."""
    day, _ = random_days(Random(seed))
    with TemporaryDirectory() as name:
        cleared = read(run(Path(name), day))
    for currency in {net["settlement_currency"] for net in cleared["nets"]}:
        nets = [net for net in cleared["nets"] if net["settlement_currency"] == currency]
        assert sum(net["minor_units"] for net in nets) == 0
    ended = [(each["file_id"], each["record_number"]) for each in cleared["rejected"]]
    ended += [
        (each["file_id"], each["record_number"]) for each in cleared["items"] if each["file_id"]
    ]
    came = [(each["file_id"], each["record_number"]) for each in day["presentments"]]
    # A file of one number is told apart by its acquirer; here all that matters is the count.
    assert sorted(ended) == sorted(came)


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_what_is_presented_of_an_authorization_is_what_its_items_drew(seed: int) -> None:
    """Over two cycles, less what was given back: told by the items alone."""
    first, second = random_days(Random(seed))
    with TemporaryDirectory() as name:
        cleared = read(run(Path(name), first))
        later = read(run(Path(name), with_results(second, cleared)))
    drawn: dict[int, int] = {}
    for item in (*cleared["items"], *later["items"]):
        if item["drawn"] is not None:
            taken = -item["drawn"] if item["reversal"] else item["drawn"]
            drawn[item["authorization"]] = drawn.get(item["authorization"], 0) + taken
    for row in later["authorizations"]:
        assert row["presented"] == drawn.get(row["authorization"], 0)
