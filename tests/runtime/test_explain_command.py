"""`altyn explain item`: the whole story of an item, without a card number."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from altyn.runtime.cli import main
from tests.presentment.samples import sale
from tests.runtime.back_office import ACQUIRER, DAY, card
from tests.runtime.test_backoffice_clearing import FIRST, clear, day_at


def explain(folder: Path, identifier: str, *options: str) -> Result:
    """Ask for the story."""
    return CliRunner().invoke(main, ["explain", "item", identifier, "-c", str(folder), *options])


def story(folder: Path, identifier: str) -> dict[str, Any]:
    """The story as JSON."""
    result = explain(folder, identifier, "--json", "-")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_an_item_of_a_file_tells_file_match_messages_and_fees(tmp_path: Path) -> None:
    """By its own id, by the acquirer's reference, and by its authorization's entry."""
    clear(day_at(tmp_path), FIRST)
    item_id = f"P{ACQUIRER}-{ACQUIRER}-{DAY}-1-1"
    told = story(tmp_path, item_id)
    assert told == story(tmp_path, f"7400101{2:016d}") == story(tmp_path, "2")
    assert told["item"]["outcome"] == "MATCHED" and told["accepted"]
    assert told["file"]["record_number"] == 1
    assert [each["sequence"] for each in told["messages"]] == [2]
    assert told["authorization"]["state"] == "cleared"
    assert told["terms"]["terms_id"] == told["item"]["terms_id"]
    assert told["fees"] and all(each["rule"]["rule_id"] == each["rule_id"] for each in told["fees"])
    chosen = {each["fee"]: each["rule_id"] for each in told["pricing"] if each["rule_id"]}
    assert chosen == {each["fee"]: each["rule_id"] for each in told["fees"]}
    passed = [why for each in told["pricing"] for why in each["passed"].values()]
    assert {"rank", "categories"} <= set(passed)


def test_an_item_of_the_switch_tells_its_entry(tmp_path: Path) -> None:
    """Also by the number of the entry alone."""
    clear(day_at(tmp_path), FIRST)
    told = story(tmp_path, "J1")
    assert told == story(tmp_path, "1")
    assert (told["file"], told["item"]["outcome"]) == (None, "SINGLE_MESSAGE")
    assert [each["sequence"] for each in told["messages"]] == [1]


def test_a_rejected_record_tells_why(tmp_path: Path) -> None:
    """It has no item; its reference finds it."""
    clear(day_at(tmp_path), FIRST)
    told = story(tmp_path, f"7400101{5:016d}")
    assert not told["accepted"] and told["item"]["reason"] == "UNKNOWN_CARD"


def test_the_page_fits_and_shows_no_card(tmp_path: Path) -> None:
    """A hundred columns; the card masked; an item that nobody has is told."""
    clear(day_at(tmp_path), FIRST)
    result = explain(tmp_path, f"P{ACQUIRER}-{ACQUIRER}-{DAY}-1-1")
    assert result.exit_code == 0, result.output
    assert all(len(line) <= 100 for line in result.stdout.splitlines())
    assert card(2) not in result.stdout and "990001******" in result.stdout
    absent = explain(tmp_path, "J999")
    assert (absent.exit_code, "no cleared cycle" in absent.output) == (1, True)
    assert sale(1)["pan"] not in absent.output
