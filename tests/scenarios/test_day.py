"""The language of the days: it refuses what it does not know, and sees what is wrong."""

import pytest

from tests.scenarios.day import Day, DayError

SCHEME = """\
day 2026-07-05
bank SEA in TR settles TRY
bank HILL in TR settles TRY
card A of HILL
"""
BOUGHT = """\
== X1 a purchase
10:00:00 SEA -> 0200 purchase card A 120.00 TRY stan 1 | HILL asked 0200 120.00 TRY
    HILL answers SEA 1 with 00 | SEA gets 0210 00 stan 1
"""
POSITIONS = """\
positions
SEA  TRY 2026-07-05 +120.00 holds 0.00
HILL TRY 2026-07-05 -120.00 holds 0.00
"""


def test_a_true_day_is_played() -> None:
    """What is written comes true, to the last position."""
    day = Day()
    day.play(SCHEME + BOUGHT + POSITIONS)
    assert day.sections == ["X1"]
    assert day.bench.nets() == {"SEA": 12_000, "HILL": -12_000}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("SEA laughs", "cannot be read"),
        ("10:00:01 SEA -> 0200 purchase card A 1.00 TRY stan 2 soon", "cannot be read: soon"),
        ("SEA -> 0200 purchase card A 1.00 TRY", "named by its stan"),
        ("SEA -> 0200 purchase card A 1.0 TRY stan 2", "decimals"),
        ("SEA -> 0200 purchase card A 1.00 ABC stan 2", "no currency"),
        ("SEA -> 0200 purchase card A 1.00 TRY stan 2", "HILL was also sent 0200"),
        ("SEA -> 0201 stan 1 | SEA gets 0210 05 stan 1", "reply"),
        ("SEA -> 0201 stan 1 | SEA gets 0210 00 stan 2", "reply"),
        ("SEA gets 0210 00 stan 1", "nothing was sent to SEA"),
        ("SEA -> 0200 purchase card A 1.00 TRY stan 2 | HILL asked 0200 2.00 TRY", "amount"),
        ("HILL answers SEA 9 with 00", "no issuer was asked"),
        ("SEA -> 0400 of 0200 1 stan 2 | SEA gets 0410 00 stan 2", "HILL was also sent 0420"),
        ("HILL acknowledges", "told nothing"),
        ("held of HILL 1.00 TRY", "held of HILL"),
        ("alarm issuer-late", "no such alarm"),
        ("positions", "positions: came"),
    ],
)
def test_a_line_that_is_not_so_is_told_with_its_number(line: str, complaint: str) -> None:
    """Unknown words, wrong expectations and messages nobody mentioned: line 8, and why."""
    with pytest.raises(DayError, match=complaint) as caught:
        Day().play(SCHEME + BOUGHT + line + "\n")
    assert str(caught.value).startswith("line 8, ")


@pytest.mark.parametrize("line", ["bank sea in TR settles TRY", "weather sunny", "card A"])
def test_a_scheme_that_cannot_be_read_is_refused(line: str) -> None:
    """Before the first heading only what the scheme is made of may stand."""
    with pytest.raises(DayError, match="line 1, "):
        Day().play(line)


@pytest.mark.parametrize(
    "positions",
    [
        POSITIONS.replace("+120.00", "+120.01"),
        POSITIONS.replace("2026-07-05", "2026-07-06"),
        POSITIONS.replace("-120.00 holds 0.00", "-120.00 holds 1.00"),
        POSITIONS.partition("HILL")[0],
        POSITIONS + "LAKE TRY 2026-07-05 +1.00 holds 0.00\n",
    ],
)
def test_positions_are_compared_whole(positions: str) -> None:
    """A wrong figure, day or hold, a line too few and a line too many are all found."""
    with pytest.raises(DayError, match="positions: came"):
        Day().play(SCHEME + BOUGHT + positions)
