"""Presentments as ISO 8583 records of clearing: 1644/697, then 1240s, then 1644/695.

DE71 counts the messages of the file from 1, the header's own, so the record n has DE71 = n + 1. The
header names the file in private data; the trailer has the number of messages (PDS 0306, header and
trailer counted), the sum of all DE4 whatever their currency (PDS 0301) and the sum for each
currency (PDS 1304: currency and 18 digits, repeated).
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa

from altyn.message import Codec, Message, MessageError
from altyn.presentment import ipm_fields as ipm
from altyn.presentment.columns import CREDIT_CODES
from altyn.presentment.findings import FileRefusal, Reason, Rejection
from altyn.presentment.manifest import Manifest, Totals, parse_manifest, parse_totals
from altyn.presentment.pds import CARRIERS, PdsError, build_pds, parse_pds
from altyn.presentment.raw_piece import NAMES, RawPiece, RawPieces, empty_columns
from altyn.presentment.vbs import records, write_records

RECORDS_OF_A_PIECE: Final = 1 << 14

_Row = list[str | None]
_Value: TypeAlias = str | bytes


def open_ipm(chunks: Iterable[bytes], encoding: str, blocked: bool) -> tuple[Manifest, RawPieces]:
    """The header, and the records behind it piece by piece, up to the trailer.

    encoding: `ascii` or `ebcdic`. Raises FileRefusal, here or while the pieces are taken.
    """
    codec = ipm.load_ipm_codec(encoding)
    stream = records(chunks, blocked)
    first = next(stream, None)
    if first is None:
        raise FileRefusal(Reason.TRUNCATED, 0)
    try:
        header = codec.decode(first)
        said = private_data(header.fields)
    except (MessageError, PdsError) as error:
        raise FileRefusal(Reason.HEADER, 0) from error
    names = (ipm.PDS_FILE_ID, ipm.PDS_ACQUIRER, ipm.PDS_SEQUENCE, ipm.PDS_BUSINESS_DAY)
    manifest = parse_manifest(*(said.get(name, "") for name in names))
    if _administration(header) != ipm.HEADER or header.fields.get(ipm.MESSAGE_NUMBER) != _place(0):
        raise FileRefusal(Reason.HEADER, 0)
    return manifest, _Cutter(codec, manifest).pieces(stream)


def private_data(fields: Mapping[int, _Value]) -> dict[str, str]:
    """The sub-elements of all fields that carry them. Raises PdsError, a tag met twice included."""
    found: dict[str, str] = {}
    for number in CARRIERS:
        text = fields.get(number)
        if isinstance(text, str):
            more = parse_pds(text)
            if found.keys() & more.keys():
                raise PdsError("the tag stands twice", 0)
            found |= more
    return found


def _administration(message: Message) -> str:
    """The function code of an administrative message, "" for any other message."""
    function = message.fields.get(ipm.FUNCTION)
    return str(function) if message.mti == ipm.ADMINISTRATION and function else ""


def _place(record_number: int) -> str:
    return f"{record_number + 1:08d}"


class _Cutter:
    """Turns records into rows of texts."""

    def __init__(self, codec: Codec, manifest: Manifest) -> None:
        self.codec = codec
        self.manifest = manifest
        self.number = 0  # of the record at hand
        self._begin()

    def _begin(self) -> None:
        self.rows: list[_Row] = []
        self.numbers: list[int] = []
        self.rejections: list[Rejection] = []
        self.unreadable = 0
        self.sums: dict[str, int] = {}

    def pieces(self, stream: Iterator[bytes]) -> RawPieces:
        """The records up to the trailer, which is returned."""
        totals = None
        for record in stream:
            if totals is not None:
                raise FileRefusal(Reason.TRAILING_BYTES, self.number)
            self.number += 1
            totals = self._take(record)
            if len(self.rows) + len(self.rejections) >= RECORDS_OF_A_PIECE:
                yield self._piece()
        yield self._piece()
        if totals is None:
            raise FileRefusal(Reason.TRUNCATED)
        return totals

    def _piece(self) -> RawPiece:
        columns = empty_columns()
        if self.rows:
            columns = {
                name: pa.array(column, pa.string())
                for name, column in zip(NAMES, zip(*self.rows, strict=True), strict=True)
            }
        numbers = np.array(self.numbers, np.int64)
        piece = RawPiece(columns, numbers, self.rejections, self.unreadable, self.sums)
        self._begin()
        return piece

    def _take(self, record: bytes) -> Totals | None:
        """Adds a record to the piece at hand; the totals when it is the trailer."""
        try:
            message = self.codec.decode(record)
        except MessageError as error:
            field = "" if error.field is None else f"DE{error.field}"
            self._reject(Reason.UNREADABLE, error.partial, field, error.offset)
            return None
        fields = message.fields
        if fields.get(ipm.MESSAGE_NUMBER) != _place(self.number):
            raise FileRefusal(Reason.MESSAGE_NUMBER, self.number)
        try:
            said = private_data(fields)
        except PdsError as error:
            if message.mti == ipm.ADMINISTRATION:
                raise FileRefusal(Reason.TRAILER, self.number) from error
            self._reject(Reason.UNREADABLE, message, "DE48", error.offset)
            return None
        if message.mti == ipm.PRESENTMENT:
            self.rows.append(_row(fields, said))
            self.numbers.append(self.number)
        elif _administration(message) == ipm.TRAILER:
            return self._totals(said)
        else:
            reserved = message.mti in ipm.RESERVED
            self._reject(Reason.RESERVED_TYPE if reserved else Reason.MESSAGE_TYPE, message)
        return None

    def _reject(
        self, reason: Reason, message: Message | None, field: str = "", offset: int | None = None
    ) -> None:
        self.rejections.append(Rejection(self.number, reason, field, offset))
        fields = {} if message is None else message.fields
        amount, currency = fields.get(ipm.AMOUNT), fields.get(ipm.CURRENCY)
        if isinstance(amount, str) and isinstance(currency, str):
            self.sums[currency] = self.sums.get(currency, 0) + int(amount)
        elif reason is Reason.UNREADABLE or amount is not None:
            self.unreadable += 1

    def _totals(self, said: Mapping[str, str]) -> Totals:
        """The trailer's totals; those that ISO 8583 programs keep must agree with ours."""
        refusal = FileRefusal(Reason.TRAILER, self.number)
        names = (ipm.PDS_FILE_ID, ipm.PDS_MESSAGE_COUNT, ipm.PDS_CHECKSUM)
        file_id, count, checksum = (said.get(name, "") for name in names)
        sums, step = said.get(ipm.PDS_SUMS, ""), 3 + ipm.SUM_DIGITS
        for text in (count, checksum):
            if not (text.isascii() and text.isdigit()):
                raise refusal
        if file_id != self.manifest.file_id or len(sums) % step or int(count) < 2:
            raise refusal
        if int(count) != self.number + 1:
            raise FileRefusal(Reason.RECORD_COUNT, self.number)
        pairs = [(sums[at : at + 3], sums[at + 3 : at + step]) for at in range(0, len(sums), step)]
        totals = parse_totals(str(int(count) - 2), pairs)
        if sum(totals.sums.values()) % 10**ipm.CHECKSUM_DIGITS != int(checksum):
            raise FileRefusal(Reason.CONTROL_TOTAL, self.number)
        return totals


_PLAIN: Final = [
    (NAMES.index(name), number) for number, name in ipm.PLAIN.items() if number not in (41, 42, 43)
]
_BLANKED: Final = [(NAMES.index(ipm.PLAIN[number]), number) for number in (41, 42, 43)]
_PDS: Final = [(NAMES.index(name), tag) for tag, name in ipm.PDS_COLUMNS.items()]
_REVERSAL: Final = NAMES.index("reversal")
_DIRECTION: Final = NAMES.index("direction")
_LOCAL_DATE: Final = NAMES.index("local_date")
_LOCAL_TIME: Final = NAMES.index("local_time")


def _row(fields: Mapping[int, Any], said: Mapping[str, str]) -> _Row:
    """The columns of one presentment; texts of blanks only are absent."""
    row: _Row = [None] * len(NAMES)
    get = fields.get
    for place, number in _PLAIN:
        row[place] = get(number)
    for place, number in _BLANKED:
        text = get(number)
        if text is not None:
            row[place] = text.rstrip() or None
    for place, tag in _PDS:
        row[place] = said.get(tag)
    reversal = said.get(ipm.PDS_REVERSAL, "")[:1] == "R"
    row[_REVERSAL] = "Y" if reversal else "N"
    # ISO 8583 has no sign beside the amount: the processing code is the sign.
    credit = (get(ipm.PROCESSING_CODE) or "")[:2] in CREDIT_CODES
    row[_DIRECTION] = "C" if credit != reversal else "D"
    local = get(ipm.LOCAL)
    if local is not None:
        row[_LOCAL_DATE], row[_LOCAL_TIME] = f"20{local[:6]}", local[6:]
    return row


def write_ipm(
    manifest: Manifest,
    batches: Iterable[pa.RecordBatch],
    totals: Totals,
    encoding: str,
    blocked: bool,
) -> Iterator[bytes]:
    """A file of these records, batches of `FILE_COLUMNS`.

    Raises MessageError for a value that its field cannot hold: a merchant's name in another
    alphabet than ASCII, for instance.
    """
    codec = ipm.load_ipm_codec(encoding)
    messages = _messages(manifest, batches, totals)
    return write_records((codec.encode(message) for message in messages), blocked)


def header_message(manifest: Manifest, more: Mapping[str, str] = MappingProxyType({})) -> Message:
    """The first message of a file, with more private data than the file's own."""
    said = {
        ipm.PDS_FILE_ID: manifest.file_id,
        ipm.PDS_ACQUIRER: manifest.acquirer,
        ipm.PDS_SEQUENCE: str(manifest.sequence),
        ipm.PDS_BUSINESS_DAY: str(manifest.business_day),
    }
    return administrative(ipm.HEADER, 1, {**said, **more})


def trailer_message(manifest: Manifest, totals: Totals, message_number: int) -> Message:
    """The last message of a file with these totals, at this place."""
    sums = "".join(f"{code}{total:018d}" for code, total in sorted(totals.sums.items()))
    checksum = sum(totals.sums.values()) % 10**ipm.CHECKSUM_DIGITS
    said = {
        ipm.PDS_FILE_ID: manifest.file_id,
        ipm.PDS_CHECKSUM: f"{checksum:0{ipm.CHECKSUM_DIGITS}d}",
        ipm.PDS_MESSAGE_COUNT: f"{totals.records + 2:0{ipm.COUNT_DIGITS}d}",
    }
    if sums:
        said[ipm.PDS_SUMS] = sums
    return administrative(ipm.TRAILER, message_number, said)


def administrative(function: str, message_number: int, said: Mapping[str, str]) -> Message:
    """A 1644 of this function, at this place of its file, with private data."""
    fields: dict[int, _Value] = {
        ipm.FUNCTION: function,
        ipm.MESSAGE_NUMBER: f"{message_number:08d}",
    }
    fields.update(build_pds(said))
    return Message(ipm.ADMINISTRATION, fields)


def _messages(
    manifest: Manifest, batches: Iterable[pa.RecordBatch], totals: Totals
) -> Iterator[Message]:
    yield header_message(manifest)
    number = 1
    for batch in batches:
        for row in batch.to_pylist():
            number += 1
            yield _presentment(row, number)
    yield trailer_message(manifest, totals, number + 1)


def _presentment(row: Mapping[str, Any], message_number: int) -> Message:
    fields: dict[int, _Value] = {
        number: row[name] for number, name in ipm.PLAIN.items() if row[name] is not None
    }
    fields[ipm.AMOUNT] = f"{int(row['amount']):012d}"
    fields[ipm.LOCAL] = f"{row['local_date'][2:]}{row['local_time']}"
    fields[ipm.MESSAGE_NUMBER] = f"{message_number:08d}"
    said = {tag: str(row[name]) for tag, name in ipm.PDS_COLUMNS.items() if row[name] is not None}
    if row["reversal"] == "Y":
        said[ipm.PDS_REVERSAL] = f"R{row['local_date'][2:]}"
    fields.update(build_pds(said))
    return Message(ipm.PRESENTMENT, fields)
