"""Packed files are unpacked within limits; anything but one plain file is refused."""

import gzip
import zipfile
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.presentment import FileRefusal, Limits, Reason, unpacked
from tests.presentment.samples import cut, read, sale, written

DATA = written("csv", [sale(n) for n in range(1, 100)])
SMALL = Limits(file_bytes_max=1 << 20, ratio_max=20, ratio_free_bytes=4096)


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these files."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def streamed(content: bytes) -> bytes:
    """An archive whose maker could not go back to write the sizes."""

    class Pipe(BytesIO):
        def seekable(self) -> bool:
            return False

    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("day.csv", content)
    return out.getvalue()


def reason_of(data: bytes, limits: Limits = SMALL) -> Reason:
    """Why it is refused."""
    with pytest.raises(FileRefusal) as caught:
        list(unpacked(cut(data, 1000), limits))
    return caught.value.reason


PACKED = {
    "plain": DATA,
    "gzip": gzip.compress(DATA),
    "zip": zipped(("day.csv", DATA)),
    "zip, stored": zipped(("day.csv", DATA), method=zipfile.ZIP_STORED),
    "zip, streamed": streamed(DATA),
}


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("size", [1, 100, 1 << 20])
def test_a_packed_file_is_the_file(name: str, size: int) -> None:
    """In any cut of its bytes."""
    assert b"".join(unpacked(cut(PACKED[name], size))) == DATA
    assert len(read("csv", unpacked(cut(PACKED[name], size)))[0]) == 99


@pytest.mark.parametrize("name", [name for name in PACKED if name != "plain"])
def test_c03_a_truncated_archive_is_refused(name: str) -> None:
    """Wherever it ends before its directory or check sum."""
    data = PACKED[name]
    for end in range(4, len(data) - 22, 7):
        assert reason_of(data[:end], Limits()) is Reason.TRUNCATED


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped(("a", data))])
def test_c16_a_bomb_is_refused_while_it_unpacks(pack: object) -> None:
    """By its ratio, and by its size; it is never unpacked whole."""
    assert callable(pack)
    bomb = pack(bytes(50 << 20))
    assert reason_of(bomb) is Reason.BOMB
    wide = Limits(file_bytes_max=1 << 20, ratio_max=10_000, ratio_free_bytes=1 << 30)
    assert reason_of(bomb, wide) is Reason.FILE_TOO_LARGE
    assert reason_of(bytes(b"x" * (2 << 20))) is Reason.FILE_TOO_LARGE


def test_c16_an_archive_in_an_archive_is_refused() -> None:
    """Whichever is in which."""
    inner = [gzip.compress(DATA), zipped(("a", DATA))]
    for each in inner:
        assert reason_of(gzip.compress(each)) is Reason.NESTED_ARCHIVE
        assert reason_of(zipped(("a", each))) is Reason.NESTED_ARCHIVE


def test_c16_names_in_an_archive_are_never_looked_at() -> None:
    """A path that climbs out of a folder goes nowhere."""
    for name in ("../../etc/cron.d/x", "/etc/passwd", "C:\\x", "a" * 300):
        assert b"".join(unpacked([zipped((name, DATA))])) == DATA


def test_c16_more_than_one_file_or_an_encrypted_one_is_refused() -> None:
    """One file is one file."""
    assert reason_of(zipped(("a", DATA), ("b", DATA)), Limits()) is Reason.ARCHIVE
    assert reason_of(gzip.compress(DATA) + gzip.compress(DATA), Limits()) is Reason.ARCHIVE
    encrypted = bytearray(zipped(("a", DATA)))
    encrypted[6] |= 1
    assert reason_of(bytes(encrypted), Limits()) is Reason.ARCHIVE
    other_method = bytearray(zipped(("a", DATA)))
    other_method[8] = 12
    assert reason_of(bytes(other_method), Limits()) is Reason.ARCHIVE


def test_damage_inside_an_archive_is_refused() -> None:
    """Check sums are checked."""
    stored = bytearray(zipped(("a", DATA), method=zipfile.ZIP_STORED))
    stored[200] ^= 1
    assert reason_of(bytes(stored), Limits()) is Reason.ARCHIVE
    packed = bytearray(gzip.compress(DATA))
    packed[-6] ^= 1
    assert reason_of(bytes(packed), Limits()) is Reason.ARCHIVE


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x1f\x8b\x08", b"PK\x03\x04"]))
def test_any_bytes_are_unpacked_or_refused(data: bytes, start: bytes) -> None:
    """No other error, and what zlib packs comes back."""
    with suppress(FileRefusal):
        list(unpacked([start + data], SMALL))
    packed = zlib.compressobj(wbits=31)
    whole = packed.compress(b"altyn" + data) + packed.flush()
    assert b"".join(unpacked([whole])) == b"altyn" + data
