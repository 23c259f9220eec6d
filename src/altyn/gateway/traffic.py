"""Counts of what passes, for the status file, the demo and operators."""


class Traffic:
    """Counts since the start of the process."""

    __slots__ = (
        "advices",
        "forwarded",
        "recalled",
        "replies",
        "undelivered",
        "unreadable",
    )

    def __init__(self) -> None:
        """Nothing passed yet."""
        self.replies: dict[str, int] = {}
        self.forwarded = 0
        self.advices = 0
        self.recalled = 0
        self.undelivered = 0
        self.unreadable = 0

    def count_reply(self, response_code: str) -> None:
        """One more reply with a response code."""
        self.replies[response_code] = self.replies.get(response_code, 0) + 1

    def total(self) -> int:
        """All replies."""
        return sum(self.replies.values())

    def as_json(self) -> dict[str, object]:
        """The counts as the status file has them."""
        return {
            "replies": dict(sorted(self.replies.items())),
            "replies_total": self.total(),
            "forwarded": self.forwarded,
            "advices": self.advices,
            "recalled": self.recalled,
            "undelivered": self.undelivered,
            "unreadable": self.unreadable,
        }
