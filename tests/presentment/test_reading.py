"""Files of every form are read strictly, record by record, and refused whole where they must be."""

from typing import Any

import pytest

from altyn.card import seal
from altyn.presentment import (
    PRESENTMENT_COLUMNS,
    FileRefusal,
    Reason,
    Totals,
    presentment_schema,
    read_file,
)
from tests.presentment.samples import (
    EVERY_FORM,
    card,
    cut,
    read,
    refund,
    sale,
    taken,
    written,
)

DAY = [sale(n) if n % 5 else refund(n) for n in range(1, 60)]
STREAMS = [form for form in EVERY_FORM if form != "parquet"]
every_form = pytest.mark.parametrize("form", EVERY_FORM)
every_stream = pytest.mark.parametrize("form", STREAMS)


def refusal_of(form: str, data: Any, acquirer: str = "SEA") -> FileRefusal:
    """The refusal of a file that must be refused."""
    with pytest.raises(FileRefusal) as caught:
        read(form, data, acquirer)
    return caught.value


@every_form
def test_every_form_gives_the_same_rows(form: str) -> None:
    """One day in six forms is one day; the card number is sealed."""
    rows, rejections = read(form, written(form, DAY))
    assert rejections == []
    assert rows == read("csv", written("csv", DAY))[0]
    assert [row["pan"] for row in rows] == [seal(card(n)) for n in range(1, 60)]
    assert [row["amount"] for row in rows] == [row["amount"] for row in DAY]
    assert [row["record_number"] for row in rows] == list(range(1, 60))


def test_rows_have_the_published_columns() -> None:
    """The schema is that of PRESENTMENT_COLUMNS, in order."""
    piece = taken(read_file("csv", written("csv", DAY), "SEA"))[0]
    assert piece.rows.schema.equals(presentment_schema())
    assert piece.rows.schema.names == [column.name for column in PRESENTMENT_COLUMNS]


@every_stream
@pytest.mark.parametrize("size", [1, 13, 1014, 1 << 16])
def test_any_cut_of_the_stream_gives_the_same_rows(form: str, size: int) -> None:
    """How a file comes in chunks changes nothing."""
    data = written(form, DAY[:20])
    assert read(form, cut(data, size)) == read(form, data)


@every_form
def test_a_file_without_records_is_a_file(form: str) -> None:
    """A day without business is told by an empty file, and nothing is made up."""
    assert read(form, written(form, [])) == ([], [])


@every_stream
def test_c03_a_truncated_file_is_refused_whole(form: str) -> None:
    """Wherever a file is cut off, it is refused; a file cut at a record's end, too."""
    data = written(form, DAY[:3])
    for end in range(len(data)):
        if form.endswith("blocked") and end % 1014 == 0 and data[end:].strip(b"@") == b"":
            continue
        assert refusal_of(form, data[:end]).reason in (Reason.TRUNCATED, Reason.HEADER)


def test_c03_a_truncated_parquet_file_is_refused_whole() -> None:
    """The footer stands last, so nothing can be read without it."""
    data = written("parquet", DAY[:3])
    for end in range(0, len(data), 97):
        assert refusal_of("parquet", data[:end]).reason is Reason.TRUNCATED


BAD = {
    "amount of zero": (sale(2, amount=0), Reason.AMOUNT_NOT_POSITIVE, "amount"),
    "check digit": (sale(2, pan="9900000000000001"), Reason.CARD_NUMBER, "pan"),
    "zeros": (sale(2, pan="0" * 16), Reason.CARD_NUMBER, "pan"),
    "currency": (sale(2, currency="000"), Reason.CURRENCY, "currency"),
    "alphabetic currency": (sale(2, currency="KZT"), Reason.FORM, "currency"),
    "day": (sale(2, local_date="20260231"), Reason.DATE, "local_date"),
    "time": (sale(2, local_time="246060"), Reason.TIME, "local_time"),
    "transmission": (sale(2, transmission="0230120000"), Reason.DATE, "transmission"),
    "part": (sale(2, part_number=3, part_count=2), Reason.PART, "part_number"),
    "function": (sale(2, function="450"), Reason.FUNCTION, "function"),
    "reversal of nothing": (
        sale(2, reversal="Y", direction="C"), Reason.NO_ORIGINAL, "original_reference",
    ),
}  # fmt: skip


@every_form
@pytest.mark.parametrize("name", BAD)
def test_c04_one_bad_record_is_rejected_singly_and_the_rest_taken(form: str, name: str) -> None:
    """The record is named with its field; the others are given."""
    bad, reason, field = BAD[name]
    totals = Totals(3, {"398": 10**9, "840": 10**9}) if name.endswith("currency") else None
    rows, rejections = read(form, written(form, [sale(1), bad, sale(4)], totals=totals))
    found = [(each.record_number, each.reason, each.field) for each in rejections]
    assert found == [(2, reason, field)]
    assert [row["record_number"] for row in rows] == [1, 3]


@every_form
def test_a_text_of_blanks_is_no_text(form: str) -> None:
    """In ISO 8583 blanks fill a field up, so there it is absent; elsewhere it is not in form."""
    data = written(form, [sale(1), sale(2, merchant=" ")])
    rows, rejections = read(form, data)
    wanted = Reason.MISSING if form.startswith("ipm") else Reason.FORM
    assert (len(rows), [each.reason for each in rejections]) == (1, [wanted])


@every_form
@pytest.mark.parametrize(
    ("totals", "reason"),
    [
        (Totals(3, {"398": 200_003}), Reason.RECORD_COUNT),
        (Totals(2, {"398": 200_004}), Reason.CONTROL_TOTAL),
        (Totals(2, {"398": 200_002}), Reason.CONTROL_TOTAL),
        (Totals(2, {"840": 200_003}), Reason.CONTROL_TOTAL),
        (Totals(2, {"398": 200_003, "840": 1}), Reason.CONTROL_TOTAL),
    ],
)
def test_c05_totals_that_do_not_agree_refuse_the_file(
    form: str, totals: Totals, reason: Reason
) -> None:
    """A wrong count and a wrong sum of any currency, above or below, are found."""
    assert refusal_of(form, written(form, [sale(1), sale(2)], totals=totals)).reason is reason


def test_c04_c05_an_unreadable_amount_is_no_reason_to_refuse_the_file() -> None:
    """The trailer may then tell more than what was read, never less."""
    data = written("csv", [sale(1), sale(2)])
    odd = data.replace(b",100002,", b",1000 2,")
    rows, rejections = read("csv", odd)
    assert len(rows) == 1
    assert [(each.reason, each.field) for each in rejections] == [(Reason.FORM, "amount")]
    less = odd.replace(b"398=200003", b"398=100000")
    assert refusal_of("csv", less).reason is Reason.CONTROL_TOTAL


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize(
    "change", [{"amount": -5}, {"amount": 0}, {"direction": "C"}, {"processing_code": "200000"}]
)
def test_c14_negative_and_zero_amounts_and_wrong_signs_are_rejected(
    form: str, change: dict[str, Any]
) -> None:
    """A refund with a purchase's sign, too: the direction contradicts the processing code."""
    _, rejections = read(form, written(form, [sale(1, **change), sale(2)]))
    wanted = Reason.AMOUNT_NOT_POSITIVE if "amount" in change else Reason.DIRECTION
    assert [each.reason for each in rejections] == [wanted]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_m15_an_amount_of_thirteen_digits_is_rejected_and_never_cut(form: str) -> None:
    """No form takes what DE4 cannot hold."""
    totals = Totals(1, {"398": 10**12})
    rows, rejections = read(form, written(form, [sale(1, amount=10**12)], totals=totals))
    assert (rows, [each.reason for each in rejections]) == ([], [Reason.AMOUNT_TOO_LONG])


@every_form
def test_a_file_of_another_acquirer_is_refused(form: str) -> None:
    """Who sends a file is who its header names."""
    refusal = refusal_of(form, written(form, DAY[:2]), "HILL")
    assert refusal.reason is Reason.OTHER_ACQUIRER


def test_reasons_are_distinct() -> None:
    """No two codes share their words, which would make them one."""
    assert len(Reason.__members__) == len(list(Reason))
