"""The test bench of a fee table: cases written by people, held against the rules."""

from altyn.runtime.fees.cases import Case, Expectation, load_cases
from altyn.runtime.fees.trial import Trial, try_cases

__all__ = ["Case", "Expectation", "Trial", "load_cases", "try_cases"]
