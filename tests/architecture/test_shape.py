"""Sizes, names, doors and tests."""

import importlib
from collections import Counter

import pytest

from tests.architecture.shape import (
    docstring_problems,
    door_list_problems,
    name_problems,
    size_problems,
    test_problems,
)
from tests.architecture.source import Rule, Source, package_sources, problems, test_sources


@pytest.mark.parametrize("rule", [size_problems, name_problems, docstring_problems])
def test_every_file_keeps_its_shape(rule: Rule) -> None:
    """The package and the tests keep to the sizes and names of the house."""
    assert problems(rule, package_sources() + test_sources()) == []


def test_every_package_has_a_door() -> None:
    """Each `__init__` lists what may be imported from it."""
    assert problems(door_list_problems, package_sources()) == []


@pytest.mark.parametrize("name", [door.name for door in package_sources() if door.is_door])
def test_every_name_on_a_door_exists(name: str) -> None:
    """What `__all__` promises can be had."""
    module = importlib.import_module(name)
    assert [each for each in module.__all__ if not hasattr(module, each)] == []


def test_every_test_has_a_sentence_and_states_something() -> None:
    """No test is without its sentence, empty or passed over."""
    tests = tuple(source for source in test_sources() if ".test_" in source.name)
    assert problems(test_problems, tests) == []


def test_no_two_tests_of_one_file_share_a_name() -> None:
    """A second test of the same name would silently replace the first."""
    for source in test_sources():
        names = Counter(node.name for node in source.tree.body if hasattr(node, "name"))
        assert [name for name, count in names.items() if count > 1] == [], source.name


LONG_FUNCTION = "def long():\n" + "    pass\n" * 60
GOOD_TEST = 'def test_a():\n    """It is so."""\n'


@pytest.mark.parametrize(
    ("rule", "source", "complaint"),
    [
        (size_problems, Source("altyn.money.a", LONG_FUNCTION), "61 lines"),
        (size_problems, Source("altyn.money.a", "#\n" * 601), "601 lines"),
        (size_problems, Source("altyn.money.a", "#" * 101), "101 columns"),
        (name_problems, Source("altyn.money.utils", ""), "utils"),
        (name_problems, Source("altyn.common.amount", ""), "common"),
        (docstring_problems, Source("altyn.money.a", "x = 1"), "no docstring"),
        (door_list_problems, Source("altyn.money", "", is_door=True), "no __all__"),
        (door_list_problems, Source("altyn.money", "__all__ = ['A', 'A']", is_door=True), "A"),
        (test_problems, Source("tests.a", "def test_a():\n    assert 1 + 1 == 2"), "no sentence"),
        (test_problems, Source("tests.a", GOOD_TEST + "    print()"), "states nothing"),
        (test_problems, Source("tests.a", "@pytest.mark.skip\ndef f(): ..."), "skip"),
        (test_problems, Source("tests.a", "pytest.importorskip('x')"), "importorskip"),
    ],
)
def test_each_rule_of_shape_bites(rule: Rule, source: Source, complaint: str) -> None:
    """A small bad example is found, once, and named."""
    (found,) = rule(source)
    assert complaint in found


def test_rules_of_shape_let_good_code_pass() -> None:
    """What is at the limit is within it."""
    at_limit = '"""A module."""\n' + LONG_FUNCTION.replace("    pass\n", "", 1) + "#" * 100
    assert list(size_problems(Source("altyn.money.a", at_limit))) == []
    assert list(docstring_problems(Source("altyn.money.a", at_limit))) == []
    stated = GOOD_TEST + "    with pytest.raises(ValueError):\n        f()"
    assert list(test_problems(Source("tests.a", stated))) == []
