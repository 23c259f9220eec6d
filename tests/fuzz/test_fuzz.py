"""What once broke a reader is tried for ever, and each reader gets a short run of new bytes."""

import tracemalloc

import pytest

from tests.fuzz.campaign import CORPUS, Finding, HangError, bounded, corpus, run_round
from tests.fuzz.mutation import Edit, edited
from tests.fuzz.targets import TARGETS, Target, check_tlv, expect_silent

EXAMPLES = 40
ALLOCATED_BYTES_MAX = 32 << 20
"""A file is read with room for the largest, 16 MiB; no length in an input is believed."""
BY_NAME = {target.name: target for target in TARGETS}

each_target = pytest.mark.parametrize("name", list(BY_NAME))


@each_target
def test_valid_inputs_and_what_once_broke_a_reader(name: str) -> None:
    """Every example and every kept input passes, in bounded time and memory."""
    target = BY_NAME[name]
    for data in target.examples() + [path.read_bytes() for path in corpus(target)]:
        tracemalloc.start()
        try:
            with bounded():
                target.check(data)
            assert tracemalloc.get_traced_memory()[1] < ALLOCATED_BYTES_MAX
        finally:
            tracemalloc.stop()


@each_target
def test_some_new_bytes(name: str) -> None:
    """A short run finds nothing; `./dev fuzz` looks further."""
    assert run_round(BY_NAME[name], 1, EXAMPLES) >= EXAMPLES


def test_every_folder_of_the_corpus_has_a_target() -> None:
    """No kept input is forgotten because a target got another name."""
    assert {path.name for path in CORPUS.iterdir() if path.is_dir()} <= set(BY_NAME)


def test_a_reader_with_a_fault_is_found_with_a_small_input() -> None:
    """The run bites: a reader that fails at one byte is found, and its input made small."""

    def check(data: bytes) -> None:
        if b"\xff" in data:
            raise IndexError("a fault")
        check_tlv(data)

    faulty = Target("faulty", BY_NAME["tlv"].examples, check)
    with pytest.raises(Finding) as caught:
        for number in range(20):
            run_round(faulty, number, 100)
    assert isinstance(caught.value.error, IndexError)
    assert len(caught.value.data) < 80


def test_a_reader_that_hangs_is_interrupted() -> None:
    """A reader that never ends is a finding, not a run that never ends."""
    with pytest.raises(HangError), bounded(0.05):
        while True:
            pass


def test_a_text_that_repeats_a_card_number_is_found() -> None:
    """A number of a card's length that stood in the input is told nowhere (I10)."""
    digits = "4000001234567"
    with pytest.raises(AssertionError, match="long number"):
        expect_silent(f"field 2 is {digits}", b"\x00" + digits.encode())
    with pytest.raises(AssertionError, match="BCD"):
        expect_silent(f"field 2 is {digits}", bytes.fromhex(digits + "f"))
    expect_silent(f"field 2 is {digits[:12]}", digits.encode())


@pytest.mark.parametrize(
    ("edit", "gives"),
    [
        (Edit("put", 1, 1, b"x"), b"axc"),
        (Edit("insert", 1, 1, b"x"), b"axbc"),
        (Edit("delete", 1, 1, b"x"), b"ac"),
        (Edit("repeat", 1, 2, b"x"), b"abcbc"),
        (Edit("cut", 6, 1, b"x"), b"ab"),
        (Edit("flip", 0, 9, b"x"), b"cbc"),
    ],
)
def test_edits_do_what_they_are_called(edit: Edit, gives: bytes) -> None:
    """Each edit changes what it says, its place taken modulo the length and one."""
    assert edited(b"abc", [edit]) == gives
