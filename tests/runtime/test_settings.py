"""The settings file: what is read, what is refused, and how the refusal is told."""

from pathlib import Path

import pytest

from altyn.runtime.output import UserError
from altyn.runtime.settings import ConfigurationError, Problem, load_settings, read_settings

LINK = """
[[link]]
id = "stepbank"
participant = "STEPKZ"
mode = "listen"
port = 8101
"""


def refusals(folder: Path, text: str) -> list[Problem]:
    """The problems of a settings file with this text."""
    path = folder / "altyn.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path)
    return caught.value.problems


def refusal(folder: Path, text: str) -> Problem:
    """The only problem of a settings file with this text."""
    problems = refusals(folder, text)
    assert len(problems) == 1, problems
    return problems[0]


def test_one_link_is_enough_and_the_rest_has_defaults(tmp_path: Path) -> None:
    """A file with one link gives a whole object, with paths from the file's folder."""
    (tmp_path / "altyn.toml").write_text(LINK)
    settings = load_settings(tmp_path / "altyn.toml")
    assert settings.scheme_path == tmp_path / "scheme.toml"
    assert settings.journal.path == tmp_path / "data" / "journal.db"
    assert settings.status.file == tmp_path / "data" / "status.json"
    assert settings.control.socket == tmp_path / "data" / "control.sock"
    assert settings.log.file is None
    assert (settings.limits.frame_bytes_max, settings.limits.frame_deadline_s) == (8192, 5)
    link = settings.links[0]
    assert (link.id, link.participant, link.mode, link.port) == (
        "stepbank",
        "STEPKZ",
        "listen",
        8101,
    )
    assert (link.host, link.dialect, link.framing, link.tpdu) == (
        "127.0.0.1",
        "altyn87",
        "binary2",
        "",
    )
    assert (link.sign_on, link.reply_timeout_ms, link.echo_interval_s) == ("peer", 10_000, 60)


def test_journal_may_be_a_database(tmp_path: Path) -> None:
    """By its address, of one host or several; it has bounds of its own."""
    address = "postgresql://altyn@db1:5432,db2:5432/altyn?sslmode=verify-full"
    text = f'[journal]\naddress = "{address}"\nlease_s = 5\n{LINK}'
    (tmp_path / "altyn.toml").write_text(text)
    journal = load_settings(tmp_path / "altyn.toml").journal
    assert (journal.address, journal.lease_s, journal.outage_s_max) == (address, 5, 30)


def test_two_journals_are_refused(tmp_path: Path) -> None:
    """Nobody could say which of them counts."""
    text = '[journal]\npath = "data/journal.db"\naddress = "postgresql://db/altyn"\n'
    problem = refusal(tmp_path, text + LINK)
    assert (problem.key, problem.line) == ("journal.path", 2)
    assert "remove one of the two" in problem.do


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://altyn:secret@db/altyn",
        "postgresql://altyn@db/altyn?password=secret",
        "postgresql://db",
        "mysql://db/altyn",
        "db/altyn",
    ],
)
def test_address_with_a_password_or_out_of_form_is_refused(tmp_path: Path, address: str) -> None:
    """A settings file is read by more people than a password file, and so is an error."""
    problem = refusal(tmp_path, f'[journal]\naddress = "{address}"\n{LINK}')
    assert problem.key == "journal.address"
    assert "without a password" in problem.do
    assert "secret" not in f"{problem.reason} {problem.do}"


def test_relative_file_name_gives_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths do not change their meaning when the program changes its folder."""
    (tmp_path / "altyn.toml").write_text(LINK)
    monkeypatch.chdir(tmp_path)
    assert load_settings("altyn.toml").journal.path == tmp_path / "data" / "journal.db"


def test_absolute_paths_stay_and_an_empty_log_file_is_standard_error(tmp_path: Path) -> None:
    """An absolute path is taken as it is; the log alone may go to no file."""
    text = f'[journal]\npath = "/var/lib/a.db"\n[log]\nfile = "a.log"\n{LINK}'
    (tmp_path / "altyn.toml").write_text(text)
    settings = load_settings(tmp_path / "altyn.toml")
    assert settings.journal.path == Path("/var/lib/a.db")
    assert settings.log.file == tmp_path / "a.log"
    (tmp_path / "altyn.toml").write_text(f'[log]\nfile = ""\n{LINK}')
    assert load_settings(tmp_path / "altyn.toml").log.file is None


def test_dialect_that_names_a_file_is_found_from_the_folder(tmp_path: Path) -> None:
    """A shipped dialect stays a name, a file becomes an absolute path."""
    (tmp_path / "altyn.toml").write_text(LINK + 'dialect = "dialects/bank.toml"\n')
    dialect = load_settings(tmp_path / "altyn.toml").links[0].dialect
    assert dialect == str(tmp_path / "dialects" / "bank.toml")


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    """What was read at the start is what runs."""
    (tmp_path / "altyn.toml").write_text(LINK)
    settings = load_settings(tmp_path / "altyn.toml")
    with pytest.raises(ValueError, match="frozen"):
        settings.links[0].__setattr__("port", 1)


def test_unknown_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    """A misspelt key is refused with its line and what was probably meant."""
    problem = refusal(tmp_path, LINK + "reply_timout_ms = 5\n")
    assert (problem.key, problem.line) == ("link[1].reply_timout_ms", 7)
    assert problem.do == "did you mean reply_timeout_ms?"
    problem = refusal(tmp_path, "[jornal]\n" + LINK)
    assert (problem.key, problem.do) == ("jornal", "did you mean journal?")


def test_unlike_key_lists_what_is_known_here(tmp_path: Path) -> None:
    """A key like no other is answered with the keys of its table."""
    problem = refusal(tmp_path, "[log]\nzzz = 1\n" + LINK)
    assert problem.do == "remove it; known here: level, file"


def test_every_fault_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """One run tells all faults, each at its line and key."""
    text = '[log]\nlevel = "loud"\n[limits]\nframe_deadline_s = 0\n' + LINK + LINK
    problems = refusals(tmp_path, text.replace("8101", '"8101"', 1))
    assert [(problem.line, problem.key) for problem in problems] == [
        (2, "log.level"),
        (4, "limits.frame_deadline_s"),
        (10, "link[1].port"),
        (13, "link[2].id"),
    ]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('port = "9"', "port"),
        ("port = 0", "port"),
        ("port = 65536", "port"),
        ("port = 8101.0", "port"),
        ("port = true", "port"),
        ('mode = "both"', "mode"),
        ('framing = "binary3"', "framing"),
        ('tpdu = "60000300"', "tpdu"),
        ('sign_on = "us"', "sign_on"),
        ("reply_timeout_ms = 0", "reply_timeout_ms"),
        ("echo_interval_s = -1", "echo_interval_s"),
        ('participant = "stepkz"', "participant"),
        ('host = ""', "host"),
        ('host = "a b"', "host"),
        ('id = ""', "id"),
    ],
)
def test_link_value_out_of_form_is_refused(tmp_path: Path, line: str, key: str) -> None:
    """Each key of a link takes its own form and nothing else; numbers are never texts."""
    kept = [row for row in LINK.splitlines() if not row.startswith(f"{key} =")]
    problem = refusal(tmp_path, "\n".join([*kept, line]))
    assert problem.key == f"link[1].{key}"
    assert problem.line == len(kept) + 1


def test_two_links_on_one_port_are_refused(tmp_path: Path) -> None:
    """The second could not listen; a wildcard address takes the port on every address."""
    second = LINK.replace("stepbank", "other")
    assert refusal(tmp_path, LINK + second).key == "link[2].port"
    assert refusal(tmp_path, LINK + second + 'host = "0.0.0.0"\n').key == "link[2].port"
    (tmp_path / "altyn.toml").write_text(LINK + second + 'host = "127.0.0.2"\n')
    assert len(load_settings(tmp_path / "altyn.toml").links) == 2


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("log", "file"),
        ("status", "file"),
        ("control", "socket"),
        ("clearing", "journal"),
        ("clearing", "rules"),
    ],
)
@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("data/journal.db", "journal.path"),
        ("data/../data/journal.db-wal", "the journal"),
        ("altyn.toml", "the settings"),
        ("scheme.toml", "the scheme"),
    ],
)
def test_a_file_of_another_use_is_refused(
    tmp_path: Path, table: str, key: str, name: str, owner: str
) -> None:
    """A status file in the journal's place would be the end of the books after a second."""
    problem = refusal(tmp_path, f'[{table}]\n{key} = "{name}"\n{LINK}')
    assert (problem.key, problem.line) == (f"{table}.{key}", 2)
    assert problem.reason == f"this file is used already, by {owner}"


def test_no_link_is_refused(tmp_path: Path) -> None:
    """A node that nobody can reach is a mistake."""
    problem = refusal(tmp_path, "")
    assert (problem.key, problem.reason) == ("link", "this key is missing")
    assert refusal(tmp_path, "link = []").reason == "the list is too short"


def test_socket_path_longer_than_the_system_takes_is_refused(tmp_path: Path) -> None:
    """A local socket's path ends at 107 bytes; told here rather than when it is bound."""
    problem = refusal(tmp_path, f'[control]\nsocket = "/run/{"x" * 103}"\n' + LINK)
    assert problem.key == "control.socket"
    assert "107" in problem.reason


def test_wrong_values_are_never_repeated(tmp_path: Path) -> None:
    """A card number written into the wrong place is not told back."""
    number = "5454545454545454"
    lines = (f'{key} = "{number}"' for key in ("mode", "tpdu", "port", "id", "participant"))
    text = "[[link]]\n" + "\n".join(lines) + f'\n"{number}" = 1\n"{number} {number}{number}" = 1\n'
    problems = refusals(tmp_path, text)
    assert len(problems) == 6
    assert number not in " ".join(str(problem) for problem in problems)


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    """A file that is no TOML names the line, and none of its text."""
    problem = refusal(tmp_path, LINK + "tpdu = 5454545454545454x\n")
    assert problem.line == 7
    assert "this is not TOML" in problem.reason
    assert "5454" not in str(problem)


@pytest.mark.parametrize("value", ["9" * 5_000, "[" * 5_000, "nan", "inf", "1e400", "23:00:00"])
def test_hostile_value_is_an_ordinary_problem(tmp_path: Path, value: str) -> None:
    """Numbers without end, bottomless lists and other TOML kinds are refused like any fault."""
    problem = refusal(tmp_path, LINK.replace("8101", value))
    assert problem.file == str(tmp_path / "altyn.toml")
    assert problem.reason
    assert len(str(problem)) < 500


def test_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """An absent file, a folder and a file in another encoding each say what they are."""
    for path in (tmp_path / "absent.toml", tmp_path):
        with pytest.raises(ConfigurationError, match="cannot read this file"):
            load_settings(path)
    (tmp_path / "altyn.toml").write_bytes(b'scheme = "\xff"')
    with pytest.raises(ConfigurationError, match="the byte at offset 10 is not UTF-8"):
        load_settings(tmp_path / "altyn.toml")


def test_error_is_one_line_for_any_command(tmp_path: Path) -> None:
    """A command that only loads shows the first fault and counts the others."""
    (tmp_path / "altyn.toml").write_text("[[link]]\n")
    with pytest.raises(UserError) as caught:
        load_settings(tmp_path / "altyn.toml")
    assert str(caught.value) == (
        f"{tmp_path / 'altyn.toml'}, line 1, link[1].id: this key is missing "
        "(and 3 more: `altyn check` lists them); add it; `altyn check --keys` tells its form"
    )


def test_sound_links_are_kept_beside_the_faults(tmp_path: Path) -> None:
    """What is sound in a bad file can still be checked against the scheme."""
    (tmp_path / "altyn.toml").write_text(LINK + "[[link]]\nid = 4\n")
    reading = read_settings(tmp_path / "altyn.toml")
    assert reading.settings is None
    assert [(index, link.id) for index, link in reading.links] == [(0, "stepbank")]
    assert reading.scheme_path == tmp_path / "scheme.toml"
