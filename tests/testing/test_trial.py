"""Trials: a plan and its finding, a failing one made smaller, and the story that is told."""

import pytest

from altyn.testing import (
    FAULTS,
    Finding,
    Observation,
    Story,
    SwitchSent,
    Trial,
    WorldPlan,
    command_of,
    fault_names,
    run_trial,
    shrink,
    swarm_plan,
    trial,
)


@pytest.mark.parametrize("seed", range(5))
def test_worlds_of_several_seeds_hold_under_all_faults(seed: int) -> None:
    """The auditor finds nothing, whatever goes wrong."""
    ended = run_trial(WorldPlan(seed, transactions=200, banks=2 + seed % 4))
    assert ended.finding is None
    assert ended.figures.days == 1


def test_a_plan_of_the_swarm_follows_from_its_seed() -> None:
    """The same seed, the same plan; some plans leave faults out, and most do not."""
    plans = [swarm_plan(seed) for seed in range(40)]
    assert plans == [swarm_plan(seed) for seed in range(40)]
    assert 10 < sum(plan.faults == tuple(FAULTS) for plan in plans) < 40


def test_a_command_line_names_the_whole_plan() -> None:
    """What is printed below a story replays it."""
    plan = WorldPlan(7, 2, 3, 90, ("drops", "torn"))
    line = command_of(plan)
    assert line.startswith("altyn simulate --seed 7 --days 2 --banks 3 --transactions 90 ")
    assert fault_names(line.rpartition(" ")[2]) == plan.faults
    assert command_of(plan._replace(faults=())).endswith("--faults none")
    assert command_of(plan._replace(faults=tuple(FAULTS))).endswith("--faults all")


def test_a_failing_trial_is_made_as_small_as_it_still_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only what the failure needs is left: one fault, one day, few banks and transactions."""

    def fails(plan: WorldPlan) -> Trial:
        wrong = "torn" in plan.faults and plan.transactions >= 40
        finding = Finding("I4", 5, ("", ""), "something") if wrong else None
        return Trial(plan, figures, finding)

    figures = run_trial(WorldPlan(1, transactions=1, faults=())).figures
    monkeypatch.setattr(trial, "run_trial", fails)
    smallest = shrink(fails(WorldPlan(9, days=3, banks=8, transactions=2000)))
    assert smallest.plan.faults == ("torn",)
    assert (smallest.plan.days, smallest.plan.banks) == (1, 2)
    assert 40 <= smallest.plan.transactions < 80


def test_a_story_tells_one_transaction_from_every_side_and_no_card_number() -> None:
    """Bank, switch, journal, issuer and back, in order; the card is masked."""
    names: set[tuple[str, str]] = set()
    cards: set[str] = set()

    def note(seen: Observation) -> None:
        if isinstance(seen, SwitchSent) and seen.message.mti == "0200":
            fields = seen.message.fields
            names.add((str(fields[32]), str(fields[37])))
            cards.add(str(fields[2]))

    plan = WorldPlan(2, transactions=60, faults=())
    run_trial(plan, note)
    story = Story(min(names))
    run_trial(plan, story.observe)
    told = "\n".join(story.lines)
    for part in ("sends     0200", "switch reads", "durable: entry", "receives  0200", "0210"):
        assert part in told
    assert not [card for card in cards if card in told]
