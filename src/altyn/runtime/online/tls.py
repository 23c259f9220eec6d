"""TLS at the end of a link: who is at the other end, and how long certificates are good.

The handshake is made here for each accepted socket by itself, because a server of the event loop
says nothing of handshakes that fail, and those are what an operator wants counted (W14).
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from altyn.runtime.configuration.certificates import good_until, link_context
from altyn.runtime.settings import LinkSettings

__all__ = ["EXPIRY_NOTICE", "LinkTls", "TlsListener", "peer_good_until", "refusal_words"]

EXPIRY_NOTICE: Final = timedelta(days=30)
ACCEPT_PAUSE_S: Final = 1.0
BACKLOG: Final = 512


class LinkTls:
    """What one link needs to speak TLS; `renew` reads its files again."""

    def __init__(self, link: LinkSettings) -> None:
        """Read the files. Raises TlsFilesError."""
        assert link.tls is not None, "this link has no table of TLS"
        self._link = link
        self.settings = link.tls
        self.renew()

    def renew(self) -> None:
        """Read the files again, for connections from now on. Raises TlsFilesError and changes
        nothing when they cannot be used."""
        context = link_context(self._link)
        assert context is not None, "this link has a table of TLS"
        until = {"our certificate": good_until(self.settings.certificate)}
        until["an authority's certificate"] = good_until(self.settings.authorities)
        if self.settings.revoked is not None:
            until["the list of revoked certificates"] = good_until(self.settings.revoked)
        self.context, self.until = context, until

    @property
    def server_name(self) -> str:
        """The name that a peer we connect to must have in its certificate."""
        return self.settings.peer_name or self._link.host

    def fault_of(self, transport: asyncio.BaseTransport | None) -> str:
        """Why the peer's certificate, though sound, is not that of this link's participant."""
        peer = None if transport is None else transport.get_extra_info("ssl_object")
        if peer is None:
            return "the connection is not protected"
        named = self.settings.peer_name.lower()
        if named and named not in _names(peer.getpeercert()):
            return "the certificate is of another name"
        wanted = {each.replace(":", "").lower() for each in self.settings.peer_fingerprints}
        if wanted and sha256(peer.getpeercert(binary_form=True)).hexdigest() not in wanted:
            return "the certificate is another one than was agreed"
        return ""

    def expiring(self, now: datetime) -> list[str]:
        """What ends within the time of notice, in sentences' parts."""
        return [
            f"{what} {'has ended' if until <= now else 'ends'} on {until:%Y-%m-%d}"
            for what, until in self.until.items()
            if until - now <= EXPIRY_NOTICE
        ]

    def as_json(self) -> dict[str, str]:
        """Until when what is good, for the status file."""
        return {what: until.isoformat() for what, until in self.until.items()}


def peer_good_until(transport: asyncio.BaseTransport | None) -> datetime | None:
    """Until when the certificate of a connection's peer is good."""
    certificate = None if transport is None else transport.get_extra_info("peercert")
    if not certificate:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)


def _names(certificate: Any) -> set[str]:
    """The DNS names of a certificate; its common name counts for nothing (RFC 9525)."""
    alternatives = certificate.get("subjectAltName", ()) if certificate else ()
    return {value.lower() for kind, value in alternatives if kind == "DNS"}


def refusal_words(error: OSError) -> str:
    """Why a handshake failed, in words that hold nothing of the peer's."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return (error.reason or type(error).__name__).lower().replace("_", " ")
    return "the peer left, or took too long, before the connection was protected"


class TlsListener:
    """Accepts sockets and makes the handshake on each within bounds of time and number."""

    def __init__(
        self,
        made: Callable[[], asyncio.BufferedProtocol],
        tls: LinkTls,
        handshake_s: float,
        handshakes_max: int,
        refused: Callable[[str], None],
    ) -> None:
        """`made` gives the protocol of a protected connection; `refused` is told why not."""
        self._made = made
        self._tls = tls
        self._handshake_s = handshake_s
        self._handshakes_max = handshakes_max
        self._refused = refused
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._handshakes = 0

    async def open(self, host: str, port: int) -> None:
        """Listen. Raises OSError when the port cannot be had."""
        loop = asyncio.get_running_loop()
        for family, _, _, _, address in await loop.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            listening = socket.create_server(address[:2], family=family, backlog=BACKLOG)
            listening.setblocking(False)
            self._sockets.append(listening)
            self._start(self._accept(listening))

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listening)
            except OSError as error:
                # No descriptor is left, for instance: to go on at once would be a busy loop.
                self._refused(error.strerror or type(error).__name__)
                await asyncio.sleep(ACCEPT_PAUSE_S)
                continue
            if self._handshakes >= self._handshakes_max:
                accepted.close()
                self._refused("too many handshakes at once")
                continue
            self._handshakes += 1
            self._start(self._greet(accepted))

    async def _greet(self, accepted: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(
                self._made,
                accepted,
                ssl=self._tls.context,
                ssl_handshake_timeout=self._handshake_s,
                ssl_shutdown_timeout=self._handshake_s,
            )
        except OSError as error:
            accepted.close()
            self._refused(refusal_words(error))
        finally:
            self._handshakes -= 1

    def close(self) -> None:
        """Take no new connection; those that stand go on."""
        for task in self._tasks:
            task.cancel()
        for listening in self._sockets:
            listening.close()
