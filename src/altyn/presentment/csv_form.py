"""Presentments as CSV: RFC 4180, UTF-8, with a control line before and one behind.

    altyn-presentment,1,SEA-20261123-1,SEA,1,20261123
    function,reversal,direction,pan,processing_code,amount,currency,...
    200,N,D,9900...,000000,150000,398,...
    totals,1,398=150000

First line: form, version, file id, acquirer, sequence, business day. Second: the names of
`FILE_COLUMNS`. Last: the number of records and the sum for each currency. All lines end alike, by
LF or by CR LF, the last one, too. A field may stand in quotes, doubled inside; it holds no line
end. An empty field is an absent one.

The common lines, which have no quotes, are cut by Arrow; those with quotes by a regular expression.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from altyn.presentment.findings import FileRefusal, Reason, Rejection
from altyn.presentment.manifest import Manifest, Totals, parse_manifest, parse_totals
from altyn.presentment.raw_piece import NAMES, RawPiece, RawPieces, empty_columns

LINE_BYTES_MAX: Final = 2048
BLOCK_BYTES: Final = 1 << 21
FORM_NAME: Final = "altyn-presentment"
VERSION: Final = "1"
TRAILER: Final = "totals"

_LF: Final = 10
_BOM: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_FIELD: Final = re.compile(r'(?:"((?:[^"]|"")*)"|([^",]*))(?:,|\Z)')
_NEEDS_QUOTES: Final = re.compile('[",]')


def open_csv(chunks: Iterable[bytes]) -> tuple[Manifest, RawPieces]:
    """The header, and what follows it, piece by piece; the last line is returned as totals.

    Raises FileRefusal, here or while the pieces are taken.
    """
    lines = _Lines(chunks)
    control = lines.head().split(",")
    if len(control) != 6 or control[:2] != [FORM_NAME, VERSION]:
        raise FileRefusal(Reason.HEADER, 0)
    manifest = parse_manifest(*control[2:])
    if tuple(lines.head().split(",")) != NAMES:
        raise FileRefusal(Reason.SCHEMA, 0)
    return manifest, _pieces(lines)


def _pieces(lines: "_Lines") -> RawPieces:
    number = 1
    for block in lines.blocks():
        columns, numbers, rejections = _cut(block, number)
        number += len(numbers) + len(rejections)
        yield RawPiece(columns, numbers, rejections, len(rejections), {})
    return _totals(lines.last)


def _totals(line: str) -> Totals:
    parts = line.split(",")
    if parts[0] != TRAILER:
        raise FileRefusal(Reason.TRUNCATED)
    if len(parts) < 2:
        raise FileRefusal(Reason.TRAILER)
    sums = [part.partition("=") for part in parts[2:]]
    return parse_totals(parts[1], [(currency, total) for currency, _, total in sums])


class _Lines:
    """Chunks of bytes as lines: two for the head, whole blocks of them, and the last one."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = iter(chunks)
        self.buffer = b""
        self.offset = 0  # of the buffer's first byte in the file
        self.line_end = b""
        self.last = ""

    def head(self) -> str:
        """The next line of the head, without its end."""
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > LINE_BYTES_MAX:
                raise FileRefusal(Reason.LINE_TOO_LONG, 0)
            if not self._fill(1):
                raise FileRefusal(Reason.TRUNCATED, 0)
        if not self.line_end:
            if self.buffer.startswith(_BOM):
                raise FileRefusal(Reason.BYTE_ORDER_MARK, 0, 0)
            self.line_end = b"\r\n" if self.buffer[:end].endswith(b"\r") else b"\n"
        line, self.buffer = self.buffer[: end + 1], self.buffer[end + 1 :]
        self._check(line, 0)
        self.offset += len(line)
        return self._text(line)

    def blocks(self) -> Iterator[bytes]:
        """All lines but the last, many at a time; then `last` is set."""
        number, more = 1, True
        while more:
            more = self._fill(BLOCK_BYTES)
            # The last whole line is held back: it may be the trailer.
            cut = self.buffer.rfind(b"\n", 0, self.buffer.rfind(b"\n")) + 1
            if not cut:
                self._check_width(self.buffer, number)
                continue
            block, self.buffer = self.buffer[:cut], self.buffer[cut:]
            self._check(block, number)
            yield block
            self.offset += cut
            number += block.count(b"\n")
        self.last = self._last(number)

    def _last(self, number: int) -> str:
        if not self.buffer.endswith(self.line_end):
            raise FileRefusal(Reason.TRUNCATED, offset=self.offset + len(self.buffer))
        self._check(self.buffer, number)
        return self._text(self.buffer)

    def _fill(self, size: int) -> bool:
        """Adds up to about `size` bytes; False when nothing came."""
        parts, wanted = [self.buffer], size
        for chunk in self.chunks:
            parts.append(chunk)
            wanted -= len(chunk)
            if wanted <= 0:
                break
        grown = len(parts) > 1
        self.buffer = b"".join(parts)
        return grown

    def _text(self, line: bytes) -> str:
        return line.decode("utf-8").removesuffix("\n").removesuffix("\r")

    def _check(self, block: bytes, number: int) -> None:
        """Alphabet, line ends and width of whole lines, the first of which has this number."""
        self._check_width(block, number)
        ends, returns = block.count(b"\n"), block.count(b"\r")
        wanted = ends if self.line_end == b"\r\n" else 0
        if returns != wanted or block.count(b"\r\n") != wanted:
            at = _first_odd_end(block, self.line_end)
            self._refuse(Reason.LINE_ENDS, block, number, at)
        try:
            if not block.isascii():
                block.decode("utf-8")
        except UnicodeDecodeError as error:
            self._refuse(Reason.CHARACTER_SET, block, number, error.start)
        if (at := block.find(b"\0")) >= 0:
            self._refuse(Reason.CHARACTER_SET, block, number, at)

    def _check_width(self, block: bytes, number: int) -> None:
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == _LF)
        edges = np.concatenate(([-1], ends, [len(block)] if not block.endswith(b"\n") else []))
        widths = np.diff(edges)
        if len(widths) and widths.max() > LINE_BYTES_MAX:
            at = int(edges[int(np.argmax(widths))]) + 1
            self._refuse(Reason.LINE_TOO_LONG, block, number, at)

    def _refuse(self, reason: Reason, block: bytes, number: int, at: int) -> None:
        place = number + block.count(b"\n", 0, at) if number else 0
        raise FileRefusal(reason, place, self.offset + at)


def _first_odd_end(block: bytes, line_end: bytes) -> int:
    """Where the first line end is that is not like the others of the file."""
    if line_end == b"\n":
        return block.find(b"\r")
    odd = re.search(rb"\r(?!\n)|(?<!\r)\n", block)
    assert odd is not None, "the ends were counted"
    return odd.start()


def _cut(
    block: bytes, first: int
) -> tuple[dict[str, pa.Array], npt.NDArray[np.int64], list[Rejection]]:
    """Lines as columns of texts, the numbers of their records, and lines that have no columns."""
    if b'"' not in block:
        return _cut_plain(block, np.arange(first, first + block.count(b"\n")))
    lines = [line + b"\n" for line in block.split(b"\n")[:-1]]
    quoted = np.fromiter((b'"' in line for line in lines), bool, len(lines))
    numbers = np.arange(first, first + len(lines))
    plain = b"".join([line for line in lines if b'"' not in line])
    columns, plain_numbers, rejections = _cut_plain(plain, numbers[~quoted])
    rows, rows_numbers = [], []
    for number in np.flatnonzero(quoted):
        found = _cut_quoted(lines[number].decode("utf-8").rstrip("\r\n"))
        if isinstance(found, Reason):
            rejections.append(Rejection(int(numbers[number]), found))
        else:
            rows.append(found)
            rows_numbers.append(int(numbers[number]))
    more = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    together = np.concatenate((plain_numbers, np.array(rows_numbers, np.int64)))
    order = np.argsort(together)
    if more:
        joined = zip(columns.values(), more, strict=True)
        columns = dict(zip(NAMES, (pa.concat_arrays(pair) for pair in joined), strict=True))
    return (
        {name: column.take(pa.array(order)) for name, column in columns.items()},
        together[order],
        sorted(rejections, key=lambda each: each.record_number),
    )


def _cut_plain(
    block: bytes, numbers: npt.NDArray[np.int64]
) -> tuple[dict[str, pa.Array], npt.NDArray[np.int64], list[Rejection]]:
    """Lines without quotes."""
    if not block:
        return empty_columns(), numbers, []
    odd: list[int] = []

    def note(row: csv.InvalidRow) -> str:
        odd.append(row.number - 1)
        return "skip"

    table = csv.read_csv(
        pa.BufferReader(block),
        csv.ReadOptions(use_threads=False, column_names=NAMES, block_size=len(block) + 1),
        csv.ParseOptions(
            quote_char=False,
            double_quote=False,
            newlines_in_values=False,
            ignore_empty_lines=False,
            invalid_row_handler=note,
        ),
        csv.ConvertOptions(
            column_types=dict.fromkeys(NAMES, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    ).combine_chunks()
    columns = {name: _one(table.column(name)) for name in NAMES}
    rejections = [Rejection(int(numbers[at]), Reason.COLUMN_COUNT) for at in odd]
    return columns, np.delete(numbers, odd), rejections


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _cut_quoted(line: str) -> list[str | None] | Reason:
    """The fields of a line with quotes, or why there are none."""
    fields: list[str | None] = []
    at = 0
    while True:
        field = _FIELD.match(line, at)
        if field is None:
            return Reason.QUOTING
        quoted, plain = field.groups()
        fields.append((plain if quoted is None else quoted.replace('""', '"')) or None)
        at = field.end()
        if len(fields) > len(NAMES):
            return Reason.COLUMN_COUNT
        if at == len(line) and not field[0].endswith(","):
            return fields if len(fields) == len(NAMES) else Reason.COLUMN_COUNT


def write_csv(
    manifest: Manifest, batches: Iterable[pa.RecordBatch], totals: Totals
) -> Iterator[bytes]:
    """A file of these records, batches of `FILE_COLUMNS`; lines end by CR LF."""
    head = (FORM_NAME, VERSION, *(str(value) for value in manifest))
    yield f"{','.join(head)}\r\n{','.join(NAMES)}\r\n".encode()
    for batch in batches:
        yield b"".join(_line(row) for row in batch.to_pylist())
    sums = [f"{currency}={total}" for currency, total in sorted(totals.sums.items())]
    yield f"{','.join([TRAILER, str(totals.records), *sums])}\r\n".encode()


def _line(row: dict[str, str | int | None]) -> bytes:
    return f"{','.join(quoted(row[name]) for name in NAMES)}\r\n".encode()


def quoted(value: str | int | None) -> str:
    """A field as it is written."""
    text = "" if value is None else str(value)
    if not _NEEDS_QUOTES.search(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
