"""What every test runs under: the Hypothesis profiles, and the compiled modules if there are."""

import os

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


def pytest_report_header() -> str:
    """Say which build is tested."""
    return f"altyn: {BUILD}"
