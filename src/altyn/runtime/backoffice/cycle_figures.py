"""What a page says of a cleared cycle: counts by outcome and reason, and the nets."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from altyn.clock import BusinessDay, calendar_date

__all__ = ["cycle_figures"]


def cycle_figures(folder: Path, business_day: BusinessDay) -> dict[str, Any]:
    """The figures of a result folder; `late_days` counts items of another business day."""
    items = pq.read_table(folder / "items.parquet", columns=["outcome", "business_day"])
    day = pa.scalar(calendar_date(business_day), pa.date32())
    other = pc.sum(pc.not_equal(items["business_day"], day)).as_py() if len(items) else 0
    reasons = pq.read_table(folder / "rejected.parquet", columns=["reason"])["reason"]
    return {
        "late_days": other,
        "outcomes": _counts(items["outcome"]),
        "rejections": _counts(reasons),
        "nets": pq.read_table(folder / "nets.parquet").to_pylist(),
    }


def _counts(words: pa.ChunkedArray) -> list[dict[str, Any]]:
    """How often each word comes, most often first."""
    counted = [(each["values"].as_py(), each["counts"].as_py()) for each in words.value_counts()]
    ordered = sorted(counted, key=lambda pair: (-pair[1], pair[0]))
    return [{"word": word, "count": count} for word, count in ordered]
