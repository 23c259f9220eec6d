"""Which way imports go."""

import pytest

from tests.architecture.imports import (
    ban_problems,
    door_problems,
    level_problems,
    star_problems,
    unused_modules,
)
from tests.architecture.source import Rule, Source, package_sources, problems


@pytest.mark.parametrize("rule", [level_problems, door_problems, ban_problems, star_problems])
def test_package_keeps_the_rules_of_imports(rule: Rule) -> None:
    """No module of the package breaks a rule of imports."""
    assert problems(rule, package_sources()) == []


def test_no_module_is_dead() -> None:
    """Each module is imported, or started by name: a command, a process, the command line."""
    assert unused_modules(package_sources(), {"altyn.runtime.cli"}) == set()


def test_rule_of_dead_modules_bites() -> None:
    """A module that only imports itself is dead; one behind its package's door is not."""
    door = Source("altyn.money", "from altyn.money.amount import Amount", is_door=True)
    amount = Source("altyn.money.amount", "")
    dead = Source("altyn.money.dead", "import altyn.money.dead")
    begun = Source("altyn.money.begun", "NAME = 'altyn.money.process'")
    process = Source("altyn.money.process", "")
    sources = (door, amount, dead, begun, process)
    assert unused_modules(sources, {"altyn.money.begun"}) == {"altyn.money.dead"}


@pytest.mark.parametrize(
    ("rule", "name", "text", "complaint"),
    [
        (level_problems, "altyn.money.amount", "from altyn.journal import Entry", "journal"),
        (level_problems, "altyn.money.amount", "from altyn.card import Pan", "card"),
        (level_problems, "altyn.money.amount", "from altyn import switch", "switch"),
        (level_problems, "altyn.money.amount", "import altyn.switch", "switch"),
        (level_problems, "altyn.money.amount", "from ..switch import step", "switch"),
        (level_problems, "altyn.money.amount", "from altyn.gadgets import x", "no level"),
        (level_problems, "altyn.gadgets", "", "no level"),
        (level_problems, "altyn.switch.a", "def f():\n    import altyn.wire", "line 2"),
        (level_problems, "altyn.version", "from altyn.money import Amount", "no level"),
        (door_problems, "altyn.wire.link", "from altyn.message.codec import f", "message.codec"),
        (door_problems, "altyn.wire.link", "import altyn.message.codec", "message.codec"),
        (door_problems, "altyn.wire.link", "from ..message.codec import f", "message.codec"),
        (ban_problems, "altyn.switch.a", "from altyn.message import f", "field numbers"),
        (ban_problems, "altyn.simulators.a", "from altyn.registry import f", "witness"),
        (ban_problems, "altyn.certification.a", "from altyn.switch import f", "witness"),
        (ban_problems, "altyn.console.a", "from altyn.runtime import f", "only tests"),
        (ban_problems, "altyn.console.a", "from altyn.testing import f", "only tests"),
        (star_problems, "altyn.wire.link", "from altyn.message import *", "everything"),
    ],
)
def test_each_rule_of_imports_bites(rule: Rule, name: str, text: str, complaint: str) -> None:
    """A small bad example is found, once, and named."""
    (found,) = rule(Source(name, text))
    assert complaint in found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("altyn.wire.link", "from altyn.message import Message"),
        ("altyn.wire.link", "from altyn.wire.framing import Framing"),
        ("altyn.wire.link", "from .framing import Framing"),
        ("altyn.runtime.cli", "from altyn import __version__"),
        ("altyn.switch.a", "import json\nfrom altyn.money import Amount"),
    ],
)
def test_rules_of_imports_let_good_code_pass(name: str, text: str) -> None:
    """What the rules allow is not complained about."""
    source = Source(name, text)
    rules = (level_problems, door_problems, ban_problems, star_problems)
    assert [found for rule in rules for found in rule(source)] == []
