"""What the bank writes is read strictly; what is hostile is refused (S15)."""

from collections.abc import Callable

import pytest
from lxml import etree

from altyn.settlement import (
    AnswerError,
    Notification,
    Outcome,
    Statement,
    Status,
    read_answer,
)
from tests.settlement.scheme import NETS, RUN, Office, settlement_bank

SPACE = "urn:iso:std:iso:20022:tech:xsd:"


def _answers() -> tuple[bytes, bytes, bytes]:
    """A status, a notification and a statement of a settled run."""
    office = Office(settlement_bank())
    office.prepare()
    (order,) = office.desk.instruct(RUN, office.tick()).sends
    (status,) = office.bank.receive(order.content, office.tick())
    (notification,) = office.bank.notifications(office.tick())
    return status, notification, office.bank.statement("KZT", office.tick())


STATUS, NOTIFICATION, STATEMENT = _answers()


def _changed(content: bytes, old: str, new: str) -> bytes:
    assert old.encode() in content
    return content.replace(old.encode(), new.encode(), 1)


def test_the_three_answers_are_read_exactly() -> None:
    """Every transfer is in them with its amount, seen from the clearing account."""
    status, notification, statement = (
        read_answer(each) for each in (STATUS, NOTIFICATION, STATEMENT)
    )
    assert isinstance(status, Status)
    assert (status.outcome, status.reason) == (Outcome.SETTLED, "")
    assert isinstance(notification, Notification)
    assert isinstance(statement, Statement)
    assert (statement.currency, statement.opening, statement.closing) == ("KZT", 0, 0)
    assert statement.entries == notification.entries
    amounts = sorted(-each.minor_units for each in statement.entries)
    assert amounts == sorted(each.minor_units for each in NETS)


def test_document_without_envelope_and_header_is_read() -> None:
    """Some lines carry the header elsewhere."""
    document = etree.fromstring(STATUS)[1]
    assert read_answer(etree.tostring(document)) == read_answer(STATUS)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "well-formed"),
        (b"<Document/>", "namespace"),
        (b"<A/>", "exactly one Document"),
        (b"<A><B></A>", "well-formed"),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "document type|well-formed"),
        (b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a/>", "document type"),
        (b"<a>" * 40 + b"</a>" * 40, "deeper than 32"),
        (b"<a>" * 400 + b"</a>" * 400, "well-formed|deeper"),
        (b"<a>" + b"<b/>" * 500_001 + b"</a>", "elements"),
        (b" " * ((16 << 20) + 1), "longer than"),
        (b"<?xml version='1.0' encoding='no-such'?><a/>", "well-formed|encoding"),
        (f"<Document xmlns='{SPACE}pain.001.001.09'/>".encode(), "not expected"),
        (f"<Document xmlns='{SPACE}pacs.002.001.10'/>".encode(), "FIToFIPmtStsRpt is absent"),
    ],
)
def test_bytes_that_are_no_answer_are_refused(content: bytes, complaint: str) -> None:
    """Nothing is fetched, expanded or read without bound."""
    with pytest.raises(AnswerError, match=complaint):
        read_answer(content)


def test_entities_are_never_expanded() -> None:
    """A billion laughs end at the document type."""
    laughs = b"<!DOCTYPE a [<!ENTITY a 'ha'>" + b"".join(
        f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>".encode() for n in range(9)
    )
    with pytest.raises(AnswerError):
        read_answer(laughs + b"]><a>&j;</a>")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda: _changed(STATUS, "<GrpSts>ACSC", "<GrpSts>PART"), "status"),
        (lambda: _changed(STATUS, "<MsgDefIdr>pacs.002", "<MsgDefIdr>pacs.009"), "header"),
        (lambda: _changed(STATUS, "<OrgnlMsgId>", "<OrgnlMsgId>" + "x" * 200), "140"),
        (lambda: _changed(STATUS, "<DtTm>2026", "<DtTm>9999999"), "instant"),
        (lambda: _changed(STATEMENT, 'Ccy="KZT"', 'Ccy="ZZZ"'), "ISO 4217"),
        (lambda: _changed(STATEMENT, 'Ccy="KZT"', 'Ccy="398"'), "ISO 4217"),
        (lambda: _changed(STATEMENT, "1500.00", "1500.005"), "more decimals"),
        (lambda: _changed(STATEMENT, "1500.00", "1.5E3"), "digits"),
        (lambda: _changed(STATEMENT, "1500.00", "-1500.00"), "digits"),
        (lambda: _changed(STATEMENT, "1500.00", "١٥٠٠.00"), "digits"),
        (lambda: _changed(STATEMENT, "1500.00", "1500000000000000000"), "digits"),
        (lambda: _changed(STATEMENT, "CRDT", "BOTH"), "CRDT or DBIT"),
        (lambda: _changed(STATEMENT, "CLBD", "OPBD"), "twice"),
        (lambda: _changed(STATEMENT, "CLBD", "ITBD"), "closing"),
        (lambda: _changed(STATEMENT, "<Sts>", "<RvslInd>true</RvslInd><Sts>"), "reversal"),
        (
            lambda: _changed(
                STATEMENT,
                "<FrToDt>",
                "<StmtPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd></StmtPgntn><FrToDt>",
            ),
            "one page",
        ),
        (lambda: _changed(NOTIFICATION, "<Refs>", "<Refs><EndToEndId>X</EndToEndId>"), "several"),
    ],
)
def test_answer_with_a_doubtful_value_is_refused_whole(
    change: Callable[[], bytes], complaint: str
) -> None:
    """It says where and what, and never repeats the value."""
    with pytest.raises(AnswerError, match=complaint):
        read_answer(change())


@pytest.mark.parametrize(
    ("code", "reason", "outcome"),
    [
        ("ACCC", "", Outcome.SETTLED),
        ("RJCT", "AM04", Outcome.REJECTED),
        ("CANC", "", Outcome.REJECTED),
        ("RJCT", "NOOR", Outcome.NOT_RECEIVED),
        ("RJCT", "AM05", Outcome.DUPLICATE),
        ("PDNG", "", Outcome.PENDING),
        ("ACSP", "", Outcome.PENDING),
    ],
)
def test_each_status_has_one_meaning(code: str, reason: str, outcome: Outcome) -> None:
    """The codes of the external list that end or continue an order."""
    inner = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
    content = (
        f"<Document xmlns='{SPACE}pacs.002.001.10'><FIToFIPmtStsRpt><GrpHdr><MsgId>S1</MsgId>"
        "<CreDtTm>2026-11-23T10:00:00+05:00</CreDtTm></GrpHdr><TxInfAndSts><OrgnlGrpInf>"
        "<OrgnlMsgId>M1</OrgnlMsgId><OrgnlMsgNmId>pacs.009.001.08</OrgnlMsgNmId></OrgnlGrpInf>"
        f"<OrgnlEndToEndId>T1</OrgnlEndToEndId><TxSts>{code}</TxSts>{inner}</TxInfAndSts>"
        "</FIToFIPmtStsRpt></Document>"
    ).encode()
    status = read_answer(content)
    assert isinstance(status, Status)
    assert (status.original_id, status.outcome, status.reason) == ("M1", outcome, reason)
    assert status.final_us == 1_795_410_000_000_000


def test_entry_that_is_only_announced_is_left_for_later() -> None:
    """A pending entry is no booking."""
    pending = read_answer(_changed(NOTIFICATION, "<Cd>BOOK</Cd>", "<Cd>PDNG</Cd>"))
    booked = read_answer(NOTIFICATION)
    assert isinstance(pending, Notification)
    assert isinstance(booked, Notification)
    assert pending.entries == booked.entries[1:]
