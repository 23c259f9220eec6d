"""The layout of a transaction's record: every byte has one column, and reads back."""

import struct

import pytest

from altyn.card import seal
from altyn.transaction import Flag, Kind, Outcome, Stage, State, entries, read_record
from tests.switch.bench import HILL_CARD, Bench


def records(bench: Bench) -> list[tuple[int, bytes]]:
    """The transaction records of a bench's journal with their sequence numbers."""
    return [
        (entry.sequence, entry.body)
        for batch in bench.storage.batches()
        for entry in batch.entries(bench.storage.record_bytes)
        if entry.kind == 1
    ]


def test_the_columns_cover_the_record_without_a_gap() -> None:
    """Each column begins where the one before ends; the last ends with the record."""
    place = 0
    for column in entries.COLUMNS:
        assert column.offset == place, column.name
        assert column.meaning
        place += column.width
    assert place == entries.RECORD_BYTES
    assert len({column.name for column in entries.COLUMNS}) == len(entries.COLUMNS)


def test_numbers_are_as_wide_as_their_code() -> None:
    """Little-endian without padding, so that a day of records is an array."""
    for column in entries.COLUMNS:
        if column.code != "s":
            assert column.width == struct.calcsize("<" + column.code)


def test_a_purchase_leaves_two_records_that_agree() -> None:
    """Started and finished: the same head; the second says how it went."""
    bench = Bench()
    request, _ = bench.buy(amount=12_345)
    (first_sequence, first), (second_sequence, second) = records(bench)
    assert first_sequence < second_sequence
    assert first[: entries.HEAD_BYTES] == second[: entries.HEAD_BYTES]
    assert [entries.read_number(body, "stage") for body in (first, second)] == [1, 2]
    assert entries.read_number(second, "kind") == Kind.FINANCIAL
    assert entries.read_number(second, "amount") == 12_345
    assert entries.read_number(second, "held_change") == -12_345
    assert entries.read_number(second, "posted_change") == 12_345
    assert entries.read_bytes(second, entries.PAN_COLUMN) == seal(HILL_CARD)
    assert entries.read_text(second, "stan") == request.fields[11]


def test_a_record_tells_its_transaction_again() -> None:
    """read_record gives the transaction as it was when the record was written."""
    bench = Bench()
    request, reply = bench.buy(amount=500)
    told = [read_record(body, sequence) for sequence, body in records(bench)]
    assert [entry.stage for entry in told] == [Stage.STARTED, Stage.FINISHED]
    assert [entry.transaction.state for entry in told] == [State.IN_FLIGHT, State.APPROVED]
    transaction = told[1].transaction
    named = str(request.fields[11]) + str(request.fields[7])
    assert transaction.key == f"2400101/{named}"
    assert transaction.outcome == Outcome.APPROVED
    assert (transaction.debtor, transaction.creditor) == ("HILL", "SEA")
    assert transaction.authorization_code == reply.fields[38]
    assert (transaction.rrn, transaction.terminal) == (request.fields[37], request.fields[41])
    assert (transaction.amount, transaction.remaining) == (500, 500)


@pytest.mark.parametrize("processing", ["000000", "200000"])
def test_who_owes_whom(processing: str) -> None:
    """The issuer owes for a purchase, the acquirer for a refund."""
    bench = Bench()
    bench.buy(f3=processing)
    transaction = read_record(records(bench)[-1][1], 1).transaction
    credit = processing.startswith("20")
    assert bool(transaction.flags & Flag.CREDIT) is credit
    assert transaction.debtor == ("SEA" if credit else "HILL")
