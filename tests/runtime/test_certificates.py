"""The files of TLS: their dates, and what people get wrong with them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from altyn.runtime.configuration.certificates import TlsFilesError, good_until, tls_problem
from altyn.runtime.settings import read_settings
from tests.runtime.authority import Authority
from tests.runtime.test_settings import LINK, refusal

AUTHORITY = Authority("A")
TLS = """
[link.tls]
certificate = "own.pem"
key = "own.key"
authorities = "authority.pem"
"""
BOUND = TLS + 'peer_name = "bank.example"\n'


@pytest.mark.parametrize("days", [1, 400, 365 * 60])
def test_dates_are_those_that_the_certificate_says(tmp_path: Path, days: int) -> None:
    """Also those after 2049, which are written in another form (RFC 5280)."""
    identity = AUTHORITY.issue("bank.example", days)
    identity.write(tmp_path, "own")
    assert good_until(tmp_path / "own.pem") == identity.certificate.not_valid_after_utc


def test_the_date_of_a_list_is_that_of_the_next_one(tmp_path: Path) -> None:
    """Not that of an entry, of which there are two."""
    revoked = (AUTHORITY.issue("a.example"), AUTHORITY.issue("b.example"))
    (tmp_path / "list.pem").write_bytes(AUTHORITY.revocations(*revoked, days=7))
    lasts = good_until(tmp_path / "list.pem") - revoked[0].certificate.not_valid_before_utc
    assert lasts.days == 407


def _foreign_key(folder: Path) -> None:
    AUTHORITY.issue("other.example").write(folder, "other")
    (folder / "own.key").write_bytes((folder / "other.key").read_bytes())


@pytest.mark.parametrize(
    ("spoil", "key", "reason"),
    [
        (lambda f: (f / "own.pem").unlink(), "certificate", "cannot read this file"),
        (lambda f: (f / "own.pem").write_bytes(b"x"), "certificate", "no certificate or list"),
        (lambda f: (f / "own.key").unlink(), "key", "cannot read this file"),
        (lambda f: (f / "own.key").write_bytes(b"x"), "key", "no private key in PEM"),
        (lambda f: (f / "own.key").chmod(0o644), "key", "everybody on this machine"),
        (_foreign_key, "key", "not the key of the certificate"),
        (lambda f: (f / "authority.pem").write_bytes(b"x"), "authorities", "no certificate or"),
        (lambda f: (f / "revoked.pem").write_bytes(b"x"), "revoked", "no certificate or list"),
        (
            lambda f: (f / "revoked.pem").write_bytes((f / "own.pem").read_bytes()),
            "revoked",
            "no list in this file",
        ),
    ],
)
def test_each_file_is_refused_with_its_reason(
    tmp_path: Path, spoil: Callable[[Path], object], key: str, reason: str
) -> None:
    """The key of the table is named, and what is wrong with the file behind it."""
    AUTHORITY.issue("switch.example").write(tmp_path, "own")
    (tmp_path / "authority.pem").write_bytes(AUTHORITY.identity.pem)
    (tmp_path / "revoked.pem").write_bytes(AUTHORITY.revocations())
    path = tmp_path / "altyn.toml"
    path.write_text(LINK + BOUND + 'revoked = "revoked.pem"\n')
    ((_, link),) = read_settings(path).links
    assert tls_problem(link) is None
    spoil(tmp_path)
    found = tls_problem(link)
    assert isinstance(found, TlsFilesError)
    assert found.key == key
    assert reason in found.problems[0].reason


def test_a_link_that_takes_any_certificate_of_an_authority_is_refused(tmp_path: Path) -> None:
    """Another participant's certificate may be of the same authority (W14)."""
    problem = refusal(tmp_path, LINK + TLS)
    assert problem.key == "link[1].tls"
    assert "which certificate is the participant's" in problem.reason
    shape = refusal(tmp_path, LINK + TLS + 'peer_fingerprints = ["ab"]\n')
    assert shape.do == "write 64 hexadecimal digits, with or without colons"
