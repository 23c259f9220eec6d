"""What an acquirer asks for and what an issuer answers, in the scheme's own words.

Field numbers are unknown here; `altyn.message.dialect` translates. `texts` are the texts of
the journal's record, joined, each blank where the message had no such field. `payload` is
the message as it came: the switch hands it on and never looks inside.
"""

from enum import IntEnum
from typing import Final, NamedTuple

from altyn.card import Pan


class Kind(IntEnum):
    """What is asked. Repeats are the same kind with `Request.repeat` set."""

    AUTHORIZATION = 1
    FINANCIAL = 2
    AUTHORIZATION_ADVICE = 3
    FINANCIAL_ADVICE = 4
    REVERSAL = 5
    REVERSAL_ADVICE = 6


REQUEST_KINDS: Final = (Kind.AUTHORIZATION, Kind.FINANCIAL)
"""What may be declined; all other kinds tell of something that has happened."""

KEY_LETTERS: Final = "012abrr"
"""By Kind: a reversal and its advice are one thing under one key, all else is apart."""


class Original(NamedTuple):
    """Which earlier message a reversal or a completion is about (DE90)."""

    kind: Kind
    stan: str
    transmission: str
    acquirer: str


class Request:
    """A request or advice from an acquirer.

    amount: minor units of `currency`; currency: numeric code, three digits; acquirer: DE32
    without leading zeros; transmission: MMDDhhmmss UTC; expiry: YYMM; texts: the columns of
    `entries.REQUEST_TEXTS`, joined, each of its full width; key: what makes two requests the
    same transaction (DE32 + DE11 + DE7, per kind);
    replacement_amount: what stands after a partial reversal, None when all is reversed;
    defect: why the message cannot be worked on (answered 30), else None.
    """

    __slots__ = (
        "acquirer",
        "amount",
        "category",
        "currency",
        "defect",
        "expiry",
        "key",
        "kind",
        "link_id",
        "origin",
        "original",
        "pan",
        "payload",
        "processing_code",
        "repeat",
        "replacement_amount",
        "rrn",
        "stan",
        "terminal",
        "texts",
        "transmission",
        "transmitted_s",
    )

    def __init__(
        self,
        kind: Kind,
        repeat: bool,
        pan: Pan,
        processing_code: str,
        amount: int,
        currency: str,
        stan: str,
        transmission: str,
        acquirer: str,
        rrn: str,
        terminal: str,
        category: str,
        expiry: str,
        texts: str,
        original: Original | None,
        replacement_amount: int | None,
        defect: str | None,
        payload: object,
        link_id: str,
        origin: object,
    ) -> None:
        """Keep the values; see the class for their forms."""
        self.kind = kind
        self.repeat = repeat
        self.pan = pan
        self.processing_code = processing_code
        self.amount = amount
        self.currency = currency
        self.stan = stan
        self.transmission = transmission
        self.acquirer = acquirer
        self.rrn = rrn
        self.terminal = terminal
        self.category = category
        self.expiry = expiry
        self.texts = texts
        self.original = original
        self.replacement_amount = replacement_amount
        self.defect = defect
        self.payload = payload
        self.link_id = link_id
        self.origin = origin
        self.transmitted_s = 0  # the switch reads its clock against `transmission`
        self.key = f"{KEY_LETTERS[kind]}{acquirer}/{stan}{transmission}"

    def __repr__(self) -> str:
        return f"Request({self.kind.name}, stan={self.stan}, pan={self.pan!r})"


class Response:
    """An issuer's answer to a request, or its acknowledgement of an advice.

    stan and transmission are the switch's own, echoed; amount and pan are None when the
    issuer did not echo them; additional: fields for the acquirer, packed by the dialect.
    """

    __slots__ = (
        "additional",
        "amount",
        "authorization_code",
        "kind",
        "link_id",
        "pan",
        "response_code",
        "stan",
        "transmission",
    )

    def __init__(
        self,
        kind: Kind,
        stan: str,
        transmission: str,
        response_code: str,
        authorization_code: str,
        amount: int | None,
        pan: str | None,
        additional: bytes,
        link_id: str,
    ) -> None:
        """Keep the values; see the class for their forms."""
        self.kind = kind
        self.stan = stan
        self.transmission = transmission
        self.response_code = response_code
        self.authorization_code = authorization_code
        self.amount = amount
        self.pan = pan
        self.additional = additional
        self.link_id = link_id

    def __repr__(self) -> str:
        return f"Response({self.kind.name}, stan={self.stan}, code={self.response_code})"


def original_key(original: Original) -> str:
    """The key of the request an Original names; equal to that request's `key`."""
    letter = KEY_LETTERS[original.kind]
    return f"{letter}{original.acquirer}/{original.stan}{original.transmission}"


def original_of(key: str) -> Original:
    """The Original that a request's key names; the inverse of `original_key`."""
    acquirer, _, rest = key[1:].partition("/")
    return Original(Kind(KEY_LETTERS.index(key[0])), rest[:6], rest[6:], acquirer)
