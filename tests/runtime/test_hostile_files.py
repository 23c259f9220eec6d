"""`altyn file put` and files that are wrong on purpose: what is answered, and what is kept."""

import gzip
import json
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from altyn.presentment import Manifest
from altyn.runtime.backoffice.office import Office
from altyn.runtime.cli import main
from tests.presentment.samples import written
from tests.runtime.back_office import ACQUIRER, DAY, NOON, card, file_of, instant, our_sale
from tests.runtime.back_office import new_office as office_in

MANIFEST = Manifest(f"{ACQUIRER}-{DAY}-1", ACQUIRER, 1, DAY)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A new back office, at noon."""
    monkeypatch.setattr(time, "time_ns", lambda: instant(NOON) * 1000)
    return office_in(tmp_path)


def put(folder: Path, name: str, content: bytes) -> tuple[int, dict[str, Any], str]:
    """Exit code, what the JSON says of the file (nothing without a readable header), errors."""
    path = folder / name
    path.write_bytes(content)
    words = ["file", "put", str(path), "--acquirer", ACQUIRER, "-c", str(folder), "--json", "-"]
    result = CliRunner().invoke(main, words)
    told = json.loads(result.stdout)["files"][0] if result.stdout else {}
    assert card(1) not in result.output
    return result.exit_code, told, result.stderr


def kept(office: Office) -> list[Path]:
    """The records that clearing would read."""
    return list(office.folders.root.rglob("*.parquet"))


def zipped(content: bytes, *names: str) -> bytes:
    """An archive with this content under each name."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return out.getvalue()


def test_c14_a_wrong_amount_or_sign_is_rejected_and_the_rest_taken(
    office: Office, tmp_path: Path
) -> None:
    """The answer names record and field; only the sound record is there to be cleared."""
    rows = [
        our_sale(1, amount=-5),
        our_sale(2),
        our_sale(3, direction="C"),
        our_sale(4, amount=0),
        our_sale(5, processing_code="200000"),
    ]
    code, told, _ = put(tmp_path, "day.csv", written("csv", rows, MANIFEST))
    assert (code, told["status"], told["rejected"]) == (3, "ACCEPTED_IN_PART", 4)
    assert [row["record_number"] for row in pq.read_table(kept(office)[0]).to_pylist()] == [2]
    words = ["file", "show", MANIFEST.file_id, "-c", str(tmp_path), "--json", "-"]
    (shown,) = json.loads(CliRunner().invoke(main, words).stdout)["answers"]
    found = [(each["record_number"], each["reason"]) for each in shown["rejections"]]
    assert found == [
        (1, "AMOUNT_NOT_POSITIVE"),
        (3, "DIRECTION"),
        (4, "AMOUNT_NOT_POSITIVE"),
        (5, "DIRECTION"),
    ]


@pytest.mark.parametrize(
    ("reason", "record", "spoil"),
    [
        ("CHARACTER_SET", 1, lambda data: data.replace(b"COFFEE", b"\xff\xfe", 1)),
        ("LINE_TOO_LONG", 1, lambda data: data.replace(b"COFFEE", b"7" * 3000, 1)),
        ("LINE_ENDS", 2, lambda data: data.replace(b"\r\n", b"\n", 3)),
    ],
)
def test_c15_what_is_no_text_of_the_form_is_answered_with_the_record(
    office: Office, tmp_path: Path, reason: str, record: int, spoil: Callable[[bytes], bytes]
) -> None:
    """The file is refused whole, and taken under the same name when it is mended."""
    sound = file_of(tmp_path, [our_sale(1), our_sale(2), our_sale(3)]).read_bytes()
    code, told, _ = put(tmp_path, "day.csv", spoil(sound))
    assert (code, told["status"]) == (1, "REFUSED")
    assert (told["reason"], told["place"]) == (reason, record)
    assert kept(office) == []
    code, told, _ = put(tmp_path, "day.csv", sound)
    assert (code, told["status"], told["records"]) == (0, "ACCEPTED", 3)


def test_c15_a_byte_order_mark_is_told_with_its_place(office: Office, tmp_path: Path) -> None:
    """The header cannot be read then, so there is no file to answer: the order fails."""
    sound = file_of(tmp_path, [our_sale(1)]).read_bytes()
    code, told, error = put(tmp_path, "marked.csv", b"\xef\xbb\xbf" + sound)
    assert (code, told) == (1, {})
    assert "record 0, byte 0: the file begins with a byte order mark" in error
    assert kept(office) == []


def test_c16_a_bomb_is_refused_while_it_unpacks(office: Office, tmp_path: Path) -> None:
    """Good records without end: 60 MB in a few hundred kB. Nothing of them stays."""
    sound = file_of(tmp_path, [our_sale(1)]).read_bytes()
    header, names, record, _ = sound.split(b"\r\n", 3)
    many = b"\r\n".join([header, names, *[record] * (60_000_000 // len(record))])
    code, told, _ = put(tmp_path, "day.csv.gz", gzip.compress(many))
    assert (code, told["status"], told["reason"]) == (1, "REFUSED", "BOMB")
    assert kept(office) == []
    code, told, _ = put(tmp_path, "day.csv.gz", gzip.compress(sound))
    assert (code, told["status"]) == (0, "ACCEPTED")


def test_c16_what_is_no_one_plain_file_is_refused(office: Office, tmp_path: Path) -> None:
    """An archive in an archive and two files in one; a path as a name is never looked at."""
    sound = file_of(tmp_path, [our_sale(1)]).read_bytes()
    for inner in (gzip.compress(sound), zipped(sound, "day.csv")):
        code, told, error = put(tmp_path, "day.csv.gz", gzip.compress(inner))
        assert (code, told) == (1, {})
        assert "the archive holds another archive" in error
    code, told, _ = put(tmp_path, "day.csv.zip", zipped(sound, "one.csv", "two.csv"))
    assert (code, told["status"], told["reason"]) == (1, "REFUSED", "ARCHIVE")
    assert kept(office) == []
    code, told, _ = put(tmp_path, "day.csv.zip", zipped(sound, "../../outside.csv"))
    assert (code, told["status"]) == (0, "ACCEPTED")
    assert not list(tmp_path.parent.rglob("outside.csv"))
