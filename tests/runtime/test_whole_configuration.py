"""What a configuration is made of, by who asks for it."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from altyn.runtime.cli import main
from altyn.runtime.configuration.whole import load_configuration
from altyn.runtime.output import UserError


def test_a_switch_starts_whatever_the_rules_of_clearing_say(tmp_path: Path) -> None:
    """A fault in a price keeps the back office from working, and not the switch."""
    assert CliRunner().invoke(main, ["init", str(tmp_path)]).exit_code == 0
    (tmp_path / "clearing.toml").write_text("[[fee]]\nid = 1\n", encoding="utf-8")
    assert load_configuration(tmp_path).clearing_facts == []
    with pytest.raises(UserError):
        load_configuration(tmp_path, clearing=True)


def test_a_switch_does_without_the_libraries_of_the_back_office() -> None:
    """They cost start-up time and memory, and what is not loaded cannot fail."""
    script = (
        "import sys, altyn.runtime.online.node; "
        "print(*({'pyarrow', 'lxml', 'duckdb', 'altyn.clearing'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
