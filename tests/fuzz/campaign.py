"""A run of one target: mutated inputs until a budget ends, each within bounds of its own."""

import contextlib
import signal
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.mutation import near
from tests.fuzz.targets import Target

CORPUS: Final = Path(__file__).parent / "corpus"
EXAMPLE_S_MAX: Final = 10.0
"""A reader that takes longer for one input hangs: they are all below 64 KiB."""
EXAMPLES_AT_ONCE: Final = 200


class HangError(Exception):
    """One input took longer than any may."""


@contextlib.contextmanager
def bounded(seconds: float = EXAMPLE_S_MAX) -> Iterator[None]:
    """Raise HangError when what is inside takes longer (main thread only)."""

    def ring(_: int, __: FrameType | None) -> None:
        raise HangError(f"one input took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Finding(Exception):  # noqa: N818 a finding is what fuzzing looks for
    """An input, made as small as it goes, for which a target's check failed."""

    def __init__(self, target: Target, data: bytes, error: Exception) -> None:
        self.target = target
        self.data = data
        self.error = error
        super().__init__(f"{target.name}: {type(error).__name__}")

    def keep(self) -> Path:
        """Write the input into the corpus, whose inputs the tests try for ever."""
        folder = CORPUS / self.target.name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / sha256(self.data).hexdigest()[:12]
        path.write_bytes(self.data)
        return path


def corpus(target: Target) -> list[Path]:
    """What once broke the target."""
    return sorted(path for path in (CORPUS / target.name).glob("*") if path.is_file())


def run_round(target: Target, number: int, examples: int = EXAMPLES_AT_ONCE) -> int:
    """Some inputs made from one number, always the same; gives how many were tried.

    Raises Finding with the smallest input for which the check fails.
    """
    failed: list[tuple[bytes, Exception]] = []
    tried = 0

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(near(target.examples() + [path.read_bytes() for path in corpus(target)]))
    def try_one(data: bytes) -> None:
        nonlocal tried
        tried += 1
        try:
            with bounded():
                target.check(data)
        except Exception as error:
            failed.append((data, error))
            raise

    try:
        try_one()
    except Exception as error:
        if not failed:
            raise
        # Hypothesis tries the smallest failing input last.
        data, cause = failed[-1]
        raise Finding(target, data, cause) from error
    return tried


def run_for(target: Target, seconds: float, first: int) -> int:
    """Rounds until the time is over; gives how many inputs were tried."""
    end = time.monotonic() + seconds
    tried = 0
    while time.monotonic() < end:
        tried += run_round(target, first)
        first += 1
    return tried
