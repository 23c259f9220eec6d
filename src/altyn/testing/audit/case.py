"""The auditor's own view of transactions: what was asked, what became of it, what is owed.

Nothing here comes from the switch. A `Case` moves by what the journal claims, after the claim has
been checked against what was read from the lines.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

__all__ = ["MESSAGE_TYPES", "Asked", "Case", "Content", "OwedAdvice", "Verdict", "original_key_of"]

State = Literal["in flight", "approved", "declined", "reversed", "completed", "marker"]

MESSAGE_TYPES: Final = ("", "0100", "0200", "0120", "0220", "0400", "0420")
"""By the kind of a record."""

_REQUEST_LETTERS: Final = {"010": "1", "020": "2", "012": "a", "022": "b"}


class Content(NamedTuple):
    """What one message of an acquirer said; `original` is DE90, `replacement` the DE95 amount.

    Amounts are minor units, `pan` is the card number in clear: it never leaves the auditor.
    """

    kind: int
    pan: str
    processing_code: str
    amount: int
    currency: str
    rrn: str
    category: str
    expiry: str
    original: str
    replacement: int


class Verdict(NamedTuple):
    """What an issuer's answer to a request in flight means: "approve", "decline", "invalid"."""

    at: int
    means: str
    code: str
    authorization_code: str


class Asked:
    """The messages of one key that the switch has read, and how many still want an answer.

    An epoch is a life of the switch and of a line; what is open when it ends is never answered.
    """

    __slots__ = (
        "answered_ever",
        "contents",
        "epoch",
        "first_at",
        "links",
        "read_ever",
        "reads",
        "replies",
    )

    def __init__(self, at: int, epoch: tuple[int, int], link: str, content: Content) -> None:
        """The first message of a key."""
        self.first_at = at
        self.epoch = epoch
        self.links = [link]
        self.contents = [content]
        self.reads = self.replies = 0
        self.read_ever = self.answered_ever = 0

    def read(self, at: int, epoch: tuple[int, int], link: str, content: Content) -> None:
        """One more message of the key."""
        if epoch != self.epoch:
            if epoch[0] != self.epoch[0]:
                self.first_at = at
            self.epoch = epoch
            self.reads = self.replies = 0
        self.reads += 1
        self.read_ever += 1
        if link not in self.links:
            self.links.append(link)
        if content not in self.contents:
            self.contents.append(content)


class Case:
    """A transaction that has one outcome. `remaining` is what stands, transaction currency."""

    __slots__ = (
        "acquirer",
        "amount",
        "asked_at",
        "authorization_code",
        "business_day",
        "card_range",
        "code",
        "content",
        "credit",
        "forwarded",
        "institution",
        "issuer",
        "issuer_stan",
        "issuer_transmission",
        "key",
        "kind",
        "life",
        "no_money",
        "pan",
        "remaining",
        "replied",
        "reversal_read_at",
        "sequence",
        "settlement_amount",
        "settlement_currency",
        "state",
        "told_as",
        "unread",
        "verdicts",
    )

    def __init__(self, key: str, kind: int, state: State) -> None:
        """A case as it begins; the rest is filled in from the claim."""
        self.key = key
        self.kind = kind
        self.state: State = state
        self.institution = ""
        self.acquirer = ""
        self.issuer = ""
        self.pan = b""
        self.amount = 0
        self.remaining = 0
        self.card_range: Mapping[str, Any] = {}
        self.credit = False
        self.no_money = False
        self.settlement_amount = 0
        self.settlement_currency = ""
        self.business_day = 0
        self.sequence = 0
        self.issuer_stan = ""
        self.issuer_transmission = ""
        self.code = ""
        self.authorization_code = ""
        self.told_as = ""
        self.unread = False
        self.asked_at = 0
        self.life = 0
        self.forwarded = 0
        self.reversal_read_at = -1
        self.verdicts: list[Verdict] = []
        self.replied: tuple[object, ...] | None = None
        self.content: Content | None = None

    @property
    def name(self) -> tuple[str, str]:
        """Institution and retrieval reference."""
        return self.institution, "" if self.content is None else self.content.rrn

    @property
    def parties(self) -> tuple[str, str]:
        """Debtor and creditor."""
        if self.credit:
            return self.acquirer, self.issuer
        return self.issuer, self.acquirer

    @property
    def original_text(self) -> str:
        """How an advice about it must name it to the issuer: type, STAN, DE7 (DE90).

        What was stood in for goes by the name of the advice that told it.
        """
        return (
            self.told_as or MESSAGE_TYPES[self.kind] + self.issuer_stan + self.issuer_transmission
        )


class OwedAdvice:
    """An advice that an issuer is owed until it acknowledges it, or it is given up visibly."""

    __slots__ = (
        "acknowledged",
        "amount",
        "ended_at",
        "issuer",
        "message_type",
        "name",
        "original",
        "pan",
        "remaining",
        "sends",
        "sequence",
        "stan",
        "state",
        "transmission",
    )

    def __init__(self, sequence: int, issuer: str, stan: str, transmission: str) -> None:
        """An advice by the entry that owes it."""
        self.sequence = sequence
        self.issuer = issuer
        self.stan = stan
        self.transmission = transmission
        self.message_type = ""
        self.pan = b""
        self.amount = 0
        self.remaining = 0
        self.original = ""
        self.name = ("", "")
        self.sends = 0
        self.acknowledged: list[str] = []
        self.ended_at = -1
        self.state: Literal["owed", "delivered", "dead", "closed"] = "owed"


def original_key_of(original: str, institution: str, terminal: str) -> str:
    """The key of the request that DE90 names; empty when it names none that can be taken back.

    DE90: type 4, STAN 6, DE7 10, acquirer 11 (zeros: the one that sends), forwarder 11.
    """
    letter = _REQUEST_LETTERS.get(original[:3])
    if letter is None:
        return ""
    named = original[20:31].lstrip("0") or institution
    return f"{letter}{named}/{original[4:20]}/{terminal}"
