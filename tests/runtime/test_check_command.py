"""`altyn check`: both files whole, every fault at once, and what holds between them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from altyn.runtime.cli import main
from altyn.runtime.configuration.problem import ConfigurationError, Problem
from altyn.runtime.configuration.reference import settings_page
from altyn.runtime.configuration.whole import load_configuration

ROOT = Path(__file__).parents[2]


def run(*words: str) -> tuple[int, str]:
    """Exit code and standard output of one command."""
    result = CliRunner().invoke(main, list(words))
    return result.exit_code, result.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the configuration that `altyn init` writes."""
    assert run("init", str(tmp_path))[0] == 0
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    """Put `new` in the place of the first `old` of a file that has one."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def refusals(folder: Path) -> list[Problem]:
    """The problems of the configuration in a folder."""
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(folder)
    return caught.value.problems


def test_sound_configuration_is_summed_up(folder: Path) -> None:
    """Participants, links and BIN ranges are shown; caps as amounts."""
    code, output = run("check", str(folder))
    assert code == 0
    for word in ("STEPKZ", "400102", "listen 127.0.0.1:8101", "99000188", "10,000,000.00 USD"):
        assert word in output
    assert max(map(len, output.splitlines())) <= 100


def test_folder_file_and_present_folder_are_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder means its altyn.toml; no path means the present folder."""
    shown = run("check", str(folder))
    assert run("check", str(folder / "altyn.toml")) == shown
    monkeypatch.chdir(folder)
    assert run("check") == shown


def test_faults_of_both_files_and_between_them_are_told_at_once(folder: Path) -> None:
    """One run shows all faults, the settings' first, each with its line and key."""
    replace(folder / "altyn.toml", 'level = "info"', 'level = "loud"')
    replace(folder / "altyn.toml", 'participant = "GOLDKZ"', 'participant = "OTHER"')
    replace(folder / "scheme.toml", '"512.34"', '"x"')
    assert [(Path(each.file).name, each.key) for each in refusals(folder)] == [
        ("altyn.toml", "log.level"),
        ("altyn.toml", "link[2].participant"),
        ("scheme.toml", "rate[1].value"),
        ("scheme.toml", "participant[2].id"),
    ]
    code, output = run("check", str(folder))
    assert code == 1
    assert output.splitlines()[-1] == "4 problems; nothing was started or changed."
    assert "link[2].participant" in output
    assert max(map(len, output.splitlines())) <= 100


def test_json_holds_the_same_problems(folder: Path) -> None:
    """A program reads file, line, key, reason and what to do."""
    replace(folder / "altyn.toml", "port = 8102", "prt = 8102")
    code, output = run("check", str(folder), "--json", "-")
    problems = json.loads(output)["problems"]
    assert code == 1
    assert [(each["key"], each["do"]) for each in problems] == [
        ("link[2].port", "add it; `altyn check --keys` tells its form"),
        ("link[2].prt", "did you mean port?"),
    ]
    assert set(problems[0]) == {"file", "line", "key", "reason", "do"}


def test_json_of_a_sound_configuration_has_no_problems(folder: Path) -> None:
    """The result goes to a file, beside the page for people."""
    code, output = run("check", str(folder), "--json", str(folder / "result.json"))
    result = json.loads((folder / "result.json").read_text())
    assert (code, result["problems"], result["bin_ranges"], result["rates"]) == (0, [], 3, 2)
    assert result["links"] == ["stepbank", "golden", "mountain"]
    assert "Nothing is wrong." in output


def test_path_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    """Exit code 2 says that nothing was checked."""
    assert run("check", str(tmp_path / "absent"))[0] == 2
    assert run("check", str(tmp_path), "--fast")[0] == 2


def test_folder_without_settings_is_told(tmp_path: Path) -> None:
    """An empty folder is a problem with a way out."""
    (problem,) = refusals(tmp_path)
    assert problem.file == str(tmp_path / "altyn.toml")
    assert "altyn init" in problem.do


def test_absent_scheme_file_is_told_once(folder: Path) -> None:
    """Without a scheme file nothing is said about participants it might have."""
    (folder / "scheme.toml").unlink()
    (problem,) = refusals(folder)
    assert problem.file == str(folder / "scheme.toml")


def test_participant_with_cards_or_shops_needs_a_link(folder: Path) -> None:
    """A bank that nothing reaches could neither ask nor answer."""
    text = (folder / "altyn.toml").read_text()
    (folder / "altyn.toml").write_text(text[: text.index("# Here we connect")])
    (problem,) = refusals(folder)
    assert (problem.key, problem.reason) == (
        "participant[3].id",
        "this participant has BIN prefixes and no link",
    )


def test_participant_without_traffic_needs_no_link(folder: Path) -> None:
    """A bank that is announced and has neither cards nor institution ids may wait."""
    replace(folder / "altyn.toml", 'participant = "GOLDKZ"', 'participant = "STEPKZ"')
    replace(folder / "scheme.toml", 'institution_ids = ["400102", "400103"]', "")
    assert load_configuration(folder).facts


def test_unknown_dialect_lists_the_shipped_ones(folder: Path) -> None:
    """A dialect is a shipped name or a file."""
    replace(folder / "altyn.toml", 'dialect = "altyn87"', 'dialect = "altyn88"')
    (problem,) = refusals(folder)
    assert (problem.key, problem.reason) == ("link[1].dialect", "there is no such dialect")
    assert "altyn87-bcd" in problem.do


def test_a_dialect_of_1993_is_not_for_a_link(folder: Path) -> None:
    """The switch's words are those of 1987; a link that would not be understood is refused."""
    replace(folder / "altyn.toml", 'dialect = "altyn87"', 'dialect = "altyn93"')
    (problem,) = refusals(folder)
    assert problem.key == "link[1].dialect"
    assert "1993" in problem.reason


def test_dialect_file_is_read_and_its_faults_are_told(folder: Path) -> None:
    """A dialect of one's own loads from beside the settings; a bad one names its faults."""
    replace(folder / "altyn.toml", 'dialect = "altyn87"', 'dialect = "own.toml"')
    assert [problem.key for problem in refusals(folder)] == ["link[1].dialect"]
    own = folder / "own.toml"
    own.write_text('title = "Own"\nstandard = "ISO 8583:1987"\nextends = "altyn87"\n')
    assert load_configuration(folder).settings.links[0].dialect == str(own)
    own.write_text('titel = "Own"\nstandard = "ISO 8583:1987"\nextends = "altyn87"\n')
    assert "titel" in " ".join(problem.reason for problem in refusals(folder))


def test_load_example_is_right() -> None:
    """The example for outside load tools has the ports, BIN and institution its page names."""
    configuration = load_configuration(ROOT / "examples" / "load")
    acquirer, issuer = configuration.settings.links
    assert (acquirer.mode, acquirer.port, acquirer.sign_on) == ("listen", 8000, "none")
    assert (issuer.mode, issuer.host, issuer.port) == ("connect", "127.0.0.1", 9000)
    assert issuer.sign_on == "none"
    stated = {fact.get("prefix") or fact.get("institution_ids") for fact in configuration.facts}
    assert {"999999", ("400001",)} <= stated


def test_page_of_keys_is_up_to_date() -> None:
    """docs/reference/settings.md is what `altyn check --keys` prints."""
    code, output = run("check", "--keys")
    assert (code, output) == (0, settings_page())
    assert (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8") == output


def test_page_of_keys_tells_form_unit_and_default() -> None:
    """Each row says what a key takes, in which unit, and what it is when it is left out."""
    rows = settings_page().splitlines()
    assert (
        "| `echo_interval_s` | integer from 0 to 86,400 | seconds | `60` | "
        "Time between two echo tests (0800/301); 0: none. |"
    ) in rows
    assert "| `pan_lengths` | list of: integer from 13 to 19 |  | `[16]` |" in "\n".join(rows)
    assert all(row.count("|") == 6 for row in rows if row.startswith("| `"))


def test_every_key_of_the_example_is_on_the_page(folder: Path) -> None:
    """What `altyn init` writes is documented, key by key."""
    page = settings_page()
    for name in ("altyn.toml", "scheme.toml"):
        for line in (folder / name).read_text().splitlines():
            key, sign, _ = line.partition(" = ")
            if sign and not key.startswith("#") and not key.isupper():
                assert f"| `{key}` |" in page, key
