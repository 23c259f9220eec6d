"""The file of cases for a fee table: items, and what each fee of them must be."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from altyn.clearing import Dimensions
from altyn.runtime.configuration.clearing_tables import (
    DAY,
    ENTRY_MODE,
    FEE_NAME,
    OPTIONAL_8,
    OPTIONAL_RULE_ID,
    PROCESSING,
    day_of,
)
from altyn.runtime.configuration.document import read_document
from altyn.runtime.configuration.problem import ConfigurationError, Problem
from altyn.runtime.configuration.validation import Form, Table, field_problems, read_table
from altyn.runtime.configuration.values import CurrencyCode

__all__ = ["Case", "Expectation", "load_cases"]

AMOUNT_MAX = 10**15
CASES_MAX = 10_000
_CATEGORY = Form("[0-9]{4}", "4 digits (ISO 18245)")
_NAME = Form(r"\S(.{0,58}\S)?", "1 to 60 characters on one line")


class Expectation(Table):
    """What a fee must be. rule: blank when none may hold; amount: minor units."""

    fee: Annotated[str, AfterValidator(FEE_NAME)]
    rule: Annotated[str, AfterValidator(OPTIONAL_RULE_ID)] = ""
    amount: Annotated[int, Field(ge=0, le=AMOUNT_MAX)] = 0


class Case(Table):
    """An item as fee rules see it, and what each of its fees must be."""

    name: Annotated[str, AfterValidator(_NAME)]
    on: Annotated[str, AfterValidator(DAY)]
    amount: Annotated[int, Field(ge=1, le=AMOUNT_MAX)]
    currency: CurrencyCode
    product: Annotated[str, AfterValidator(OPTIONAL_8)] = ""
    processing: Annotated[str, AfterValidator(PROCESSING)] = "00"
    category: Annotated[str, AfterValidator(_CATEGORY)] = "0000"
    entry_mode: Annotated[str, AfterValidator(ENTRY_MODE)] = ""
    tier: Annotated[str, AfterValidator(OPTIONAL_8)] = ""
    leg: Literal["domestic", "cross-border", "partner"] = "domestic"
    converted: bool = False
    expectations: tuple[Expectation, ...] = Field(alias="expect", min_length=1)

    def dimensions(self) -> Dimensions:
        """The item's dimensions."""
        return Dimensions(
            day_of(self.on),
            self.tier,
            self.product,
            self.processing,
            self.category,
            self.entry_mode,
            self.leg,
            self.currency,
            self.converted,
        )


class _CaseFile(Table):
    """The whole file."""

    cases: tuple[Case, ...] = Field(alias="case", min_length=1, max_length=CASES_MAX)


def load_cases(path: Path) -> tuple[Case, ...]:
    """The cases in a file; raises ConfigurationError with every problem found."""
    document = read_document(path)
    whole = read_table(_CaseFile, document.data, Path())
    if isinstance(whole, list):
        raise ConfigurationError(field_problems(document, _CaseFile, whole))
    problems: list[Problem] = []
    for index, case in enumerate(whole.cases):
        counts = Counter(each.fee for each in case.expectations)
        if max(counts.values()) > 1:
            reason = "a fee is expected twice"
            place = ("case", index, "expect")
            problems.append(document.problem(place, reason, "remove one of the two"))
    if problems:
        raise ConfigurationError(problems)
    return whole.cases
