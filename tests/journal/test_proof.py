"""Positions proved: replay, columns, snapshots and the live switch agree."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from altyn.journal import Snapshot
from altyn.runtime.journal.proof import ColumnPositions, prove, totals_of
from altyn.runtime.journal.selection import RECORD_TYPE
from altyn.switch import SwitchState, recover, replay
from altyn.transaction import Flag, Kind, Stage, Transaction
from tests.journal.days import opened, run, write_days
from tests.journal.traffic import BANKS, Traffic


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of some days of traffic."""
    return write_days(tmp_path_factory.mktemp("days") / "journal.db")


@pytest.fixture
def copy(days: Path, tmp_path: Path) -> Path:
    """A copy of it that may be damaged."""
    return Path(shutil.copy(days, tmp_path / "journal.db"))


def known_of(state: SwitchState) -> dict[str, list[tuple[object, ...]]]:
    """What a state remembers, in a form that can be compared.

    The state of a reversal itself is left out: nothing asks for it, only for its original's.
    """
    known: dict[str, list[tuple[object, ...]]] = {}
    for key, head in state.known.items():
        each: Transaction | None = head
        while each is not None:
            stands = each.state if each.kind < Kind.REVERSAL else None
            known.setdefault(key, []).append(
                (
                    *(each.sequence, each.terminal, stands, each.remaining, each.outcome),
                    *(each.response_code, each.authorization_code, each.additional),
                    *(each.settlement_amount, each.business_day, each.debtor, each.creditor),
                )
            )
            each = each.next_same_key
    return known


def owed_of(state: SwitchState) -> dict[str, list[int]]:
    """The advices each issuer is owed, by their entries."""
    owed = {name: side.advices.owed() for name, side in state.issuers.items()}
    return {name: sorted(each.sequence for each in some) for name, some in owed.items() if some}


def pending_of(state: SwitchState) -> dict[str, list[str]]:
    """The requests in flight to each issuer, by the switch's STAN."""
    return {name: sorted(side.pending) for name, side in state.issuers.items() if side.pending}


def expect_same(found: SwitchState | None, live: SwitchState) -> None:
    """Positions, day, requests in flight, advices, and every transaction in memory."""
    assert found is not None
    assert totals_of(found.positions) == totals_of(live.positions)
    assert (found.business_day, found.sequence) == (live.business_day, live.sequence)
    assert pending_of(found) == pending_of(live)
    assert owed_of(found) == owed_of(live)
    assert known_of(found) == known_of(live)


@pytest.mark.parametrize("seed", range(6))
def test_replay_and_recovery_give_the_live_state(tmp_path: Path, seed: int) -> None:
    """From the first entry, and from a snapshot: what the running switch knows (I1)."""
    storage = opened(tmp_path / "journal.db", read_only=False)
    traffic = Traffic(storage, seed)
    traffic.run(1200)
    assert not traffic.state.positions.imbalances()
    expect_same(replay(storage), traffic.state)
    assert storage.latest_snapshot() is not None
    expect_same(recover(storage), traffic.state)
    proof = prove(storage)
    assert proof is not None
    assert proof.differences == []
    assert proof.totals == totals_of(traffic.state.positions)
    storage.close()


def test_replay_shows_positions_that_sum_to_zero(days: Path) -> None:
    """Per currency and participant, for people and for programs."""
    code, output, errors = run("replay", days)
    assert (code, errors) == (0, "")
    assert "Replay, columns and 2 snapshots agree." in output
    assert all(name in output for name, *_ in BANKS)
    figures = json.loads(run("replay", days, "--json")[1])
    assert figures["agrees"] is True
    assert figures["zero_sum"] is True
    for currency in ("KZT", "KGS", "USD"):
        nets = [each["net"] for each in figures["positions"] if each["currency"] == currency]
        assert sum(nets) == 0
    assert any(each["net"] for each in figures["positions"])


def test_snapshot_with_other_positions_is_told(copy: Path) -> None:
    """A sound checksum over wrong books: the figures are compared, not only the bytes."""
    storage = opened(copy, read_only=False)
    newest = storage.latest_snapshot()
    assert newest is not None
    content = json.loads(newest.state[32:])
    content["positions"][0][2] += 100
    body = json.dumps(content, sort_keys=True).encode()
    storage.save_snapshot(Snapshot(newest.sequence, newest.hash, sha256(body).digest() + body))
    storage.close()
    assert run("verify", copy)[0] == 0
    code, output, errors = run("replay", copy)
    assert code == 1
    assert f"the snapshot at entry {newest.sequence}" in output
    assert "figures differ" in errors


def test_damaged_snapshot_is_told_by_replay(copy: Path) -> None:
    """As what to restore, not as a fault of the program."""
    storage = opened(copy, read_only=False)
    newest = storage.latest_snapshot()
    assert newest is not None
    storage.save_snapshot(newest._replace(state=newest.state[:-1] + b"?"))
    storage.close()
    code, _, errors = run("replay", copy)
    assert code == 1
    assert f"the snapshot at entry {newest.sequence} is damaged" in errors


def test_empty_journal_has_no_positions(tmp_path: Path) -> None:
    """A store in which nothing stands yet is sound, and there is nothing to replay."""
    path = tmp_path / "journal.db"
    opened(path, read_only=False).close()
    assert run("verify", path)[0] == 0
    code, _, errors = run("replay", path)
    assert (code, "the journal is empty" in errors) == (1, True)


def test_sums_of_columns_are_exact_beyond_64_bits() -> None:
    """Amounts at the edge of the column: Python's integers take over, nothing wraps."""
    records = np.zeros(40, RECORD_TYPE)
    records["posted_change"] = (1 << 63) - 1
    records["acquirer_participant"] = b"ALPHA   "
    records["issuer_participant"] = b"BETA    "
    records["settlement_currency"] = b"398"
    records["business_day"] = 20260228
    records["stage"] = Stage.FINISHED
    columns = ColumnPositions()
    columns.add(records)
    total = 40 * ((1 << 63) - 1)
    assert columns.totals() == {
        ("ALPHA", "398"): (total, 0, {20260228: total}),
        ("BETA", "398"): (-total, 0, {20260228: -total}),
    }


def test_credit_is_owed_the_other_way() -> None:
    """A refund: the acquirer's hold, then the acquirer's debt."""
    records = np.zeros(1, RECORD_TYPE)
    records["held_change"], records["posted_change"] = -5, 5
    records["flags"] = Flag.CREDIT | Flag.REPEAT
    records["acquirer_participant"], records["issuer_participant"] = b"A       ", b"B       "
    records["settlement_currency"], records["business_day"] = b"840", 20260101
    columns = ColumnPositions()
    columns.add(records)
    assert columns.totals() == {
        ("A", "840"): (-5, -5, {20260101: -5}),
        ("B", "840"): (5, 0, {20260101: 5}),
    }
