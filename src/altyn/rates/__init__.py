"""Exchange rates as central banks publish them: read whole, checked, and kept as published."""

from altyn.rates.feeds import FEEDS, Feed, FeedError, read_sheet
from altyn.rates.rate_sheet import (
    Finding,
    PublishedRate,
    Quotation,
    RateSheet,
    Remedy,
    findings,
)

__all__ = [
    "FEEDS",
    "Feed",
    "FeedError",
    "Finding",
    "PublishedRate",
    "Quotation",
    "RateSheet",
    "Remedy",
    "findings",
    "read_sheet",
]
