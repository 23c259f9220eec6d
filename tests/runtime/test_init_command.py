"""`altyn init`: what it writes, what it leaves alone, and that it is right."""

import stat
from pathlib import Path

from click.testing import CliRunner

from altyn.registry import Registry
from altyn.runtime.cli import main
from altyn.runtime.configuration.whole import load_configuration


def run(*words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    result = CliRunner().invoke(main, list(words))
    return result.exit_code, result.stdout, result.stderr


def test_what_is_written_passes_the_check(tmp_path: Path) -> None:
    """A newcomer's first two commands succeed."""
    folder = tmp_path / "new" / "bank"
    assert run("init", str(folder))[0] == 0
    assert {path.name for path in folder.iterdir()} == {
        "altyn.toml", "scheme.toml", "clearing.toml", "data",
    }  # fmt: skip
    code, output, _ = run("check", str(folder))
    assert (code, output.splitlines()[-1].endswith("Nothing is wrong.")) == (0, True)


def test_written_scheme_has_two_countries_and_cards_in_three_currencies(tmp_path: Path) -> None:
    """The example shows a domestic and a cross-border payment."""
    run("init", str(tmp_path))
    registry = Registry(load_configuration(tmp_path).facts)
    assert {each.country for each in registry.participants.values()} == {"KZ", "KG"}
    longest = registry.bins.find("9900018800000000")
    assert longest is not None
    assert longest.product == "TRAVEL"


def test_the_files_explain_themselves(tmp_path: Path) -> None:
    """Every table has a comment, so that a person can edit without this project's pages."""
    run("init", str(tmp_path))
    for name in ("altyn.toml", "scheme.toml"):
        lines = (tmp_path / name).read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith("# ")
        assert sum("# " in line for line in lines) * 3 > len([line for line in lines if line])
        assert max(map(len, lines)) <= 100


def test_data_folder_is_its_owners_alone(tmp_path: Path) -> None:
    """The journal will hold card data, so nobody else may look into its folder."""
    run("init", str(tmp_path))
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) & 0o077 == 0


def test_next_commands_are_told(tmp_path: Path) -> None:
    """The last lines say what to run next, with the path that was given."""
    output = run("init", str(tmp_path))[1]
    assert f"altyn check {tmp_path}\n" in output
    assert f"altyn serve -c {tmp_path / 'altyn.toml'}\n" in output


def test_present_file_is_kept_and_the_way_out_is_told(tmp_path: Path) -> None:
    """Work of a person is never overwritten without being asked."""
    (tmp_path / "scheme.toml").write_text("mine")
    code, _, errors = run("init", str(tmp_path))
    assert code == 1
    assert errors == (
        f"error: {tmp_path}: scheme.toml is there already; "
        "choose another folder, or let --force replace what is there\n"
    )
    assert (tmp_path / "scheme.toml").read_text() == "mine"
    assert not (tmp_path / "altyn.toml").exists()


def test_force_replaces_the_files_and_keeps_the_data(tmp_path: Path) -> None:
    """With --force the files are new; a journal beside them is not touched."""
    run("init", str(tmp_path))
    (tmp_path / "data" / "journal.db").write_text("entries")
    (tmp_path / "altyn.toml").write_text("mine")
    assert run("init", str(tmp_path), "--force")[0] == 0
    assert load_configuration(tmp_path).settings.links
    assert (tmp_path / "data" / "journal.db").read_text() == "entries"


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A path through a file is refused in one line."""
    (tmp_path / "file").write_text("")
    code, _, errors = run("init", str(tmp_path / "file" / "bank"))
    assert code == 1
    assert "cannot write here (Not a directory); choose a folder" in errors


def test_no_folder_is_a_usage_error() -> None:
    """The folder is named, never guessed."""
    assert run("init")[0] == 2
