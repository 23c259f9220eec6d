"""What settlement takes over from clearing: the nets of a cycle, from its result folder."""

from pathlib import Path
from typing import Final, NamedTuple

import pyarrow.parquet as pq

from altyn.clock import BusinessDay
from altyn.identifiers import ParticipantId
from altyn.ledger import AccountKind
from altyn.money import currency_of
from altyn.settlement import Net

__all__ = ["CLEARED", "NETS_FILE", "NETS_TABLE", "ClearedCycle", "read_nets"]

CLEARED: Final = "cycle-cleared"
"""The kind of the fact by which clearing names its results; its key is the cycle."""
NETS_TABLE: Final = "nets"
NETS_FILE: Final = "nets.parquet"
_COLUMNS: Final = ("settlement_currency", "participant", "agent", "account", "minor_units")


class ClearedCycle(NamedTuple):
    """A cycle that was cleared: nets by alphabetic currency, and the digest of the result they
    are of, in hexadecimal."""

    cycle: str
    business_day: BusinessDay
    nets: dict[str, tuple[Net, ...]]
    source_hash: str


def read_nets(file: Path) -> dict[str, tuple[Net, ...]]:
    """The nets of a result, by alphabetic currency (`clearing.tables.NETS`)."""
    rows = pq.read_table(file, columns=list(_COLUMNS)).to_pylist()
    found: dict[str, list[Net]] = {}
    for row in rows:
        net = Net(
            ParticipantId(row["participant"]),
            ParticipantId(row["agent"]),
            row["minor_units"],
            AccountKind(row["account"]),
        )
        found.setdefault(currency_of(row["settlement_currency"]).alpha, []).append(net)
    return {currency: tuple(nets) for currency, nets in found.items()}
