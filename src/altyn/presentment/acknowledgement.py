"""The answer to a file: what became of it and of each of its records, in the file's own form.

As CSV:

    altyn-acknowledgement,1,SEA-20261123-1,SEA,1,20261123,ACCEPTED_IN_PART,,N,20261123,4,1
    first_record,last_record,status,reason,field,byte,text
    1,2,ACCEPTED,,,,
    3,3,REJECTED,CARD_NUMBER,pan,,the card number is none: its check digit is wrong
    4,4,ACCEPTED,,,,
    totals,3

The first line: form, version, the file's header, status, reason, whether this answers a repeat,
business day booked, records, records rejected. Records that follow each other and were accepted are
one line, so that an answer is as long as what is wrong. It never holds a value of a record.
"""

import json
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from altyn.message import Message
from altyn.presentment import ipm_fields as ipm
from altyn.presentment.csv_form import quoted
from altyn.presentment.findings import FileRefusal, Reason, Rejection
from altyn.presentment.ipm_form import administrative, header_message, trailer_message
from altyn.presentment.manifest import Manifest, Totals
from altyn.presentment.vbs import write_records

FORM_NAME: Final = "altyn-acknowledgement"
VERSION: Final = 1
ACCEPTED: Final = "ACCEPTED"
REJECTED: Final = "REJECTED"


class Status(Enum):
    """What became of a file."""

    ACCEPTED = "every record is taken"
    ACCEPTED_IN_PART = "all records but the rejected ones are taken"
    REFUSED = "nothing of the file is taken"
    WAITING = "the file waits for one before it; nothing of it is taken yet"


class Acknowledgement(NamedTuple):
    """The answer to one file.

    `reason` is why it is refused or waits; `place` the record where that was seen, None for none;
    `booked_day` the business day it is taken into (YYYYMMDD, 0 for none), told apart because it is
    not the claimed one when that was closed (C06); `repeat`: the file was answered before (C01).
    """

    manifest: Manifest
    status: Status
    reason: Reason | None = None
    repeat: bool = False
    booked_day: int = 0
    records: int = 0
    rejections: tuple[Rejection, ...] = ()
    place: int | None = None


class RecordAnswer(NamedTuple):
    """What became of the records from `first` to `last`."""

    first: int
    last: int
    rejection: Rejection | None


def acknowledge(
    manifest: Manifest, totals: Totals, rejections: Iterable[Rejection], booked_day: int
) -> Acknowledgement:
    """The answer to a file that was read to its end."""
    found = tuple(rejections)
    status = Status.ACCEPTED_IN_PART if found else Status.ACCEPTED
    return Acknowledgement(manifest, status, None, False, booked_day, totals.records, found)


def refuse(manifest: Manifest, refusal: FileRefusal) -> Acknowledgement:
    """The answer to a file that is refused whole."""
    return Acknowledgement(manifest, Status.REFUSED, refusal.reason, place=refusal.record_number)


def record_answers(answer: Acknowledgement) -> Iterator[RecordAnswer]:
    """What became of every record, in order; nothing when the file is not taken."""
    start = 1
    for rejection in answer.rejections:
        if rejection.record_number > start:
            yield RecordAnswer(start, rejection.record_number - 1, None)
        start = rejection.record_number + 1
        yield RecordAnswer(rejection.record_number, rejection.record_number, rejection)
    if start <= answer.records:
        yield RecordAnswer(start, answer.records, None)


def acknowledgement_schema() -> pa.Schema:
    """The columns of an answer as Parquet, and the names of those in CSV."""
    texts = [(name, pa.string()) for name in ("status", "reason", "field")]
    numbers = [(name, pa.int64()) for name in ("first_record", "last_record")]
    return pa.schema([*numbers, *texts, ("byte", pa.int64()), ("text", pa.string())])


def _rows(answer: Acknowledgement) -> Iterator[tuple[Any, ...]]:
    for first, last, rejection in record_answers(answer):
        if rejection is None:
            yield first, last, ACCEPTED, None, None, None, None
        else:
            told = rejection.reason.name, rejection.field or None, rejection.offset, rejection.text
            yield first, last, REJECTED, *told


def _head(answer: Acknowledgement) -> dict[str, str | int]:
    return {
        **answer.manifest._asdict(),
        "status": answer.status.name,
        "reason": answer.reason.name if answer.reason else "",
        "repeat": "Y" if answer.repeat else "N",
        "booked_day": answer.booked_day,
        "records": answer.records,
        "rejected": len(answer.rejections),
    }


def write_csv_answer(answer: Acknowledgement) -> Iterator[bytes]:
    """The answer as CSV, in lines ended by CR LF."""
    head = (FORM_NAME, VERSION, *_head(answer).values())
    yield _line(head)
    yield _line(acknowledgement_schema().names)
    count = 0
    for row in _rows(answer):
        count += 1
        yield _line(row)
    yield _line(("totals", count))


def _line(values: Iterable[str | int | None]) -> bytes:
    return f"{','.join(quoted(value) for value in values)}\r\n".encode()


def write_parquet_answer(sink: Any, answer: Acknowledgement) -> None:
    """Writes the answer as Parquet into an open file, the first line's values as its metadata."""
    said = json.dumps({"version": VERSION, **_head(answer)})
    schema = acknowledgement_schema().with_metadata({FORM_NAME: said})
    columns = list(zip(*_rows(answer), strict=True)) or [()] * len(schema)
    arrays = [pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), sink)


def write_ipm_answer(answer: Acknowledgement, encoding: str, blocked: bool) -> Iterator[bytes]:
    """The answer as ISO 8583 records.

    1644/697 with the status, 1644/699 when the file is not taken, 1644/691 for each run of records
    of one fate (PDS 0138: message number in the acquirer's file; 1324: the run's last), 1644/695.
    """
    codec = ipm.load_ipm_codec(encoding)
    return write_records((codec.encode(message) for message in _messages(answer)), blocked)


def _messages(answer: Acknowledgement) -> Iterator[Message]:
    head = {
        ipm.PDS_STATUS: answer.status.name,
        ipm.PDS_REPEAT: "Y" if answer.repeat else "N",
        ipm.PDS_BOOKED_DAY: str(answer.booked_day),
    }
    yield header_message(answer.manifest, head)
    number = 1
    if answer.reason is not None:
        number += 1
        said = {ipm.PDS_REASON: answer.reason.name, ipm.PDS_TEXT: answer.reason.value}
        if answer.place is not None:
            said[ipm.PDS_SOURCE_NUMBER] = f"{answer.place + 1:08d}"
        yield administrative(ipm.FILE_ANSWER, number, said)
    for each in record_answers(answer):
        number += 1
        yield administrative(ipm.RECORD_ANSWER, number, _run(each))
    yield trailer_message(answer.manifest, Totals(number - 1, {}), number + 1)


def _run(each: RecordAnswer) -> dict[str, str]:
    said = {
        ipm.PDS_SOURCE_NUMBER: f"{each.first + 1:08d}",
        ipm.PDS_LAST_NUMBER: f"{each.last + 1:08d}",
        ipm.PDS_STATUS: ACCEPTED if each.rejection is None else REJECTED,
    }
    if each.rejection is not None:
        said[ipm.PDS_REASON] = each.rejection.reason.name
        said[ipm.PDS_TEXT] = each.rejection.text
        if each.rejection.field:
            said[ipm.PDS_FIELD] = each.rejection.field
    return said
