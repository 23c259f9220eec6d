"""The node's log: one JSON line an event, never with card data; a flood is cut short.

What is logged is the name of an alarm and where it arose. Fields of messages never get here.
"""

import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

LINES_A_SECOND_MAX: Final = 20
_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_ERRORS: Final = frozenset({"journal-failed", "journal-taken-over", "switch-failed"})


class Log:
    """Writes alarms, at most so many of one name in a second; all of them are counted."""

    def __init__(self, file: Path | None, level: str) -> None:
        """Log to a file, or to standard error."""
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        stream = sys.stderr if file is None else file.open("a", encoding="utf-8", buffering=1)
        self._logger = structlog.wrap_logger(
            structlog.WriteLogger(stream),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(sort_keys=True),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        )
        self._second = 0
        self._written: dict[str, int] = {}
        self.counts: dict[str, int] = {}

    def alarm(self, name: str, details: str) -> None:
        """Log an alarm and count it. A log that cannot be written stops nothing (D14)."""
        self.counts[name] = self.counts.get(name, 0) + 1
        second = int(time.monotonic())
        if second != self._second:
            self._second = second
            self._written.clear()
        written = self._written[name] = self._written.get(name, 0) + 1
        if written > LINES_A_SECOND_MAX:
            return
        log = self._logger.error if name in _ERRORS else self._logger.warning
        with suppress(OSError):
            log(name, details=details, count=self.counts[name])
