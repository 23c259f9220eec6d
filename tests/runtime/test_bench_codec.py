"""The codec's own measurement: what it measures, and that its figures hold together."""

from io import StringIO

from rich.console import Console

from altyn.runtime import bench_codec

CASES = ["decode 0100", "encode 0100", "decode 0110", "encode 0110"]
CASES += ["derive 0100", "derive 0110"]


def test_every_case_is_measured_beside_the_witness() -> None:
    """Both messages both ways, and both derived: twenty rounds or more, and the medians' ratio."""
    result = bench_codec.run(0.01)
    assert list(result["cases"]) == CASES
    assert result["rounds"] >= 20
    assert result["witness"] == "pyiso8583"
    for case in result["cases"].values():
        points = case["us"]
        assert 0 < points["minimum"] <= points["p50"] <= points["p99"] <= points["maximum"]
        assert points["count"] == result["rounds"]
        assert case["witness_us"] is not None
        assert case["ratio"] == case["witness_us"]["p50"] / points["p50"]
    request = result["cases"]["decode 0100"]
    assert (request["fields"], request["message_bytes"]) == (20, 366)
    forwarded = result["cases"]["derive 0100"]
    assert (forwarded["fields"], forwarded["message_bytes"]) == (22, 366 + 4 + 2 + 6)


def test_the_table_shows_every_case_and_the_lines() -> None:
    """A row a case; without the witness its columns say so."""
    result = bench_codec.run(0.01)
    result["cases"]["encode 0110"]["witness_us"] = None
    result["cases"]["encode 0110"]["ratio"] = None
    console = Console(width=100, record=True, file=StringIO())
    console.print(bench_codec.render(result))
    text = console.export_text()
    assert all(name in text for name in CASES)
    assert "≤ 5" in text and "≤ 6" in text and "absent" in text
