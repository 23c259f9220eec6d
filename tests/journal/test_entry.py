"""Batches: what is put in comes out, and runs that do not fit together are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.journal import (
    FIXED_KIND,
    NO_SPAN,
    BatchBuilder,
    JournalDamagedError,
    genesis_hash,
    structure_defect,
)
from tests.journal.strategies import RECORD_BYTES, built, entry_lists


@given(entry_lists, st.integers(1, 1 << 40))
def test_entries_of_a_batch_come_out_as_they_were_put_in(
    entries: list[tuple[int, bytes]], first: int
) -> None:
    """Kinds, bodies, order and sequence numbers survive the three runs."""
    batch = built(entries, first)
    found = [(entry.kind, entry.body) for entry in batch.entries(RECORD_BYTES)]
    assert found == entries
    numbers = [entry.sequence for entry in batch.entries(RECORD_BYTES)]
    assert numbers == list(range(first, first + len(entries)))
    assert batch.last_sequence == first + len(entries) - 1
    assert structure_defect(batch, RECORD_BYTES) is None


@given(st.lists(st.one_of(st.just(NO_SPAN), st.integers(0, 1 << 40)), min_size=1))
def test_span_bounds_the_values_that_there_are(spans: list[int]) -> None:
    """Entries without a search value do not widen the span; without any there is none."""
    builder = BatchBuilder(1)
    for span in spans:
        builder.append(2, b"", span)
    batch = builder.seal(b"", 0)
    values = [span for span in spans if span != NO_SPAN]
    expected = (min(values), max(values)) if values else (NO_SPAN, NO_SPAN)
    assert (batch.span_low, batch.span_high) == expected


def test_references_pair_the_original_with_what_refers_to_it() -> None:
    """What a later entry refers to can be followed from the earlier one."""
    builder = BatchBuilder(10)
    assert [builder.append(2, b"", refers_to=each) for each in (0, 3, 10)] == [10, 11, 12]
    assert builder.seal(b"", 0).references == ((3, 11), (10, 12))


@given(entry_lists, st.data())
def test_fast_check_agrees_with_reading_every_entry(
    entries: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    """For runs that were cut, lengthened or changed, both say the same."""
    batch = built(entries)
    change = st.binary(max_size=6)
    cut = data.draw(st.integers(0, 8))
    at = data.draw(st.integers(0, len(batch.variable)))
    variable = batch.variable[:at] + data.draw(change) + batch.variable[at + cut :]
    fixed = batch.fixed[: len(batch.fixed) - data.draw(st.integers(0, 3))] + data.draw(change)
    odd = batch._replace(variable=variable, fixed=fixed)
    try:
        list(odd.entries(RECORD_BYTES))
        readable = True
    except JournalDamagedError:
        readable = False
    assert (structure_defect(odd, RECORD_BYTES) is None) == readable


def test_batch_without_entries_is_not_sound() -> None:
    """Nobody writes one, so one that is there was made by damage."""
    assert structure_defect(BatchBuilder(1).seal(b"", 0), RECORD_BYTES) is not None


def test_error_names_the_entries_and_never_their_content() -> None:
    """The range is what an operator needs; the bytes may be card data."""
    batch = built([(FIXED_KIND, b"9" * RECORD_BYTES), (2, b"4111111111111111")], 7)
    with pytest.raises(JournalDamagedError) as caught:
        list(batch._replace(variable=batch.variable[:-1]).entries(RECORD_BYTES))
    assert str(caught.value).startswith("entries 7 to 8: ")
    assert "1111" not in str(caught.value)


def test_genesis_binds_a_journal_to_its_scheme_and_layout() -> None:
    """Another scheme's first batch does not fit, nor one of another record layout."""
    assert len({genesis_hash("A", 8), genesis_hash("B", 8), genesis_hash("A", 9)}) == 3
