"""`altyn stop-list`: a file is checked whole, loaded into a served switch, and counted."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from altyn.runtime.cli import main
from altyn.runtime.output import UserError
from altyn.runtime.stop_list_file import StopListLine, read_stop_list
from tests.runtime.served_switch import (
    HILL_CARD,
    SEA_CARD,
    ServedSwitch,
    free_port,
    link_table,
    serving,
)


def altyn(switch: ServedSwitch, *words: str) -> Result:
    """The command line, with the settings of the switch."""
    return CliRunner().invoke(main, ["stop-list", *words, "-c", str(switch.settings_path)])


def written(folder: Path, text: str) -> Path:
    """A file of changes."""
    path = folder / "hot.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read_into_changes(tmp_path: Path) -> None:
    """Comments and blank lines say nothing; the last day may be left out."""
    text = f"# hot\n\nadd {HILL_CARD} 43\nadd {HILL_CARD} 04 2026-12-31\ndelete {HILL_CARD}\n"
    assert read_stop_list(written(tmp_path, text), lambda _: True) == [
        StopListLine("1", HILL_CARD, "43", 0),
        StopListLine("1", HILL_CARD, "04", 20261231),
        StopListLine("3", HILL_CARD, "00", 0),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"change {HILL_CARD} 43", "neither add nor delete"),
        ("add", "neither add nor delete"),
        (f"add {SEA_CARD} 43", "not a card number of the issuer"),
        (f"add {HILL_CARD}", "followed by one of"),
        (f"add {HILL_CARD} 00", "followed by one of"),
        (f"add {HILL_CARD} 43 2026-02-30", "no date"),
        (f"delete {HILL_CARD} 43", "too many words"),
        ("add ٤٢ 43", "ASCII"),
    ],
)
def test_a_fault_is_told_with_its_line_and_without_the_card(
    tmp_path: Path, line: str, words: str
) -> None:
    """I10: the number of the line is enough to find it."""
    path = written(tmp_path, f"add {HILL_CARD} 43\n{line}\n")
    with pytest.raises(UserError) as caught:
        read_stop_list(path, lambda card: card == HILL_CARD)
    told = str(caught.value)
    assert words in told
    assert HILL_CARD not in told and SEA_CARD not in told
    assert "line 2" in told or words == "ASCII"


@pytest.mark.process
def test_f28_a_file_is_loaded_whole_or_not_at_all(tmp_path: Path) -> None:
    """A foreign card in it: nothing is loaded. Sound: counted."""
    links = {
        "hill": link_table("hill", "HILLTR", free_port()),
        "sea": link_table("sea", "SEATR", free_port()),
    }
    with serving(tmp_path, links) as switch:
        bad = written(tmp_path, f"add {HILL_CARD} 43\nadd {SEA_CARD} 41\n")
        refused = altyn(switch, "load", str(bad), "--issuer", "HILLTR")
        assert refused.exit_code != 0
        assert altyn(switch, "count").stdout == ""
        nobody = altyn(switch, "load", str(bad), "--issuer", "HILTR")
        assert nobody.exit_code != 0 and "no participant" in nobody.stderr
        good = written(tmp_path, f"add {HILL_CARD} 43\n")
        loaded = altyn(switch, "load", str(good), "--issuer", "HILLTR")
        assert (loaded.exit_code, loaded.stdout) == (0, "1 change loaded.\n")
        assert altyn(switch, "count").stdout.split() == ["HILLTR", "1"]
        counts = json.loads(altyn(switch, "count", "--json", "-").stdout)
        assert counts == {"cards": {"HILLTR": 1}}
        assert switch.order("stop-list-load", issuer="HILLTR", lines=[["3", HILL_CARD, "é", 0]])
        assert altyn(switch, "count").stdout == ""
        answer = switch.order("stop-list-load", issuer="HILLTR", lines=[["1", SEA_CARD, "41", 0]])
        assert answer["ok"] is False
