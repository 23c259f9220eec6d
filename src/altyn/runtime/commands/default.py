"""`altyn default`: a participant cannot pay. Every step is the decision of two persons."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from altyn.runtime.commands.office_options import CONFIG, JSON
from altyn.runtime.commands.settlement_options import PERSONS, place_of
from altyn.runtime.output import UserError, open_console, write_json

if TYPE_CHECKING:
    from altyn.runtime.settling.place import SettlementPlace
    from altyn.settlement import Notice

__all__ = ["command"]


@click.group("default")
def command() -> None:
    """Declare that a participant cannot pay, cover what it owes, let runs go on.

    What is final stays final. What is with the bank is ended by the bank's answer alone.
    """


@command.command()
@click.argument("participant")
@click.option("--reason", required=True, help="Why, in words.")
@PERSONS
@CONFIG
@JSON
def declare(
    participant: str,
    reason: str,
    persons: tuple[str, ...],
    settings_path: Path,
    json_path: str | None,
) -> None:
    """Hold every run in which PARTICIPANT would still have to pay.

    The switch goes on sending it requests until its state in the scheme file is suspended.
    """
    from altyn.identifiers import ParticipantId  # noqa: PLC0415 heavy when used
    from altyn.settlement import Defaulted, Suspended, notices_of  # noqa: PLC0415

    place = place_of(settings_path)
    _require_known(place, participant)
    with place.held() as desk:
        books = desk.books
        step = books.desk.default(ParticipantId(participant), reason, persons, books.now_us())
        desk.line.take(step)
    everybody = tuple(place.registry.participants)
    notices = [
        notice
        for fact in step.facts
        if isinstance(fact, Defaulted)
        for notice in notices_of(fact, everybody, "")
    ]
    held = [fact.run for fact in step.facts if isinstance(fact, Suspended)]
    _show(notices, json_path, held=held)
    if json_path != "-":
        words = f"Held: {', '.join(held)}." if held else "No run had to be held."
        click.echo(f"{words} Suspend it in the scheme file, too.")


@command.command()
@click.argument("run")
@click.option("--failing", multiple=True, required=True, help="Whose shortfall; may be repeated.")
@PERSONS
@CONFIG
@JSON
def cover(
    run: str,
    failing: tuple[str, ...],
    persons: tuple[str, ...],
    settings_path: Path,
    json_path: str | None,
) -> None:
    """Let others bear what the failing ones owe in RUN: own collateral, own share of the fund, the
    fund, then the others up to their limits. Then settle the cycle again."""
    from altyn.identifiers import ParticipantId  # noqa: PLC0415 heavy when used
    from altyn.settlement import notices_of, resources_in  # noqa: PLC0415

    place = place_of(settings_path)
    with place.held() as desk:
        books, rules = desk.books, desk.rules
        currency = books.desk.run(run).currency
        stated = rules.rules.resources(currency, rules.today)
        resources = resources_in(books.book, currency, stated.weights, stated.limits)
        names = [ParticipantId(each) for each in failing]
        step = books.desk.cover(run, names, resources, persons, books.now_us())
        desk.line.take(step)
    notices = [notice for fact in step.facts for notice in notices_of(fact, (), currency)]
    _show(notices, json_path, run=run)


@command.command()
@click.argument("run")
@click.option("--reason", required=True, help="What was put right.")
@PERSONS
@CONFIG
def release(run: str, reason: str, persons: tuple[str, ...], settings_path: Path) -> None:
    """Let a held or refused RUN go on as it was. Then settle the cycle again."""
    with place_of(settings_path).held() as desk:
        desk.line.take(desk.books.desk.release(run, reason, persons, desk.books.now_us()))
    click.echo(f"{run} may go on; settle its cycle again.")


def _require_known(place: "SettlementPlace", participant: str) -> None:
    if participant not in place.registry.participants:
        raise UserError(
            "no participant of the scheme has this id",
            where="PARTICIPANT",
            do="name an id of the scheme file",
        )


def _show(notices: "list[Notice]", json_path: str | None, **words: object) -> None:
    from altyn.runtime.settling.run_page import (  # noqa: PLC0415 heavy when used
        notice_object,
        show_notices,
    )

    if json_path:
        write_json(json_path, {**words, "notices": [notice_object(each) for each in notices]})
    if json_path != "-":
        show_notices(open_console(), notices)
