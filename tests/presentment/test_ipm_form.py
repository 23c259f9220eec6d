"""Clearing records: streams, fields and private data are read strictly."""

import struct
from collections.abc import Callable

import pytest

from altyn.message import Message
from altyn.presentment import FileRefusal, Reason, Rejection, load_ipm_codec
from altyn.presentment.pds import PdsError, build_pds, parse_pds
from altyn.presentment.vbs import BLOCK, RECORD_BYTES_MAX, records, write_records
from tests.presentment.samples import Row, cut, read, sale, written

CODEC = load_ipm_codec("ascii")
DAY = [sale(n) for n in range(1, 4)]
FILE = written("ipm", DAY)
Change = Callable[[Message], None]


def changed(place: int, change: Change) -> bytes:
    """The file with one message changed, the header being message 0."""
    messages = [CODEC.decode(record) for record in records([FILE], False)]
    change(messages[place])
    return b"".join(write_records((CODEC.encode(each) for each in messages), False))


def with_record(place: int, record: bytes) -> bytes:
    """The file with the bytes of one record replaced."""
    found = list(records([FILE], False))
    found[place] = record
    return b"".join(write_records(found, False))


def reason_of(data: bytes, form: str = "ipm") -> Reason:
    """Why the file is refused."""
    with pytest.raises(FileRefusal) as caught:
        read(form, data)
    return caught.value.reason


def rejected(data: bytes) -> list[Rejection]:
    """What is rejected of a file whose other records are taken."""
    rows, rejections = read("ipm", data)
    assert len(rows) + len(rejections) == len(DAY)
    return rejections


@pytest.mark.parametrize("blocked", [False, True])
def test_a_stream_gives_its_records_again(blocked: bool) -> None:
    """Around the edges of a block, in any cut."""
    for size in (1, 1004, 1007, 1008, 1009, 1012, 1014, RECORD_BYTES_MAX):
        kept = [bytes([7]) * size, b"x", bytes([64]) * size]
        stream = b"".join(write_records(kept, blocked))
        assert not blocked or len(stream) % BLOCK == 0
        for step in (5, 1014, 1 << 16):
            assert list(records(cut(stream, step), blocked)) == kept


def test_c15_a_record_that_is_too_long_is_refused() -> None:
    """Its length is not believed."""
    assert reason_of(FILE[:-4] + struct.pack(">I", RECORD_BYTES_MAX + 1)) is Reason.RECORD_TOO_LONG


def test_w09_bytes_behind_the_end_are_refused() -> None:
    """In a plain stream any, in a blocked one all but the fill."""
    assert reason_of(FILE + b"@") is Reason.TRAILING_BYTES
    blocked = written("ipm-blocked", DAY)
    assert reason_of(blocked[:-3] + b"x@@", "ipm-blocked") is Reason.TRAILING_BYTES
    assert reason_of(blocked[:1012] + b"x@" + blocked[1014:], "ipm-blocked") is Reason.STRUCTURE
    assert read("ipm-blocked", blocked + b"@" * BLOCK) == read("ipm-blocked", blocked)


def test_w09_bytes_behind_the_last_field_reject_the_record() -> None:
    """With the byte where they begin; the others are taken."""
    record = list(records([FILE], False))[2]
    assert rejected(with_record(2, record + b"0")) == [
        Rejection(2, Reason.UNREADABLE, "", len(record))
    ]


@pytest.mark.parametrize("digits", [b"-1", b"+4", b" 4", b"1_", b"\xb2\xb2"])
def test_w08_lengths_are_ascii_digits_only(digits: bytes) -> None:
    """The length of the card number, behind message type and bitmaps."""
    record = list(records([FILE], False))[2]
    found = rejected(with_record(2, record[:20] + digits + record[22:]))
    assert found == [Rejection(2, Reason.UNREADABLE, "DE2", 20)]


@pytest.mark.parametrize("mti", ["1442", "1740"])
def test_disputes_and_fees_are_recognised_and_not_yet_taken(mti: str) -> None:
    """Each singly, with a reason of its own; their amounts count for the trailer."""

    def change(message: Message) -> None:
        message.mti = mti

    assert rejected(changed(2, change)) == [Rejection(2, Reason.RESERVED_TYPE)]


def test_another_message_type_is_rejected_singly() -> None:
    """An authorization has no place in a clearing file."""

    def change(message: Message) -> None:
        message.mti = "1100"

    assert rejected(changed(2, change)) == [Rejection(2, Reason.MESSAGE_TYPE)]


@pytest.mark.parametrize(
    ("place", "number", "value", "reason"),
    [
        (2, 71, "00000009", Reason.MESSAGE_NUMBER),
        (0, 71, "00000002", Reason.HEADER),
        (0, 24, "695", Reason.HEADER),
        (0, 48, "0105014SEA-20261123-1", Reason.HEADER),
        (4, 24, "697", Reason.TRUNCATED),
        (4, 48, "0105014SEA-20261123-2", Reason.TRAILER),
        (4, 48, "01050", Reason.TRAILER),
    ],
)
def test_c03_c05_messages_out_of_place_refuse_the_file(
    place: int, number: int, value: str, reason: Reason
) -> None:
    """A lost record, a header or trailer that is none."""

    def change(message: Message) -> None:
        message.fields[number] = value

    assert reason_of(changed(place, change)) is reason


@pytest.mark.parametrize(
    ("number", "value", "reason", "field"),
    [
        (48, "0105", Reason.UNREADABLE, "DE48"),
        (48, "1305005ABCDE1305005ABCDE", Reason.UNREADABLE, "DE48"),
        (49, "   ", Reason.FORM, "currency"),
        (12, "260230120000", Reason.DATE, "local_date"),
        (41, "        ", None, ""),
    ],
)
def test_c04_one_bad_message_is_rejected_singly(
    number: int, value: str, reason: Reason | None, field: str
) -> None:
    """A blank terminal is an absent one, which may be."""

    def change(message: Message) -> None:
        message.fields[number] = value

    found = [(e.record_number, e.reason, e.field) for e in rejected(changed(2, change))]
    assert found == ([(2, reason, field)] if reason else [])


def test_private_data_fills_its_fields_and_comes_back() -> None:
    """A sub-element never crosses into the next field."""
    elements = {f"{1000 + n:04d}": "x" * (n * 37 % 500) for n in range(18)}
    fields = build_pds(elements)
    assert set(fields) <= {48, 62, 123, 124, 125}
    again = {tag: value for text in fields.values() for tag, value in parse_pds(text).items()}
    assert again == elements


@pytest.mark.parametrize(
    "text", ["1", "0105", "0105+05ABCDE", "010500", "0105006ABCDE", "٠١٠٥٠٠١A"]
)
def test_w08_private_data_is_digits_and_fits(text: str) -> None:
    """Tags and lengths are ASCII digits; nothing is cut off."""
    with pytest.raises(PdsError):
        parse_pds(text)


def test_m15_private_data_that_does_not_fit_is_never_cut() -> None:
    """Neither one value nor all together."""
    for elements in ({"1000": "x" * 993}, {f"{n:04d}": "x" * 900 for n in range(6)}):
        with pytest.raises(ValueError, match="sub-element"):
            build_pds(elements)


@pytest.mark.parametrize(
    "row", [sale(1, merchant_name="Дүкен"), sale(1, terminal="T" * 9), sale(1, amount=10**12)]
)
def test_m15_a_value_that_a_field_cannot_hold_is_not_written(row: Row) -> None:
    """Other alphabets, and texts and amounts that are too long: refused, never truncated."""
    with pytest.raises(Exception, match="field"):
        written("ipm", [row])
