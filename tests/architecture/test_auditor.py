"""The auditor is a witness: it shares no code with the switch that it audits."""

from tests.architecture.imports import imports_of
from tests.architecture.source import Source, package_sources

ACCUSED = {"altyn.switch", "altyn.gateway", "altyn.runtime", "altyn.simulators"}
DECIDING = {"Move", "State", "Told", "Transaction", "read_record"}
"""Names of `altyn.transaction` that decide or read for the switch; its columns are public."""


def shared_with_the_switch(source: Source) -> list[str]:
    """What a module of the auditor imports that it must not."""
    return [
        f"{source.name}: {item.module}.{item.name}"
        for item in imports_of(source)
        if item.module in ACCUSED
        or (item.module == "altyn.transaction" and item.name in DECIDING)
        or (item.module == "altyn" and f"altyn.{item.name}" in ACCUSED)
    ]


def test_the_auditor_shares_no_code_with_the_switch() -> None:
    """No module of the audit imports the switch, the gateway, or what decides for them."""
    audit = [each for each in package_sources() if each.name.startswith("altyn.testing.audit")]
    assert len(audit) > 5
    assert [found for source in audit for found in shared_with_the_switch(source)] == []


def test_the_rule_bites() -> None:
    """A module that imports from the switch is found."""
    bad = Source("altyn.testing.audit.a", "from altyn.switch import Positions")
    sly = Source("altyn.testing.audit.b", "from altyn.transaction import read_record")
    assert shared_with_the_switch(bad)
    assert shared_with_the_switch(sly)
