"""Did the generator itself stand still? Then its clock says nothing about the switch.

A machine may stop all its programs for seconds: a virtual one that is moved, one without memory.
Replies that came meanwhile wait unread, so a request must not be given up before they are read.
"""

__all__ = ["LoopWatch"]


class LoopWatch:
    """Watches the turns of the generator's loop. All times in seconds of one steady clock."""

    __slots__ = ("_inspected", "_turned", "longest_pause")

    def __init__(self, now: float) -> None:
        self.longest_pause = 0.0
        self._turned = now
        self._inspected = now

    def turn(self, now: float) -> None:
        """The loop has come round; everything that could be read was read."""
        self.longest_pause = max(self.longest_pause, now - self._turned)
        self._turned = now

    def inspect(self, now: float) -> float:
        """The moment up to which answers were surely read: the inspection before this one.

        At least one turn lies between two inspections, so what had come by then is read by now.
        """
        before, self._inspected = self._inspected, now
        return before

    def forget(self) -> None:
        """Begin to look for the longest pause anew."""
        self.longest_pause = 0.0
