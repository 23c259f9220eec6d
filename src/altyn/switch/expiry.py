"""Whether a card's month has passed."""

from typing import Final

from altyn.clock import utc_datetime

EXPIRY_PIVOT: Final = "50"
"""Expiry years 00 to 49 are of this century; later ones have passed (T11)."""

_this_month: tuple[int, str] = (-1, "")


def has_expired(expiry: str, now_us: int) -> bool:
    """Whether a card's month (YYMM) has passed, or there is no such month.

    A card is good to the end of its month (T10); a blank expiry has not passed.
    """
    global _this_month  # noqa: PLW0603 a cache of a pure function of the hour
    hour = now_us // 3_600_000_000
    if _this_month[0] != hour:
        _this_month = (hour, utc_datetime(now_us).strftime("%y%m"))
    if expiry == "    ":
        return False
    return expiry < _this_month[1] or expiry >= EXPIRY_PIVOT or not "01" <= expiry[2:] <= "12"
