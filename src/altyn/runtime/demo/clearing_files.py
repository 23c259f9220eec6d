"""Rules of clearing and settlement for the demonstration's scheme, and its settlement bank.

An ordinary clearing.toml: `altyn check` accepts it, `altyn fees show` prints its prices. Banks,
accounts and prices are invented.
"""

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from altyn.simulators import BANKS, Bank

__all__ = ["CYCLES", "noon_zone", "write_clearing_rules", "write_settlement_bank"]

CYCLES: Final = 2
SPONSORED: Final = {"ALATAUKZ": "STEPKZ"}
"""Who settles through whom."""
NOON: Final = 12
SCHEME_BIC: Final = "ALTNKZ22"
BANK_BIC: Final = "SETLKZ22"
CROSS_BORDER_CURRENCY: Final = "USD"

_HEAD: Final = """\
# Rules of clearing of the demonstration, written by `altyn demo`. All of it is invented.

# Two cycles a day. The demonstration ends them early, since it does not last that long.
[[cycles]]
effective = "2026-01-01"
cut_offs = ["18:00", "23:30"]
rate_days_max = 0

[[terms]]
id = "rest"
effective = "2026-01-01"
tolerance = "0"
open_days = 7
late_days = 7
refuse_days = 30
unauthorized = "accept"
rate = "authorization"

[[terms]]
id = "hotels"
effective = "2026-01-01"
categories = "7011"
tolerance = "15"
open_days = 30
late_days = 30
refuse_days = 60
unauthorized = "accept"
rate = "authorization"

[[bank]]
effective = "2026-01-01"
bic = "SETLKZ22"
scheme_bic = "ALTNKZ22"
form = "multilateral"
answer_timeout_s = 60
"""


_TO_ISSUER: Final = 'payer = "acquirer"\nshares = { issuer = "100" }'
_TO_ACQUIRER: Final = 'payer = "issuer"\nshares = { acquirer = "100" }'
_FROM_ISSUER: Final = 'payer = "issuer"\nshares = { scheme = "100" }'
_FROM_ACQUIRER: Final = 'payer = "acquirer"\nshares = { scheme = "100" }'
_MARGIN: Final = 'payer = "acquirer"\nshares = { issuer = "37", scheme = "63" }'
_FEES: Final = (
    ("ich-rest", "interchange", _TO_ISSUER, 'percent = "1.20"'),
    ("ich-chip", "interchange", _TO_ISSUER, 'entry_mode = "05"\npercent = "0.90"'),
    ("ich-market", "interchange", _TO_ISSUER, 'categories = "5411"\npercent = "0.60"'),
    ("ich-fuel", "interchange", _TO_ISSUER, 'categories = "5541"\npercent = "0.45"'),
    (
        "ich-abroad",
        "interchange",
        _TO_ISSUER,
        'leg = "cross-border"\ncurrency = "USD"\npercent = "1.10"\nfixed = 5\ncap = 50000',
    ),
    ("ich-cash", "interchange", _TO_ACQUIRER, 'processing = "01"\npercent = "0.50"'),
    ("ich-refund", "interchange", _TO_ACQUIRER, 'processing = "20"\npercent = "1.20"'),
    ("sch-issuer", "scheme-issuer", _FROM_ISSUER, 'percent = "0.05"'),
    ("sch-acquirer", "scheme-acquirer", _FROM_ACQUIRER, 'percent = "0.08"'),
    (
        "sch-acquirer-kzt",
        "scheme-acquirer",
        _FROM_ACQUIRER,
        'currency = "KZT"\npercent = "0.08"\nfloor = 200\ncap = 100000',
    ),
    (
        "margin",
        "conversion-margin",
        _MARGIN,
        'converted = "yes"\npercent = "0.50"\nrounding = "half-even"',
    ),
)
"""Rule, fee, who pays whom, and the price; the most specific rule of a fee holds."""


class SettlementAccount(NamedTuple):
    """An account at the settlement bank; `purpose` as the rules name it."""

    number: str
    currency: str
    purpose: str
    holder: str
    name: str
    bic: str


def noon_zone(now: datetime) -> str:
    """The time zone in which it is noon at an instant in UTC, so that no day ends meanwhile."""
    hours = NOON - now.hour
    # These names count hours west of Greenwich (IANA time zone database, file etcetera).
    return "UTC" if hours == 0 else f"Etc/GMT{-hours:+d}"


def write_clearing_rules(path: Path, year: int) -> None:
    """Write clearing.toml; calendars are of this year and the next."""
    parts = [_HEAD]
    parts += [_fee_text(*fee) for fee in _FEES]
    for participant, agent in SPONSORED.items():
        parts.append(
            f'\n[[agent]]\nparticipant = "{participant}"\nagent = "{agent}"\n'
            'effective = "2026-01-01"\n'
        )
    parts += [_account_text(account) for account in _accounts()]
    for currency in _currencies():
        # Open every day, or the demonstration would rest on Sundays.
        parts.append(
            f'\n[[calendar]]\ncurrency = "{currency}"\nyears = [{year}, {year + 1}]\n'
            "rest_days = []\nholidays = []\n"
        )
    path.write_text("".join(parts), encoding="utf-8")


def write_settlement_bank(path: Path) -> None:
    """Write the accounts that the simulated settlement bank is to open."""
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(("number", "currency", "purpose"))
        for account in _accounts():
            writer.writerow((account.number, account.currency, account.purpose))


def _fee_text(rule: str, fee: str, parties: str, price: str) -> str:
    return f"""
[[fee]]
id = "{rule}"
fee = "{fee}"
effective = "2026-01-01"
{parties}
{price}
"""


def _account_text(account: SettlementAccount) -> str:
    return f"""
[[account]]
purpose = "{account.purpose}"
holder = "{account.holder}"
currency = "{account.currency}"
number = "{account.number}"
bic = "{account.bic}"
name = "{account.name}"
effective = "2026-01-01"
"""


def _currencies() -> list[str]:
    return sorted({bank.currency for bank in BANKS} | {CROSS_BORDER_CURRENCY})


def _accounts() -> Iterator[SettlementAccount]:
    for currency in _currencies():
        for number, purpose in enumerate(("clearing", "fees", "residue"), start=1):
            yield SettlementAccount(
                f"KZ00ALTN{currency}{number:010d}",
                currency,
                purpose,
                "SCHEME",
                f"Demonstration scheme, {purpose}",
                SCHEME_BIC,
            )
    for bank in BANKS:
        if bank.bank_id not in SPONSORED:
            yield from _accounts_of(bank)


def _accounts_of(bank: Bank) -> Iterator[SettlementAccount]:
    for currency in sorted({bank.currency, CROSS_BORDER_CURRENCY}):
        yield SettlementAccount(
            f"{bank.country}00{bank.bank_id[:4]}{currency}0000000001",
            currency,
            "settlement",
            bank.bank_id,
            bank.name,
            f"{bank.bank_id[:4]}{bank.country}22",
        )
