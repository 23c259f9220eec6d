"""What a person sees while the day is played: a live page, or plain lines without a terminal."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from altyn.runtime.demo.tally import BankFigures, DayTally
from altyn.runtime.percentiles import percentiles
from altyn.simulators import bank_of

__all__ = ["Screen", "Stage"]

PAGE_WIDTH_MAX_COLUMNS: Final = 100
REFRESHES_PER_S: Final = 8
_MARKS: Final = {"waiting": ("·", "dim"), "running": ("▶", "bold yellow"), "done": ("✓", "green")}
_STATES: Final = {"signed-on": "green", "away": "bold red", "down": "red"}


@dataclass(slots=True)
class Stage:
    """A stage of the story: `note` says how it went."""

    name: str
    title: str
    state: str = "waiting"
    note: str = ""
    transactions: int = 0
    done_before: int = 0


class Screen:
    """The page. Use as a context; `stage` brackets each stage of the story."""

    def __init__(self, console: Console, heading: str, stages: Sequence[tuple[str, str]]) -> None:
        """`stages` are names and titles in order; nothing is shown before the context begins."""
        self._console = console
        self._heading = heading
        self._stages = {name: Stage(name, title) for name, title in stages}
        self._tally: DayTally | None = None
        self._began = time.monotonic()
        self._live = Live(
            get_renderable=self._page,
            console=console,
            refresh_per_second=REFRESHES_PER_S,
            transient=False,
        )

    def follow(self, tally: DayTally) -> None:
        """Show these figures from now on."""
        self._tally = tally

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        if self._console.is_terminal:
            self._live.start()
        else:
            self._console.print(self._heading)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    @contextmanager
    def stage(self, name: str, transactions: int = 0) -> Iterator[Stage]:
        """The story is at this stage; it is done when the block ends well."""
        stage = self._stages[name]
        stage.state = "running"
        stage.transactions = transactions
        stage.done_before = self._tally.transactions_done if self._tally else 0
        yield stage
        stage.state = "done"
        if not self._console.is_terminal:
            self._console.print(f"  {stage.title}: {stage.note}")

    # The page, from top to bottom.

    def _page(self) -> RenderableType:
        page = Table.grid(expand=True)
        page.add_row(self._story())
        if self._tally is not None:
            page.add_row("")
            page.add_row(self._figures(self._tally))
            page.add_row("")
            page.add_row(_bank_table(list(self._tally.banks.values())))
        width = min(self._console.width, PAGE_WIDTH_MAX_COLUMNS)
        return Panel(page, title=self._heading, title_align="left", width=width, padding=(1, 2))

    def _story(self) -> Table:
        story = Table.grid(padding=(0, 2))
        for stage in self._stages.values():
            mark, style = _MARKS[stage.state]
            title = Text(stage.title, style="dim" if stage.state == "waiting" else "")
            story.add_row(Text(mark, style=style), title, self._beside(stage))
        return story

    def _beside(self, stage: Stage) -> RenderableType:
        if stage.state == "running" and stage.transactions and self._tally is not None:
            done = self._tally.transactions_done - stage.done_before
            bar = Table.grid(padding=(0, 1))
            bar.add_row(
                ProgressBar(total=stage.transactions, completed=done, width=24),
                f"{done:,} of {stage.transactions:,}",
            )
            return bar
        return Text(stage.note, style="cyan")

    def _figures(self, tally: DayTally) -> Table:
        codes = tally.requests_by_code()
        approved = codes.pop("00", 0)
        recent = percentiles(tally.recent_us)
        line = Table.grid(expand=True)
        cells = (
            ("messages/s", f"{tally.rate_per_s():,}", "bold"),
            ("approved", f"{approved:,}", "bold green"),
            ("declined", f"{sum(codes.values()):,}", "bold red"),
            ("p50", f"{recent.p50 / 1000:.1f} ms", "bold"),
            ("p99", f"{recent.p99 / 1000:.1f} ms", "bold"),
            ("elapsed", f"{time.monotonic() - self._began:.0f} s", "bold"),
        )
        for _ in cells:
            line.add_column(ratio=1)
        line.add_row(*(Text.assemble((f"{name} ", "dim"), (v, style)) for name, v, style in cells))
        return line


def _bank_table(banks: list[BankFigures]) -> Table:
    table = Table.grid(padding=(0, 2), expand=True)
    for justify in ("left", "left", "right", "left", "right"):
        table.add_column(justify=justify)
    head = ("Bank", "as acquirer", "answered", "as issuer", "decided")
    table.add_row(*(Text(word, style="dim") for word in head))
    for bank_id in dict.fromkeys(bank.name.partition("-")[0].upper() for bank in banks):
        sides = {bank.role: bank for bank in banks if bank.name.startswith(bank_id.lower() + "-")}
        table.add_row(
            bank_of(bank_id).name,
            _state(sides.get("acquirer")),
            _count(sides.get("acquirer"), ("answered",)),
            _state(sides.get("issuer")),
            _count(sides.get("issuer"), ("requests", "advices", "reversals")),
        )
    return table


def _state(side: BankFigures | None) -> Text:
    if side is None:
        return Text("")
    return Text(side.state, style=_STATES.get(side.state, "yellow"))


def _count(side: BankFigures | None, names: tuple[str, ...]) -> Text:
    return Text(f"{sum(side.count(name) for name in names):,}" if side else "")
