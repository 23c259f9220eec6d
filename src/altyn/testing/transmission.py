"""DE7 as a bank writes it: its own clock, which may be wrong (T02)."""

from datetime import UTC, datetime, timedelta

__all__ = ["TransmissionWriter"]


class TransmissionWriter:
    """MMDDhhmmss and YYMM, each made once for every second that is asked for."""

    def __init__(self, start_utc_us: int) -> None:
        """`start_utc_us`: what the bank's clock says when the world begins."""
        self._start_us = start_utc_us
        self._second = -1
        self._transmission = ""
        self._month = ""

    def write(self, at_us: int) -> str:
        """DE7 of an instant of virtual time."""
        self._read(at_us)
        return self._transmission

    def month(self, at_us: int) -> str:
        """YYMM of an instant of virtual time, as DE14 has it."""
        self._read(at_us)
        return self._month

    def _read(self, at_us: int) -> None:
        second = (self._start_us + at_us) // 1_000_000
        if second != self._second:
            self._second = second
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
            self._transmission = moment.strftime("%m%d%H%M%S")
            self._month = moment.strftime("%y%m")
