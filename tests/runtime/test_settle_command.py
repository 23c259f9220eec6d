"""`altyn settle` and what is around it, over real folders, a real journal and a bank's books."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from altyn.identifiers import ParticipantId
from altyn.ledger import Account, AccountKind
from altyn.runtime.backoffice import open_for_writing
from altyn.settlement import State
from tests.runtime.settling_house import FEES, FUND, MOUNTAIN, NETS, House
from tests.settlement.schemas import assert_valid

FORMS = pytest.mark.parametrize("form", ["multilateral", "by-participant"])
_HOLD = """
import sys
from pathlib import Path
from altyn.runtime.settling.place import load_place
with load_place(Path(sys.argv[1])).held(0.1):
    pass
"""
TWO = ("--by", "ann", "--by", "ben")


@FORMS
def test_a_cycle_becomes_final_money(tmp_path: Path, form: str) -> None:
    """Orders leave, the bank answers, the run is final with the bank's own instant."""
    house = House(tmp_path, form)
    house.clear()
    code, run = house.settle()
    assert (code, run["state"]) == (75, "instructed")
    for _wave in range(2):
        house.bank()
        code, run = house.settle()
    assert (code, run["state"], run["sum"]) == (0, "settled", 0)
    assert run["final"]
    house.assert_settled_once()


@FORMS
def test_m17_what_lies_in_the_outbox_is_valid_iso_20022(tmp_path: Path, form: str) -> None:
    """Orders and questions are what the standard says that they are."""
    house = House(tmp_path, form)
    house.clear()
    house.settle()
    house.settle()
    files = list(house.place.settings.settlement.outbox.iterdir())
    assert len(files) >= 2
    for file in files:
        assert_valid(file.read_bytes())


def test_m03_a_currency_in_which_nothing_is_due_is_final_without_the_bank(tmp_path: Path) -> None:
    """Tenge has no nets in this cycle: its run is reported, and no message leaves for it."""
    house = House(tmp_path)
    house.clear(nets=(("STEPKZ", "settlement", 0),))
    code, output, _ = house.run("settle", "--cycle", house.cycle, "-c", str(house.folder))
    assert code == 0, output
    assert f"{house.cycle}/KZT settled" in " ".join(output.split())
    assert max(map(len, output.splitlines())) <= 100
    assert not list(house.place.settings.settlement.outbox.iterdir())
    assert house.books().book.is_closed(house.cycle)


def test_m04_settling_again_gives_the_first_result(tmp_path: Path) -> None:
    """Once it is final, the command tells the same and sends nothing."""
    house = House(tmp_path)
    house.clear()
    house.settle()
    house.bank()
    first = house.settle()
    assert first == house.settle()
    assert not list(house.place.settings.settlement.outbox.iterdir())
    house.assert_settled_once()


def test_m04_who_settles_beside_another_is_told(tmp_path: Path) -> None:
    """While one process holds the journal another waits and then says so."""
    house = House(tmp_path)
    house.clear()
    place = house.place
    scheme_id = place.registry.scheme.scheme_id
    with open_for_writing(place.settings.clearing, scheme_id):
        found = subprocess.run(
            [sys.executable, "-c", _HOLD, str(house.folder)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert found.returncode != 0
    assert "another command is writing" in found.stderr


@pytest.mark.parametrize("script", ["die-before-answer", "die-after-booking"])
def test_m05_a_bank_that_dies_is_asked_and_each_amount_moves_once(
    tmp_path: Path, script: str
) -> None:
    """The bank loses the order, or its answer; the next command asks, and sends what was lost."""
    house = House(tmp_path)
    house.clear()
    house.settle()
    words = [sys.executable, "-c", "from altyn.runtime.cli import main; main()"]
    died = subprocess.run(
        [*words, *house.bank_words("--once", "--script", script)], check=False, capture_output=True
    )
    assert died.returncode == 3, died.stderr
    assert house.settle()[0] == 75
    house.bank()
    house.settle()
    house.bank()
    assert house.settle()[0] == 0
    house.assert_settled_once()


def test_m06_a_refusal_leaves_the_run_to_be_released_by_two_persons(tmp_path: Path) -> None:
    """AM04 is told with what to do; when the cause is gone, the same cycle settles."""
    house = House(tmp_path)
    house.clear()
    house.settle()
    house.bank("--script", "reject:AM04")
    code, run = house.settle()
    assert (code, run["state"], run["reason"]) == (1, "failed", "AM04")
    name = f"{house.cycle}/USD"
    words = ("default", "release", name, "--reason", "paid up", "-c", str(house.folder))
    code, _, error = house.run(*words, "--by", "ann", "--by", "Ann")
    assert (code, "two different persons" in error) == (1, True)
    assert house.run(*words, *TWO)[0] == 0
    house.settle()
    house.bank()
    assert house.settle()[0] == 0
    house.assert_settled_once()
    code, output, _ = house.run("settlement", "show", name, "-c", str(house.folder))
    assert (code, "rejected AM04" in output, "Final since" in output) == (0, True, True)
    assert max(map(len, output.splitlines())) <= 100


def test_m07_answers_twice_late_or_unreadable_change_nothing(tmp_path: Path) -> None:
    """A repeat is nothing, and what cannot be read goes aside with its reason and is shown."""
    house = House(tmp_path)
    house.clear()
    house.settle()
    house.bank("--script", "repeat")
    inbox = house.place.settings.settlement.inbox
    (inbox / "bank-torn.xml").write_text("<torn")
    assert house.settle()[0] == 0
    house.assert_settled_once()
    code, output, _ = house.run("settlement", "list", "-c", str(house.folder))
    assert (code, "bank-torn.xml" in output, "not well-formed" in output) == (0, True, True)
    assert not list(inbox.iterdir())


def test_an_answer_that_is_put_off_is_waited_for(tmp_path: Path) -> None:
    """The command waits for a bank that is a process of its own and answers later."""
    house = House(tmp_path)
    house.clear()
    words = [sys.executable, "-c", "from altyn.runtime.cli import main; main()"]
    bank = subprocess.Popen([*words, *house.bank_words("--script", "delay:300ms")])
    try:
        code, run = house.settle(wait="60s")
    finally:
        bank.terminate()
        assert bank.wait(30) == 0
    assert (code, run["state"]) == (0, "settled")
    house.assert_settled_once()


def test_m08_a_statement_is_held_against_the_runs(tmp_path: Path) -> None:
    """A true statement agrees; one whose balances were changed is a break list and exit code 1."""
    house = House(tmp_path)
    house.clear()
    house.settle()
    house.bank()
    house.settle()
    house.bank("--statement-now")
    words = ("settlement", "reconcile", "-c", str(house.folder), "--json", "-")
    code, output, _ = house.run(*words)
    assert (code, json.loads(output)["breaks"]) == (0, [])
    house.bank("--statement-now")
    inbox = house.place.settings.settlement.inbox
    (usd,) = (each for each in inbox.iterdir() if b'Ccy="USD"' in each.read_bytes())
    usd.write_bytes(usd.read_bytes().replace(b'Ccy="USD">0', b'Ccy="USD">7', 1))
    code, output, _ = house.run(*words)
    kinds = {row["kind"] for row in json.loads(output)["breaks"]}
    assert (code, kinds) == (1, {"arithmetic", "opening"})
    code, output, _ = house.run(*words[:-2])
    assert "opening is not where" in " ".join(output.split())
    assert max(map(len, output.splitlines())) <= 100


def test_m08_a_statement_that_is_ahead_of_its_status_waits(tmp_path: Path) -> None:
    """The bank died after booking: its notification is read when its status has come."""
    house = House(tmp_path)
    house.clear()
    house.settle()
    words = [sys.executable, "-c", "from altyn.runtime.cli import main; main()"]
    subprocess.run(
        [*words, *house.bank_words("--once", "--script", "die-after-booking")],
        check=False, capture_output=True,
    )  # fmt: skip
    house.bank("--statement-now")
    reconcile = ("settlement", "reconcile", "-c", str(house.folder))
    assert house.run(*reconcile)[0] == 0
    assert len(list(house.place.settings.settlement.inbox.iterdir())) == 1
    house.settle()
    house.bank()
    assert house.settle()[0] == 0
    assert house.run(*reconcile)[0] == 0
    assert not list(house.place.settings.settlement.inbox.iterdir())


def test_m14_a_default_is_declared_covered_and_settled(tmp_path: Path) -> None:
    """Its run is held; what it owes is borne in the stated order; then all others are paid."""
    house = House(tmp_path)
    house.clear()
    config = ("-c", str(house.folder))
    declare = ("default", "declare", "STEPKZ", "--reason", "licence withdrawn", *config)
    house.settle()
    house.bank("--script", "reject:AM04")
    house.settle()
    code, output, _ = house.run(*declare, *TWO)
    assert (code, "cannot pay" in output) == (0, True)
    run = house.books().desk.run(f"{house.cycle}/USD")
    assert run.state is State.SUSPENDED
    assert house.settle()[0] == 1
    cover = ("default", "cover", run.name, "--failing", "STEPKZ", *config)
    assert house.run(*cover, "--by", "ann")[0] == 1
    code, output, error = house.run(*cover, *TWO)
    assert (code, "used for a cover: guarantee-fund" in output) == (0, True), error
    house.settle()
    house.bank()
    assert house.settle()[0] == 0
    assert house.bank_moves() == {FUND: -1500, MOUNTAIN: 1495, FEES: 5}
    balances = house.books().book.balances()
    fund = Account(AccountKind.GUARANTEE_FUND, ParticipantId("MOUNTKG"), "USD")
    loss = Account(AccountKind.LOSS, ParticipantId("STEPKZ"), "USD")
    assert (balances[fund], balances[loss]) == (5_000_000 - 150_000, -150_000)
    assert not sum(units for each, units in balances.items() if each.currency == "USD")


def test_m16_a_closed_cycle_is_adjusted_in_a_later_one(tmp_path: Path) -> None:
    """Two persons book it with a reason; the next cycle moves it with its own nets."""
    house = House(tmp_path)
    house.clear()
    house.settle()
    house.bank()
    house.settle()
    house.run("settle", "--cycle", house.cycle, "-c", str(house.folder), "--wait", "0")
    words = (
        "adjust", "--reference", "T-1", "--corrects", f"{house.cycle}/USD/priced", "--payer",
        "MOUNTKG", "--receiver", "STEPKZ", "--amount", "25.00", "--currency", "USD", "--reason",
        "cleared twice", "-c", str(house.folder),
    )  # fmt: skip
    assert house.run(*words, "--by", "ann")[0] == 1
    assert house.run(*words, *TWO)[0] == 0
    assert "known already" in house.run(*words, *TWO)[1]
    later = house.clear(2, (("STEPKZ", "settlement", -1000), ("MOUNTKG", "settlement", 1000)))
    house.settle(later)
    house.bank()
    code, run = house.settle(later)
    assert (code, run["adjustments"]) == (0, ["adjustments/T-1"])
    positions = {row["account"]: row["minor_units"] for row in run["positions"]}
    assert positions == {"settlement/MOUNTKG/USD": -1500, "settlement/STEPKZ/USD": 1500}
    balances = house.books().book.balances()
    owed = [units for each, units in balances.items() if each.kind is AccountKind.OBLIGATION]
    assert not any(owed)


EVERY_DAY = 'rest_days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]'


@pytest.mark.parametrize(
    ("pattern", "text", "words"),
    [
        (r"years = [^]]*]", "years = [2020]", "has no year"),
        (r"rest_days = \[]", EVERY_DAY, "is closed for"),
    ],
)
def test_t09_a_run_is_held_where_no_calendar_knows_the_day(
    tmp_path: Path, pattern: str, text: str, words: str
) -> None:
    """A year that nobody entered, or a calendar that never opens: nothing is instructed."""
    house = House(tmp_path)
    rules = house.folder / "clearing.toml"
    rules.write_text(re.sub(pattern, text, rules.read_text()))
    house.clear()
    code, run = house.settle()
    assert (code, run["state"]) == (1, "priced")
    assert words in run["reason"]
    assert not list(house.place.settings.settlement.outbox.iterdir())


def test_a_cycle_that_is_not_cleared_or_was_changed_is_refused(tmp_path: Path) -> None:
    """Settlement takes over what clearing made, and nothing else."""
    house = House(tmp_path)
    words = ("settle", "--cycle", house.cycle, "-c", str(house.folder))
    assert "not cleared" in house.run(*words)[2]
    house.clear(nets=NETS)
    folder = house.place.settings.clearing.folder / "cycles" / house.cycle.replace("/", "-")
    file = folder / "nets.parquet"
    file.write_bytes(file.read_bytes() + b" ")
    assert "not the ones that clearing made" in house.run(*words)[2]


def test_m14_stress_says_what_covers_the_largest_debtors(tmp_path: Path) -> None:
    """Cover 1 and cover 2 of a priced cycle, by layer, and nothing is changed by asking."""
    house = House(tmp_path)
    house.clear()
    words = ("report", "stress", "--cycle", house.cycle, "-c", str(house.folder))
    assert house.run(*words)[0] == 1
    house.settle()
    before = len(house.books().book)
    code, output, error = house.run(*words, "--json", "-")
    assert code == 0, error
    cases = [each for each in json.loads(output)["cases"] if each["currency"] == "USD"]
    assert [each["failing"] for each in cases] == [["STEPKZ"], ["STEPKZ"]]
    assert [(each["exposure"], each["uncovered"]) for each in cases] == [(150_000, 0)] * 2
    (share,) = cases[0]["shares"]
    assert (share["layer"], share["bearer"]) == ("guarantee-fund", "MOUNTKG")
    code, output, _ = house.run(*words)
    assert (code, "1,500.00 USD" in output or "1500.00 USD" in output) == (0, True)
    assert max(map(len, output.splitlines())) <= 100
    assert len(house.books().book) == before
