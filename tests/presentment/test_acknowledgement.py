"""Every record of a file is answered, in the form in which the file came, and no value is told."""

import csv
import json
from io import BytesIO, StringIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cardutil.mciipm import IpmReader

from altyn.presentment import (
    IPM_FORMS,
    Acknowledgement,
    FileRefusal,
    Reason,
    Rejection,
    Status,
    Totals,
    acknowledge,
    record_answers,
    refuse,
    write_csv_answer,
    write_ipm_answer,
    write_parquet_answer,
)
from tests.presentment.samples import MANIFEST

REJECTIONS = [
    Rejection(1, Reason.CARD_NUMBER, "pan"),
    Rejection(4, Reason.UNREADABLE, "DE4", 31),
    Rejection(5, Reason.QUOTING),
]
PART = acknowledge(MANIFEST, Totals(9, {"398": 100}), REJECTIONS, 20261123)
WHOLE = acknowledge(MANIFEST, Totals(9, {"398": 100}), [], 20261124)
REFUSED = refuse(MANIFEST, FileRefusal(Reason.LINE_ENDS, 3, 700))


def lines_of(answer: Acknowledgement) -> list[list[str]]:
    """The answer as another CSV reader sees it."""
    return list(csv.reader(StringIO(b"".join(write_csv_answer(answer)).decode())))


def test_every_record_is_in_one_run_and_one_only() -> None:
    """Accepted ones that follow each other are one run."""
    for answer in (PART, WHOLE):
        places = [n for run in record_answers(answer) for n in range(run.first, run.last + 1)]
        assert places == list(range(1, 10))
    assert list(record_answers(REFUSED)) == []


def test_an_answer_as_csv() -> None:
    """Status of the file, then of each record with code, field, byte and words."""
    head, names, *rows, trailer = lines_of(PART)
    assert head[:2] == ["altyn-acknowledgement", "1"]
    assert head[2:] == [
        "SEA-20261123-1", "SEA", "1", "20261123", "ACCEPTED_IN_PART", "", "N", "20261123", "9", "3",
    ]  # fmt: skip
    assert names[:4] == ["first_record", "last_record", "status", "reason"]
    assert rows[0][:6] == ["1", "1", "REJECTED", "CARD_NUMBER", "pan", ""]
    assert rows[1] == ["2", "3", "ACCEPTED", "", "", "", ""]
    assert rows[2][3:] == ["UNREADABLE", "DE4", "31", "the record cannot be read"]
    assert trailer == ["totals", str(len(rows))]


def test_c06_the_answer_tells_the_day_that_is_booked() -> None:
    """It is another than the claimed one when that was closed."""
    head = lines_of(WHOLE)[0]
    assert (head[5], head[6], head[9]) == ("20261123", "ACCEPTED", "20261124")


def test_c01_a_repeat_is_told_as_one() -> None:
    """The rest is the first answer."""
    first, again = lines_of(PART), lines_of(PART._replace(repeat=True))
    assert again[0][8] == "Y"
    assert (again[0][:8], again[1:]) == (first[0][:8], first[1:])


@pytest.mark.parametrize("answer", [PART, WHOLE, REFUSED])
def test_an_answer_as_parquet_says_what_csv_says(answer: Acknowledgement) -> None:
    """The metadata holds the first line, the table the rows."""
    sink = pa.BufferOutputStream()
    write_parquet_answer(sink, answer)
    table = pq.read_table(pa.BufferReader(sink.getvalue()))
    head, names, *rows, _ = lines_of(answer)
    said = json.loads(table.schema.metadata[b"altyn-acknowledgement"])
    assert [str(value) for value in said.values()] == head[1:]
    assert table.schema.names == names
    found = [["" if v is None else str(v) for v in row.values()] for row in table.to_pylist()]
    assert found == rows


@pytest.mark.parametrize("form", IPM_FORMS)
def test_cardutil_reads_an_answer(form: str) -> None:
    """Header with the status, a 691 for each run, a 699 for a file that is refused."""
    encoding, blocked = IPM_FORMS[form]
    kept = {"encoding": {"ascii": "latin_1", "ebcdic": "cp500"}[encoding], "blocked": blocked}
    found = list(IpmReader(BytesIO(b"".join(write_ipm_answer(PART, encoding, blocked))), **kept))
    assert [each["DE24"] for each in found] == ["697", *["691"] * 5, "695"]
    assert (found[0]["PDS1320"], found[0]["PDS1326"]) == ("ACCEPTED_IN_PART", "20261123")
    told = [(r["PDS0138"], r["PDS1324"], r["PDS1320"], r.get("PDS1321")) for r in found[1:-1]]
    assert told[:2] == [
        ("00000002", "00000002", "REJECTED", "CARD_NUMBER"),
        ("00000003", "00000004", "ACCEPTED", None),
    ]
    refused = b"".join(write_ipm_answer(REFUSED, encoding, blocked))
    found = list(IpmReader(BytesIO(refused), **kept))
    assert [each["DE24"] for each in found] == ["697", "699", "695"]
    assert (found[1]["PDS1321"], found[1]["PDS0138"]) == ("LINE_ENDS", "00000004")


def test_a_file_without_rejections_is_accepted() -> None:
    """In part is told only when a record was rejected."""
    assert (WHOLE.status, PART.status) == (Status.ACCEPTED, Status.ACCEPTED_IN_PART)
