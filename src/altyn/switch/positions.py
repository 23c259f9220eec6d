"""What each participant owes or is owed, and holds that may still become debts.

Every posting takes from one participant what it gives to another, so the positions of a
currency sum to zero after every entry (I1).
"""

from typing import NamedTuple

from altyn.clock import BusinessDay
from altyn.identifiers import ParticipantId


class Account:
    """One participant in one currency, minor units. A negative `net` is owed by it."""

    __slots__ = ("by_day", "held", "net")

    def __init__(self) -> None:
        """Nothing owed, nothing held."""
        self.net = 0
        self.held = 0
        self.by_day: dict[BusinessDay, int] = {}


class PositionLine(NamedTuple):
    """A position as reported: net of one business day, and holds outstanding now."""

    participant: ParticipantId
    currency: str
    business_day: BusinessDay
    net: int
    held: int


class Positions:
    """Accounts by participant and settlement currency (numeric code)."""

    __slots__ = ("_accounts",)

    def __init__(self) -> None:
        """No accounts yet; they open as they are needed."""
        self._accounts: dict[tuple[ParticipantId, str], Account] = {}

    def account(self, participant: ParticipantId, currency: str) -> Account:
        """The account of a participant in a currency."""
        key = (participant, currency)
        found = self._accounts.get(key)
        if found is None:
            found = self._accounts[key] = Account()
        return found

    def exposure(self, participant: ParticipantId, currency: str) -> int:
        """What a participant may have to pay: unsettled debt plus holds."""
        account = self.account(participant, currency)
        return account.held - account.net

    def change(
        self,
        debtor: ParticipantId,
        creditor: ParticipantId,
        currency: str,
        day: BusinessDay,
        held_change: int,
        posted_change: int,
    ) -> None:
        """Change the debtor's holds, and move an amount from debtor to creditor."""
        account = self.account(debtor, currency)
        account.held += held_change
        if posted_change:
            other = self.account(creditor, currency)
            account.net -= posted_change
            account.by_day[day] = account.by_day.get(day, 0) - posted_change
            other.net += posted_change
            other.by_day[day] = other.by_day.get(day, 0) + posted_change

    def lines(self) -> list[PositionLine]:
        """Every position that is or was, sorted by currency, participant and day."""
        lines = [
            PositionLine(participant, currency, day, net, account.held)
            for (participant, currency), account in self._accounts.items()
            for day, net in (account.by_day or {0: 0}).items()
        ]
        return sorted(lines, key=lambda line: (line.currency, line.participant, line.business_day))

    def imbalances(self) -> dict[str, int]:
        """The sum over all participants per currency, where it is not zero: always empty."""
        sums: dict[str, int] = {}
        for (_, currency), account in self._accounts.items():
            sums[currency] = sums.get(currency, 0) + account.net
        return {currency: total for currency, total in sums.items() if total}

    def dump(self) -> list[list[object]]:
        """The accounts as JSON can carry them; `load` is the inverse."""
        return [
            [participant, currency, account.net, account.held, sorted(account.by_day.items())]
            for (participant, currency), account in sorted(self._accounts.items())
        ]

    def load(self, dumped: list[list[object]]) -> None:
        """Take the accounts of a `dump`."""
        for participant, currency, net, held, by_day in dumped:
            account = self.account(ParticipantId(str(participant)), str(currency))
            assert isinstance(net, int) and isinstance(held, int) and isinstance(by_day, list)
            account.net, account.held = net, held
            account.by_day = {int(day): int(amount) for day, amount in by_day}
