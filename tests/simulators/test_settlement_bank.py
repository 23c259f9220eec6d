"""The simulated settlement bank: all or nothing, once, whatever its mood."""

from decimal import Decimal

import pytest
from lxml import etree

from altyn.simulators import Mood, SettlementBank

SPACE = "urn:iso:std:iso:20022:tech:xsd:"


def _bank(mood: Mood = Mood.PROMPT, seed: int = 0) -> SettlementBank:
    balances = {("A", "KZT"): Decimal(10), ("B", "KZT"): Decimal(0), ("X", "KZT"): Decimal(0)}
    return SettlementBank(balances, {"KZT": "X"}, moods=(mood,), seed=seed)


def _order(identifier: str, *movements: tuple[str, str, str]) -> bytes:
    records = "".join(
        f"<MvmntRcrd><Id>{identifier}{number}</Id><Amt><Amt Ccy='KZT'>{amount}</Amt>"
        f"<CdtDbt>{side}</CdtDbt></Amt><SttlmAgtAcct><Id><Othr><Id>{account}</Id></Othr></Id>"
        "</SttlmAgtAcct></MvmntRcrd>"
        for number, (account, side, amount) in enumerate(movements)
    )
    return (
        f"<M><Document xmlns='{SPACE}pacs.029.001.02'><MulSttlmReq><GrpHdr><MsgId>{identifier}"
        f"</MsgId></GrpHdr><SttlmReq>{records}</SttlmReq></MulSttlmReq></Document></M>"
    ).encode()


def _query(identifier: str) -> bytes:
    return (
        f"<M><Document xmlns='{SPACE}pacs.028.001.03'><FIToFIPmtStsReq><OrgnlGrpInf><OrgnlMsgId>"
        f"{identifier}</OrgnlMsgId><OrgnlMsgNmId>pacs.029.001.02</OrgnlMsgNmId></OrgnlGrpInf>"
        "</FIToFIPmtStsReq></Document></M>"
    ).encode()


def _codes(content: bytes) -> tuple[str, str]:
    root = etree.fromstring(content)
    return (
        root.findtext(".//{*}GrpSts") or "",
        root.findtext(".//{*}OrgnlGrpInfAndSts//{*}Cd") or "",
    )


FOUR = _order("M1", ("A", "DBIT", "4.50"), ("B", "CRDT", "4.50"))


def test_an_order_is_booked_whole_and_answered() -> None:
    """What is taken from one is given to another, through an account that ends where it began."""
    bank = _bank()
    (answer,) = bank.receive(FOUR, 1)
    assert _codes(answer) == ("ACSC", "")
    assert bank.balances == {
        ("A", "KZT"): Decimal("5.50"),
        ("B", "KZT"): Decimal("4.50"),
        ("X", "KZT"): Decimal(0),
    }


@pytest.mark.parametrize(
    ("movements", "reason"),
    [
        ((("A", "DBIT", "11"), ("B", "CRDT", "11")), "AM04"),
        ((("A", "DBIT", "6"), ("A", "DBIT", "6"), ("B", "CRDT", "12")), "AM04"),
        ((("A", "DBIT", "1"), ("C", "CRDT", "1")), "AC01"),
        ((("A", "DBIT", "1"), ("B", "CRDT", "2")), "AM10"),
    ],
)
def test_an_order_that_cannot_be_booked_moves_nothing(
    movements: tuple[tuple[str, str, str], ...], reason: str
) -> None:
    """One account that is short, unknown or out of balance refuses all of it."""
    bank = _bank()
    (answer,) = bank.receive(_order("M1", *movements), 1)
    assert _codes(answer) == ("RJCT", reason)
    assert bank.movements == []


@pytest.mark.parametrize("mood", Mood)
def test_an_order_is_booked_at_most_once_in_every_mood(mood: Mood) -> None:
    """Sent three times, asked about and put off: the money moves once."""
    bank = _bank(mood)
    for _again in range(3):
        bank.receive(FOUR, 1)
    bank.tick(2)
    taken = mood is not Mood.DEAD_BEFORE
    assert len(bank.movements) == (4 if taken else 0)
    (answer,) = bank.receive(_query("M1"), 3)
    assert _codes(answer) == (("ACSC", "") if taken else ("RJCT", "NOOR"))


def test_the_same_seed_has_the_same_moods() -> None:
    """A day can be played again."""
    moods = tuple(Mood)

    def answers(seed: int) -> list[int]:
        bank = SettlementBank({}, {"KZT": "X"}, moods=moods, seed=seed)
        return [
            len(bank.receive(_order(f"M{n}", ("A", "DBIT", "1"), ("B", "CRDT", "1")), n))
            for n in range(30)
        ]

    assert answers(7) == answers(7)
    assert answers(7) != answers(8)
