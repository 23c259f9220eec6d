"""A measurement as people read it: what was reached, what it cost, and the lines it is held to."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from altyn.runtime.load.measurement import Measurement, ProfileFigures

__all__ = ["Line", "lines_of", "render"]

_MS: Final = 1000.0
# What an idle Linux machine does by itself stays below this; in processors.
_BESIDE_MAX: Final = 0.1
_PAUSE_MAX_S: Final = 0.25
_MIB: Final = 1 << 20
_RATE: Final = 20_000.0
_WINDOW: Final = 64
_SLOW_FLUSH_MS: Final = 5
_RATE_SLOW_FLUSH: Final = 15_000.0
_WINDOW_SLOW_FLUSH: Final = 512
_LATENCY_RATE: Final = 1000.0


class Line(NamedTuple):
    """A figure beside the line it is held to.

    `reached` is rate / line or line / latency: at least 1 when the line is held.
    """

    profile: str
    what: str
    figure: float
    line: float
    reached: float


def lines_of(measurement: Measurement) -> list[Line]:
    """The figures for which the project promises something, each with its line.

    Closed loops of 64 in flight or more: 20,000 authorizations a second, p99 of 25 ms, p99.9 of
    60 ms. Open loop at 1,000 a second: p50 of 1 ms, p99 of 5 ms. With flushes 5 ms slower: 15,000 a
    second with 512 in flight or more. A smaller window cannot pass that line whatever the switch
    does: 64 in flight that wait for two flushes of 5 ms are 6,400 a second at most.
    """
    slow_ms = measurement.plan.extra_flush_ms
    return [line for figures in measurement.figures for line in _lines_of_profile(figures, slow_ms)]


def _lines_of_profile(figures: ProfileFigures, slow_ms: int) -> Iterator[Line]:
    profile, latency = figures.profile, figures.result["latency"]
    p50, p99, p99_9 = (latency[point] * _MS for point in ("p50", "p99", "p99_9"))
    rate = figures.result["replies_per_second"]
    if slow_ms:
        if slow_ms == _SLOW_FLUSH_MS and profile.window >= _WINDOW_SLOW_FLUSH:
            yield Line(profile.name, "per second", rate, _RATE_SLOW_FLUSH, rate / _RATE_SLOW_FLUSH)
    elif profile.window >= _WINDOW:
        yield Line(profile.name, "per second", rate, _RATE, rate / _RATE)
        yield _at_most(profile.name, "p99 ms", p99, 25)
        yield _at_most(profile.name, "p99.9 ms", p99_9, 60)
    elif profile.rate_per_second == _LATENCY_RATE:
        yield _at_most(profile.name, "p50 ms", p50, 1)
        yield _at_most(profile.name, "p99 ms", p99, 5)


def _at_most(profile: str, what: str, figure: float, line: float) -> Line:
    return Line(profile, what, figure, line, line / figure if figure else 0.0)


def render(measurement: Measurement) -> RenderableType:
    """The tables and the closing lines."""
    return Group(
        _latency_table(measurement),
        _cost_table(measurement),
        _line_table(lines_of(measurement)),
        *_closing(measurement),
    )


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _latency_table(measurement: Measurement) -> Table:
    columns = ("per second", "p50", "p90", "p99", "p99.9", "max", "approved", "declined", "lost")
    table = _table("Throughput and latency, in milliseconds", "profile", *columns)
    for figures in measurement.figures:
        result = figures.result
        points = ("p50", "p90", "p99", "p99_9", "maximum")
        table.add_row(
            _described(figures),
            f"{result['replies_per_second']:,.0f}",
            *(_figure(result["latency"][point] * _MS) for point in points),
            f"{result['approved']:,}",
            f"{sum(result['declined'].values()):,}",
            f"{figures.lost:,}",
        )
    return table


def _figure(figure: float) -> str:
    """Two places, or none where they say nothing."""
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:.2f}"


def _described(figures: ProfileFigures) -> str:
    profile = figures.profile
    if profile.rate_per_second:
        return f"open {profile.rate_per_second:,.0f}/s"
    return f"closed {profile.connections} × {profile.in_flight}"


def _cost_table(measurement: Measurement) -> Table:
    columns = ("switch", "generator", "issuer", "others", "switch µs each", "MiB", "late p99 ms")
    table = _table("Processor seconds per second, memory", "profile", *columns)
    for figures in measurement.figures:
        result, rate = figures.result, figures.result["replies_per_second"]
        late = (
            f"{result['sending_lag']['p99'] * _MS:.2f}" if figures.profile.rate_per_second else ""
        )
        table.add_row(
            _described(figures),
            f"{result['switch_cpu']:.2f}",
            f"{result['generator_cpu']:.2f}",
            f"{result['issuer_cpu']:.2f}",
            f"{result['other_cpu']:.2f}",
            f"{result['switch_cpu'] / rate * 1e6:.1f}" if rate else "",
            f"{figures.switch_memory_bytes / _MIB:,.0f}",
            late if figures.profile.rate_per_second else "",
        )
    return table


def _line_table(lines: list[Line]) -> Table:
    columns = ("what", "figure", "line", "margin", "held")
    table = _table("Against the project's lines", "profile", *columns)
    for line in lines:
        held = line.reached >= 1
        table.add_row(
            line.profile,
            line.what,
            _figure(line.figure),
            f"{line.line:,.0f}",
            f"{line.reached:.2f}",
            "yes" if held else "NO",
            style="" if held else "bold",
        )
    return table


def _closing(measurement: Measurement) -> list[Text]:
    journal = measurement.journal
    verified = "verifies" if journal.verified else "DOES NOT VERIFY"
    held = "every approval seen is in it" if journal.holds else "THIS DOES NOT AGREE"
    said = [
        (
            f"Journal {verified}: {journal.approved_in_journal:,} approved in it, "
            f"{journal.approved_seen:,} seen, {journal.unanswered:,} unanswered; {held}."
        )
    ]
    if measurement.plan.extra_flush_ms:
        said.append(f"Every flush was made {measurement.plan.extra_flush_ms} ms slower.")
    beside = max((figures.result["other_cpu"] for figures in measurement.figures), default=0.0)
    if beside > _BESIDE_MAX:
        said.append(
            f"OTHER PROGRAMS used up to {beside:.2f} processors: do not keep these figures."
        )
    pause = max((figures.result["longest_pause"] for figures in measurement.figures), default=0.0)
    if pause > _PAUSE_MAX_S:
        said.append(
            f"THE MACHINE or the generator stood still for {pause:.1f} s: do not keep these."
        )
    said.append(f"Measured on {measurement.hardware}.")
    return [Text(text) for text in said]
