"""The plan of clearing carried out, whatever the engine: statements, slices, proofs and files."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol

import pyarrow as pa

from altyn.clearing import (
    INPUT_TABLES,
    RESULT_TABLES,
    Form,
    Plan,
    Slice,
    Span,
    Statement,
    SwitchRange,
    Table,
    cut,
    spans,
)
from altyn.runtime.clearing.engine import (
    ClearingRefusedError,
    Inputs,
    Progress,
    StepDone,
)
from altyn.runtime.clearing.result_file import ResultFiles

_PROBLEMS_SHOWN: Final = 5
NO_ROOM_FOR_A_NUMBER: Final = "a number does not fit into 64 bits, or a value into its column"


class Relations(Protocol):
    """What an engine does with named rows, in SQL of its own dialect."""

    def read(self, table: Table, paths: Sequence[Path]) -> None:
        """Name the files of an input, each column of exactly the type that it is to have."""

    def view(self, name: str, text: str) -> None:
        """Name a SELECT, to be read through; one of the name before it is forgotten."""

    def keep(self, name: str, text: str) -> None:
        """Name the rows of a SELECT, computed now; those of the name before are forgotten."""

    def gather(self, name: str, text: str) -> None:
        """Add the rows of a SELECT, computed now, to those of the name."""

    def let_go(self, name: str) -> None:
        """Forget the rows of a name."""

    def rows(self, text: str) -> list[tuple[int, ...]]:
        """The rows of a SELECT that gives few."""

    def batches(self, text: str) -> Iterable[pa.RecordBatch]:
        """The rows of a SELECT in its order."""

    def refusing(self, step: str) -> AbstractContextManager[None]:
        """Within it the engine's own errors become those of `Engine.run`, naming the step."""


class PlanRun:
    """One cycle under way."""

    def __init__(
        self,
        plan: Plan,
        relations: Relations,
        target: Path,
        rows_of_a_slice: int,
        progress: Progress | None,
    ) -> None:
        """A run that writes into the folder `target`."""
        self._plan = plan
        self._relations = relations
        self._rows_of_a_slice = rows_of_a_slice
        self._progress = progress
        self._files = ResultFiles(target, RESULT_TABLES)

    def clear(self, inputs: Inputs) -> dict[str, int]:
        """Run every step; gives the rows of each result table. Raises as `Engine.run`."""
        unknown = set(inputs) - {table.name for table in INPUT_TABLES}
        assert not unknown, f"no inputs called {sorted(unknown)}"
        with self._files:
            with self._relations.refusing("inputs"):
                for table in INPUT_TABLES:
                    self._relations.read(table, inputs.get(table.name, ()))
            self._take_everything()
            self._files.close()
        return self._files.rows

    def _take_everything(self) -> None:
        self._take_all(self._plan.deciding())
        slices = self._slices()
        for number, part in enumerate(slices, start=1):
            last = number == len(slices)
            self._take_all(self._plan.sliced(part, last=last), number, len(slices))
        self._take_all(self._plan.closing())
        carried = self._spans()
        for number, span in enumerate(carried, start=1):
            last = number == len(carried)
            self._take_all(self._plan.carrying(span, last=last), number, len(carried))

    def _slices(self) -> list[Slice]:
        with self._relations.refusing("slices"):
            counted = self._relations.rows(self._plan.records_of_files())
            ((first, last, items),) = self._relations.rows(self._plan.range_of_switch())
        files = [(number, records) for number, records in counted]
        switch = SwitchRange(first, last, items) if items else None
        return cut(files, switch, self._rows_of_a_slice)

    def _spans(self) -> list[Span]:
        with self._relations.refusing("spans"):
            counted = self._relations.rows(self._plan.blocks_of_authorizations())
        return spans(((block, count) for block, count in counted), self._rows_of_a_slice)

    def _take_all(self, statements: Iterator[Statement], part: int = 0, parts: int = 0) -> None:
        for statement in statements:
            step = statement.step
            began = time.perf_counter()
            with self._relations.refusing(step.name):
                self._take(statement)
                for name in statement.unread:
                    self._relations.let_go(name)
            if self._progress is not None:
                seconds = time.perf_counter() - began
                name = step.name if step.table is None else f"write {step.table.name}"
                self._progress(StepDone(name, seconds, part, parts))

    def _take(self, statement: Statement) -> None:
        step, text = statement.step, statement.text
        if step.form is Form.VIEW:
            self._relations.view(step.name, text)
        elif step.form is Form.TABLE:
            self._relations.keep(step.name, text)
        elif step.form is Form.GATHERED:
            self._relations.gather(step.name, text)
        elif step.form is Form.CHECK:
            found = self._relations.rows(f"{text} LIMIT {_PROBLEMS_SHOWN}")
            if found:
                raise ClearingRefusedError(step.name, [str(row[0]) for row in found])
        else:
            assert step.table is not None, "a result without its table"
            self._files.add(step.table, self._relations.batches(text))
