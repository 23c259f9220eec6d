"""The columns of presentments contradict nothing."""

from altyn.presentment import FILE_COLUMNS, PRESENTMENT_COLUMNS
from altyn.transaction import entries


def test_a_name_stands_once_and_every_value_of_a_file_reaches_a_row() -> None:
    """Only `direction` has another name in rows, where it is a flag."""
    names = [column.name for column in PRESENTMENT_COLUMNS]
    assert len(set(names)) == len(names)
    assert {column.name for column in FILE_COLUMNS} - set(names) == {"direction"}


def test_keys_of_the_authorization_have_the_widths_of_the_journal() -> None:
    """What is compared with the journal's columns is as wide as they are."""
    widths = {column.name: column.width for column in entries.COLUMNS if column.code == "s"}
    compared = ("stan", "rrn", "transmission", "acquirer", "authorization_code", "currency")
    found = {column.name: column.width for column in FILE_COLUMNS}
    assert {name: found[name] for name in compared} == {name: widths[name] for name in compared}
