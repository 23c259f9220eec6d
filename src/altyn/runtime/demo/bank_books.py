"""What a bank process writes down: every message as it passes, and at the end its books.

A message log is JSON Lines: `n` counts from 1 without gaps, `at` is UTC, `way` is sent or got, and
the fields stand under their numbers. Card numbers are masked; tracks, PIN blocks and chip data are
not written at all. The books say what the bank believes, for comparison with the journal.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, Literal

from altyn.card import mask
from altyn.message import Message
from altyn.simulators import SimulatedAcquirer, SimulatedIssuer, field_text

__all__ = ["MessageLog", "acquirer_books", "issuer_books"]

LOGGED_FIELDS: Final = (
    3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 15, 18, 22, 25, 32, 33, 37, 38, 39, 41, 42, 49, 50, 51, 70,
    90, 95,
)  # fmt: skip


class MessageLog:
    """A file of messages; an empty path writes nothing. Lines reach the system at `flush`."""

    def __init__(self, path: str) -> None:
        """Open the file anew."""
        self._file: IO[str] | None = None
        if path:
            self._file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - lives as long
        self._count = 0

    def write(self, way: Literal["sent", "got"], message: Message) -> None:
        """Note a message that was sent or got."""
        if self._file is None:
            return
        self._count += 1
        line: dict[str, object] = {
            "n": self._count,
            "at": datetime.now(UTC).isoformat(timespec="microseconds"),
            "way": way,
            "mti": message.mti,
        }
        if 2 in message.fields:
            line["2"] = mask(field_text(message, 2))
        for number in LOGGED_FIELDS:
            if number in message.fields:
                line[str(number)] = message.fields[number]
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")

    def flush(self) -> None:
        """Hand the lines to the operating system."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Flush and close; nothing is written afterwards."""
        if self._file is not None:
            self._file.close()
            self._file = None


def acquirer_books(acquirer: SimulatedAcquirer) -> dict[str, Any]:
    """Every exchange of an acquirer, in the order of sending.

    `fate` is waiting, answered, lost (the answer came and was dropped by script) or abandoned
    (given up and taken back). `code` is DE39, empty without an answer. Amounts are minor units.
    """
    return {
        "institution_id": acquirer.side.institution_id,
        "exchanges": [
            {
                "play": exchange.play.play_id,
                "kind": exchange.play.kind,
                "action": exchange.step.action,
                "mti": exchange.request.mti,
                "stan": field_text(exchange.request, 11),
                "transmission": field_text(exchange.request, 7),
                "amount": int(field_text(exchange.request, 4) or "0"),
                "standing": exchange.step.amount if exchange.step.action == "reversal" else None,
                "currency": field_text(exchange.request, 49),
                "original": field_text(exchange.request, 90),
                "card": mask(field_text(exchange.request, 2)),
                "attempts": exchange.attempts,
                "fate": exchange.fate,
                "code": field_text(exchange.answer, 39) if exchange.answer else "",
                "approval": field_text(exchange.answer, 38) if exchange.answer else "",
            }
            for exchange in acquirer.exchanges
        ],
    }


def issuer_books(issuer: SimulatedIssuer) -> dict[str, Any]:
    """Every decision of an issuer under the switch's key (DE11, DE7) and the acquirer (DE32).

    `state` is stands, declined, reversed or informed (an inquiry). `standing` is what is left of
    `amount` in the transaction currency; `billed` what the account paid, in its own.
    """
    return {
        "institution_id": issuer.institution_id,
        "figures": issuer.figures._asdict(),
        "decisions": [
            {
                "mti": decision.mti,
                "stan": decision.stan,
                "transmission": decision.transmission,
                "acquirer": decision.acquirer_id,
                "code": decision.code,
                "approval": decision.approval,
                "amount": decision.amount,
                "standing": decision.standing,
                "billed": decision.billed,
                "state": decision.state,
                "card": decision.masked_pan,
                "currency": field_text(decision.answer, 49),
                "reference": field_text(decision.answer, 37),
            }
            for decision in issuer.decisions.values()
        ],
    }
