"""Bitmaps name the fields present and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.message import MessageError
from altyn.message.bitmap import BITMAP_ENCODINGS, bitmap_width, read_bitmaps, write_bitmaps

NUMBERS = st.lists(st.integers(2, 128).filter(lambda n: n != 65), unique=True)


@pytest.mark.parametrize("encoding", BITMAP_ENCODINGS)
@given(numbers=NUMBERS)
def test_round_trip(encoding: str, numbers: list[int]) -> None:
    """The secondary bitmap is there exactly when a field above 64 is."""
    written = write_bitmaps(numbers, encoding)
    wide = any(n > 64 for n in numbers)
    assert len(written) == bitmap_width(encoding) * (2 if wide else 1)
    assert read_bitmaps(b"0100" + written, 4, encoding) == (sorted(numbers), 4 + len(written))


def test_bits_stand_where_the_standard_puts_them() -> None:
    """Bit 1 is the first of the first byte; fields 2, 64, 66 and 128 mark the corners."""
    assert write_bitmaps([2, 64], "binary").hex() == "4000000000000001"
    assert write_bitmaps([2, 66, 128], "hex-ascii") == b"C0000000000000004000000000000001"
    assert write_bitmaps([10], "hex-cp037").decode("cp037") == "0040000000000000"


def test_w07_lower_case_hexadecimal_is_read_and_half_bytes_of_text_are_not() -> None:
    """Peers write either case; a character outside 0 to F is refused."""
    assert read_bitmaps(b"c0000000000000004000000000000001", 0, "hex-ascii")[0] == [2, 66, 128]
    with pytest.raises(MessageError, match="not 16 hexadecimal characters"):
        read_bitmaps(b"g000000000000000", 0, "hex-ascii")
