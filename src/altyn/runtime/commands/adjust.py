"""`altyn adjust`: put right what a closed cycle booked, by two persons, in a later one."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from altyn.runtime.commands.office_options import CONFIG
from altyn.runtime.commands.settlement_options import PERSONS, place_of
from altyn.runtime.output import UserError

if TYPE_CHECKING:
    from altyn.ledger import Account
    from altyn.runtime.settling.settlement_turn import TurnRules

__all__ = ["command"]


@click.command("adjust")
@click.option("--reference", required=True, help="Your name of it, up to 40 characters.")
@click.option("--corrects", required=True, help="The posting: 2026-11-23/1/KZT/priced.")
@click.option("--payer", required=True, help="A participant, or SCHEME for its fees.")
@click.option("--receiver", required=True, help="A participant, or SCHEME for its fees.")
@click.option("--amount", required=True, help="As in 1250.00.")
@click.option("--currency", required=True, metavar="CODE", help="As in KZT.")
@click.option("--reason", required=True, help="Why, in words.")
@PERSONS
@CONFIG
def command(
    reference: str,
    corrects: str,
    payer: str,
    receiver: str,
    amount: str,
    currency: str,
    reason: str,
    persons: tuple[str, ...],
    settings_path: Path,
) -> None:
    """Book an adjustment of a closed cycle; the next run of its currency settles it.

    A closed cycle is never changed. Two persons are named; the same reference again books nothing
    more.

    \b
    altyn adjust --reference T-17 --corrects 2026-11-23/1/KZT/priced --payer SEA --receiver HILL
        --amount 1250.00 --currency KZT --reason "cleared twice" --by ann --by ben
    """
    from altyn.ledger import Leg  # noqa: PLC0415 heavy when used
    from altyn.settlement import adjustment_of, read_amount  # noqa: PLC0415

    place = place_of(settings_path)
    try:
        units = read_amount(amount, currency)
    except ValueError as error:
        raise UserError(str(error), where="--amount", do="write it as in 1250.00") from error
    if payer == receiver:
        raise UserError("payer and receiver are the same", do="name two")
    with place.held() as desk:
        rules = desk.rules
        legs = (
            Leg(_account(rules, payer, currency), -units),
            Leg(_account(rules, receiver, currency), units),
        )
        posting = adjustment_of(reference, corrects, rules.today, reason, legs, persons)
        known = {each.key: each for each in desk.books.book}.get(posting.key)
        if known is not None:
            posting = posting._replace(business_day=known.business_day)
        desk.books.record((), (posting,))
    booked = "known already" if known is not None else "booked"
    click.echo(f"{posting.key}: {booked}; the next run in {currency} settles it.")


def _account(rules: "TurnRules", name: str, currency: str) -> "Account":
    """What a participant owes or is owed: on the account of who settles for it."""
    from altyn.identifiers import ParticipantId  # noqa: PLC0415 heavy when used
    from altyn.ledger import SCHEME, Account, AccountKind  # noqa: PLC0415

    if name == SCHEME:
        return Account(AccountKind.FEES, SCHEME, currency)
    agent = rules.rules.agent(ParticipantId(name), rules.today)
    if Account(AccountKind.SETTLEMENT, agent, currency) not in rules.terms.correspondence.accounts:
        raise UserError(
            "nobody settles for this participant in this currency",
            where="--payer, --receiver",
            do="name participants with an [[account]] in the rules",
        )
    return Account(AccountKind.OBLIGATION, agent, currency)
