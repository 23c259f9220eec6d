"""Orders and answers against the schemas of ISO 20022, and their control sums."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from altyn.ledger import AccountKind
from altyn.settlement import (
    Form,
    Position,
    SettlementError,
    orders_of,
    transfer_id,
    uetr,
    write_order,
    write_query,
)
from altyn.simulators import Mood
from tests.settlement.schemas import assert_known, assert_valid
from tests.settlement.scheme import (
    BANKS,
    DAY,
    NOON_US,
    RUN,
    Office,
    account,
    correspondence,
    settlement_bank,
)

PARTIES = correspondence()
AMOUNTS = st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=3)


def _positions(amounts: list[int], currency: str = "KZT") -> tuple[Position, ...]:
    whole = [*amounts, -sum(amounts)]
    return tuple(
        Position(account(AccountKind.SETTLEMENT, name, currency), units)
        for name, units in zip(BANKS, whole, strict=False)
    )


def _texts(content: bytes, name: str) -> list[str]:
    return [each.text or "" for each in etree.fromstring(content).iterfind(f".//{{*}}{name}")]


@pytest.mark.parametrize("form", Form)
@given(amounts=AMOUNTS)
def test_every_order_is_valid_and_balanced(form: Form, amounts: list[int]) -> None:
    """Whatever the nets, what leaves is ISO 20022 and its movements sum to zero."""
    total = 0
    if not any(amounts):
        amounts = [1]
    for order in orders_of(RUN, 1, _positions(amounts), form):
        content = write_order(order, RUN, DAY, NOON_US, PARTIES).content
        assert_valid(content)
        total += sum(each.position.minor_units for each in order.transfers)
    assert total == 0


@given(amounts=AMOUNTS)
def test_m17_control_sum_and_counts_of_pacs_029(amounts: list[int]) -> None:
    """The control sum is the sum of absolute amounts; debits equal credits; counts are right."""
    if not any(amounts):
        amounts = [1]
    (order,) = orders_of(RUN, 1, _positions(amounts), Form.MULTILATERAL)
    content = write_order(order, RUN, DAY, NOON_US, PARTIES).content
    values = [Decimal(text) for text in _texts(content, "Amt") if text.strip()]
    sides = _texts(content, "CdtDbt")
    assert Decimal(_texts(content, "CtrlSum")[0]) == sum(values)
    debits = sum(v for v, side in zip(values, sides, strict=True) if side == "DBIT")
    assert debits * 2 == sum(values)
    assert _texts(content, "NbOfMvmntRcrds") == [str(len(values))]
    assert _texts(content, "NbOfSttlmReqs") == ["1"]
    assert [int(text) for text in _texts(content, "SeqNb")] == list(range(1, len(values) + 1))


def test_pay_ins_come_first() -> None:
    """The bank finds all debits before any credit."""
    (order,) = orders_of(RUN, 1, _positions([5, -7, 9]), Form.MULTILATERAL)
    signs = [each.position.minor_units > 0 for each in order.transfers]
    assert signs == sorted(signs)


def test_query_is_valid() -> None:
    """The question about an order is ISO 20022 and names the order."""
    (order,) = orders_of(RUN, 1, _positions([5]), Form.MULTILATERAL)
    content = write_query(order, 1, NOON_US, PARTIES).content
    assert_valid(content)
    assert _texts(content, "OrgnlMsgId") == [order.message_id]


def test_two_witnesses_of_iso_20022_agree() -> None:
    """The classes that stand in for absent schemas take ours, and refuse what is strange."""
    (order,) = orders_of(RUN, 1, _positions([5]), Form.MULTILATERAL)
    content = write_order(order, RUN, DAY, NOON_US, PARTIES).content
    _header, document = etree.fromstring(content)
    assert_known(document, "pacs.029.001.02")
    etree.SubElement(document[0], "{urn:iso:std:iso:20022:tech:xsd:pacs.029.001.02}Extra")
    with pytest.raises(Exception, match="Extra"):
        assert_known(document, "pacs.029.001.02")


@pytest.mark.parametrize("mood", [Mood.PROMPT, Mood.SLOW])
@pytest.mark.parametrize("balance", [0, 10_000])
def test_what_the_simulated_bank_writes_is_valid(mood: Mood, balance: int) -> None:
    """Status, notification and statement hold against the same schemas."""
    office = Office(settlement_bank((mood,), balance=balance))
    office.prepare()
    (order,) = office.desk.instruct(RUN, office.tick()).sends
    answers = office.bank.receive(order.content, office.tick())
    answers += office.bank.tick(office.tick())
    answers += office.bank.notifications(office.tick())
    answers.append(office.bank.statement("KZT", office.tick()))
    assert len(answers) >= 2
    for content in answers:
        assert_valid(content)


@given(st.text(max_size=40), st.text(max_size=40))
def test_identifiers_follow_from_what_they_name(one: str, two: str) -> None:
    """The same thing gives the same identifier; parts never run into one another."""
    assert transfer_id(one, two) == transfer_id(one, two)
    assert (transfer_id(one, two) == transfer_id(two, one)) == (one == two)
    assert len(transfer_id(one)) == 32
    assert uetr(one)[14] == "4"
    assert uetr(one)[19] in "89ab"


def test_m15_amount_above_18_digits_is_refused_before_anything_is_recorded() -> None:
    """Nothing is cut off, and the run stays where it was."""
    (order,) = orders_of(RUN, 1, _positions([10**18]), Form.MULTILATERAL)
    with pytest.raises(OverflowError, match="18 digits"):
        write_order(order, RUN, DAY, NOON_US, PARTIES)


def test_orders_of_a_sum_that_is_not_zero_are_never_made() -> None:
    """Money is not made by settlement (I1)."""
    with pytest.raises(SettlementError, match="sum to zero"):
        orders_of(RUN, 1, _positions([5])[:1], Form.MULTILATERAL)
