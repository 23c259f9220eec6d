"""The node's log: what is written, and what happens when it cannot be."""

import io
import json
import sys

import pytest

from altyn.runtime.online.log import LINES_A_SECOND_MAX, Log


class FullDisk(io.StringIO):
    """A log without room."""

    def write(self, text: str) -> int:
        """Refuse."""
        raise OSError(28, "No space left on device")


def test_d14_a_log_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk of the log is full: alarms are counted all the same."""
    monkeypatch.setattr(sys, "stderr", FullDisk())
    log = Log(None, "warning")
    for _ in range(3):
        log.alarm("link-silent", "link sea")
    assert log.counts == {"link-silent": 3}


def test_a_flood_of_alarms_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many lines of one name in a second; another name is not held back by them."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    log = Log(None, "warning")
    for _ in range(3 * LINES_A_SECOND_MAX):
        log.alarm("unserved", "link sea")
    log.alarm("switch-failed", "an error")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert len(lines) <= 2 * LINES_A_SECOND_MAX + 1  # a second may have ended in between
    assert (lines[-1]["event"], lines[-1]["level"]) == ("switch-failed", "error")
    assert log.counts == {"unserved": 3 * LINES_A_SECOND_MAX, "switch-failed": 1}
