"""Files are taken once, in order, and into a day that is open."""

import pytest

from altyn.presentment import (
    Acknowledgement,
    Action,
    FileFact,
    FileRefusal,
    FileRegister,
    LateRule,
    Manifest,
    Reason,
    Rejection,
    Status,
    Totals,
    acknowledge,
    refuse,
)
from altyn.presentment.register import WAITING_MAX

DAY = 20261123


def manifest(sequence: int, file_id: str = "", day: int = DAY, acquirer: str = "SEA") -> Manifest:
    """The header of a file."""
    return Manifest(file_id or f"{acquirer}-{sequence}", acquirer, sequence, day)


def accepted(of: Manifest, rejected: int = 0) -> Acknowledgement:
    """The answer to a file of ten records."""
    rejections = [Rejection(n + 1, Reason.FORM, "stan") for n in range(rejected)]
    return acknowledge(of, Totals(10, {}), rejections, DAY)


def taken(register: FileRegister, of: Manifest, content: str) -> Acknowledgement:
    """Takes a file that is due."""
    assert register.decide(of, content, DAY, LateRule.REFUSE).action is Action.TAKE
    register.note(FileFact(content, accepted(of)))
    return accepted(of)


def test_c01_the_same_file_again_gets_the_first_answer() -> None:
    """By its identifier, whatever it holds now, and marked as a repeat."""
    register = FileRegister()
    first = taken(register, manifest(1), "aa")
    for content in ("aa", "bb"):
        decision = register.decide(manifest(1), content, DAY, LateRule.REFUSE)
        assert decision.action is Action.ANSWER
        assert decision.answer == first._replace(repeat=True)


def test_c01_a_corrected_file_may_come_under_its_old_identifier() -> None:
    """Nothing of the refused one was taken; unchanged it gets its refusal again."""
    register = FileRegister()
    refused = refuse(manifest(1), FileRefusal(Reason.CONTROL_TOTAL))
    register.note(FileFact("aa", refused))
    again = register.decide(manifest(1), "aa", DAY, LateRule.REFUSE)
    assert again.answer == refused._replace(repeat=True)
    assert register.decide(manifest(1), "bb", DAY, LateRule.REFUSE).action is Action.TAKE


def test_c02_the_same_content_under_a_new_identifier_is_taken_and_told() -> None:
    """Its records are found twice by clearing, singly; another acquirer's content is no matter."""
    register = FileRegister()
    taken(register, manifest(1), "aa")
    decision = register.decide(manifest(2), "aa", DAY, LateRule.REFUSE)
    assert (decision.action, decision.same_as) == (Action.TAKE, "SEA-1")
    other = register.decide(manifest(1, acquirer="HILL"), "aa", DAY, LateRule.REFUSE)
    assert (other.action, other.same_as) == (Action.TAKE, "")


@pytest.mark.parametrize(
    ("rule", "action", "reason"),
    [
        (LateRule.REFUSE, Action.ANSWER, Reason.CLOSED_DAY),
        (LateRule.NEXT_CYCLE, Action.TAKE, None),
    ],
)
def test_c06_a_closed_day_is_refused_or_booked_into_the_open_one(
    rule: LateRule, action: Action, reason: Reason | None
) -> None:
    """The answer says which day it is."""
    late = manifest(1, day=20261122)
    decision = FileRegister().decide(late, "aa", DAY, rule)
    assert decision.action is action
    assert (decision.answer.reason if decision.answer else None) is reason
    assert decision.booked_day == (DAY if action is Action.TAKE else 0)


def test_c06_a_day_to_come_is_refused() -> None:
    """No rule takes money before its day."""
    decision = FileRegister().decide(manifest(1, day=20261124), "aa", DAY, LateRule.NEXT_CYCLE)
    assert decision.answer is not None
    assert decision.answer.reason is Reason.FUTURE_DAY


def test_c18_a_gap_in_the_sequence_waits_until_it_closes() -> None:
    """Files that come in parallel are taken by their numbers."""
    register = FileRegister()
    for sequence in (3, 2):
        decision = register.decide(manifest(sequence), f"c{sequence}", DAY, LateRule.REFUSE)
        assert decision.action is Action.WAIT
        assert decision.answer is not None
        assert decision.answer.reason is Reason.SEQUENCE_GAP
        register.note(FileFact(f"c{sequence}", decision.answer))
    assert [each.sequence for each in register.waiting("SEA")] == [2, 3]
    for sequence in (1, 2, 3):
        taken(register, manifest(sequence), f"c{sequence}")
    assert (register.waiting("SEA"), register.due("SEA")) == ([], 4)


def test_c18_a_used_number_is_refused() -> None:
    """Two files of one number, the one before it taken or waiting."""
    register = FileRegister()
    taken(register, manifest(1), "aa")
    used = register.decide(manifest(1, "OTHER"), "bb", DAY, LateRule.REFUSE)
    assert used.answer is not None
    assert used.answer.reason is Reason.SEQUENCE_USED
    waits = register.decide(manifest(3), "cc", DAY, LateRule.REFUSE)
    assert waits.answer is not None
    register.note(FileFact("cc", waits.answer))
    twin = register.decide(manifest(3, "TWIN"), "dd", DAY, LateRule.REFUSE)
    assert twin.answer is not None
    assert twin.answer.reason is Reason.SEQUENCE_USED


def test_c18_files_that_wait_are_bounded() -> None:
    """A hole that never closes does not fill the memory."""
    register = FileRegister()
    for sequence in range(2, WAITING_MAX + 2):
        decision = register.decide(manifest(sequence), f"c{sequence}", DAY, LateRule.REFUSE)
        assert decision.answer is not None
        register.note(FileFact(f"c{sequence}", decision.answer))
    last = register.decide(manifest(WAITING_MAX + 2), "x", DAY, LateRule.REFUSE)
    assert last.answer is not None
    assert last.answer.reason is Reason.TOO_MANY_WAIT


def test_a_register_of_the_same_facts_decides_the_same() -> None:
    """Recovery comes to the state that the live register had; deciding changes nothing."""
    live, facts = FileRegister(), []
    for sequence in (2, 1):
        decision = live.decide(manifest(sequence), f"c{sequence}", DAY, LateRule.REFUSE)
        fact = FileFact(f"c{sequence}", decision.answer or accepted(manifest(sequence), 2))
        live.note(fact)
        facts.append(fact)
    again = FileRegister(facts)
    for sequence in (1, 2, 3):
        for content in ("c1", "c2", "c3"):
            asked = manifest(sequence), content, DAY, LateRule.REFUSE
            assert live.decide(*asked) == again.decide(*asked)


def test_what_is_forgotten_is_refused_by_its_number() -> None:
    """Memory is bounded, and an old file still does not come in twice."""
    register = FileRegister()
    taken(register, manifest(1), "aa")
    register.forget_before(20261201)
    decision = register.decide(manifest(1), "aa", DAY, LateRule.REFUSE)
    assert decision.answer is not None
    assert (decision.answer.status, decision.answer.reason) == (
        Status.REFUSED,
        Reason.SEQUENCE_USED,
    )
