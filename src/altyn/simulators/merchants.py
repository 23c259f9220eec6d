"""Where the demonstration's cards are used: shops, fuel, ports, customs, the web, cash machines.

Merchant category codes are those of ISO 18245. Prices are in minor units of the currency.
"""

from typing import Final, Literal, NamedTuple

__all__ = ["MERCHANTS", "Channel", "Merchant", "merchants_of"]

Channel = Literal["shop", "web", "cash"]


class Merchant(NamedTuple):
    """A place that takes cards: `terminal_id` fills DE41 (8), `merchant_id` DE42 (15)."""

    acquirer_id: str
    terminal_id: str
    merchant_id: str
    name: str
    city: str
    country: str
    category: str
    currency: str
    price_min: int
    price_max: int
    channel: Channel = "shop"

    @property
    def location(self) -> str:
        """DE43: name (25), city (13), country (2), as ISO 8583:1987 lays it out."""
        return f"{self.name[:25]:<25}{self.city[:13]:<13}{self.country}"


# Rows: name, city, category, currency, least and greatest price, channel.
_Row = tuple[str, str, str, str, int, int, Channel]

_ROWS: Final[dict[tuple[str, str], tuple[_Row, ...]]] = {
    ("STEPKZ", "KZ"): (
        ("Dostyk Supermarket", "Almaty", "5411", "KZT", 150_000, 4_500_000, "shop"),
        ("Saryarka Pharmacy", "Astana", "5912", "KZT", 80_000, 1_200_000, "shop"),
        ("Nomad Electronics", "Almaty", "5732", "KZT", 2_500_000, 90_000_000, "shop"),
        ("Tulpar Online", "Almaty", "5399", "KZT", 300_000, 9_000_000, "web"),
        ("Step Bank Cash 014", "Astana", "6011", "KZT", 500_000, 20_000_000, "cash"),
    ),
    ("ALATAUKZ", "KZ"): (
        ("Silk Road Fuel 7", "Shymkent", "5541", "KZT", 500_000, 3_000_000, "shop"),
        ("Dry Port Gate Fees", "Khorgos", "4789", "KZT", 5_000_000, 250_000_000, "shop"),
        ("Dry Port Customs Desk", "Khorgos", "9399", "USD", 12_000, 450_000, "shop"),
        ("Caspian Pier Dues", "Aktau", "4789", "USD", 25_000, 900_000, "shop"),
        ("Alatau Cash 003", "Shymkent", "6011", "KZT", 500_000, 15_000_000, "cash"),
    ),
    ("VOLGARU", "RU"): (
        ("Beryozka Market", "Kazan", "5411", "RUB", 15_000, 650_000, "shop"),
        ("Volga Fuel 21", "Samara", "5541", "RUB", 80_000, 450_000, "shop"),
        ("Lower Quay Stores", "Astrakhan", "4225", "RUB", 500_000, 30_000_000, "shop"),
        ("Troika Books Online", "Moscow", "5942", "RUB", 30_000, 600_000, "web"),
        ("Volga Merchant Cash 9", "Kazan", "6011", "RUB", 100_000, 5_000_000, "cash"),
    ),
    ("BOSPHTR", "TR"): (
        ("Galata Market", "Istanbul", "5411", "TRY", 12_000, 700_000, "shop"),
        ("Anadolu Fuel 5", "Bursa", "5541", "TRY", 60_000, 350_000, "shop"),
        ("Strait Port Services", "Istanbul", "4789", "USD", 50_000, 1_500_000, "shop"),
        ("Pera Grand Hotel", "Istanbul", "7011", "TRY", 250_000, 6_000_000, "shop"),
        ("Bazaar Online", "Izmir", "5964", "TRY", 20_000, 900_000, "web"),
        ("Bosphorus Cash 112", "Ankara", "6011", "TRY", 50_000, 1_000_000, "cash"),
    ),
    ("PEARLKW", "KW"): (
        ("Dhow Co-op Market", "Kuwait City", "5411", "KWD", 1_250, 95_000, "shop"),
        ("Gulf Road Fuel 2", "Al Jahra", "5541", "KWD", 3_000, 18_000, "shop"),
        ("Free Zone Customs Fees", "Shuwaikh", "9399", "KWD", 25_000, 2_400_000, "shop"),
        ("Arrivals Duty Free", "Farwaniya", "5309", "USD", 1_500, 90_000, "shop"),
        ("Pearl Cash 8", "Kuwait City", "6011", "KWD", 10_000, 500_000, "cash"),
    ),
}


def _merchant(acquirer_id: str, country: str, number: int, row: _Row) -> Merchant:
    name, city, category, currency, price_min, price_max, channel = row
    return Merchant(
        acquirer_id=acquirer_id,
        terminal_id=f"{acquirer_id[:4]}{number:04d}",
        merchant_id=f"{acquirer_id[:8]:0<8}{category}{number:03d}",
        name=name,
        city=city,
        country=country,
        category=category,
        currency=currency,
        price_min=price_min,
        price_max=price_max,
        channel=channel,
    )


MERCHANTS: Final = tuple(
    _merchant(acquirer_id, country, number, row)
    for (acquirer_id, country), rows in _ROWS.items()
    for number, row in enumerate(rows, start=1)
)


def merchants_of(acquirer_id: str) -> tuple[Merchant, ...]:
    """The merchants of an acquirer, in the order of the table."""
    return tuple(merchant for merchant in MERCHANTS if merchant.acquirer_id == acquirer_id)
