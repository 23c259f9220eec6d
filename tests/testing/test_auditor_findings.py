"""Each thing that must not be is found by the auditor, and named by its invariant."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from altyn.registry import Registry
from altyn.testing import (
    AcquirerEntry,
    Alarmed,
    Crashed,
    CutOver,
    IssuerEntry,
    PositionView,
    Quiescent,
    Restarted,
    SwitchSent,
    WorldOpened,
)
from altyn.testing.audit import AuditFailure
from altyn.transaction import Outcome
from tests.switch.bench import HILL_CARD, SEA, answer_to, bank, bin_range, registry_of
from tests.testing.changed_stream import (
    Seen,
    is_read,
    is_sent,
    of_outcome,
    swapped,
    with_record,
    with_sent,
    without,
    without_last_record,
)
from tests.testing.watched_bench import WatchedBench, acknowledge, audit, busy_day

Spoil = Callable[[Seen], Seen]


def found(seen: Seen) -> AuditFailure:
    """What the auditor finds wrong."""
    with pytest.raises(AuditFailure) as caught:
        audit(seen)
    return caught.value


def purchases() -> Seen:
    """A purchase, a part of it taken back, one declined: sound."""
    bench = WatchedBench()
    request, _ = bench.buy()
    bench.ask("sea", bench.about(request, standing=2_000))
    acknowledge(bench)
    bench.buy("51")
    bench.rest()
    return bench.seen


APPROVED = of_outcome(Outcome.APPROVED)
STARTED = of_outcome(0)
ACCEPTED = of_outcome(Outcome.ACCEPTED)
DECLINED = of_outcome(Outcome.DECLINED_BY_ISSUER)


def at_rest(seen: Seen, **values: Any) -> Seen:
    """What is told at rest has other values."""
    last = seen[-1]
    assert isinstance(last, Quiescent)
    return [*seen[:-1], last._replace(**values)]


def repeated(seen: Seen, mti: str) -> Seen:
    """A message left twice."""
    place = next(n for n, each in enumerate(seen) if is_sent(each, mti))
    return [*seen[: place + 1], *seen[place:]]


def over(seen: Seen, mti: str, link: str) -> Seen:
    """A message left over another link."""
    return [
        each._replace(link=link) if isinstance(each, SwitchSent) and is_sent(each, mti) else each
        for each in seen
    ]


WRONGS: dict[str, tuple[str, Spoil]] = {
    "a reply before its record": ("I4", lambda seen: swapped(seen, lambda o: is_sent(o, "0210"))),
    "a forward before its record": ("I4", lambda seen: swapped(seen, lambda o: is_sent(o, "0200"))),
    "an advice nobody owes": ("I4", lambda seen: with_sent(seen, "0420", f11="000099")),
    "another code than recorded": ("I4", lambda seen: with_sent(seen, "0210", f39="00")),
    "two answers": ("I2", lambda seen: repeated(seen, "0210")),
    "asked twice": ("I2", lambda seen: repeated(seen, "0200")),
    "an answer to another bank": ("I2", lambda seen: over(seen, "0210", "hill")),
    "another's card in the answer": (
        "I2",
        lambda seen: with_sent(seen, "0210", f37="RRN9".ljust(12)),
    ),
    "another authorization code": ("I2", lambda seen: with_sent(seen, "0210", f38="XXXXXX")),
    "another settlement date": ("I2", lambda seen: with_sent(seen, "0210", f15="0101")),
    "the issuer is asked another amount": (
        "I2",
        lambda seen: with_sent(seen, "0200", f4="9".zfill(12)),
    ),
    "a hold of another amount": ("I1", lambda seen: with_record(seen, STARTED, held_change=1)),
    "a posting of another amount": (
        "I1",
        lambda seen: with_record(seen, APPROVED, posted_change=11_999),
    ),
    "a settlement amount off by one": (
        "I1",
        lambda seen: with_record(seen, STARTED, settlement_amount=12_001),
    ),
    "posted to another day": ("I3", lambda seen: with_record(seen, STARTED, business_day=20260706)),
    "approved against the issuer": (
        "PREDICTION",
        lambda seen: with_record(
            seen,
            DECLINED,
            outcome=20,
            response_code="00",
            held_change=-12_000,
            posted_change=12_000,
            remaining=12_000,
        ),
    ),
    "late, though nobody waited": (
        "PREDICTION",
        lambda seen: with_record(seen, DECLINED, outcome=22, response_code="91"),
    ),
    "more taken back than was asked": (
        "I5",
        lambda seen: with_record(seen, ACCEPTED, posted_change=-12_000),
    ),
    "another remainder than asked": ("I5", lambda seen: with_record(seen, ACCEPTED, remaining=1)),
    "a STAN in use twice": ("I2", lambda seen: with_record(seen, STARTED, issuer_stan=1)),
    "an advice of another remainder": (
        "I6",
        lambda seen: with_sent(seen, "0420", f95="000000000001".ljust(42, "0")),
    ),
    "delivered without an acknowledgement": (
        "I6",
        lambda seen: without(seen, lambda o: is_read(o, "0430")),
    ),
    "an issuer that never answered": (
        "PREDICTION",
        lambda seen: without(seen, lambda o: is_read(o, "0210")),
    ),
    "a lost entry": (
        "I4",
        lambda seen: [*seen[:-1], Restarted(seen[-1].at, 3)],
    ),
    "a journal that ends early": ("I4", lambda seen: [*seen[:-1], Crashed(seen[-1].at, 3, "idle")]),
    "a card number in an alarm": (
        "I10",
        lambda seen: [*seen, Alarmed(seen[-1].at, "noted", f"card {HILL_CARD} on link sea")],
    ),
    "other positions": (
        "I1",
        lambda seen: at_rest(seen, positions=(PositionView("SEA", "949", 20260705, 1, 0),)),
    ),
    "in flight at rest": ("I12", lambda seen: at_rest(seen, pending=1)),
    "owed at rest": ("I6", lambda seen: at_rest(seen, owed={"HILL": 1})),
}


@pytest.mark.parametrize("wrong", WRONGS)
def test_each_wrong_is_found(wrong: str) -> None:
    """One thing is made wrong in a sound stream; the auditor names the invariant."""
    invariant, spoil = WRONGS[wrong]
    audit(purchases())
    assert found(spoil(purchases())).invariant == invariant


def entry(name: str, standing: int) -> tuple[AcquirerEntry, IssuerEntry]:
    """A purchase of 120.00 as an acquirer and an issuer have it in their books."""
    message = ("0200", "000001", "0705100000")
    shared = ("000000", 12_000, "949")
    return (
        AcquirerEntry("SEA", "400101", name, *message, ("", "", ""), *shared, "00", standing, True),
        IssuerEntry("HILL", "400101", name, *message, *shared, "00", standing),
    )


@pytest.mark.parametrize("side", ["acquirers", "issuers"])
def test_i3_books_that_differ_are_found(side: str) -> None:
    """What stands in a bank's book must stand in the journal."""
    place = ["acquirers", "issuers"].index(side)
    right, wrong = (entry("RRN000000001", standing)[place] for standing in (2_000, 12_000))
    audit(at_rest(purchases(), **{side: (right,)}))
    failure = found(at_rest(purchases(), **{side: (wrong,)}))
    assert failure.invariant == "I3"
    assert failure.key == ("400101", "RRN000000001")


def test_i12_a_message_that_is_never_answered_is_found() -> None:
    """Every request is answered within its time, or its line was lost."""
    bench = WatchedBench()
    bench.buy()
    silent = without(bench.seen, lambda each: is_sent(each, "0210"))
    for _ in range(60):
        bench.wait(1)
    bench.rest()
    silent += bench.seen[len(silent) + 1 :]
    assert found(silent).invariant == "I12"


def test_i3_a_cut_over_that_nobody_ordered_is_found() -> None:
    """A business day ends by an order only."""
    seen = without(busy_day().seen, lambda each: isinstance(each, CutOver))
    assert found(seen).invariant == "I3"


def test_f01_a_reversal_that_is_not_owed_is_missed() -> None:
    """What ends without its issuer owes it a reversal in the same step."""
    bench = WatchedBench()
    bench.send("sea", bench.request())
    for _ in range(11):
        bench.wait(1)
    audit(bench.seen)
    untold = without(bench.seen, lambda each: is_sent(each, "0420"))
    assert found(without_last_record(untold, ACCEPTED)).invariant == "I3"


def test_i8_a_cap_that_is_overrun_is_found() -> None:
    """The auditor keeps exposures of its own: it is told of a cap that the switch did not hold."""
    bench = WatchedBench(with_cap(50_000))
    bench.buy()
    bench.buy()
    audit(bench.seen)
    world = bench.seen[0]
    assert isinstance(world, WorldOpened)
    seen = [world._replace(facts=with_cap(20_000).facts), *bench.seen[1:]]
    assert found(seen).invariant == "I8"


def with_cap(cap: int) -> Registry:
    """Two banks; what HILL's cards may owe in TRY, in minor units."""
    return registry_of(SEA, bank("HILL", "400102", TRY=cap), bin_range("990002", "HILL"))


def test_i6_advices_of_a_card_out_of_order_are_found() -> None:
    """An advice leaves when the card's earlier ones are acknowledged."""
    bench = WatchedBench()
    first, _ = bench.buy()
    second, _ = bench.buy()
    bench.ask("sea", bench.about(first))
    bench.ask("sea", bench.about(second))
    earlier = bench.inbox["hill"].pop()
    bench.send("hill", answer_to(earlier))
    audit(bench.seen)
    place = max(n for n, each in enumerate(bench.seen) if is_sent(each, "0420"))
    at = next(n for n, each in enumerate(bench.seen) if is_sent(each, "0420"))
    seen = [*bench.seen[: at + 5], bench.seen[place], *bench.seen[at + 5 :]]
    assert found(seen).invariant in ("I4", "I6")


def test_a_failure_travels_between_processes() -> None:
    """A swarm's workers hand findings back as they are."""
    failure = found(repeated(purchases(), "0210"))
    told = pickle.loads(pickle.dumps(failure))
    assert (told.invariant, told.at, told.key, str(told)) == (
        failure.invariant,
        failure.at,
        failure.key,
        str(failure),
    )
