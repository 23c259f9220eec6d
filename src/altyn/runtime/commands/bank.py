"""`altyn bank`: a simulated settlement bank at the other end of the folders."""

import signal
import time
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from altyn.runtime.settlement_bank.bank_service import BankService
    from altyn.runtime.settlement_bank.conduct import Conduct

__all__ = ["command"]

_POLL_S: Final = 0.05
_FOLDER = click.Path(file_okay=False, path_type=Path)


def _script(
    _context: click.Context, _parameter: click.Parameter, text: str
) -> "tuple[Conduct, ...]":
    from altyn.runtime.settlement_bank.conduct import parse_conduct  # noqa: PLC0415 heavy when used

    try:
        return parse_conduct(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _amount(_context: click.Context, _parameter: click.Parameter, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise click.BadParameter("an amount such as 1000000.00 is expected") from error


@click.command("bank")
@click.option("--outbox", required=True, type=_FOLDER, help="The scheme's outbox: read here.")
@click.option("--inbox", required=True, type=_FOLDER, help="The scheme's inbox: written here.")
@click.option(
    "--books",
    default="settlement-bank/books.json",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The bank's own books.",
)
@click.option(
    "--accounts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Accounts to open: CSV with number, currency, purpose, perhaps balance.",
)
@click.option(
    "--balance",
    default="1000000000",
    show_default=True,
    callback=_amount,
    help="What an account without a stated balance begins with, in whole units.",
)
@click.option(
    "--script",
    default="accept",
    show_default=True,
    callback=_script,
    help="What to do with new orders, in turn; the last word stays.",
)
@click.option("--statement-at", metavar="HH:MM", help="When the bank's day ends, UTC.")
@click.option("--statement-now", is_flag=True, help="Write a statement of each account and leave.")
@click.option("--once", is_flag=True, help="Take in what lies there and leave.")
def command(
    outbox: Path,
    inbox: Path,
    books: Path,
    accounts: Path | None,
    balance: Decimal,
    script: "tuple[Conduct, ...]",
    statement_at: str | None,
    statement_now: bool,
    once: bool,
) -> None:
    """Play the settlement bank: take orders, book them, answer.

    Takes pacs.029, pacs.009 and pacs.028 out of the outbox; writes pacs.002, camt.054 and, when its
    day ends, camt.053 into the inbox. Its books are in a file of its own.

    \b
    --script accept                     book it and say so
    --script reject:AM04,accept         refuse the first order, take the others
    --script delay:5s                   say pending, book later
    --script repeat                     answer twice
    --script die-before-answer          lose the order and die
    --script die-after-booking          book it and die

    Exit code: 0 it was stopped, 3 it died as it was told, 1 it could not work.
    """
    from altyn.runtime.settlement_bank.bank_books import held_books  # noqa: PLC0415 heavy when used
    from altyn.runtime.settlement_bank.bank_service import (  # noqa: PLC0415
        BankFolders,
        BankService,
    )

    day_end = _day_end(statement_at)
    with held_books(books, accounts, balance) as held:
        service = BankService(BankFolders(outbox, inbox, books), held, script, _utc_us, click.echo)
        service.work()
        if statement_now:
            service.state()
        if not once and not statement_now:
            _serve(service, day_end)


def _utc_us() -> int:
    return time.time_ns() // 1000


def _day_end(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    try:
        moment = datetime.strptime(text, "%H:%M")  # noqa: DTZ007 a time of day has no zone
    except ValueError as error:
        raise click.BadParameter(
            "a time such as 18:00 is expected", param_hint="--statement-at"
        ) from error
    return moment.hour, moment.minute


def _serve(service: "BankService", day_end: tuple[int, int] | None) -> None:
    """Work until a signal says that it is enough."""
    stopped = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    click.echo("The settlement bank is open.")
    while not stopped:
        if not service.work():
            time.sleep(_POLL_S)
        if day_end is not None and _is_due(service, day_end):
            service.state()


def _is_due(service: "BankService", day_end: tuple[int, int]) -> bool:
    """Whether today's end has passed since the last statement."""
    now = datetime.now(UTC)
    end = now.replace(hour=day_end[0], minute=day_end[1], second=0, microsecond=0)
    end_us = int(end.timestamp()) * 1_000_000
    return now >= end and service.stated_us < end_us
