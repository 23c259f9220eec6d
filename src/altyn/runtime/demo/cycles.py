"""The demonstration's cycles: files come in, a cycle is cleared, a bank settles it.

All by the ordinary commands, as an operator would give them. Each of them is killed once while it
works and simply given again: what the books say afterwards must be the same as without.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from altyn.runtime.demo.children import run_altyn, run_altyn_killed
from altyn.runtime.demo.claim_files import FORM_OF_BANK, ClaimFile
from altyn.runtime.demo.scheme_files import DemoScheme
from altyn.runtime.output import UserError

__all__ = ["Cycle", "CycleBook"]

EARLY: Final = "the demonstration does not wait for its cut-off"
SETTLEMENT_PATIENCE: Final = "60s"
TRUNCATED_BYTES: Final = 300
TRUNCATED_ACQUIRER: Final = "VOLGARU"
"""Its first file comes cut off and is refused; the whole one follows."""
REPEATED_ACQUIRER: Final = "PEARLKW"
"""It sends its first file twice and gets the same answer."""
FORETOLD: Final = {"too-much": "ABOVE_AUTHORIZED", "twice": "DUPLICATE"}
"""Mistakes that clearing must reject, and the word for it."""
IN_PART: Final = 3
"""Exit code of `altyn file put` where single records were rejected."""


@dataclass(slots=True)
class Cycle:
    """What became of a cycle; `mistakes` are those that acquirers know they made."""

    name: str
    files: int = 0
    records: int = 0
    refused_records: int = 0
    refused_files: int = 0
    mistakes: Counter[str] = field(default_factory=Counter)
    cleared: dict[str, Any] = field(default_factory=dict)
    settled: dict[str, Any] = field(default_factory=dict)
    kills: int = 0

    @property
    def rejections(self) -> dict[str, int]:
        """Records that clearing rejected, by reason."""
        return {each["word"]: each["count"] for each in self.cleared["rejections"]}

    @property
    def is_as_foretold(self) -> bool:
        """Whether exactly what acquirers spoiled was rejected."""
        foretold = {
            word: self.mistakes[mistake]
            for mistake, word in FORETOLD.items()
            if self.mistakes[mistake]
        }
        return self.rejections == foretold and self.refused_records == self.mistakes["check-digit"]

    @property
    def nets_sum_to_zero(self) -> bool:
        """Whether the nets of every currency do (I1)."""
        sums: Counter[str] = Counter()
        for net in self.cleared["nets"]:
            sums[net["settlement_currency"]] += net["minor_units"]
        return not any(sums.values())

    def as_object(self) -> dict[str, Any]:
        """The cycle in the summary."""
        return {
            "cycle": self.name,
            "files": self.files,
            "files_refused": self.refused_files,
            "records": self.records,
            "records_refused": self.refused_records,
            "mistakes": dict(sorted(self.mistakes.items())),
            "outcomes": {each["word"]: each["count"] for each in self.cleared["outcomes"]},
            "rejections": self.rejections,
            "as_foretold": self.is_as_foretold,
            "nets": self.cleared["nets"],
            "nets_zero_sum": self.nets_sum_to_zero,
            "final": self.settled.get("final", False),
            "kills": self.kills,
        }


class CycleBook:
    """The cycles of a day, in their order."""

    def __init__(self, scheme: DemoScheme, business_day: int) -> None:
        """No cycle yet; `business_day` is YYYYMMDD."""
        self.cycles: list[Cycle] = []
        self.statement_agrees = False
        self._scheme = scheme
        self._day = business_day
        self._folder = scheme.folder / "clearing"
        self._claims = scheme.folder / "claims"
        self._claims.mkdir()

    def open(self) -> list[tuple[str, ClaimFile]]:
        """Begin the next cycle: the files that acquirers are to write for it."""
        number = len(self.cycles) + 1
        text = str(self._day)
        self.cycles.append(Cycle(f"{text[:4]}-{text[4:6]}-{text[6:]}/{number}"))
        return [
            (acquirer, self._claim_file(acquirer, number, form, ending))
            for acquirer, (form, ending) in FORM_OF_BANK.items()
        ]

    def _claim_file(self, acquirer: str, number: int, form: str, ending: str) -> ClaimFile:
        file_id = f"{acquirer}-{self._day}-{number}"
        path = self._claims / f"{file_id}{ending}"
        return ClaimFile(str(path), form, file_id, number, self._day)

    async def take(self, files: Iterable[tuple[str, ClaimFile]], written: dict[str, Any]) -> str:
        """Hand the files over, some of them badly at first; what is to be told of it."""
        cycle = self.cycles[-1]
        first = len(self.cycles) == 1
        for acquirer, file in files:
            cycle.mistakes.update(written[acquirer]["mistakes"])
            if first and acquirer == TRUNCATED_ACQUIRER:
                await self._put_truncated(acquirer, file)
            await self._put(acquirer, file)
            if first and acquirer == REPEATED_ACQUIRER:
                await self._put_again(acquirer, file)
        spoiled = sum(cycle.mistakes[each] for each in (*FORETOLD, "check-digit"))
        return f"{cycle.files} files, {cycle.records:,} records, {spoiled} of them spoiled"

    async def _put_truncated(self, acquirer: str, file: ClaimFile) -> None:
        path = Path(file.path)
        torn = path.with_name(f"torn-{path.name}")
        torn.write_bytes(path.read_bytes()[:-TRUNCATED_BYTES])
        answer = await self._ordered(*self._putting(acquirer, file, torn), allowed=(1,))
        _require(answer["files"][0]["status"] == "REFUSED", "a torn file was not refused")
        self.cycles[-1].refused_files += 1

    async def _put(self, acquirer: str, file: ClaimFile) -> None:
        cycle = self.cycles[-1]
        words = self._putting(acquirer, file, Path(file.path))
        if acquirer == next(iter(FORM_OF_BANK)):
            kept = self._folder / "files" / acquirer
            known = _names(kept)
            await self._killed(words, lambda: _names(kept) != known)
        answer = (await self._ordered(*words, allowed=(0, IN_PART)))["files"][0]
        cycle.files += 1
        cycle.records += answer["records"]
        cycle.refused_records += answer["rejected"]

    async def _put_again(self, acquirer: str, file: ClaimFile) -> None:
        words = self._putting(acquirer, file, Path(file.path))
        answer = (await self._ordered(*words, allowed=(0, IN_PART)))["files"][0]
        _require(answer["repeat"], "a file that came twice was not told to be a repeat")

    def _putting(self, acquirer: str, file: ClaimFile, path: Path) -> tuple[str, ...]:
        return ("file", "put", str(path), "--acquirer", acquirer, "--form", file.form)

    async def clear(self) -> str:
        """Close and clear the cycle, killed once in between; what is to be told of it."""
        cycle = self.cycles[-1]
        words = ("clear", "--cycle", cycle.name, "--early", EARLY)
        cycles = self._folder / "cycles"
        known = _names(cycles)
        await self._killed(words, lambda: _names(cycles) != known)
        cycle.cleared = await self._ordered(*words)
        rows = cycle.cleared["rows"]
        rejected = sum(cycle.rejections.values())
        return f"{rows['items']:,} items, {rows['fees']:,} fees, {rejected} records rejected"

    async def settle(self) -> str:
        """Settle the cycle, killed once when an order has left; what is to be told of it."""
        cycle = self.cycles[-1]
        words = ("settle", "--cycle", cycle.name, "--wait", SETTLEMENT_PATIENCE)
        places = [self._scheme.outbox, self._scheme.inbox, self._scheme.inbox.parent / "archive"]
        known = [_names(place) for place in places]
        await self._killed(words, lambda: [_names(place) for place in places] != known)
        cycle.settled = await self._ordered(*words)
        runs = cycle.settled["runs"]
        return f"{len(runs)} currencies, final; killed {cycle.kills} times on the way"

    async def reconcile(self) -> None:
        """Hold the bank's statements against the runs; the bank has ended its day."""
        answer = await self._ordered("settlement", "reconcile", allowed=(0, 1))
        self.statement_agrees = not answer["breaks"]

    async def report(self) -> None:
        """Write what participants and the operator read, every cycle in a folder of its own."""
        for cycle in self.cycles:
            target = self._scheme.folder / "reports"
            code, _, errors = await run_altyn(
                "report", "all", "--cycle", cycle.name, "--out", str(target),
                "-c", str(self._scheme.settings),
            )  # fmt: skip
            _require(code == 0, f"the reports failed: {errors.strip()[-200:]}")

    async def _killed(self, words: tuple[str, ...], when: Callable[[], bool]) -> None:
        """Give an order and kill it as soon as something shows that it works."""
        config = ("-c", str(self._scheme.settings))
        self.cycles[-1].kills += await run_altyn_killed(*words, *config, when=when)

    async def _ordered(self, *words: str, allowed: tuple[int, ...] = (0,)) -> dict[str, Any]:
        code, output, errors = await run_altyn(
            *words, "-c", str(self._scheme.settings), "--json", "-"
        )
        if code not in allowed:
            lines = errors.strip().splitlines() or ["no reason given"]
            reason = lines[-1].removeprefix("error: ")
            raise UserError(f"the order failed: {reason}", where=f"altyn {' '.join(words[:2])}")
        answer: dict[str, Any] = json.loads(output)
        return answer


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _require(holds: object, otherwise: str) -> None:
    if not holds:
        raise UserError(otherwise)
