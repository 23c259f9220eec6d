"""One simulated bank as a process: `python -m altyn.runtime.demo.bank_process --spec FILE`.

It speaks ISO 8583 over TCP to the switch and JSON Lines to whoever started it. Orders on standard
input: {"order": "play", "phase": P}, {"order": "present", ...} (`claim_files`), go-away, come-back,
write-books, stop; the end of the input stops it too, so it never outlives its parent. Reports on
standard output carry the key "report": line, figures, phase-done, away, presented, books-written,
unreadable, unknown-order, stopped.
"""

import asyncio
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from altyn.message import Message, MessageError, load_codec
from altyn.runtime.demo.bank_books import MessageLog, acquirer_books, issuer_books
from altyn.runtime.demo.bank_line import BankLine, LinePeer
from altyn.runtime.demo.bank_spec import BankSpec, read_bank_spec
from altyn.runtime.demo.claim_files import ClaimFile, write_claims
from altyn.runtime.output import UserError, write_json
from altyn.simulators import (
    PHASES,
    AcquirerTerms,
    ClaimBook,
    Day,
    Moment,
    SimulatedAcquirer,
    SimulatedIssuer,
    TradeSide,
    bank_of,
    deck,
)

__all__ = ["BankProcess", "main"]

TICK_S: Final = 0.05
REPORT_EVERY_TICKS: Final = 4
SIGN_ON_PATIENCE_S: Final = 3.0
# Issuers are back before acquirers, or the first purchases after a restart would find nobody.
RECONNECT_AFTER_S: Final = {"issuer": 0.05, "acquirer": 0.3}


def _moment() -> Moment:
    return Moment(datetime.now(UTC), time.monotonic_ns() // 1000)


class BankProcess(LinePeer):
    """A bank of `altyn.simulators` with a line, a clock, a log and somebody who gives orders."""

    def __init__(self, spec: BankSpec, report: Callable[[dict[str, Any]], None]) -> None:
        """Make the bank; raises UserError for a bank or role that the demonstration lacks."""
        self.spec = spec
        self._report = report
        self._codec = load_codec(spec.dialect)
        self._log = MessageLog(spec.log)
        self.line = BankLine(self, spec.mode, spec.host, spec.port, RECONNECT_AFTER_S[spec.role])
        self.acquirer: SimulatedAcquirer | None = None
        self.issuer: SimulatedIssuer | None = None
        self._day: Day | None = None
        self._claims: ClaimBook | None = None
        self._make_bank(spec)
        self._phase = ""
        self._latencies_told = 0
        self._surprises_told = 0
        self._told: dict[str, Any] = {}
        self._line_up_s = 0.0
        self._leaving: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    def _make_bank(self, spec: BankSpec) -> None:
        try:
            bank = bank_of(spec.bank_id)
        except LookupError as error:
            raise UserError("no bank of the demonstration has this id", where="bank_id") from error
        if spec.role == "issuer":
            cards = deck(spec.seed, bank)
            self.issuer = SimulatedIssuer(bank.institution_id, cards, spec.first_stan)
            return
        side = TradeSide(bank.institution_id, bank.utc_offset_hours)
        terms = AcquirerTerms(spec.answer_timeout_ms, spec.repeats_max)
        self.acquirer = SimulatedAcquirer(side, terms, spec.first_stan)
        self._claims = ClaimBook(self.acquirer)
        self._day = Day(spec.seed, spec.transactions, spec.bank_id)

    @property
    def bank(self) -> SimulatedAcquirer | SimulatedIssuer:
        """The acquirer or the issuer that this process is."""
        bank = self.acquirer or self.issuer
        assert bank is not None, "a bank process is an acquirer or an issuer"
        return bank

    # What the line tells.

    def line_up(self) -> None:
        """Sign on."""
        self._line_up_s = time.monotonic()
        self._send(self.bank.connected(_moment()))
        self._report({"report": "line", "state": "up"})

    def line_down(self) -> None:
        """Remember what is open; it goes out again when the line is back."""
        self.bank.disconnected()
        self._log.flush()
        self._report({"report": "line", "state": "down"})

    def frames_arrived(self, frames: list[bytes]) -> None:
        """Hand each message to the bank and send what it says."""
        moment = _moment()
        was_signed_on = self.bank.signed_on
        messages: list[Message] = []
        for frame in frames:
            try:
                message = self._codec.decode(frame)
            except MessageError as error:
                self._report({"report": "unreadable", "field": error.field})
                continue
            self._log.write("got", message)
            messages += self.bank.receive(message, moment)
        if self.acquirer is not None:
            messages += self.acquirer.due(moment)
        if self.spec.answer_delay_ms and self.issuer is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self.spec.answer_delay_ms / 1000, self._send, messages)
        else:
            self._send(messages)
        if self.bank.signed_on and not was_signed_on:
            self._report({"report": "line", "state": "signed-on"})
        self._end_phase_when_idle()

    def _send(self, messages: list[Message]) -> None:
        for message in messages:
            self._log.write("sent", message)
        self.line.send([self._codec.encode(message) for message in messages])
        self._log.flush()

    # Orders and time.

    def obey(self, order: dict[str, Any]) -> None:
        """Carry out an order; one that is not known is reported and ignored."""
        name = order.get("order")
        if name == "play" and self._day is not None:
            self.play(str(order.get("phase")))
        elif name == "go-away":
            self._leaving = asyncio.get_running_loop().create_task(self._go_away())
        elif name == "come-back":
            self.line.open()
        elif name == "present" and self._claims is not None:
            self._report({"report": "presented", **self._present(order)})
        elif name == "write-books":
            self._write_books()
            self._report({"report": "books-written"})
        elif name == "stop":
            self._stop.set()
        else:
            self._report({"report": "unknown-order"})

    def play(self, phase: str) -> None:
        """Begin a phase of the day."""
        assert self.acquirer is not None, "only an acquirer plays"
        assert self._day is not None, "an acquirer has a day"
        found = next((each for each in PHASES if each.name == phase), None)
        if found is None:
            raise UserError("there is no phase of this name", where="phases")
        self._phase = phase
        self.acquirer.begin(self._day.plays(phase), self.spec.window or found.window)
        self._send(self.acquirer.due(_moment()))
        self._end_phase_when_idle()

    def _present(self, order: dict[str, Any]) -> dict[str, Any]:
        """Write the presentment file that is ordered; what it holds, in figures."""
        assert self._claims is not None, "only an acquirer presents"
        local = datetime.now(UTC) + timedelta(hours=bank_of(self.spec.bank_id).utc_offset_hours)
        claims = self._claims.claim(local)
        file = ClaimFile(**{name: order[name] for name in ClaimFile._fields})
        write_claims(file, self.spec.bank_id, claims)
        mistakes = Counter(claim.mistake for claim in claims if claim.mistake)
        return {"file_id": file.file_id, "records": len(claims), "mistakes": dict(mistakes)}

    async def _go_away(self) -> None:
        self._send(self.bank.sign_off(_moment()))
        await self.line.close()
        self._report({"report": "away"})

    def _end_phase_when_idle(self) -> None:
        if self._phase and self.acquirer is not None and self.acquirer.idle:
            phase, self._phase = self._phase, ""
            self._report_figures()
            self._report({"report": "phase-done", "phase": phase})

    def _tick(self) -> None:
        if self.acquirer is not None and self.line.is_up:
            self._send(self.acquirer.due(_moment()))
        patient = time.monotonic() - self._line_up_s < SIGN_ON_PATIENCE_S
        if self.line.is_up and not self.bank.signed_on and not patient:
            self.line.restart()

    def _report_figures(self) -> None:
        figures = self._figures()
        if figures != self._told:
            self._told = dict(figures)
            if self.acquirer is not None:
                figures |= self._news_of_acquirer(self.acquirer)
            self._report({"report": "figures", **figures})

    def _figures(self) -> dict[str, Any]:
        if self.issuer is not None:
            return self.issuer.figures._asdict()
        assert self.acquirer is not None, "a bank process is an acquirer or an issuer"
        tally = self.acquirer.tally
        return {
            "sent": tally.sent,
            "answered": tally.answered,
            "plays_done": tally.plays_done,
            "late": tally.late,
            "waiting": self.acquirer.unanswered,
            "outcomes": dict(tally.outcomes),
        }

    def _news_of_acquirer(self, acquirer: SimulatedAcquirer) -> dict[str, Any]:
        """Latencies and surprises since the last report."""
        tally = acquirer.tally
        latencies_us = tally.latencies_us[self._latencies_told :]
        surprises = tally.surprises[self._surprises_told :]
        self._latencies_told = len(tally.latencies_us)
        self._surprises_told = len(tally.surprises)
        return {"latencies_us": latencies_us, "surprises": [s._asdict() for s in surprises]}

    async def run(self) -> None:
        """Live until stopped: by order, by the end of the input, or by the end of the script."""
        line = asyncio.create_task(self.line.run())
        self.line.open()
        try:
            for phase in self.spec.phases:
                await self._play_whole(phase)
            if not (self.spec.phases and self.spec.stop_when_done):
                await self._keep_ticking(lambda: False)
        finally:
            line.cancel()
            await asyncio.gather(line, return_exceptions=True)
            self._finish()

    async def _play_whole(self, phase: str) -> None:
        self.play(phase)
        await self._keep_ticking(lambda: not self._phase)

    async def _keep_ticking(self, done: Callable[[], bool]) -> None:
        ticks = 0
        while not self._stop.is_set() and not done():
            ticks += 1
            self._tick()
            if ticks % REPORT_EVERY_TICKS == 0:
                self._report_figures()
            await asyncio.sleep(TICK_S)

    def _finish(self) -> None:
        self._report_figures()
        self._log.close()
        self._write_books()
        self._report({"report": "stopped"})

    def _write_books(self) -> None:
        if self.spec.books and self.issuer is not None:
            write_json(self.spec.books, issuer_books(self.issuer))
        elif self.spec.books and self.acquirer is not None:
            write_json(self.spec.books, acquirer_books(self.acquirer))

    def stop(self) -> None:
        """End soon and in order."""
        self._stop.set()


def _print_report(report: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(report, separators=(",", ":")) + "\n")
    sys.stdout.flush()


async def _follow_orders(bank: BankProcess) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        try:
            bank.obey(json.loads(line))
        except (ValueError, UserError):
            _print_report({"report": "unknown-order"})
    bank.stop()


async def _live(spec: BankSpec) -> None:
    bank = BankProcess(spec, _print_report)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, bank.stop)
    faults: list[dict[str, Any]] = []

    def fail(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A fault of our own must end the process, not only the connection it happened on."""
        faults.append(context)
        bank.stop()

    loop.set_exception_handler(fail)
    orders = None
    if spec.follow_orders:
        # Ctrl-C reaches every process of a terminal; the parent decides what it means.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        orders = asyncio.create_task(_follow_orders(bank))
    try:
        await bank.run()
    finally:
        if orders is not None:
            orders.cancel()
    for context in faults:
        raise context.get("exception") or RuntimeError(context["message"])


@click.command()
@click.option("--spec", "spec_path", required=True, type=click.Path(path_type=Path))
def main(spec_path: Path) -> None:
    """Run one simulated bank from its spec file."""
    try:
        asyncio.run(_live(read_bank_spec(spec_path)))
    except UserError as error:
        raise click.ClickException(str(error)) from error
    except BrokenPipeError:
        # Nobody listens any more: the parent is gone, and so are we.
        sys.stderr.close()


if __name__ == "__main__":
    main()
