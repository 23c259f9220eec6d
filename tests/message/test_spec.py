"""A dialect's table is checked whole: every fault named with file, field and key."""

import re
from importlib import resources

import pytest

from altyn.message import (
    Message,
    SpecificationError,
    dialect_names,
    load_specification,
    parse_codec,
    parse_specification,
)
from altyn.message.codec import PLAN_SIGHTS

LAYOUT = """
title = "Own"
standard = "ISO 8583:1987"
[layout]
mti = "ascii"
bitmap = "binary"
digits = "ascii"
track = "ascii"
text = "ascii"
prefix = "ascii"
odd_digits = "zero-left"
[fields]
"""

# ISO 8583:1987, table of data elements: n fixed, -2 LLVAR, -3 LLLVAR, from field 2 on, 65 left out.
LENGTHS_1987 = """
-2 6 12 12 12 10 8 8 8 6 6 4 4 4 4 4 4 3 3 3 3 3 3 2 2 1 9 9 9 9 -2 -2 -2 -2 -3 12 6 2 3 8 15 40
-2 -2 -3 -3 -3 3 3 3 8 16 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 8
1 2 3 3 3 4 4 6 10 10 10 10 10 10 10 10 12 12 12 12 16 16 16 16 42 1 2 5 7 42 8 17 25
-2 -2 -2 -2 -2 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 -3 8
"""


def faults(text: str) -> list[str]:
    """The faults of a table, which must have some."""
    with pytest.raises(SpecificationError) as caught:
        parse_specification(text, "own.toml")
    return caught.value.faults


def test_the_shipped_table_of_1987_is_the_standards() -> None:
    """Every field but 65, fixed or variable and as long as the standard says."""
    fields = load_specification("altyn87").fields
    numbers = [n for n in range(2, 129) if n != 65]
    assert list(fields) == numbers
    lengths = [f.length if f.is_fixed else -f.prefix_digits for f in fields.values()]
    assert lengths == [int(word) for word in LENGTHS_1987.split()]


def test_the_shipped_table_of_1993_has_its_own_fields() -> None:
    """What changed from 1987: date with time, data code, function, reason, action, originals."""
    fields = load_specification("altyn93").fields
    shapes = {
        n: (f.kind, f.prefix_digits, f.length)
        for n, f in fields.items()
        if n in (12, 22, 24, 25, 26, 30, 39, 43, 53, 56)
    }
    assert shapes == {
        12: ("n", 0, 12),
        22: ("an", 0, 12),
        24: ("n", 0, 3),
        25: ("n", 0, 4),
        26: ("n", 0, 4),
        30: ("n", 0, 24),
        39: ("n", 0, 3),
        43: ("ans", 2, 99),
        53: ("b", 2, 48),
        56: ("n", 2, 35),
    }


def test_a_dialect_that_extends_another_repeats_nothing_of_it() -> None:
    """One layout stands in one place: the variants of 1987 hold a few lines each."""
    folder = resources.files("altyn.message").joinpath("specs")
    for name in dialect_names():
        text = folder.joinpath(f"{name}.toml").read_text(encoding="utf-8")
        if 'extends = "altyn87"' in text:
            assert len(re.findall("^[0-9]+ =", text, re.MULTILINE)) <= 2
            assert set(load_specification(name).fields) == set(load_specification("altyn87").fields)


def test_all_faults_are_named_at_once() -> None:
    """File, field and key of each; nothing is used before everything is right."""
    text = LAYOUT + (
        '3 = { name = "a", kind = "m", length = 6 }\n'
        '4 = { name = "b", kind = "n", lenght = 12 }\n'
        '5 = { name = "c", kind = "n", length = "12" }\n'
        '6 = { name = "d", kind = "n", length = 0 }\n'
        '7 = { name = 8, kind = "n", length = -1 }\n'
    )
    assert faults(text) == [
        "own.toml: field 3: kind must be one of n, a, an, ans, b, z, x+n",
        "own.toml: field 4: key 'lenght' is unknown",
        "own.toml: field 4: key 'length' is missing",
        "own.toml: field 5: length must be a whole number, not negative",
        "own.toml: field 6: length must be at least 1",
        "own.toml: field 7: name must be a text",
        "own.toml: field 7: length must be a whole number, not negative",
    ]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ('kind = "n", length = 100, prefix = "LL"', "length does not fit the digits of the prefix"),
        (
            'kind = "b", length = 99, minimum = 100, prefix = "LL"',
            "minimum is above length",
        ),
        ('kind = "ans", length = 4, encoding = "bcd"', "encoding is not one that this kind can"),
        ('kind = "b", length = 4, encoding = "ascii"', "encoding is not one that this kind can"),
        ('kind = "n", length = 4, padding = "space-right"', "padding is not one that this kind"),
        (
            'kind = "ans", length = 4, prefix = "LL", padding = "space-right"',
            "padding is for fixed",
        ),
        ('kind = "x+n", length = 9, prefix = "LL"', "kind x+n is fixed and has a sign"),
        ('kind = "x+n", length = 1', "kind x+n is fixed and has a sign"),
    ],
)
def test_columns_that_contradict_each_other_are_refused(row: str, fault: str) -> None:
    """Each column may be right and the row still wrong."""
    (found,) = faults(LAYOUT + f'48 = {{ name = "x", {row} }}\n')
    assert found.startswith(f"own.toml: field 48: {fault}")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("title = ", "own.toml: not a TOML table: "),
        (LAYOUT + '65 = { name = "x", kind = "b", length = 1 }', "own.toml: fields: '65' is not"),
        (LAYOUT + '1 = { name = "x", kind = "b", length = 8 }', "own.toml: fields: '1' is not"),
        (LAYOUT + '"٣" = { name = "x", kind = "n", length = 6 }', "own.toml: fields: '٣' is not"),
        (LAYOUT + "3 = 6", "own.toml: field 3: a table of name, kind and length is needed"),
        (LAYOUT, "own.toml: fields: at least one field is needed"),
        ("colour = 1" + LAYOUT, "own.toml: key 'colour' is unknown"),
        (LAYOUT.replace('"Own"', "1"), "own.toml: key 'title' must be a text"),
        (LAYOUT.replace('"zero-left"', '"left"'), "own.toml: layout: odd_digits must be one of"),
        (LAYOUT.replace("bitmap", "bitmaps"), "own.toml: layout: key 'bitmap' is missing"),
        ('extends = "altyn88"' + LAYOUT, "own.toml: extends: no dialect has this name"),
        ('extends = 1\ntitle = "a"\nstandard = "b"', "own.toml: key 'extends' must name"),
        ('layout = 1\ntitle = "a"\nstandard = "b"', "own.toml: key 'layout' must be a table"),
    ],
)
def test_tables_that_are_wrong_as_a_whole_are_refused(text: str, fault: str) -> None:
    """Not TOML, unknown keys, missing keys, impossible field numbers, unknown parents."""
    assert faults(text)[0].startswith(fault)


def test_every_column_can_be_set_for_one_field() -> None:
    """Encoding, prefix and padding of a field are independent of the dialect's defaults."""
    codec = parse_codec(
        LAYOUT
        + '2 = { name = "a", kind = "n", length = 19, prefix = "LL", encoding = "bcd",'
        + ' prefix_encoding = "binary", odd_digits = "zero-right" }\n'
        + '4 = { name = "b", kind = "n", length = 6, padding = "zero-left" }\n'
        + '41 = { name = "c", kind = "a", length = 4, padding = "space-right",'
        + ' encoding = "cp500" }\n'
        + '48 = { name = "d", kind = "b", length = 999, prefix = "LLL",'
        + ' prefix_encoding = "cp037" }\n',
        "own.toml",
    )
    message = Message("0100", {2: "123", 4: "7", 41: "ab", 48: b"\x00\xff"})
    for _ in range(PLAN_SIGHTS + 1):
        data = codec.encode(message)
        assert data[12:].hex() == "031230" + "303030303037" + "81824040" + "f0f0f2" + "00ff"
        assert codec.decode(data) == Message(
            "0100", {2: "123", 4: "000007", 41: "ab  ", 48: b"\x00\xff"}
        )
