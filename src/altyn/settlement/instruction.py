"""Orders as ISO 20022: pacs.029 for a whole run, pacs.009 for each transfer, pacs.028 to ask.

pacs.029 carries every movement of a run; the bank books all or none. pacs.009 carries one transfer
between a participant's account and the clearing account: pay-ins first (wave 1), pay-outs when all
of them are settled (wave 2). What is written follows from the recorded order alone, so that a
repeat is the same bytes (M05). Amounts are absolute, their control sum is their sum, and as much is
debited as is credited (M17).
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple

from altyn.clock import BusinessDay, calendar_date
from altyn.ledger import Account
from altyn.settlement.amount_text import write_amount, write_instant
from altyn.settlement.document import Node, leaf, write_message
from altyn.settlement.facts import Order, Transfer
from altyn.settlement.identity import message_id, transfer_id, uetr
from altyn.settlement.lifecycle import SettlementError
from altyn.settlement.position import Position, check_zero_sum

MULTILATERAL: Final = "pacs.029.001.02"
TRANSFER: Final = "pacs.009.001.08"
STATUS_REQUEST: Final = "pacs.028.001.03"


class Form(Enum):
    """How a run is instructed: the settlement bank says which it takes."""

    MULTILATERAL = "multilateral"
    BY_PARTICIPANT = "by-participant"


class BankAccount(NamedTuple):
    """An account at the settlement bank: `number` up to 34 characters; owner's BIC and name."""

    number: str
    bic: str
    name: str


class Correspondence(NamedTuple):
    """Who writes to whom at the settlement bank.

    clearing_accounts: the account of each currency through which every transfer goes, and which is
    empty between runs; accounts: the one behind each account of the ledger that pays or receives.
    """

    scheme_bic: str
    bank_bic: str
    clearing_accounts: Mapping[str, BankAccount]
    accounts: Mapping[Account, BankAccount]


class Message(NamedTuple):
    """Bytes for the settlement bank; it knows a repeat by `message_id`."""

    message_id: str
    definition: str
    content: bytes


def orders_of(
    run: str, attempt: int, positions: tuple[Position, ...], form: Form
) -> tuple[Order, ...]:
    """The orders that settle positions. One of zero has no transfer (M03).

    By participant, positions that remain need not sum to zero: what some have paid in already lies
    on the clearing account. Raises SettlementError for multilateral ones that do not.
    """
    due = sorted(
        (each for each in positions if each.minor_units),
        key=lambda each: (each.minor_units > 0, str(each.account)),
    )
    transfers = [Transfer(transfer_id(run, str(attempt), str(each.account)), each) for each in due]
    if form is Form.MULTILATERAL:
        check_zero_sum([each.minor_units for each in due])
        return (Order(message_id(run, str(attempt)), MULTILATERAL, 1, tuple(transfers)),)
    return tuple(
        Order(
            message_id(run, str(attempt), str(each.position.account)),
            TRANSFER,
            1 if each.position.minor_units < 0 else 2,
            (each,),
        )
        for each in transfers
    )


def check_accounts(positions: tuple[Position, ...], correspondence: Correspondence) -> None:
    """Raises SettlementError when somebody who pays or receives has no account at the bank."""
    absent = [
        str(each.account)
        for each in positions
        if each.minor_units and each.account not in correspondence.accounts
    ]
    absent += [
        f"clearing in {currency}"
        for currency in sorted({each.account.currency for each in positions})
        if currency not in correspondence.clearing_accounts
    ]
    if absent:
        raise SettlementError(
            f"no account at the settlement bank for {', '.join(absent[:3])}; register it"
        )


def write_order(
    order: Order, run: str, day: BusinessDay, at_us: int, parties: Correspondence
) -> Message:
    """The message of an order. Raises OverflowError for an amount or sum above 18 digits."""
    body = (_multilateral if order.definition == MULTILATERAL else _transfer)(
        order, run, day, at_us, parties
    )
    header = _header(order.message_id, order.definition, at_us, parties)
    content = write_message(header, order.definition, body)
    return Message(order.message_id, order.definition, content)


def write_query(order: Order, number: int, at_us: int, parties: Correspondence) -> Message:
    """A question what became of an order; `number` counts the questions about it."""
    identifier = message_id("query", order.message_id, str(number))
    body = Node(
        "FIToFIPmtStsReq",
        Node("GrpHdr", leaf("MsgId", identifier), leaf("CreDtTm", write_instant(at_us))),
        Node(
            "OrgnlGrpInf",
            leaf("OrgnlMsgId", order.message_id),
            leaf("OrgnlMsgNmId", order.definition),
        ),
    )
    header = _header(identifier, STATUS_REQUEST, at_us, parties)
    return Message(identifier, STATUS_REQUEST, write_message(header, STATUS_REQUEST, body))


def _header(identifier: str, definition: str, at_us: int, parties: Correspondence) -> Node:
    return Node(
        "AppHdr",
        Node("Fr", Node("FIId", Node("FinInstnId", leaf("BICFI", parties.scheme_bic)))),
        Node("To", Node("FIId", Node("FinInstnId", leaf("BICFI", parties.bank_bic)))),
        leaf("BizMsgIdr", identifier),
        leaf("MsgDefIdr", definition),
        leaf("CreDt", write_instant(at_us)),
    )


def _account(name: str, account: BankAccount) -> Node:
    return Node(name, Node("Id", Node("Othr", leaf("Id", account.number))))


def _agent(name: str, account: BankAccount) -> Node:
    return Node(name, Node("FinInstnId", leaf("BICFI", account.bic), leaf("Nm", account.name)))


def _amount(name: str, minor_units: int, currency: str) -> Node:
    return Node(name, text=write_amount(minor_units, currency), currency=currency)


def _multilateral(
    order: Order, run: str, day: BusinessDay, at_us: int, parties: Correspondence
) -> Node:
    amounts = [each.position.minor_units for each in order.transfers]
    check_zero_sum(amounts)
    currency = order.transfers[0].position.account.currency
    total = sum(abs(units) for units in amounts)
    del day  # pacs.029 has no place for it; the run's name has the day
    return Node(
        "MulSttlmReq",
        Node(
            "GrpHdr",
            leaf("MsgId", order.message_id),
            leaf("CreDtTm", write_instant(at_us)),
            leaf("NbOfSttlmReqs", "1"),
            leaf("CtrlSum", write_amount(total, currency)),
            Node(
                "SttlmInf",
                leaf("SttlmMtd", "CLRG"),
                _account("SttlmAcct", parties.clearing_accounts[currency]),
            ),
        ),
        Node(
            "SttlmReq",
            leaf("InstrId", order.message_id),
            leaf("SttlmCycl", run),
            leaf("NbOfMvmntRcrds", str(len(order.transfers))),
            *(
                _movement(number, each, parties)
                for number, each in enumerate(order.transfers, start=1)
            ),
        ),
    )


def _movement(number: int, transfer: Transfer, parties: Correspondence) -> Node:
    account, minor_units = transfer.position
    bank_account = parties.accounts[account]
    party = Node("Id", Node("OrgId", leaf("AnyBIC", bank_account.bic)))
    return Node(
        "MvmntRcrd",
        leaf("Id", transfer.transfer_id),
        leaf("SeqNb", str(number)),
        Node(
            "Amt",
            _amount("Amt", abs(minor_units), account.currency),
            leaf("CdtDbt", "CRDT" if minor_units > 0 else "DBIT"),
        ),
        Node("SttlmAgt", leaf("Nm", bank_account.name), party),
        _account("SttlmAgtAcct", bank_account),
        leaf("Ref", str(account)[:35]),
    )


def _transfer(
    order: Order, run: str, day: BusinessDay, at_us: int, parties: Correspondence
) -> Node:
    (transfer,) = order.transfers
    account, minor_units = transfer.position
    theirs, ours = parties.accounts[account], parties.clearing_accounts[account.currency]
    debtor, creditor = (theirs, ours) if minor_units < 0 else (ours, theirs)
    value = write_amount(abs(minor_units), account.currency)
    return Node(
        "FICdtTrf",
        Node(
            "GrpHdr",
            leaf("MsgId", order.message_id),
            leaf("CreDtTm", write_instant(at_us)),
            leaf("NbOfTxs", "1"),
            leaf("CtrlSum", value),
            Node("SttlmInf", leaf("SttlmMtd", "INDA")),
        ),
        Node(
            "CdtTrfTxInf",
            Node(
                "PmtId",
                leaf("InstrId", transfer.transfer_id),
                leaf("EndToEndId", transfer.transfer_id),
                leaf("UETR", uetr(transfer.transfer_id)),
            ),
            _amount("IntrBkSttlmAmt", abs(minor_units), account.currency),
            leaf("IntrBkSttlmDt", calendar_date(day).isoformat()),
            _agent("Dbtr", debtor),
            _account("DbtrAcct", debtor),
            _agent("Cdtr", creditor),
            _account("CdtrAcct", creditor),
            Node("RmtInf", leaf("Ustrd", run)),
        ),
    )
