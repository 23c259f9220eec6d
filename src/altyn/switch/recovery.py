"""State from the journal: a snapshot, then the entries after it, through the same changes.

Three walks over the same entries live here: `recover` for the start of a switch, `replay`
from the very first entry for proof, and `recall` for single transactions that have left
memory.
"""

import base64
import json
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, Final, NamedTuple

from altyn.clock import TransmissionClock
from altyn.identifiers import ParticipantId
from altyn.journal import (
    Batch,
    Entry,
    JournalDamagedError,
    Snapshot,
    Storage,
    checked_batches,
    checked_batches_from,
)
from altyn.registry import Registry
from altyn.switch import recording, refund, shedding, standin
from altyn.switch.effects import ADDITIONAL_ENTRY, FACT_ENTRY
from altyn.switch.forwarding import AdviceQueue, AdviceStage, OwedAdvice
from altyn.switch.state import SwitchState, mark_of
from altyn.switch.stop_list import STOP_LIST_ENTRY, read_update
from altyn.transaction import (
    NOT_REMEMBERED,
    TRANSACTION_ENTRY,
    Flag,
    Kind,
    Outcome,
    Stage,
    State,
    Told,
    Transaction,
    entries,
    original_key,
    original_of,
    read_record,
)

_DIGEST_BYTES: Final = 32


class Replay:
    """Applies entries to a state. The first entry of a journal states the registry."""

    def __init__(self, state: SwitchState | None = None) -> None:
        """Go on from a state, or begin before the first entry."""
        self._state = state
        self._transmission = TransmissionClock()
        self._last: Transaction | None = None
        self._unmatched: Told | None = None

    @property
    def state(self) -> SwitchState | None:
        """The state after the entries applied so far; None before the first."""
        return self._state

    def apply(self, entry: Entry) -> None:
        """Change the state as the entry says it changed when it was written."""
        if entry.kind == FACT_ENTRY:
            self._apply_fact(json.loads(entry.body), entry.sequence)
        elif entry.kind == TRANSACTION_ENTRY:
            self._apply_record(read_record(entry.body, entry.sequence), entry.body)
        elif entry.kind == ADDITIONAL_ENTRY and self._last is not None:
            self._last.additional = entry.body
        elif entry.kind == STOP_LIST_ENTRY:
            assert self._state is not None, "the first entry of a journal states the registry"
            self._state.stop_list.apply(read_update(entry.body))
        if self._state is not None:
            self._state.sequence = entry.sequence

    def warm(self, entry: Entry) -> None:
        """Only remember a finished transaction: what it changed is in the snapshot already."""
        if entry.kind == ADDITIONAL_ENTRY and self._last is not None:
            self._last.additional = entry.body
        if entry.kind == FACT_ENTRY and (b'"shed"' in entry.body or b'"marked"' in entry.body):
            fact = json.loads(entry.body)
            self._take_shed(fact, entry.sequence)
            self._take_mark(fact)
        if entry.kind != TRANSACTION_ENTRY:
            return
        if entries.stage_of(entry.body) == Stage.FINISHED:
            told = read_record(entry.body, entry.sequence)
            told.transaction.issuer_transmission = self._transmission.write(told.received_us)
            self._remember(told)

    def _take_shed(self, fact: dict[str, Any], sequence: int) -> None:
        if fact["fact"] == "shed" and self._state is not None:
            requests = [(key, terminal) for key, terminal in fact["requests"]]
            shedding.remember_all(self._state, requests, fact["moment"], sequence)

    def _take_mark(self, fact: dict[str, Any]) -> None:
        """The fact stands right behind the reversal that it is about."""
        told = self._unmatched
        if fact["fact"] == "marked" and told is not None and self._state is not None:
            original = original_of(fact["key"])
            moment = self._transmission.read(original.transmission, told.received_us) or 0
            sequence = told.transaction.sequence
            self._state.mark(original, fact["terminal"], moment, sequence)

    def _apply_fact(self, fact: dict[str, Any], sequence: int) -> None:
        kind = fact["fact"]
        state = self._state
        if kind == "registry":
            registry = Registry(fact["facts"])
            if state is None:
                self._state = SwitchState(registry, 0)
            else:
                state.activate(registry)
            return
        assert state is not None, "the first entry of a journal states the registry"
        if kind in ("opened", "cut-over"):
            state.begin_day(fact["opened"])
        elif kind == "shed":
            self._take_shed(fact, sequence)
        elif kind == "marked":
            self._take_mark(fact)
        elif kind in ("delivered", "advice-closed"):
            state.end_advice(ParticipantId(fact["participant"]), fact["advice"])
        elif kind in ("advice-failed", "dead-letter", "advice-retried"):
            queue = state.issuer(ParticipantId(fact["participant"])).advices
            _move_advice(queue, fact["advice"], kind, fact.get("response_code", ""))

    def _apply_record(self, told: Told, record: bytes) -> None:
        state = self._state
        assert state is not None, "the first entry of a journal states the registry"
        transaction = told.transaction
        if transaction.issuer_stan:
            issuer = state.issuer(transaction.issuer)
            if told.stage == Stage.STARTED or transaction.flags & Flag.FORWARDED:
                issuer.last_stan = int(transaction.issuer_stan)  # drawn for this entry
            transaction.issuer_transmission = self._transmission.write(told.received_us)
        if told.stage == Stage.STARTED:
            transaction.purchase = refund.purchase_of(state, transaction)
            state.start(transaction)
            return
        if told.held_change or told.posted_change:
            state.positions.change(
                transaction.debtor,
                transaction.creditor,
                transaction.settlement_currency,
                transaction.business_day,
                told.held_change,
                told.posted_change,
            )
        if transaction.flags & Flag.STOOD_IN:
            self._count_stand_in(transaction, record)
        if transaction.flags & Flag.FORWARDED:
            owed = OwedAdvice(transaction.sequence, record, transaction.issuer_stan, attempts=1)
            state.issuer(transaction.issuer).advices.add(owed)
        self._remember(told)

    def _count_stand_in(self, transaction: Transaction, record: bytes) -> None:
        """Use the limits as when it was live, under the terms that were in force then."""
        state = self._state
        assert state is not None, "the first entry of a journal states the registry"
        if transaction.flags & Flag.BY_SWITCH:
            state.issuer(transaction.issuer).note_stand_in(transaction.sequence)
            return
        finished_us = entries.read_number(record, "finished_us")
        terms = standin.terms_for(state, transaction, finished_us)
        assert terms is not None, "a stand-in without terms in force"
        state.count_stand_in(transaction, terms, finished_us)

    def _remember(self, told: Told) -> None:
        """Put a finished transaction into memory and mend its original, as when it was live."""
        state = self._state
        assert state is not None, "nothing is remembered before there is a state"
        transaction = told.transaction
        if transaction.flags & Flag.BY_SWITCH or transaction.outcome in NOT_REMEMBERED:
            self._last = None
            return
        self._last = transaction
        pending = state.find(transaction.key, transaction.terminal)
        if pending is not None and pending.state is State.IN_FLIGHT:
            state.replace(pending, transaction)
            if pending.purchase is not None and transaction.state is State.DECLINED:
                pending.purchase.refunds -= transaction.amount
        else:
            state.remember(transaction)
            purchase = refund.purchase_of(state, transaction)
            if purchase is not None and transaction.state is State.APPROVED:
                purchase.refunds += transaction.amount
        original = recording.read_original(told.original, transaction.acquirer)
        if transaction.flags & Flag.UNMATCHED:
            self._unmatched = told if original is not None else self._unmatched
        elif original is not None:
            self._mend(state.find(original_key(original), transaction.terminal), transaction)
        state.finish(transaction)

    def _mend(self, original: Transaction | None, later: Transaction) -> None:
        """What a later message made of its original, if that is in memory."""
        state = self._state
        if original is None or state is None or later.outcome != Outcome.ACCEPTED:
            return
        stood = original.remaining
        follow(original, later)
        purchase = refund.purchase_of(state, original)
        if purchase is not None:
            purchase.refunds -= stood - original.remaining
            state.renew(purchase)
        state.renew(original)


def _move_advice(queue: AdviceQueue, sequence: int, kind: str, response_code: str) -> None:
    """What a fact made of an advice that is still owed."""
    advice = queue.find(sequence)
    assert advice is not None, "a fact about an advice that is not owed"
    if kind == "advice-retried":
        queue.revive(advice)
        return
    queue.fail(advice, response_code)
    if kind == "dead-letter":
        queue.give_up(advice)


def follow(original: Transaction, later: Transaction) -> None:
    """What a later message about an original, as recorded, made of it."""
    if later.outcome != Outcome.ACCEPTED or not later.flags & Flag.FORWARDED:
        return
    if later.flags & Flag.BY_SWITCH:
        return  # it tells the issuer what became of the original, and changes nothing
    if later.kind >= Kind.REVERSAL:
        original.remaining = later.remaining
        original.state = State.APPROVED if later.remaining else State.REVERSED
    else:
        original.state = State.COMPLETED


def replay(storage: Storage, batches: Iterable[Batch] | None = None) -> SwitchState | None:
    """The state that all entries from the first one on give; None for an empty journal.

    Raises JournalDamagedError when the chain does not hold.
    """
    walker = Replay()
    for batch in checked_batches(storage) if batches is None else batches:
        for entry in batch.entries(storage.record_bytes):
            walker.apply(entry)
    return walker.state


def recover(storage: Storage, damaged: Callable[[str], None] | None = None) -> SwitchState | None:
    """The state at the end of the journal, by the newest sound snapshot; None for an empty one.

    A snapshot that is damaged costs time and nothing else: the one before it serves, or every
    entry from the first on. `damaged` is told of each. The chain is checked from a little before
    the snapshot to the end. Raises JournalDamagedError when it does not hold or a snapshot is
    not of this journal.
    """
    snapshot = _sound_snapshot(storage, damaged)
    if snapshot is None:
        return replay(storage)
    state, memory_from = load_snapshot(snapshot)
    walker = Replay(state)
    in_flight = [
        transaction for issuer in state.issuers.values() for transaction in issuer.pending.values()
    ]
    state.known.clear()
    take = walker.warm
    for batch in checked_batches_from(storage, memory_from):
        for entry in batch.entries(storage.record_bytes):
            take(entry)
        if batch.last_sequence == snapshot.sequence:
            if batch.hash != snapshot.hash:
                raise JournalDamagedError("the snapshot is not of this journal (D07)", batch)
            for transaction in in_flight:
                state.remember(transaction)
                transaction.purchase = refund.purchase_of(state, transaction)
                if transaction.purchase is not None:
                    transaction.purchase.refunds += transaction.amount
            take = walker.apply
    if take != walker.apply:
        reason = "the snapshot does not stand at the end of a group commit (D07)"
        raise JournalDamagedError(reason, _Gap(snapshot.sequence, snapshot.sequence))
    return state


def _sound_snapshot(storage: Storage, damaged: Callable[[str], None] | None) -> Snapshot | None:
    """The newest snapshot whose checksum fits; None when there is none."""
    try:
        snapshots = storage.snapshots()
    except JournalDamagedError as error:
        snapshots = []
        if damaged is not None:
            damaged(str(error))
    end = storage.end()
    for snapshot in snapshots:
        if end.sequence < snapshot.sequence:
            reason = "a snapshot stands behind the journal's end: an older copy was put back (D07)"
            raise JournalDamagedError(reason, _Gap(end.sequence + 1, snapshot.sequence))
        if snapshot.intact:
            return snapshot
        if damaged is not None:
            damaged(f"the snapshot at entry {snapshot.sequence} is damaged; older ones serve")
    return None


class _Gap(NamedTuple):
    """Where entries should be."""

    first_sequence: int
    last_sequence: int


def _memory_starts(state: SwitchState) -> int:
    """The oldest entry that memory was made of.

    What lies before the horizons is looked up in the journal whether it is in memory or not.
    """
    horizon = state.horizons.get
    return next(
        (
            transaction.sequence
            for transaction in state.finished
            if transaction.sequence
            and transaction.transmitted_s > horizon(transaction.acquirer, -1)
        ),
        max(1, state.sequence),
    )


def save_snapshot(state: SwitchState) -> Callable[[bytes], Snapshot]:
    """A snapshot of a state that stands at the end of a batch, as soon as its hash is known.

    The state is copied now; the function returned does the rest, on any thread. Finished
    transactions are not in it; they are read again from the entries before.
    """
    content = {
        "business_day": state.business_day,
        "registry": list(state.registry.facts),
        "positions": state.positions.dump(),
        "stand_in": state.stand_in.dump(),
        "stand_in_latest_us": state.stand_in.latest_us,
        "stop_list": state.stop_list.dump(),
        "horizons": dict(state.horizons),
        "memory_from": _memory_starts(state),
        "in_flight": [
            [transaction.sequence, _encode(recording.started(transaction).body)]
            for issuer in state.issuers.values()
            for transaction in issuer.pending.values()
        ],
        "issuers": {
            participant_id: {
                "last_stan": issuer.last_stan,
                "stand_in_advices": issuer.stand_ins_told(),
                "advices": [
                    [
                        *(owed.sequence, owed.stan, owed.record),
                        *(owed.tries, owed.response_code, owed.stage == AdviceStage.DEAD),
                    ]
                    for owed in issuer.advices.owed()
                ],
            }
            for participant_id, issuer in state.issuers.items()
        },
    }
    sequence = state.sequence

    def seal(digest: bytes) -> Snapshot:
        body = json.dumps(content, sort_keys=True, default=_encode).encode()
        return Snapshot(sequence, digest, sha256(body).digest() + body)

    return seal


def load_snapshot(snapshot: Snapshot) -> tuple[SwitchState, int]:
    """The state of a snapshot, without finished transactions, and from which entry on those
    are to be read.

    Raises ValueError when its checksum does not fit.
    """
    body = snapshot.state[_DIGEST_BYTES:]
    if sha256(body).digest() != snapshot.state[:_DIGEST_BYTES]:
        raise ValueError(f"the snapshot at entry {snapshot.sequence} is damaged")
    content = json.loads(body)
    state = SwitchState(Registry(content["registry"]), content["business_day"])
    clock = TransmissionClock()
    for participant_id, dumped in content["issuers"].items():
        issuer = state.issuer(ParticipantId(participant_id))
        issuer.last_stan = dumped["last_stan"]
        for sequence, stan, record, tries, response_code, is_dead in dumped["advices"]:
            advice = OwedAdvice(sequence, _decode(record), stan, attempts=1)
            advice.tries, advice.response_code = tries, response_code
            issuer.advices.add(advice)
            if is_dead:
                issuer.advices.give_up(advice)
        for sequence in sorted(dumped["stand_in_advices"]):
            issuer.note_stand_in(sequence)
    for sequence, record in content["in_flight"]:
        told = read_record(_decode(record), sequence)
        told.transaction.issuer_transmission = clock.write(told.received_us)
        state.start(told.transaction)
    state.positions.load(content["positions"])
    state.stand_in.load(content["stand_in"])
    state.stand_in.latest_us = content.get("stand_in_latest_us", 0)
    state.stop_list.load(content["stop_list"])
    state.horizons = dict(content["horizons"])
    state.sightings.horizons = dict(content["horizons"])
    state.sequence = snapshot.sequence
    return state, content["memory_from"]


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decode(text: str) -> bytes:
    return base64.b64decode(text)


def recall(storage: Storage, key: str, moment: int) -> list[Transaction]:
    """The finished transactions under a key, transmitted at a moment, as they stand now: one
    for each terminal, or the mark of a reversal that came before its original."""
    wanted = _words_of(key)
    found: dict[str, Transaction] = {}
    for batch in storage.batches_spanning(moment):
        if wanted in batch.fixed or wanted in batch.variable:
            for terminal, transaction in _find_in(batch, storage.record_bytes, key, moment).items():
                found.setdefault(terminal, transaction)
    for transaction in found.values():
        for sequence in storage.references_to(transaction.sequence):
            _follow_entry(storage, transaction, sequence)
    return list(found.values())


def _words_of(key: str) -> bytes:
    """STAN and DE7 of a key, as they stand side by side in a record and in a fact."""
    return key.partition("/")[2].encode("ascii")


def _find_in(batch: Batch, record_bytes: int, key: str, moment: int) -> dict[str, Transaction]:
    wanted = _words_of(key)
    found: dict[str, Transaction] = {}
    latest: Transaction | None = None
    clock = TransmissionClock()
    for entry in batch.entries(record_bytes):
        if entry.kind == TRANSACTION_ENTRY:
            if wanted not in entry.body:
                continue
            told = read_record(entry.body, entry.sequence)
            candidate = told.transaction
            matches = candidate.key == key and told.stage == Stage.FINISHED
            if matches and candidate.outcome not in NOT_REMEMBERED:
                candidate.issuer_transmission = clock.write(told.received_us)
                latest = found[candidate.terminal] = candidate
        elif entry.kind == ADDITIONAL_ENTRY:
            if latest is not None and latest.sequence == entry.sequence - 1:
                latest.additional = entry.body
        elif entry.kind == FACT_ENTRY and b'"shed"' in entry.body:
            fact = json.loads(entry.body)
            for shed_key, terminal in fact["requests"] if fact["fact"] == "shed" else ():
                if shed_key == key:
                    refused = shedding.refused_unread(key, terminal, moment, entry.sequence)
                    found.setdefault(terminal, refused)
        elif entry.kind == FACT_ENTRY and b'"marked"' in entry.body:
            fact = json.loads(entry.body)
            if fact["fact"] == "marked" and fact["key"] == key:
                terminal = fact["terminal"]
                original = original_of(key)
                found.setdefault(terminal, mark_of(original, terminal, moment, entry.sequence))
    return found


def _follow_entry(storage: Storage, original: Transaction, sequence: int) -> None:
    batch = next(storage.batches(sequence))
    for entry in batch.entries(storage.record_bytes):
        if entry.sequence == sequence:
            later = read_record(entry.body, sequence).transaction
            follow(original, later)
            if later.kind in (Kind.AUTHORIZATION, Kind.FINANCIAL):
                for about_refund in storage.references_to(sequence):
                    _follow_entry(storage, later, about_refund)
                original.refunds += later.remaining if later.state is not State.DECLINED else 0
