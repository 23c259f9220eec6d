"""Only `runtime` touches the outside world; money is never a float."""

import pytest

from tests.architecture.banned_calls import float_problems, outside_world_problems, seed_problems
from tests.architecture.source import Rule, Source, package_sources, problems


@pytest.mark.parametrize("rule", [outside_world_problems, seed_problems, float_problems])
def test_package_keeps_out_of_the_outside_world_and_off_floats(rule: Rule) -> None:
    """No module of the package opens, asks the time, draws a number or computes in floats."""
    assert problems(rule, package_sources()) == []


@pytest.mark.parametrize(
    "text",
    [
        "import socket",
        "import os.path",
        "from time import monotonic",
        "import random",
        "from pathlib import Path",
        "stream = open('a')",
        "print('a')",
        "exec('a')",
        "moment = datetime.now(UTC)",
        "moment = datetime.datetime.now(UTC)",
        "day = date.today()",
        "name = uuid.uuid4()",
        "numbers = numpy.random.default_rng()",
    ],
)
def test_ban_on_the_outside_world_bites(text: str) -> None:
    """Each way out is found, and only `runtime` may take it."""
    assert len(list(outside_world_problems(Source("altyn.switch.a", text)))) == 1
    assert list(outside_world_problems(Source("altyn.runtime.a", text))) == []


@pytest.mark.parametrize("unit", ["testing", "simulators"])
def test_what_is_simulated_may_follow_from_a_seed(unit: str) -> None:
    """The simulated world may import random, and nothing else from outside."""
    name = f"altyn.{unit}.a"
    seeded = Source(name, "import random\nchance = random.Random(7)\nchance.shuffle(cards)")
    assert [*outside_world_problems(seeded), *seed_problems(seeded)] == []
    assert len(list(outside_world_problems(Source(name, "import time")))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "card = random.choice(cards)",
        "from random import shuffle",
        "chance = random.Random()",
        "chance = Random()",
        "chance = random.SystemRandom",
    ],
)
def test_ban_on_chance_without_a_seed_bites(text: str) -> None:
    """A generator shared by all or without a seed is found, even in the simulated world."""
    assert len(list(seed_problems(Source("altyn.simulators.a", text)))) == 1


def test_clock_that_was_handed_in_may_be_asked() -> None:
    """A clock given as an argument is not the outside world; nor is a file object's method."""
    text = "moment = clock.now()\nlink.open()\nday = calendar.today()"
    assert list(outside_world_problems(Source("altyn.switch.a", text))) == []


@pytest.mark.parametrize("text", ["rate = 1.5", "rate = float(text)", "half = amount / 2"])
def test_ban_on_floats_bites(text: str) -> None:
    """A literal, a conversion and a true division are each found where money is at home."""
    assert len(list(float_problems(Source("altyn.money.a", text)))) == 1
    assert list(float_problems(Source("altyn.runtime.a", text))) == []


def test_path_of_package_data_is_no_division() -> None:
    """Joining a path to a file name looks like a division and is none."""
    text = "table = files(__package__) / 'currencies.csv'"
    assert list(float_problems(Source("altyn.money.a", text))) == []
