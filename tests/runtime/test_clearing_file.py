"""clearing.toml: rules of clearing as facts, and every fault with its line and what to do."""

from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner

from altyn.clearing import ClearingRules, CycleMoment, FeeRule, Share, rule_of, rule_tables
from altyn.registry import Fact, Registry
from altyn.runtime.clearing_file import load_clearing, parse_clearing, read_clearing
from altyn.runtime.cli import main
from altyn.runtime.configuration.problem import ConfigurationError
from altyn.runtime.scheme_file import parse_scheme

TEMPLATES = resources.files("altyn.runtime.configuration").joinpath("templates")
TEXT = TEMPLATES.joinpath("clearing.toml").read_text(encoding="utf-8")
LEAST = """\
[[cycles]]
effective = "2026-01-01"
cut_offs = ["14:00", "23:00"]
[[terms]]
id = "rest"
effective = "2026-01-01"
open_days = 7
late_days = 7
refuse_days = 30
"""
FEE = """\
[[fee]]
id = "F1"
fee = "interchange"
effective = "2026-01-01"
payer = "acquirer"
shares = { issuer = "62.5", scheme = "37.5" }
percent = "1.6525"
"""


def scheme() -> list[Fact]:
    """The facts of the scheme that `altyn init` writes."""
    return parse_scheme(TEMPLATES.joinpath("scheme.toml").read_text(encoding="utf-8"))


def problems(text: str) -> list[tuple[int | None, str, str]]:
    """Line, key and reason of each fault in a text."""
    with pytest.raises(ConfigurationError) as caught:
        parse_clearing(text, scheme())
    return [(each.line, each.key, each.reason) for each in caught.value.problems]


def test_what_init_writes_makes_rules_and_tables() -> None:
    """Two cycles a day, terms for tips and hotels, and fees of every kind."""
    registry = Registry(scheme())
    rules = ClearingRules(parse_clearing(TEXT, scheme()), registry)
    assert len(rules.cut_offs(20261123)) == 2
    assert rules.terms_for("5812", 20261123).tolerance_ppm == 200_000
    assert {rule.fee for rule in rules.fee_rules} >= {"interchange", "conversion-margin"}
    assert rules.settlement_terms(20261123).correspondence.clearing_accounts.keys() == {
        "KZT", "KGS", "USD",
    }  # fmt: skip
    calendar = rules.calendar("KZT")
    assert calendar is not None
    assert not calendar.is_open(20261216)
    moment = CycleMoment("2026-11-23/1", 20261123, rules.cut_offs(20261123)[0].at_us)
    assert rule_tables(rules, registry, moment)["fee_rules"].num_rows == len(rules.fee_rules)


def test_every_settling_agent_has_an_account_in_each_currency_it_settles() -> None:
    """A newcomer's first settlement must not fail for want of an account."""
    registry = Registry(scheme())
    rules = ClearingRules(parse_clearing(TEXT, scheme()), registry)
    accounts = rules.settlement_terms(20261123).correspondence.accounts
    held = {(account.kind.value, account.holder, account.currency) for account in accounts}
    for each in registry.participants.values():
        for currency in {each.currency, "USD"}:
            agent = rules.agent(each.participant_id, 20261123)
            assert ("settlement", agent, currency) in held
    for currency in ("KZT", "KGS", "USD"):
        assert {(kind, "SCHEME", currency) for kind in ("fees", "residue")} <= held
        assert rules.calendar(currency) is not None


def test_percentages_are_exact() -> None:
    """Four decimals of a percentage are a millionth."""
    rules = [rule_of(fact) for fact in parse_clearing(LEAST + FEE, scheme())]
    (fee,) = [rule for rule in rules if isinstance(rule, FeeRule)]
    assert fee.ppm == 16_525
    assert fee.shares == (Share("issuer", 625_000), Share("scheme", 375_000))


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "word"),
    [
        ('"1.6525"', "1.6525", 16, "fee[1].percent", "a text is expected"),
        ('"1.6525"', '"1.65251"', 16, "fee[1].percent", "no percentage"),
        ('"37.5"', '"37"', 15, "fee[1].shares", "whole fee"),
        ("percent", "precent", 16, "fee[1].precent", "no such key"),
        ('percent = "1.6525"', "fixed = 1", 10, "fee[1].currency", "no currency"),
        ('percent = "1.6525"', 'product = "NONE"', 16, "fee[1].product", "no such product"),
        ('"F1"\n', '"F1"\ncurrency = "ZZZ"\n', 12, "fee[1].currency", "no currency of ISO"),
        ('"2026-01-01"\npayer', '"2026-02-30"\npayer', 13, "fee[1].effective", "no day"),
        ('id = "rest"', 'id = "rest"\ncategories = "5411"', None, "", "rest of the merchant"),
        ('"14:00", ', '"23:00", ', 3, "cycles[1].cut_offs", "twice"),
        ("late_days = 7", "late_days = 70", 9, "terms[1].refuse_days", "before it is late"),
    ],
)
def test_a_fault_is_told_at_its_line(
    old: str, new: str, line: int | None, key: str, word: str
) -> None:
    """Where it is and what is wrong, the value never repeated."""
    whole = LEAST + FEE
    assert old in whole
    found = problems(whole.replace(old, new))
    assert [(each[0], each[1]) for each in found] == [(line, key)]
    assert word in found[0][2]


def test_rules_that_contend_are_both_named() -> None:
    """At the later one."""
    ((line, key, reason),) = problems(LEAST + FEE + FEE.replace("F1", "F2"))
    assert (line, key) == (18, "fee[2].id")
    assert "F1 and F2" in reason


def test_a_scheme_with_faults_hides_no_fault_here(tmp_path: Path) -> None:
    """Names are not looked up then; all else is told."""
    path = tmp_path / "clearing.toml"
    path.write_text(LEAST + FEE.replace("37.5", "37").replace('"F1"', '"F1"\nproduct = "X"'))
    found = read_clearing(path, []).problems
    assert [each.key for each in found] == ["fee[1].shares"]
    with pytest.raises(ConfigurationError, match="cannot read this file"):
        load_clearing(tmp_path / "absent.toml", [])


def test_check_reads_the_file_when_it_is_there(tmp_path: Path) -> None:
    """A fault in it is one of the configuration; where no file is named none need be there."""
    run = CliRunner()
    assert run.invoke(main, ["init", str(tmp_path)]).exit_code == 0
    path = tmp_path / "clearing.toml"
    path.write_text(path.read_text().replace('shares = { issuer = "40"', 'shares = { issuer = "4"'))
    result = run.invoke(main, ["check", str(tmp_path)])
    assert result.exit_code == 1
    assert "clearing.toml" in result.stdout
    assert "whole fee" in " ".join(result.stdout.split())
    path.unlink()
    assert "cannot read" in run.invoke(main, ["check", str(tmp_path)]).stdout
    settings = tmp_path / "altyn.toml"
    settings.write_text(
        "\n".join(
            line for line in settings.read_text().splitlines() if not line.startswith("rules =")
        )
    )
    assert run.invoke(main, ["check", str(tmp_path)]).exit_code == 0
