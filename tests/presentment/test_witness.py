"""cardutil, which shares no code with us, reads what we write and writes what we read."""

from io import BytesIO
from typing import Any

import pytest
from cardutil.mciipm import IpmReader, IpmWriter

from altyn.presentment import IPM_FORMS
from tests.presentment.samples import card, read, refund, sale, written

PYTHON_CODEPAGES = {"ascii": "latin_1", "ebcdic": "cp500"}
DAY = [sale(n) if n % 4 else refund(n) for n in range(1, 40)]
every_form = pytest.mark.parametrize("form", IPM_FORMS)


def witness(form: str) -> dict[str, Any]:
    """The form in the witness's own terms."""
    encoding, blocked = IPM_FORMS[form]
    return {"encoding": PYTHON_CODEPAGES[encoding], "blocked": blocked}


@every_form
def test_cardutil_reads_what_we_write(form: str) -> None:
    """Header, every record and the trailer, with their private data."""
    found = list(IpmReader(BytesIO(written(form, DAY)), **witness(form)))
    assert [record["MTI"] for record in found] == ["1644", *["1240"] * len(DAY), "1644"]
    assert [found[0]["DE24"], found[-1]["DE24"]] == ["697", "695"]
    assert found[0]["PDS0105"] == "SEA-20261123-1"
    assert found[-1]["PDS0306"] == f"{len(DAY) + 2:08d}"
    assert int(found[-1]["PDS0301"]) == sum(row["amount"] for row in DAY)
    for row, record in zip(DAY, found[1:-1], strict=True):
        assert record["DE2"] == row["pan"]
        assert record["DE4"] == row["amount"]
        assert record["DE12"].strftime("%Y%m%d%H%M%S") == row["local_date"] + row["local_time"]
        assert record["DE26"] == int(row["category"])
        assert record["DE31"] == row["acquirer_reference"]
        assert record["PDS1306"] == row["stan"]


@every_form
def test_we_read_what_cardutil_writes(form: str) -> None:
    """A file that the other program writes gives the same rows as ours."""
    out = BytesIO()
    out_file = IpmWriter(out, **witness(form))
    for record in cardutil_day():
        out_file.write(record)
    data = finished(out_file, out)
    rows, rejections = read(form, data)
    assert rejections == []
    assert rows == read("csv", written("csv", DAY))[0]


def finished(writer: Any, out: BytesIO) -> bytes:
    """The bytes of a file that the other program ends."""
    writer.close()
    return out.getvalue()


def cardutil_day() -> list[dict[str, Any]]:
    """The day in the other program's words."""
    header = {
        "MTI": "1644", "DE24": "697", "DE71": 1, "PDS0105": "SEA-20261123-1",
        "PDS1301": "SEA", "PDS1302": "1", "PDS1303": "20261123",
    }  # fmt: skip
    sums = {code: sum(row["amount"] for row in DAY if row["currency"] == code)
            for code in ("398", "840")}  # fmt: skip
    trailer = {
        "MTI": "1644", "DE24": "695", "DE71": len(DAY) + 2, "PDS0105": "SEA-20261123-1",
        "PDS0301": f"{sum(sums.values()):016d}", "PDS0306": f"{len(DAY) + 2:08d}",
        "PDS1304": "".join(f"{code}{total:018d}" for code, total in sums.items()),
    }  # fmt: skip
    return [header, *(cardutil_record(at, row) for at, row in enumerate(DAY, 2)), trailer]


def cardutil_record(message_number: int, row: dict[str, Any]) -> dict[str, Any]:
    """A presentment in the other program's words."""
    record = {
        "MTI": "1240", "DE71": message_number, "DE2": row["pan"], "DE3": row["processing_code"],
        "DE4": row["amount"], "DE12": f"{row['local_date']} {row['local_time']}",
        "DE24": row["function"], "DE26": row["category"], "DE31": row["acquirer_reference"],
        "DE32": row["acquirer"], "DE37": row["rrn"], "DE38": row["authorization_code"],
        "DE41": row["terminal"], "DE42": row["merchant"], "DE43": row["merchant_name"],
        "DE49": row["currency"], "PDS1305": row["transmission"], "PDS1306": row["stan"],
        "PDS1307": row["country"], "PDS1308": row["entry_mode"], "PDS1309": "1", "PDS1310": "1",
    }  # fmt: skip
    if row["original_reference"]:
        record["PDS1311"] = row["original_reference"]
    return record


@every_form
def test_a_file_of_ours_says_what_the_other_programs_says(form: str) -> None:
    """Read by the other program, the two files are the same records."""
    out = BytesIO()
    writer = IpmWriter(out, **witness(form))
    for record in cardutil_day():
        writer.write(record)
    theirs = list(IpmReader(BytesIO(finished(writer, out)), **witness(form)))
    ours = list(IpmReader(BytesIO(written(form, DAY)), **witness(form)))
    assert ours == theirs
    assert ours[1]["DE2"] == card(1)
