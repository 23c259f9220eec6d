"""RawPiece: some records of a file cut into fields, before any field is looked at."""

from collections.abc import Generator, Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from altyn.presentment.columns import FILE_COLUMNS
from altyn.presentment.findings import Rejection
from altyn.presentment.manifest import Totals

NAMES: Final = tuple(column.name for column in FILE_COLUMNS)
"""The columns of CSV and Parquet, in their order."""


class RawPiece(NamedTuple):
    """An array of texts for each of `NAMES`, and the numbers of their records.

    `rejections` are records that could not be cut and stand in no array; of these `unreadable` have
    no amount, and `sums` has the amounts of the others by currency.
    """

    columns: dict[str, pa.Array]
    numbers: npt.NDArray[np.int64]
    rejections: list[Rejection]
    unreadable: int
    sums: Mapping[str, int]


RawPieces = Generator[RawPiece, None, Totals]
"""What a form's reader gives: pieces in the order of the file, then the trailer's totals."""


def empty_columns() -> dict[str, pa.Array]:
    """Columns without a record."""
    return {name: pa.array([], pa.string()) for name in NAMES}
