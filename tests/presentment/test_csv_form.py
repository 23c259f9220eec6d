"""CSV is RFC 4180 in UTF-8 without a byte order mark, and nothing near it."""

import re

import pytest

from altyn.presentment import FileRefusal, Reason
from tests.presentment.samples import cut, read, sale, written

PLAIN = written("csv", [sale(n) for n in range(1, 6)])


def refusal_of(data: bytes) -> FileRefusal:
    """The refusal of a file that must be refused, the same for any cut of it."""
    with pytest.raises(FileRefusal) as caught:
        read("csv", data)
    with pytest.raises(FileRefusal, match=f"^{re.escape(str(caught.value))}$"):
        read("csv", cut(data, 11))
    return caught.value


def test_lines_may_end_by_lf() -> None:
    """Both ends of RFC 4180's readers are taken, one throughout."""
    assert read("csv", PLAIN.replace(b"\r\n", b"\n")) == read("csv", PLAIN)


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
def test_c15_a_byte_order_mark_refuses_the_file(mark: bytes) -> None:
    """It would be taken for a part of the first name."""
    assert refusal_of(mark + PLAIN).reason is Reason.BYTE_ORDER_MARK


def nth_end(data: bytes, n: int) -> int:
    """Where the n-th line ends, its CR LF included."""
    at = 0
    for _ in range(n):
        at = data.index(b"\r\n", at) + 2
    return at


def test_c15_mixed_line_ends_are_refused_with_the_record() -> None:
    """One LF among CR LF, and one CR LF among LF; the third record is named."""
    end = nth_end(PLAIN, 5)
    odd = PLAIN[: end - 2] + b"\n" + PLAIN[end:]
    refusal = refusal_of(odd)
    assert (refusal.reason, refusal.record_number) == (Reason.LINE_ENDS, 3)
    assert refusal.offset == end - 2
    other = PLAIN.replace(b"\r\n", b"\n").replace(b"5812", b"58\r12", 1)
    assert (refusal_of(other).reason, refusal_of(other).record_number) == (Reason.LINE_ENDS, 1)


@pytest.mark.parametrize("bad", [b"\xff\xfe\xfd", b"\xc3(", b"\xed\xa0\x80", b"\x00\x00"])
def test_c15_another_character_set_is_refused_with_the_record(bad: bytes) -> None:
    """Latin-1, UTF-16, surrogates and zeros are no UTF-8 text."""
    start = nth_end(PLAIN, 3)
    at = PLAIN.index(b"COFFEE", start)
    refusal = refusal_of(PLAIN[:at] + bad + PLAIN[at:])
    assert (refusal.reason, refusal.record_number) == (Reason.CHARACTER_SET, 2)
    assert refusal.offset == at


def test_c15_a_line_that_is_too_long_is_refused_with_the_record() -> None:
    """Even one without an end costs no memory."""
    start = nth_end(PLAIN, 4)
    refusal = refusal_of(PLAIN[:start] + b"7" * 3000 + PLAIN[start:])
    assert (refusal.reason, refusal.record_number) == (Reason.LINE_TOO_LONG, 3)
    endless = [PLAIN[:start], *[b"7" * 4096] * 3000]
    with pytest.raises(FileRefusal) as caught:
        read("csv", endless)
    assert caught.value.reason is Reason.LINE_TOO_LONG


def test_a_name_in_another_alphabet_is_kept() -> None:
    """UTF-8 is there for merchants' names; a control character is not one of a name."""
    rows, _ = read("csv", written("csv", [sale(1, merchant_name="Дүкен «Алтын», №7")]))
    assert rows[0]["merchant_name"] == "Дүкен «Алтын», №7"
    _, rejections = read("csv", written("csv", [sale(1, merchant_name="a\tb")]))
    assert [(each.reason, each.field) for each in rejections] == [(Reason.FORM, "merchant_name")]


@pytest.mark.parametrize("name", ['a "b" c', "a, b", '"', ",", '""', ',",",'])
def test_quotes_are_those_of_rfc_4180(name: str) -> None:
    """What is written in quotes is read again, among lines without any."""
    rows, rejections = read("csv", written("csv", [sale(1), sale(2, merchant_name=name), sale(3)]))
    assert rejections == []
    assert [row["merchant_name"] for row in rows][1] == name
    assert [row["record_number"] for row in rows] == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (b'"open', Reason.QUOTING),
        (b'in"side', Reason.QUOTING),
        (b'"closed"behind', Reason.QUOTING),
        (b"one,more", Reason.COLUMN_COUNT),
        (b'"one","more"', Reason.COLUMN_COUNT),
    ],
)
def test_c04_a_line_that_cannot_be_cut_is_rejected_singly(name: bytes, reason: Reason) -> None:
    """Lines keep their numbers around it."""
    place = PLAIN.index(rb"SEASIDE COFFEE\LONG STREET 7\ALMATY", nth_end(PLAIN, 3))
    odd = PLAIN[:place] + name + PLAIN[place + 35 :]
    rows, rejections = read("csv", odd)
    assert [(each.record_number, each.reason) for each in rejections] == [(2, reason)]
    assert [row["record_number"] for row in rows] == [1, 3, 4, 5]


def test_an_empty_line_is_a_record_without_fields() -> None:
    """It is counted, so the trailer does not agree."""
    end = nth_end(PLAIN, 4)
    assert refusal_of(PLAIN[:end] + b"\r\n" + PLAIN[end:]).reason is Reason.RECORD_COUNT


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"altyn-presentment,1,", b"altyn-presentment,2,", Reason.HEADER),
        (b",SEA,1,20261123", b",SEA,01 ,20261123", Reason.HEADER),
        (b",SEA,1,20261123", b",SEA,0,20261123", Reason.HEADER),
        (b",SEA,1,20261123", b",SEA,1,20261131", Reason.HEADER),
        (b"function,", b"", Reason.SCHEMA),
        (b"function,reversal", b"reversal,function", Reason.SCHEMA),
        (b"function,", b"Function,", Reason.SCHEMA),
        (b"totals,5", b"totals,5 ", Reason.TRAILER),
        (b"totals,5", b"totals,+5", Reason.TRAILER),
        (b"totals,5", "totals,٥".encode(), Reason.TRAILER),
        (b"totals,5,", b"totals,5,398=1,", Reason.TRAILER),
        (b"totals,5", b"Totals,5", Reason.TRUNCATED),
    ],
)
def test_w08_control_lines_are_exact(old: bytes, new: bytes, reason: Reason) -> None:
    """Signs, blanks, digits of other scripts, other names and other orders are refused."""
    assert refusal_of(PLAIN.replace(old, new, 1)).reason is reason


@pytest.mark.parametrize("digits", ["-1", "+4", " 4", "1_6", "٤", "4.0", "0x4", "4e2", ""])
def test_w08_numbers_are_ascii_digits_only(digits: str) -> None:
    """What Python's int() would take is rejected, in numbers and in codes."""
    for old, new in ((b",5812,", b",%b,"), (b",1,1,", b",1,%b,")):
        rows, rejections = read("csv", PLAIN.replace(old, new % digits.encode(), 1))
        assert (len(rows), [each.record_number for each in rejections]) == (4, [1])


def test_w09_a_line_behind_the_trailer_is_refused() -> None:
    """The last line is the trailer, or there is none."""
    assert refusal_of(PLAIN + PLAIN[nth_end(PLAIN, 2) : nth_end(PLAIN, 3)]).reason in (
        Reason.TRUNCATED,
    )


def test_errors_tell_no_value() -> None:
    """Neither a refusal nor a rejection repeats what stood in the file."""
    end = nth_end(PLAIN, 5)
    told = str(refusal_of(PLAIN[: end - 2] + b"\n" + PLAIN[end:]))
    assert told == f"record 3, byte {end - 2}: lines end in different ways"
    _, rejections = read("csv", PLAIN.replace(b"9900000000000010", b"9900000000000011"))
    assert "99000" not in repr(rejections) + rejections[0].text
