"""What every test runs under: the Hypothesis profiles, the compiled modules if there are, and a
PostgreSQL server for those that ask for one."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from altyn.runtime.compiled import prefer_compiled

# A run in the pipeline gives the same answer twice; a person's run looks further each time. Neither
# has a deadline: the machine is shared, and a slow example is not a wrong one.
settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("dev", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# Before any of them is imported: after `./dev compile` the tests are about the compiled modules.
BUILD = prefer_compiled()

if TYPE_CHECKING:
    from altyn.runtime.postgres.server import OwnServer


def pytest_report_header() -> str:
    """Say which build is tested."""
    return f"altyn: {BUILD}"


@pytest.fixture(scope="session")
def postgresql() -> "Iterator[OwnServer]":
    """A real server, started for the first test that asks and gone after the last."""
    # Here and not above: it imports modules that must be imported compiled.
    from altyn.runtime.postgres.server import OwnServer

    with OwnServer() as server:
        yield server


@pytest.fixture
def database(postgresql: "OwnServer") -> str:
    """The address of an empty database; nobody is connected to it."""
    return postgresql.emptied_database()
