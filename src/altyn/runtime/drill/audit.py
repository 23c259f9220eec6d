"""The auditor: three books side by side, and what no drill may find.

- Every answer that an acquirer ever got stands in the journal (I4), whatever was killed since.
- No message was decided twice, no request approved twice by its issuer (I2).
- What stands of each transaction is the same with the acquirer, in the journal and with the
  issuer (I3).
- The chain of hashes holds, positions add up to zero (I1), and the state that a replay of all
  entries gives is the one that the switch had in the end.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from altyn.journal import Storage, verify
from altyn.money import currency_of
from altyn.runtime.drill.bank_logs import (
    Booked,
    TransactionKey,
    read_acquirers,
    read_issuers,
    read_lines,
)
from altyn.runtime.drill.journal_view import JournalView, read_journal
from altyn.switch import SwitchState, recover, replay

__all__ = ["Audit", "audit", "tell_story"]

DIFFERENCES_MAX: Final = 50
_STORY_FIELDS: Final = ("3", "4", "7", "11", "38", "39", "90", "95")


class Difference(NamedTuple):
    """Something that must not be: what, and the transaction whose story tells more."""

    what: str
    transaction: TransactionKey | None = None


class Audit(NamedTuple):
    """What the auditor looked at, and what was wrong with it: nothing, or the first few things."""

    messages: int
    transactions: int
    approved: int
    standing: int
    entries: int
    differences: tuple[Difference, ...]


def audit(
    acquirer_logs: list[Path], issuer_logs: list[Path], storage: Storage, live: dict[str, Any]
) -> Audit:
    """Compare the logs of the banks with a journal; `live` is the switch's last status and
    positions, as its control channel told them."""
    acquirers, issuers = read_acquirers(acquirer_logs), read_issuers(issuer_logs)
    journal = read_journal(storage)
    verified = verify(storage)
    found = [Difference(f"the journal is damaged: {each.reason}") for each in verified.damages]
    found += _unrecorded(acquirers, journal)
    found += _doubled(acquirers, issuers, journal)
    found += _standing(acquirers, journal, issuers)
    if not verified.damages:
        found += _state(storage, live)
    return Audit(
        acquirers.lines + issuers.lines,
        journal.transactions,
        len(journal.standing),
        sum(1 for left in journal.standing.values() if left),
        verified.entries,
        tuple(found[:DIFFERENCES_MAX]),
    )


def _unrecorded(acquirers: Booked, journal: JournalView) -> Iterator[Difference]:
    """I4: answers that the journal does not know."""
    for key, codes in acquirers.answers.items():
        for code in sorted(codes - journal.codes.get(key, set())):
            recorded = ", ".join(sorted(journal.codes.get(key, set()))) or "nothing"
            yield Difference(
                f"acquirer {key.acquirer} was answered {code} to type {key.kind}x, STAN "
                f"{key.stan}, DE7 {key.transmission}; the journal has {recorded} (I4)"
            )


def _doubled(acquirers: Booked, issuers: Booked, journal: JournalView) -> Iterator[Difference]:
    """I2: one outcome each."""
    for key in sorted(journal.doubled):
        yield Difference(
            f"type {key.kind}x, STAN {key.stan}, DE7 {key.transmission} of acquirer {key.acquirer} "
            "was decided twice (I2)"
        )
    for transaction in sorted(acquirers.approved_twice):
        yield Difference("the acquirer was told yes twice under two keys (I2)", transaction)
    for transaction in sorted(issuers.approved_twice):
        yield Difference("the issuer was asked twice and said yes twice (I2)", transaction)


def _standing(acquirers: Booked, journal: JournalView, issuers: Booked) -> Iterator[Difference]:
    """I3: the same amount stands in all three books."""
    books = (acquirers.standing, journal.standing, issuers.standing)
    for transaction in sorted(set().union(*books)):
        left = [book.get(transaction, 0) for book in books]
        if len(set(left)) > 1:
            yield Difference(
                f"{left[0]} stands with the acquirer, {left[1]} in the journal, {left[2]} with the "
                "issuer, in minor units (I3)",
                transaction,
            )


def _state(storage: Storage, live: dict[str, Any]) -> Iterator[Difference]:
    """The state of a replay is the live one and that of a start, and sums to zero."""
    replayed, recovered = replay(storage), recover(storage)
    assert replayed is not None, "a switch that has run has written entries"
    assert recovered is not None, "a switch that has run has written entries"
    if replayed.positions.imbalances() or not live["zero_sum"]:
        yield Difference("positions do not add up to zero (I1)")
    if replayed.business_day != live["business_day"]:
        yield Difference("a replay ends in another business day than the live switch did")
    told = {
        (line["participant"], line["currency"], line["business_day"], line["net"], line["held"])
        for line in live["positions"]
        if line["net"] or line["held"]
    }
    if _lines(replayed) != told:
        yield Difference("a replay gives other positions than the live switch had")
    if _lines(recovered) != _lines(replayed) or recovered.sequence != replayed.sequence:
        yield Difference("a start from the snapshot gives another state than a replay")
    for side in replayed.issuers.values():
        if side.pending or len(side.advices):
            yield Difference("requests or advices were still under way at the end")


def _lines(state: SwitchState) -> set[tuple[str, str, int, int, int]]:
    """Positions that are not nothing."""
    return {
        (line.participant, currency_of(line.currency).alpha, line.business_day, line.net, line.held)
        for line in state.positions.lines()
        if line.net or line.held
    }


def tell_story(transaction: TransactionKey, logs: Iterable[Path]) -> list[str]:
    """Every message about a transaction, from all logs, as time passed."""
    told = []
    for path in logs:
        for line in read_lines([path]):
            if line.get("37") == transaction.reference and line.get("32") == transaction.acquirer:
                shown = " ".join(f"{name}={line[name]}" for name in _STORY_FIELDS if name in line)
                told.append(f"{line['at']} {path.stem} {line['way']} {line['mti']} {shown}")
    return sorted(told)
