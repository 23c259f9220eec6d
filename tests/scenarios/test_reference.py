"""The page of scenarios says what the tests are called."""

from tests.scenarios.reference import PAGE, page, reasons, scenario_tests, titles

# What a switch must survive before anybody relies on it.
ASKED = (
    {f"F{number:02d}" for number in (*range(1, 15), *range(16, 24), 34, 35, 36, 42)}
    | {f"W{number:02d}" for number in (*range(1, 10), 13, 17)}
    | {"T03", "T04", "T07", "T08", "M01", "M12", "M13", "M15"}
    | {f"D{number:02d}" for number in range(1, 7)}
)


def test_the_page_is_current() -> None:
    """`python -m tests.scenarios.reference` would write what lies there."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_test_is_of_a_scenario_that_exists() -> None:
    """A number that is mistyped would show a scenario that nobody tests."""
    assert set(scenario_tests()) - set(titles()) == set()


def test_what_has_no_test_says_why() -> None:
    """Either tests or a reason, never both, never neither."""
    tested, excused = set(scenario_tests()), set(reasons())
    assert tested & excused == set()
    assert set(titles()) - tested - excused == set()


def test_what_a_switch_must_survive_is_tested() -> None:
    """Each of these has a test of its own name."""
    assert ASKED - set(scenario_tests()) == set()
