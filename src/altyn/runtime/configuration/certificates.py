"""The files of TLS on a link: read, held against each other, and how long they are good.

The standard library reads certificates but tells their dates only of a peer's; the few bytes of
DER that say until when our own are good are read here (RFC 5280, sections 4.1 and 5.1).
"""

import re
import ssl
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from altyn.runtime.configuration.problem import ConfigurationError, Problem
from altyn.runtime.settings import LinkSettings, TlsSettings

__all__ = ["TlsFilesError", "good_until", "link_context", "tls_problem"]

_PEM: Final = re.compile(rb"-----BEGIN (CERTIFICATE|X509 CRL)-----(.*?)-----END \1-----", re.DOTALL)
_SEQUENCE: Final = 0x30
_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18
_OTHERS: Final = 0o007
PEM_BYTES_MAX: Final = 4 << 20


class TlsFilesError(ConfigurationError):
    """A file of a link's `tls` table cannot be used; `key` names which."""

    def __init__(self, key: str, path: Path, reason: str, do: str) -> None:
        """The file is at `path`; the phrases are without a full stop."""
        self.key = key
        super().__init__([Problem(str(path), "", reason, do)])


def link_context(link: LinkSettings) -> ssl.SSLContext | None:
    """How a link speaks TLS, None when it does not; raises TlsFilesError.

    At least TLS 1.2; the peer's certificate is always asked for and checked, on both sides. No
    session tickets: a resumed session would not be held against the files again.
    """
    tls = link.tls
    if tls is None:
        return None
    listens = link.mode == "listen"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if listens else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = not listens
    context.verify_mode = ssl.CERT_REQUIRED
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    if listens:
        context.num_tickets = 0
    _load_own(context, tls)
    _load_trusted(context, tls)
    return context


def tls_problem(link: LinkSettings) -> TlsFilesError | None:
    """What is wrong with the files of a link, or None."""
    try:
        link_context(link)
    except TlsFilesError as error:
        return error
    return None


def _load_own(context: ssl.SSLContext, tls: TlsSettings) -> None:
    good_until(tls.certificate, "certificate")
    _read(tls.key, "key")
    if tls.key.stat().st_mode & _OTHERS:
        reason = "everybody on this machine may read or change this key"
        raise TlsFilesError("key", tls.key, reason, f"chmod o-rwx {tls.key.name}")
    try:
        # Without a word for it OpenSSL would ask the terminal for a password.
        context.load_cert_chain(tls.certificate, tls.key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            reason, do = (
                "this is not the key of the certificate",
                "name the two that belong together",
            )
        else:
            reason, do = "this is no private key in PEM form without a password", "write it as PEM"
        raise TlsFilesError("key", tls.key, reason, do) from error


def _load_trusted(context: ssl.SSLContext, tls: TlsSettings) -> None:
    good_until(tls.authorities, "authorities")
    _load(context, tls.authorities, "authorities")
    if tls.revoked is not None:
        good_until(tls.revoked, "revoked")
        _load(context, tls.revoked, "revoked")
        if not context.cert_store_stats()["crl"]:
            do = "write the list of revoked certificates as PEM (X509 CRL)"
            raise TlsFilesError("revoked", tls.revoked, "there is no list in this file", do)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def _load(context: ssl.SSLContext, path: Path, key: str) -> None:
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        reason = "this file holds something that is not PEM"
        raise TlsFilesError(key, path, reason, "make it anew from its source") from error


def _read(path: Path, key: str) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(PEM_BYTES_MAX)
    except OSError as error:
        reason = f"cannot read this file ({error.strerror})"
        raise TlsFilesError(key, path, reason, "name a file that this user may read") from error


def good_until(path: Path, key: str = "certificate") -> datetime:
    """Until when the first certificate, or list of revoked ones, of a PEM file is good.

    A list that does not say when the next one comes is good for ever. Raises TlsFilesError.
    """
    found = _PEM.search(_read(path, key))
    try:
        if found is None:
            raise ValueError
        times = list(_times(b64decode(found.group(2))))
        return times[1] if len(times) > 1 else datetime.max.replace(tzinfo=UTC)
    except (ValueError, IndexError) as error:
        reason = "there is no certificate or list in PEM form in this file"
        raise TlsFilesError(key, path, reason, "write it as PEM (BEGIN CERTIFICATE)") from error


def _times(der: bytes) -> Iterator[datetime]:
    """The instants that stand in the signed part, or one level below it, in order.

    A certificate's are `notBefore` and `notAfter`, a list's `thisUpdate` and `nextUpdate`; those
    of its single entries lie deeper.
    """
    _, start, end = next(_elements(der, 0, len(der)))
    _, start, end = next(_elements(der, start, end))
    for tag, first, last in _elements(der, start, end):
        if tag in (_UTC_TIME, _GENERALIZED_TIME):
            yield _instant(tag, der[first:last])
        elif tag == _SEQUENCE:
            inner = list(_elements(der, first, last))
            if inner and all(each in (_UTC_TIME, _GENERALIZED_TIME) for each, _, _ in inner):
                for each, begins, ends in inner:
                    yield _instant(each, der[begins:ends])


def _elements(der: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Tag, start and end of each element between two places (ITU-T X.690, section 8.1)."""
    while at < end:
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            width = length & 0x7F
            length, at = int.from_bytes(der[at : at + width], "big"), at + width
        if at + length > end:
            raise ValueError("an element reaches past its end")
        yield tag, at, at + length
        at += length


def _instant(tag: int, text: bytes) -> datetime:
    """A time of DER. Two digits of a year are of 1950 to 2049 (RFC 5280, section 4.1.2.5.1)."""
    digits = text.decode("ascii")
    if tag == _UTC_TIME:
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    return datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
