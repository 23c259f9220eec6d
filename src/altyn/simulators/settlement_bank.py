"""A settlement bank: accounts, orders in ISO 20022, and a mood.

A witness: it shares nothing with `altyn.settlement` and knows the messages from the standard alone.
It takes pacs.029 (all or nothing), pacs.009 and pacs.028, and writes pacs.002, camt.054 and
camt.053. A message identifier is acted on once: whoever sends it again gets the first answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from random import Random
from typing import Any, Final, NamedTuple

from lxml import etree

_SPACE: Final = "urn:iso:std:iso:20022:tech:xsd:"
_STATUS: Final = "pacs.002.001.10"
_NOTIFICATION: Final = "camt.054.001.08"
_STATEMENT: Final = "camt.053.001.08"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Mood(Enum):
    """What the bank does with an order, beside what its accounts allow."""

    PROMPT = "answers at once"
    SLOW = "says pending, answers at the next tick"
    TWICE = "answers twice"
    DEAD_BEFORE = "dies before it has taken the order in"
    DEAD_AFTER = "dies when it has booked, before it answers; later answers only when asked"


class Movement(NamedTuple):
    """What one booking did to an account; `reference` is the orderer's."""

    account: str
    reference: str
    amount: Decimal
    currency: str
    at_us: int


class _Instruction(NamedTuple):
    reference: str
    account: str
    amount: Decimal


@dataclass
class _Known:
    """An order that was taken in: its end, and the transfers that stood in its way."""

    definition: str
    status: str = "PDNG"
    reason: str = ""
    short: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    at_us: int = 0


@dataclass
class SettlementBank:
    """Balances by (account number, currency), in whole units of the currency.

    clearing: the scheme's account, by currency, through which transfers go; credit: how far below
    zero an account may go; moods: what it does, drawn by the seed; none is always PROMPT;
    refusal: an ISO 20022 code with which it rejects whatever comes new, none when empty.
    """

    balances: dict[tuple[str, str], Decimal]
    clearing: Mapping[str, str]
    credit: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    moods: tuple[Mood, ...] = (Mood.PROMPT,)
    seed: int = 0
    refusal: str = ""
    movements: list[Movement] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Nothing is known yet."""
        self._chance = Random(f"{self.seed}/settlement bank")  # noqa: S311  # a mood is no secret
        self._known: dict[str, _Known] = {}
        self._pending: dict[str, etree._Element] = {}
        self._written = 0
        self._stated_through: dict[str, int] = {}
        self._notified_through = 0

    def books(self) -> dict[str, Any]:
        """All that it knows, as an object that JSON can write."""
        return {
            "balances": [[*key, _plain(units)] for key, units in sorted(self.balances.items())],
            "clearing": dict(self.clearing),
            "credit": [[*key, _plain(units)] for key, units in sorted(self.credit.items())],
            "seed": self.seed,
            "movements": [
                [each.account, each.reference, _plain(each.amount), each.currency, each.at_us]
                for each in self.movements
            ],
            "known": {name: asdict(each) for name, each in self._known.items()},
            "pending": {
                name: etree.tostring(each, encoding="unicode")
                for name, each in self._pending.items()
            },
            "written": self._written,
            "stated_through": self._stated_through,
            "notified_through": self._notified_through,
        }

    @classmethod
    def with_books(cls, books: Mapping[str, Any]) -> "SettlementBank":
        """The bank that `books` was told by."""
        bank = cls(
            _amounts(books["balances"]),
            books["clearing"],
            _amounts(books["credit"]),
            seed=books["seed"],
            movements=[
                Movement(account, reference, Decimal(amount), currency, at_us)
                for account, reference, amount, currency, at_us in books["movements"]
            ],
        )
        for name, values in books["known"].items():
            short, references = tuple(values.pop("short")), tuple(values.pop("references"))
            bank._known[name] = _Known(**values, short=short, references=references)
        for name, text in books["pending"].items():
            bank._pending[name] = etree.fromstring(text)
        bank._written = books["written"]
        bank._stated_through = books["stated_through"]
        bank._notified_through = books["notified_through"]
        return bank

    def is_new_order(self, content: bytes) -> bool:
        """Whether a message is an order that it has not taken in before."""
        document = etree.fromstring(content).find("{*}Document")
        assert document is not None, "a message has a document"
        if (etree.QName(document).namespace or "").startswith(f"{_SPACE}pacs.028"):
            return False
        return _text(document, "GrpHdr/MsgId") not in self._known

    @property
    def puts_off(self) -> bool:
        """Whether there is an order that the next tick executes."""
        return bool(self._pending)

    def receive(self, content: bytes, at_us: int) -> list[bytes]:
        """Take a message in; its answers, in order."""
        document = etree.fromstring(content).find("{*}Document")
        assert document is not None, "a message has a document"
        definition = (etree.QName(document).namespace or "").removeprefix(_SPACE)
        if definition.startswith("pacs.028"):
            return self._asked(document, at_us)
        identifier = _text(document, "GrpHdr/MsgId")
        if identifier in self._known:
            return [self._status(identifier, at_us)]
        mood = self._chance.choice(self.moods)
        if mood is Mood.DEAD_BEFORE:
            return []
        known = self._known[identifier] = _Known(definition)
        if mood is Mood.SLOW:
            self._pending[identifier] = document
            return [self._status(identifier, at_us)]
        self._execute(known, _instructions(document, self.clearing), at_us)
        if mood is Mood.DEAD_AFTER:
            return []
        answer = self._status(identifier, at_us)
        return [answer, answer] if mood is Mood.TWICE else [answer]

    def tick(self, at_us: int) -> list[bytes]:
        """Execute what was put off; the answers."""
        answers = []
        for identifier, document in self._pending.items():
            self._execute(self._known[identifier], _instructions(document, self.clearing), at_us)
            answers.append(self._status(identifier, at_us))
        self._pending.clear()
        return answers

    def _asked(self, document: etree._Element, at_us: int) -> list[bytes]:
        original = _text(document, "OrgnlGrpInf/OrgnlMsgId")
        if original not in self._known:
            definition = _text(document, "OrgnlGrpInf/OrgnlMsgNmId")
            return [self._write_status(original, _Known(definition, "RJCT", "NOOR"), at_us)]
        return [self._status(original, at_us)]

    def _execute(self, known: _Known, found: "_Order", at_us: int) -> None:
        known.at_us = at_us
        known.references = tuple(each.reference for each in found.instructions)
        if self.refusal:
            known.status, known.reason = "RJCT", self.refusal
            return
        after: dict[tuple[str, str], Decimal] = {}
        short = []
        for each in found.instructions:
            key = (each.account, found.currency)
            if key not in self.balances:
                known.status, known.reason, known.short = "RJCT", "AC01", (each.reference,)
                return
            after[key] = after.get(key, self.balances[key]) + each.amount
            if after[key] < -self.credit.get(key, Decimal(0)):
                short.append(each.reference)
        if sum(each.amount for each in found.instructions) != found.through_clearing:
            known.status, known.reason = "RJCT", "AM10"
        elif short:
            known.status, known.reason, known.short = "RJCT", "AM04", tuple(short)
        else:
            known.status = "ACSC"
            self._book(found, at_us)

    def _book(self, found: "_Order", at_us: int) -> None:
        ours = self.clearing[found.currency]
        for each in found.instructions:
            for account, amount in ((each.account, each.amount), (ours, -each.amount)):
                key = (account, found.currency)
                if account == ours and each.account == ours:
                    continue
                self.balances[key] = self.balances.get(key, Decimal(0)) + amount
                self.movements.append(
                    Movement(account, each.reference, amount, found.currency, at_us)
                )

    def _status(self, identifier: str, at_us: int) -> bytes:
        return self._write_status(identifier, self._known[identifier], at_us)

    def _identifier(self, kind: str) -> str:
        self._written += 1
        return f"{kind}{self.seed}-{self._written}"

    def _write_status(self, original: str, known: _Known, at_us: int) -> bytes:
        reason: list[object] = []
        if known.reason:
            reason = [("StsRsnInf", [("Rsn", [("Cd", known.reason)])])]
        transactions: list[object] = [
            (
                "TxInfAndSts",
                [
                    ("OrgnlEndToEndId", reference),
                    ("TxSts", "RJCT"),
                    ("StsRsnInf", [("Rsn", [("Cd", known.reason)])]),
                ],
            )
            for reference in known.short
        ]
        if known.status == "ACSC":
            transactions = [
                (
                    "TxInfAndSts",
                    [
                        ("OrgnlEndToEndId", reference),
                        ("TxSts", "ACSC"),
                        ("FctvIntrBkSttlmDt", [("DtTm", _instant(known.at_us))]),
                    ],
                )
                for reference in known.references
            ]
        identifier = self._identifier("S")
        head = [("MsgId", identifier), ("CreDtTm", _instant(at_us))]
        body = (
            "FIToFIPmtStsRpt",
            [
                ("GrpHdr", head),
                (
                    "OrgnlGrpInfAndSts",
                    [
                        ("OrgnlMsgId", original),
                        ("OrgnlMsgNmId", known.definition),
                        ("GrpSts", known.status),
                        *reason,
                    ],
                ),
                *transactions,
            ],
        )
        return _message(_STATUS, identifier, body, at_us)

    def notifications(self, at_us: int) -> list[bytes]:
        """A camt.054 per currency for what was booked on the clearing accounts since the last."""
        fresh = self.movements[self._notified_through :]
        self._notified_through = len(self.movements)
        found = []
        for currency, account in sorted(self.clearing.items()):
            entries = self._entries(fresh, account, currency)
            if entries:
                identifier = self._identifier("N")
                body = [("Id", identifier), _account(account), *entries]
                head = [("MsgId", identifier), ("CreDtTm", _instant(at_us))]
                root = ("BkToCstmrDbtCdtNtfctn", [("GrpHdr", head), ("Ntfctn", body)])
                found.append(_message(_NOTIFICATION, identifier, root, at_us))
        return found

    def statement(self, currency: str, at_us: int) -> bytes:
        """A camt.053 of the clearing account since the statement before; one currency at a time."""
        account = self.clearing[currency]
        since = self._stated_through.get(currency, 0)
        booked = [
            each
            for each in self.movements
            if each.account == account and each.currency == currency and since < each.at_us <= at_us
        ]
        closing = self.balances.get((account, currency), Decimal(0))
        opening = closing - sum((each.amount for each in booked), Decimal(0))
        identifier = self._identifier("C")
        day = _instant(at_us)[:10]
        body = [
            ("Id", identifier),
            (
                "FrToDt",
                [("FrDtTm", _instant(since)), ("ToDtTm", _instant(at_us))],
            ),
            _account(account),
            _balance("OPBD", opening, currency, day),
            _balance("CLBD", closing, currency, day),
            *self._entries(booked, account, currency),
        ]
        self._stated_through[currency] = at_us
        head = [("MsgId", identifier), ("CreDtTm", _instant(at_us))]
        root = ("BkToCstmrStmt", [("GrpHdr", head), ("Stmt", body)])
        return _message(_STATEMENT, identifier, root, at_us)

    def _entries(self, movements: Iterable[Movement], account: str, currency: str) -> list[object]:
        return [
            (
                "Ntry",
                [
                    ("Amt", _plain(abs(each.amount)), currency),
                    ("CdtDbtInd", "CRDT" if each.amount >= 0 else "DBIT"),
                    ("Sts", [("Cd", "BOOK")]),
                    ("BookgDt", [("DtTm", _instant(each.at_us))]),
                    ("BkTxCd", [("Prtry", [("Cd", "NET")])]),
                    ("NtryDtls", [("TxDtls", [("Refs", [("EndToEndId", each.reference)])])]),
                ],
            )
            for each in movements
            if each.account == account and each.currency == currency
        ]


def _amounts(rows: Iterable[Sequence[str]]) -> dict[tuple[str, str], Decimal]:
    return {(account, currency): Decimal(units) for account, currency, units in rows}


class _Order(NamedTuple):
    """Instructions of a message, and what they do to the clearing account together."""

    currency: str
    instructions: tuple[_Instruction, ...]
    through_clearing: Decimal


def _instructions(document: etree._Element, clearing: Mapping[str, str]) -> _Order:
    if document.find("{*}MulSttlmReq") is not None:
        found = []
        currency = ""
        for record in document.iterfind(".//{*}MvmntRcrd"):
            amount = record.find("{*}Amt/{*}Amt")
            assert amount is not None, "a movement has an amount"
            currency = amount.get("Ccy", "")
            sign = 1 if _text(record, "Amt/CdtDbt", deep=False) == "CRDT" else -1
            found.append(
                _Instruction(
                    _text(record, "Id", deep=False),
                    _text(record, "SttlmAgtAcct/Id/Othr/Id", deep=False),
                    sign * Decimal(amount.text or ""),
                )
            )
        return _Order(currency, tuple(found), Decimal(0))
    amount = document.find(".//{*}IntrBkSttlmAmt")
    assert amount is not None, "a transfer has an amount"
    currency, value = amount.get("Ccy", ""), Decimal(amount.text or "")
    reference = _text(document, "PmtId/EndToEndId")
    debtor = _text(document, "DbtrAcct/Id/Othr/Id")
    creditor = _text(document, "CdtrAcct/Id/Othr/Id")
    if debtor == clearing.get(currency):
        return _Order(currency, (_Instruction(reference, creditor, value),), value)
    return _Order(currency, (_Instruction(reference, debtor, -value),), -value)


def _text(element: etree._Element, path: str, *, deep: bool = True) -> str:
    place = "/".join("{*}" + name for name in path.split("/"))
    found = element.find(f".//{place}" if deep else place)
    assert found is not None and found.text, f"{path} is there"
    return found.text


def _plain(value: Decimal) -> str:
    return f"{value:f}"


def _instant(at_us: int) -> str:
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat(timespec="milliseconds")


def _account(number: str) -> object:
    return ("Acct", [("Id", [("Othr", [("Id", number)])])])


def _balance(code: str, value: Decimal, currency: str, day: str) -> object:
    return (
        "Bal",
        [
            ("Tp", [("CdOrPrtry", [("Cd", code)])]),
            ("Amt", _plain(abs(value)), currency),
            ("CdtDbtInd", "CRDT" if value >= 0 else "DBIT"),
            ("Dt", [("Dt", day)]),
        ],
    )


def _message(definition: str, identifier: str, body: object, at_us: int) -> bytes:
    root = etree.Element("BusinessMessage")
    head = [
        ("Fr", [("FIId", [("FinInstnId", [("BICFI", "SETLKZ22")])])]),
        ("To", [("FIId", [("FinInstnId", [("BICFI", "ALTNKZ22")])])]),
        ("BizMsgIdr", identifier),
        ("MsgDefIdr", definition),
        ("CreDt", _instant(at_us)),
    ]
    _append(root, ("AppHdr", head), f"{_SPACE}head.001.001.02")
    _append(root, ("Document", [body]), _SPACE + definition)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _append(parent: etree._Element, node: object, space: str) -> None:
    assert isinstance(node, tuple), "a node is a name and what is in it"
    name, content, *currency = node
    element = etree.SubElement(parent, f"{{{space}}}{name}", nsmap={None: space})
    if currency:
        element.set("Ccy", currency[0])
    if isinstance(content, str):
        element.text = content
    else:
        for child in content:
            _append(element, child, space)
