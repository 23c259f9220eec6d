"""Business days written as text, played against the real switch.

A day opens with what the scheme is::

    day 2026-07-05
    across in USD
    bank SEA in TR settles TRY cap 500.00 TRY
    card A of HILL
    rate 1 USD = 40.00 TRY

A card without a bank is written with its digits: `card N 9999990000000014`; `expires 2606` may
follow. Then come lines of what happens, under headings `== F01 what it shows`. A line may begin
with a time; steps are apart by `|`::

    10:00:00 SEA -> 0200 purchase card A 120.00 TRY stan 1 | HILL asked 0200 120.00 TRY
             HILL answers SEA 1 with 00 | SEA gets 0210 00 stan 1

An indented line goes on with the one before. `stan 1` names a message of a bank: sent again it is
a repeat with the same fields, apart from what is stated; `anew` makes it another message, with the
time of now. At the end of every line each message that a bank was sent must have been mentioned.
The day closes with what everybody is owed (+) or owes (-) by business day, and what is held of
them::

    positions
    SEA  TRY 2026-07-05 +120.00 holds 0.00

A line that cannot be read, or that does not come true, is told with its number.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from altyn.identifiers import ParticipantId
from altyn.message import Message, MessageError
from altyn.money import Rate, currency_of, find_currency, parse_rate_value
from altyn.registry import BinRange, Participant, StandInTerms, Window
from altyn.switch import AdviceOrdered, CutOverOrdered
from altyn.transaction import entries
from tests.switch.bench import (
    Bench,
    answer_to,
    bank,
    bin_range,
    card_number,
    registry_of,
    scheme,
    stand_in,
    standing,
)

DAYS = Path(__file__).parent / "days"
PROCESSING = {"purchase": "000000", "cash": "010000", "refund": "200000", "inquiry": "310000"}

BANK = r"[A-Z]{2,8}"
MONEY = r"\d+(?:\.\d+)? [A-Z]{3}"
WRONG_ECHO = rf"(?: but (?:amount {MONEY}|card [A-Z]|stan \d{{6}}))"
ASKED_EXTRAS = rf"(?: (?:settles|bills) {MONEY}| dated \d{{4}})"
SIGNED = r"[+-]?\d+(?:\.\d+)?"


class DayError(AssertionError):
    """A line of a day cannot be read, or did not come true."""


def minor_units(text: str) -> int:
    """Minor units of an amount such as `120.00 TRY`, written with all its decimals."""
    amount, _, code = text.partition(" ")
    if find_currency(code) is None:
        raise DayError(f"{code} is no currency")
    if len(amount.partition(".")[2]) != currency_of(code).exponent:
        raise DayError(f"{text} has the wrong number of decimals")
    return int(amount.replace(".", ""))


def expect(found: object, wanted: object, what: str) -> None:
    """Say what came and what was written, when they differ."""
    if found != wanted:
        raise DayError(f"{what}: came {found}, written {wanted}")


class Day:
    """A day under way: the scheme as far as it is stated, then the switch and what was sent."""

    def __init__(self, last_section: str = "") -> None:
        """Play to the end, or to the end of a section only."""
        self.sections: list[str] = []
        self._last_section = last_section
        self._date = date(2026, 7, 5)
        self._across = "USD"
        self._banks: dict[str, Participant] = {}
        self._values: list[BinRange | Rate | StandInTerms] = []
        self._cards: dict[str, tuple[str, str]] = {}
        self._bench: Bench | None = None
        self._sent: dict[tuple[str, int, str], Message] = {}
        self._made_up: set[tuple[str, int, str]] = set()
        self._seen: dict[tuple[str, str], Message] = {}
        self._stood_in: dict[tuple[str, str], Message] = {}
        self._owed: list[tuple[str, Message]] = []
        self._told: list[str] = []
        self._setting = _readers(self, _SETTINGS)
        self._steps = _readers(self, _STEPS)

    def play(self, text: str) -> None:
        """Play every line; raises DayError with the number of the one that went wrong."""
        lines = _meant(text)
        place = 0, ""
        try:
            for place in lines:
                stated = place[1]
                if stated.startswith("== "):
                    if self._last_section and self.sections[-1:] == [self._last_section]:
                        return
                    self.sections.append(stated.split()[1])
                elif stated == "positions":
                    self._check_positions([line for _, line in lines])
                else:
                    self._take(stated)
        except (DayError, MessageError) as error:
            raise DayError(f"line {place[0]}, {place[1]}: {error}") from None

    @property
    def bench(self) -> Bench:
        """The switch; the first step starts it."""
        if self._bench is None:
            start = datetime(self._date.year, self._date.month, self._date.day, 9, tzinfo=UTC)
            self._bench = Bench(self._registry(), start=start)
        return self._bench

    def _registry(self) -> Any:
        return registry_of(scheme(self._across), *self._banks.values(), *self._values)

    def _take(self, line: str) -> None:
        if not self.sections:
            _read(line, self._setting)
            return
        found = re.match(r"(\d\d):(\d\d):(\d\d) (.*)", line)
        if found is not None:
            hours, minutes, seconds = map(int, found.groups()[:3])
            now = (self.bench.now.utc_us // 1_000_000) % 86_400
            ahead = (hours * 3600 + minutes * 60 + seconds - now) % 86_400
            if ahead:
                self.bench.wait(ahead)
            line = found.group(4)
        for step in line.split("|"):
            _read(step.strip(), self._steps)
        for name, messages in self.bench.inbox.items():
            if messages:
                raise DayError(f"{name.upper()} was also sent {messages[0]}")

    def set_date(self, day: str) -> None:
        """`day 2026-07-05`."""
        self._date = date.fromisoformat(day)

    def set_across(self, currency: str) -> None:
        """`across in USD`: what banks of different countries settle in."""
        self._across = currency

    def set_bank(self, name: str, country: str, currency: str, cap: str | None) -> None:
        """`bank SEA in TR settles TRY cap 500.00 TRY`, and its cards, billed in that currency."""
        number = len(self._banks) + 1
        caps = {} if cap is None else {cap.split()[1]: minor_units(cap)}
        self._banks[name] = bank(name, f"4001{number:02d}", country, currency, **caps)
        self._values.append(bin_range(f"9900{number:02d}", name, currency))

    def set_card(self, card: str, name: str | None, digits: str | None, expiry: str | None) -> None:
        """`card A of HILL`, `card N 9999990000000014`; `expires 2606` may follow."""
        if name is not None:
            place = list(self._banks).index(name) + 1
            digits = card_number(f"9900{place:02d}", len(self._cards) + 1)
        assert digits is not None
        self._cards[card] = (digits, expiry or "4912")

    def set_range(self, prefix: str, name: str, currency: str) -> None:
        """`cards 99000199 are of HILL billed in TRY`: a further range."""
        self._values.append(bin_range(prefix, name, currency))

    def set_stand_in(
        self, name: str, most: str, per_card: str, times: str, length_s: str, total: str
    ) -> None:
        """`stand-in for HILL 500.00 TRY each, 600.00 TRY or 3 in 3600 s, 900.00 TRY in
        all`: a window for every card and one of the same length for the bank."""
        length = int(length_s)
        self._values.append(
            stand_in(
                name,
                Window(length, "card", minor_units(per_card), int(times)),
                Window(length, "issuer", minor_units(total), 10**9),
                amount_max=minor_units(most),
                currency=most.split()[1],
            )
        )

    def set_rate(self, base: str, value: str, quote: str) -> None:
        """`rate 1 USD = 40.00 TRY`."""
        mantissa, scale = parse_rate_value(value)
        self._values.append(Rate(f"R-{len(self._values)}", base, quote, mantissa, scale, 0))

    def send(self, name: str, mti: str, words: str) -> None:
        """`SEA -> 0200 purchase card A 120.00 TRY stan 1` and its like."""
        given = _read_words(words)
        stan = int(given.pop("stan"))
        key = name, stan, _kind(mti)
        again = self._sent.get(key)
        if again is None or "anew" in given:
            message = self._new_message(name, mti, stan, given)
        else:
            message = Message(mti, dict(again.fields))
        message.fields.update(self._stated(given))
        if again is None or "anew" in given or key in self._made_up:
            self._made_up.discard(key)
            self._sent[key] = Message(mti, dict(message.fields))
        self.bench.send(name.lower(), message)

    def _new_message(self, name: str, mti: str, stan: int, given: dict[str, str]) -> Message:
        institution = self._banks[name].institution_ids[0]
        numbered: dict[str, Any] = {"f11": f"{stan:06d}", "f37": f"RRN{stan:09d}"}
        if "of" not in given:
            return self.bench.request("", 0, mti, institution, **numbered)
        original = self._original(name, given["of"])
        numbered["f37"] = str(original.fields[37])
        message = self.bench.about(original, mti, **numbered)
        message.fields[3] = original.fields[3]
        return message

    def _original(self, name: str, named: str) -> Message:
        """The message that `of 0200 1` names; one that is yet to come is made up of its STAN."""
        mti, _, stan = named.partition(" ")
        key = name, int(stan), _kind(mti)
        if key not in self._sent:
            self._sent[key] = self._new_message(name, mti, int(stan), {})
            self._made_up.add(key)
        return self._sent[key]

    def _stated(self, given: dict[str, str]) -> dict[int, str]:
        """The fields that a line states."""
        fields: dict[int, str] = {}
        if "word" in given:
            fields[3] = PROCESSING[given["word"]]
        if "card" in given:
            fields[2], fields[14] = self._cards[given["card"]]
        if "money" in given:
            fields[4] = f"{minor_units(given['money']):012d}"
            fields[49] = currency_of(given["money"].split()[1]).numeric
        if "rrn" in given:
            fields[37] = given["rrn"].ljust(12)
        if "as" in given:
            fields[32] = self._banks[given["as"]].institution_ids[0]
        if "leaving" in given:
            fields[95] = f"{minor_units(given['leaving']):012d}".ljust(42, "0")
        return fields

    def _next(self, name: str) -> Message:
        inbox = self.bench.inbox[name.lower()]
        if not inbox:
            raise DayError(f"nothing was sent to {name}")
        return inbox.pop(0)

    def asked(self, name: str, mti: str, money: str, extras: str) -> None:
        """`HILL asked 0200 120.00 TRY settles 3.00 USD bills 1.500 KWD dated 0705`."""
        message = self._next(name)
        get = message.fields.get
        expect(message.mti, mti, "type")
        expect((get(4), get(49)), _amount_fields(money), "amount")
        self._seen[str(get(32)), str(get(37))] = message
        stated = dict(re.findall(rf" (settles|bills) ({MONEY})", extras))
        for word, amount, currency in (("settles", 5, 50), ("bills", 6, 51)):
            wanted = _amount_fields(stated[word]) if word in stated else (None, None)
            expect((get(amount), get(currency)), wanted, word)
        dated = re.search(r" dated (\d{4})", extras)
        if dated is not None:
            expect(get(15), dated.group(1), "settlement date")

    def answers(self, name: str, acquirer: str, stan: str, code: str, extras: str) -> None:
        """`HILL answers SEA 1 with 00`; an echo may be wrong: `but amount 1.00 TRY`,
        `but card B`, `but stan 999999`."""
        changes: dict[str, Any] = {}
        wrong = re.fullmatch(rf" but (?:amount ({MONEY})|card ([A-Z])|stan (\d{{6}}))", extras)
        if wrong is not None:
            money, card, echoed = wrong.groups()
            if money:
                changes["f4"] = _amount_fields(money)[0]
            if card:
                changes["f2"] = self._cards[card][0]
            if echoed:
                changes["f11"] = echoed
        answer = answer_to(self._request_seen(acquirer, stan), code, **changes)
        self.bench.send(name.lower(), answer)

    def _request_seen(self, acquirer: str, stan: str) -> Message:
        """What the issuer saw of an acquirer's message."""
        for kind in ("0200", "0100"):
            sent = self._sent.get((acquirer, int(stan), kind))
            if sent is not None:
                seen = self._seen.get((str(sent.fields[32]), str(sent.fields[37])))
                if seen is not None:
                    return seen
        raise DayError(f"no issuer was asked for {acquirer} {stan}")

    def gets(self, name: str, mti: str, code: str, stan: str, dated: str | None) -> None:
        """`SEA gets 0210 00 stan 1 dated 0705`."""
        message = self._next(name)
        get = message.fields.get
        expect((message.mti, get(39), int(str(get(11)))), (mti, code, int(stan)), "reply")
        if dated is not None:
            expect(get(15), dated, "settlement date")

    def told(self, name: str, mti: str, acquirer: str, stan: str, extras: str) -> None:
        """`HILL told 0420 of SEA 1 leaving 20.00 TRY`; of a completion: `for 90.00 TRY`."""
        message = self._next(name)
        expect(message.mti, mti, "type")
        key = str(message.fields[32]), str(message.fields[37])
        seen = self._stood_in.get(key) or self._request_seen(acquirer, stan)
        named = seen.mti + str(seen.fields[11]) + str(seen.fields[7])
        expect(str(message.fields.get(90))[:20], named, "original")
        left = re.search(rf" leaving ({MONEY})", extras)
        wanted = None if left is None else f"{minor_units(left.group(1)):012d}"
        found = message.fields.get(95)
        expect(None if found is None else str(found)[:12], wanted, "what stands")
        amount = re.search(rf" for ({MONEY})", extras)
        whole = str(seen.fields[4]) if amount is None else _amount_fields(amount.group(1))[0]
        expect(message.fields[4], whole, "amount")
        self._owed.append((name, message))

    def told_stand_in(self, name: str, mti: str, money: str, asked: str | None) -> None:
        """`HILL told 0220 stand-in 120.00 TRY`; `after being asked` when it was sent the request.

        What is done to the transaction later names this message.
        """
        message = self._next(name)
        get = message.fields.get
        expect(message.mti, mti, "type")
        expect((get(4), get(49)), _amount_fields(money), "amount")
        expect((get(39), get(44)), ("00", "1" if asked else "4"), "decision")
        expect(90 in message.fields, asked is not None, "whether it names a request")
        self._stood_in[str(get(32)), str(get(37))] = message
        self._owed.append((name, message))

    def acknowledges(self, name: str, code: str | None) -> None:
        """`HILL acknowledges`: everything it was told and has not acknowledged; `with 30`."""
        due = [message for owner, message in self._owed if owner == name]
        if not due:
            raise DayError(f"{name} was told nothing")
        self._owed = [entry for entry in self._owed if entry[0] != name]
        for message in due:
            self.bench.send(name.lower(), answer_to(message, code or "00"))

    def operator(self, act: str, acquirer: str, stan: str) -> None:
        """`operator retries the advice of SEA 1`, `operator closes the advice of SEA 1`."""
        seen = self._request_seen(acquirer, stan)
        named = seen.mti + str(seen.fields[11]) + str(seen.fields[7])
        for side in self.bench.state.issuers.values():
            for advice in side.advices.owed():
                if entries.read_text(advice.record, "issuer_original") == named:
                    retried = AdviceOrdered("retry", advice.sequence, "operator")
                    closed = AdviceOrdered("close", advice.sequence, "operator", "by letter")
                    self.bench.step(retried if act == "retries" else closed)
                    return
        raise DayError(f"no advice of {acquirer} {stan} is owed")

    def dead_letters(self, name: str, count: str) -> None:
        """`dead letters of HILL 1`."""
        found = len(self.bench.state.issuer(ParticipantId(name)).advices.dead)
        expect(found, int(count), f"dead letters of {name}")

    def line_of(self, name: str, word: str) -> None:
        """`line of HILL drops`, `line of HILL returns`."""
        if word == "drops":
            self.bench.drop(name.lower())
        else:
            self.bench.up(name.lower())

    def restart(self) -> None:
        """`switch restarts`: it dies, recovers from the journal, and goes on."""
        self.bench.restart()

    def cut_over(self) -> None:
        """`cut-over`: the business day ends; every bank hears of it."""
        self.bench.step(CutOverOrdered())
        for name in self._banks:
            message = self._next(name)
            expect((message.mti, message.fields.get(70)), ("0800", "201"), name)

    def pass_time(self) -> None:
        """`time passes`: only the clock at the head of the line."""

    def change_cap(self, name: str, cap: str) -> None:
        """`cap of HILL becomes 100.00 TRY`."""
        caps = {cap.split()[1]: minor_units(cap)}
        self._banks[name] = replace(self._banks[name], net_debit_caps=caps)
        self.bench.activate(scheme(self._across), *self._banks.values(), *self._values)

    def held(self, name: str, money: str) -> None:
        """`held of HILL 120.00 TRY`."""
        account = self.bench.state.positions.account(ParticipantId(name), _amount_fields(money)[1])
        expect(account.held, minor_units(money), f"held of {name}")

    def alarm(self, name: str) -> None:
        """`alarm stray-answer`: raised since the last one of that name that was mentioned."""
        raised, told = self.bench.alarms.count(name), self._told.count(name)
        if raised <= told:
            raise DayError("no such alarm was raised")
        self._told.append(name)

    def _check_positions(self, lines: list[str]) -> None:
        """The table at the end, whole: every line that is, and none that is not."""
        wanted = []
        for line in lines:
            found = re.fullmatch(
                rf"({BANK}) ([A-Z]{{3}}) (\d{{4}}-\d\d-\d\d) ({SIGNED}) holds (\d+(?:\.\d+)?)", line
            )
            if found is None:
                raise DayError(f"{line}: no position")
            name, code, day, net, held = found.groups()
            sign = -1 if net.startswith("-") else 1
            wanted.append(
                (
                    name,
                    currency_of(code).numeric,
                    int(day.replace("-", "")),
                    sign * minor_units(f"{net.lstrip('+-')} {code}"),
                    minor_units(f"{held} {code}"),
                )
            )
        found_lines = [tuple(line) for line in standing(self.bench.state)]
        expect(sorted(found_lines), sorted(wanted), "positions")
        self.bench.expect_replay()


def _kind(mti: str) -> str:
    """Under which type a message and its repeats are one; a reversal and its advice are, too."""
    return "0400" if mti[1] == "4" else mti[:3] + "0"


def _amount_fields(money: str) -> tuple[str, str]:
    """An amount and its currency as fields: twelve digits, numeric code."""
    return f"{minor_units(money):012d}", currency_of(money.split()[1]).numeric


_SETTINGS = (
    (r"day (\d{4}-\d\d-\d\d)", "set_date"),
    (r"across in ([A-Z]{3})", "set_across"),
    (rf"bank ({BANK}) in ([A-Z]{{2}}) settles ([A-Z]{{3}})(?: cap ({MONEY}))?", "set_bank"),
    (rf"card ([A-Z]) (?:of ({BANK})|(\d{{13,19}}))(?: expires (\d{{4}}))?", "set_card"),
    (rf"cards (\d{{6,8}}) are of ({BANK}) billed in ([A-Z]{{3}})", "set_range"),
    (
        rf"stand-in for ({BANK}) ({MONEY}) each, ({MONEY}) or (\d+) in (\d+) s, ({MONEY}) in all",
        "set_stand_in",
    ),
    (r"rate 1 ([A-Z]{3}) = (\d+(?:\.\d+)?) ([A-Z]{3})", "set_rate"),
)
_STEPS = (
    (rf"({BANK}) -> (\d{{4}}) (.*)", "send"),
    (rf"({BANK}) asked (\d{{4}}) ({MONEY})({ASKED_EXTRAS}*)", "asked"),
    (rf"({BANK}) answers ({BANK}) (\d+) with ([0-9A-Z]{{2}})({WRONG_ECHO}?)", "answers"),
    (rf"({BANK}) gets (\d{{4}}) ([0-9A-Z]{{2}}) stan (\d+)(?: dated (\d{{4}}))?", "gets"),
    (rf"({BANK}) told (\d{{4}}) of ({BANK}) (\d+)((?: (?:leaving|for) {MONEY})*)", "told"),
    (rf"({BANK}) told (\d{{4}}) stand-in ({MONEY})( after being asked)?", "told_stand_in"),
    (rf"({BANK}) acknowledges(?: with (\d\d))?", "acknowledges"),
    (rf"operator (retries|closes) the advice of ({BANK}) (\d+)", "operator"),
    (rf"dead letters of ({BANK}) (\d+)", "dead_letters"),
    (rf"line of ({BANK}) (drops|returns)", "line_of"),
    (r"switch restarts", "restart"),
    (r"cut-over", "cut_over"),
    (r"time passes", "pass_time"),
    (rf"cap of ({BANK}) becomes ({MONEY})", "change_cap"),
    (rf"held of ({BANK}) ({MONEY})", "held"),
    (r"alarm ([a-z-]+)", "alarm"),
)
_WORDS = (
    ("word", re.compile(rf"({'|'.join(PROCESSING)})\b ?")),
    ("card", re.compile(r"card ([A-Z]) ?")),
    ("money", re.compile(rf"({MONEY}) ?")),
    ("stan", re.compile(r"stan (\d+) ?")),
    ("of", re.compile(r"of (\d{4} \d+) ?")),
    ("leaving", re.compile(rf"leaving ({MONEY}) ?")),
    ("rrn", re.compile(r"rrn ([A-Z0-9]{1,12}) ?")),
    ("as", re.compile(rf"as ({BANK}) ?")),
    ("anew", re.compile(r"(anew) ?")),
)
Readers = list[tuple[re.Pattern[str], Callable[..., None]]]


def _readers(day: Day, table: tuple[tuple[str, str], ...]) -> Readers:
    return [(re.compile(pattern), getattr(day, name)) for pattern, name in table]


def _read(text: str, readers: Readers) -> None:
    for pattern, act in readers:
        found = pattern.fullmatch(text)
        if found is not None:
            act(*found.groups())
            return
    raise DayError(f"this cannot be read: {text}")


def _read_words(text: str) -> dict[str, str]:
    """The words behind a message type, each at most once, in any order."""
    given: dict[str, str] = {}
    rest = text
    while rest:
        for name, pattern in _WORDS:
            found = pattern.match(rest)
            if found is not None and name not in given:
                given[name] = found.group(1)
                rest = rest[found.end() :]
                break
        else:
            raise DayError(f"this cannot be read: {rest}")
    if "stan" not in given:
        raise DayError("a message is named by its stan")
    return given


def _meant(text: str) -> Iterator[tuple[int, str]]:
    """Lines with something on them and their numbers; an indented one goes on with the last."""
    gathered: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stated = " ".join(line.partition("#")[0].split())
        if stated and line[0] == " " and gathered:
            first, begun = gathered[-1]
            gathered[-1] = first, f"{begun} | {stated}"
        elif stated:
            gathered.append((number, stated))
    return iter(gathered)


def expect_section(day_name: str, section: str) -> None:
    """Play a day as far as the end of a section, and find that the section is there."""
    day = Day(last_section=section)
    day.play((DAYS / f"{day_name}.txt").read_text(encoding="utf-8"))
    assert day.sections[-1] == section, f"{day_name}.txt has no section {section}"
    day.bench.expect_replay()


def expect_day(day_name: str) -> None:
    """Play a whole day, its positions included."""
    text = (DAYS / f"{day_name}.txt").read_text(encoding="utf-8")
    assert "\npositions\n" in text, f"{day_name}.txt does not say how it ends"
    Day().play(text)
