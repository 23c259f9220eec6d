"""The stop list: changed by its issuer over the line or by a file, kept whatever happens."""

from typing import Any

import pytest

from altyn.card import seal
from altyn.identifiers import ParticipantId
from altyn.message import Message
from altyn.switch import (
    STOP_LIST_ENTRY,
    CutOverOrdered,
    Listing,
    Record,
    StopListLoaded,
    StopListUpdate,
    read_update,
    stop_list,
)
from altyn.transaction import Outcome
from tests.switch.bench import (
    HILL_CARD,
    SEA_CARD,
    Bench,
    answer_to,
    card_number,
)
from tests.switch.test_standin import TERMS, scheme_of

HILL = ParticipantId("HILL")
NEXT = iter(range(1, 1_000_000))


def file_update(action: str = "1", code: str = "43", mti: str = "0302", **changes: Any) -> Message:
    """A file update by Hill Bank; changes are fields as f2="...", None takes one out."""
    fields: dict[int, Any] = {
        2: HILL_CARD,
        7: "0705100000",
        11: f"{next(NEXT):06d}",
        33: "400102",
        91: action,
        101: "STOPLIST",
        120: code,
    }
    fields |= {int(key[1:]): value for key, value in changes.items()}
    return Message(mti, {n: value for n, value in fields.items() if value is not None})


def code_of(bench: Bench, message: Message, link: str = "hill") -> str:
    """DE39 of the answer to a file update."""
    reply = bench.ask(link, message)
    assert reply.mti == "0312"
    assert reply.fields[11] == message.fields[11]
    return str(reply.fields[39])


def bought(bench: Bench, **request: Any) -> str:
    """What a purchase is answered while Hill Bank is away."""
    bench.drop("hill")
    reply = bench.ask("sea", bench.request(**request))
    bench.up("hill")
    while bench.inbox["hill"]:
        bench.send("hill", answer_to(bench.inbox["hill"].pop(0)))
    return str(reply.fields[39])


def test_f28_a_listed_card_is_refused_as_its_issuer_said() -> None:
    """Added 43, changed to pick-up 04, deleted: each holds at once, for this card only."""
    bench = Bench(scheme_of(TERMS))
    assert bought(bench) == "00"
    assert code_of(bench, file_update("1", "43")) == "00"
    assert bought(bench) == "43"
    assert bench.state.finished[-1].outcome == Outcome.STAND_IN_LISTED
    assert bought(bench, card=card_number("990002", 2)) == "00"
    assert code_of(bench, file_update("2", "04")) == "00"
    assert bought(bench) == "04"
    assert code_of(bench, file_update("3", f120=None)) == "00"
    assert bought(bench) == "00"
    assert len(bench.state.stop_list) == 0
    bench.expect_replay()


def test_f28_the_stop_list_goes_before_every_other_reason() -> None:
    """Listed, expired, above every limit: the stop list answers."""
    bench = Bench(scheme_of(TERMS))
    assert code_of(bench, file_update("1", "41")) == "00"
    assert bought(bench, amount=99_999_999, f14=None) == "41"


def test_a_listing_ends_with_its_last_day() -> None:
    """DE73 is the last day on which the card is refused."""
    bench = Bench(scheme_of(TERMS))
    for day, code in (("260705", "43"), ("260704", "00"), ("000000", "43")):
        code_of(bench, file_update(f73=day))
        assert bought(bench, amount=100) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"f101": "BLACKLIST"}, "29"),
        ({"f101": None}, "29"),
        ({"action": "9"}, "27"),
        ({"code": "00"}, "27"),
        ({"f120": None}, "27"),
        ({"f73": "260230"}, "27"),
        ({"f2": SEA_CARD}, "58"),
        ({"f2": HILL_CARD[:-1] + "0"}, "58"),
        ({"f2": None}, "58"),
        ({"f11": None}, "30"),
        ({"action": "2"}, "25"),
        ({"action": "3"}, "25"),
    ],
)
def test_an_update_that_cannot_be_taken_changes_nothing(changes: dict[str, Any], code: str) -> None:
    """Each with its code of ISO 8583:1987; the list stays as it is."""
    bench = Bench(scheme_of(TERMS))
    reply = bench.ask("hill", file_update(**changes))
    assert reply.fields[39] == code
    assert len(bench.state.stop_list) == 0
    bench.expect_replay()


def test_adding_a_listed_card_replaces_its_record() -> None:
    """26: duplicate record, the old one is replaced."""
    bench = Bench(scheme_of(TERMS))
    assert code_of(bench, file_update("1", "43")) == "00"
    assert code_of(bench, file_update("1", "07")) == "26"
    assert bought(bench) == "07"


@pytest.mark.parametrize("restarted", ["", "replay", "snapshot"])
def test_a_repeat_is_answered_as_before_and_changes_nothing(restarted: str) -> None:
    """0303 comes late: the deletion that came in between stands, also after a restart."""
    bench = Bench(scheme_of(TERMS))
    added = file_update("1")
    assert code_of(bench, added) == "00"
    assert code_of(bench, file_update("3")) == "00"
    assert code_of(bench, missing := file_update("3")) == "25"
    if restarted:
        if restarted == "snapshot":
            bench.snapshot()
        bench.restart()
    entries_before = bench.state.sequence
    assert code_of(bench, Message("0303", dict(added.fields))) == "00"
    assert code_of(bench, Message("0303", dict(missing.fields))) == "25"
    assert len(bench.state.stop_list) == 0
    assert bench.state.sequence == entries_before
    bench.expect_replay()


def test_who_has_not_signed_on_changes_no_list() -> None:
    """91, and no entry."""
    bench = Bench(scheme_of(TERMS))
    bench.switch.links["hill"].usable = False  # type: ignore[index]
    before = bench.state.sequence
    assert code_of(bench, file_update()) == "91"
    assert bench.state.sequence == before


@pytest.mark.parametrize("snapshot", [False, True])
def test_the_list_survives_a_restart(snapshot: bool) -> None:
    """By replay and by snapshot."""
    bench = Bench(scheme_of(TERMS))
    assert code_of(bench, file_update("1", "62")) == "00"
    if snapshot:
        bench.snapshot()
    bench.restart()
    assert bought(bench) == "62"
    bench.expect_replay()


def test_i10_no_card_number_stands_in_entry_or_snapshot_in_clear() -> None:
    """Neither as text nor as hexadecimal digits."""
    bench = Bench(scheme_of(TERMS))
    assert code_of(bench, file_update()) == "00"
    bench.snapshot()
    (entry,) = [
        effect.body
        for effect in bench.effects
        if isinstance(effect, Record) and effect.kind == STOP_LIST_ENTRY
    ]
    snapshot = bench.storage.latest_snapshot()
    assert snapshot is not None
    for data in (entry, snapshot.state):
        assert HILL_CARD.encode() not in data


def test_a_file_is_one_change_of_many_cards() -> None:
    """Loaded, in force at once, replayed; a later part deletes."""
    bench = Bench(scheme_of(TERMS))
    cards = [seal(card_number("990002", number)) for number in range(1, 101)]
    bench.step(StopListLoaded(HILL, tuple(Listing("1", card, "41", 0) for card in cards)))
    assert bench.state.stop_list.counts() == {"HILL": 100}
    assert bought(bench) == "41"
    bench.step(StopListLoaded(HILL, tuple(Listing("3", card, "00", 0) for card in cards[:99])))
    assert len(bench.state.stop_list) == 1
    bench.expect_replay()


def test_the_list_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full: 29 by message, an alarm by file; what is listed can still be changed."""
    monkeypatch.setattr(stop_list, "CARDS_MAX", 1)
    bench = Bench(scheme_of(TERMS))
    assert code_of(bench, file_update("1")) == "00"
    assert code_of(bench, file_update("1", f2=card_number("990002", 2))) == "29"
    assert code_of(bench, file_update("2", "04")) == "00"
    bench.step(StopListLoaded(HILL, (Listing("1", seal(card_number("990002", 3)), "41", 0),)))
    assert "stop-list-full" in bench.alarms
    assert len(bench.state.stop_list) == 1


def test_an_update_survives_its_body() -> None:
    """Every value of an entry comes back."""
    listing = Listing("2", seal(HILL_CARD), "07", 20261231)
    for update in (
        StopListUpdate(HILL, "M", "000123", "0705101112", "00", (listing,)),
        StopListUpdate(HILL, "F", " " * 6, " " * 10, "00", (listing, listing)),
        StopListUpdate(HILL, "M", "000123", "0705101112", "58", ()),
    ):
        assert read_update(update.body()) == update


def test_listings_that_have_ended_make_room_at_the_cut_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A list that is full of ended listings takes new ones on the day after their last day; what
    has no end, or ends on the new day, stays."""
    monkeypatch.setattr(stop_list, "CARDS_MAX", 4)
    bench = Bench(scheme_of(TERMS))
    cards = [card_number("990002", number) for number in range(1, 6)]
    lasting = [0, 20260705, 20260705, 20260706]
    listings = tuple(
        Listing("1", seal(card), "43", until) for card, until in zip(cards, lasting, strict=False)
    )
    bench.step(StopListLoaded(HILL, listings))
    assert code_of(bench, file_update(f2=cards[4])) == "29"
    bench.step(CutOverOrdered())
    bench.inbox["hill"].clear()
    assert bench.state.stop_list.counts() == {HILL: 2}
    assert code_of(bench, file_update(f2=cards[4])) == "00"
    bench.expect_replay()
    bench.snapshot()
    bench.restart()
    bench.expect_replay()
    assert bench.state.stop_list.counts() == {HILL: 3}
