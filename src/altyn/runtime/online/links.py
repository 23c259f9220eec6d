"""Links as sockets: listening and connecting, limits, and what the switch is told of them."""

import asyncio
import contextlib
import random
import ssl
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

from altyn.gateway import Gateway, Line
from altyn.runtime.configuration.certificates import TlsFilesError
from altyn.runtime.configuration.dialects import link_codec
from altyn.runtime.online.connection import Connection
from altyn.runtime.online.loop_driver import read_clocks
from altyn.runtime.online.tls import (
    EXPIRY_NOTICE,
    LinkTls,
    TlsListener,
    peer_good_until,
    refusal_words,
)
from altyn.runtime.settings import LimitSettings, LinkSettings
from altyn.switch import HealthTerms, LinkDown, LinksChanged, LinkTerms, LinkUp, microseconds
from altyn.wire import Framing, framing

FIRST_WAIT_S: Final = 0.2
LONGEST_WAIT_S: Final = 15.0
STEADY_S: Final = 5.0
"""A connection that lasted longer, though silent, was a good one: the waits are short again."""
BACKLOG: Final = 512
LONGEST_FRAME_BYTES: Final = {"binary2": 0xFFFF, "bcd2": 9999, "ascii4": 9999}
"""What a length header can say, where that is less than the settings may allow."""


def framing_of(link: LinkSettings, limits: LimitSettings) -> Framing:
    """The framing of a link within the limits."""
    tpdu = bytes.fromhex(link.tpdu) if link.tpdu else None
    longest = LONGEST_FRAME_BYTES.get(link.framing, limits.frame_bytes_max)
    return framing(link.framing, tpdu, max_frame=min(limits.frame_bytes_max, longest))


def terms_of(link: LinkSettings, limits: LimitSettings) -> LinkTerms:
    """What the switch knows of a link."""
    return LinkTerms(
        link.id,
        link.participant,
        link.sign_on,
        microseconds(link.reply_timeout_ms),
        microseconds(link.reply_timeout_atm_ms),
        microseconds(link.echo_interval_s * 1000),
        limits.in_flight_per_issuer_max,
        link.carries,
        HealthTerms(
            link.health_samples_min,
            link.health_late_percent_max,
            link.health_slow_percent_max,
            link.health_late_in_row_max,
            microseconds(link.health_rest_s * 1000),
            link.health_echoes_min,
        ),
        link.advices_per_s,
    )


class LinkError(OSError):
    """A link cannot be opened; `link_id` says which."""

    def __init__(self, link: LinkSettings, error: OSError) -> None:
        """The error's number and words, and the link."""
        super().__init__(error.errno, error.strerror or type(error).__name__)
        self.link_id = link.id
        self.address = f"{link.host}:{link.port}"

    def __str__(self) -> str:
        return f"link {self.link_id}, {self.address}: {self.strerror}"


class _LinkEnd:
    """One link at work: it makes the connections and keeps their number within bounds."""

    def __init__(self, settings: LinkSettings, links: "Links") -> None:
        self.settings = settings
        self._links = links
        self._limits = links.limits
        self._gateway = links.gateway
        self._framing = framing_of(settings, links.limits)
        self._connections: list[Connection] = []
        self._line = Line(settings.id, link_codec(settings), self._connections)
        self._gateway.lines[settings.id] = self._line
        self._tls = LinkTls(settings) if settings.tls is not None else None
        self._server: asyncio.Server | TlsListener | None = None
        self._expiry_told_on: date | None = None
        self._task: asyncio.Task[None] | None = None
        self._lost = asyncio.Event()
        self._heard = False
        self._closed = False

    def _new_connection(self) -> Connection:
        return Connection(self, self._framing, self._limits.outbound_bytes_max)

    async def open(self) -> None:
        """Listen, or begin to connect."""
        loop = asyncio.get_running_loop()
        if self.settings.mode == "listen" and self._tls is not None:
            self._server = TlsListener(
                self._new_connection,
                self._tls,
                self._limits.frame_deadline_s,
                self._limits.connections_per_link_max,
                self._tls_refused,
            )
            await self._server.open(self.settings.host, self.settings.port)
        elif self.settings.mode == "listen":
            self._server = await loop.create_server(
                self._new_connection, self.settings.host, self.settings.port, backlog=BACKLOG
            )
        else:
            self._task = loop.create_task(self._keep_connected())

    async def _keep_connected(self) -> None:
        """Connect, and again after each loss, with growing waits and jitter (W15)."""
        loop = asyncio.get_running_loop()
        wait_s = FIRST_WAIT_S
        while True:
            self._lost.clear()
            self._heard = False
            began_s = loop.time()
            try:
                await loop.create_connection(
                    self._new_connection,
                    self.settings.host,
                    self.settings.port,
                    **self._protection(),
                )
            except OSError as error:
                if isinstance(error, ssl.SSLError):
                    self._tls_refused(refusal_words(error))
            else:
                await self._lost.wait()
                # A peer that takes us and closes without a word, as one that refuses our
                # certificate does, is no better than one that does not answer.
                if self._heard or loop.time() - began_s > STEADY_S:
                    wait_s = FIRST_WAIT_S
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 jitter only
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)

    def _protection(self) -> dict[str, Any]:
        """What to tell the loop about TLS when it connects."""
        if self._tls is None:
            return {}
        return {
            "ssl": self._tls.context,
            "server_hostname": self._tls.server_name,
            "ssl_handshake_timeout": self._limits.frame_deadline_s,
            "ssl_shutdown_timeout": self._limits.frame_deadline_s,
        }

    def _tls_refused(self, reason: str) -> None:
        self._links.alarm("tls-refused", f"link {self.settings.id}: {reason}")

    def renew(self) -> None:
        """Take the certificates as they are now for new connections; those that stand go on."""
        if self._tls is None:
            return
        try:
            self._tls.renew()
            self._expiry_told_on = None
        except TlsFilesError as error:
            self._links.alarm("tls-not-renewed", f"link {self.settings.id}: {error.key}")

    def check_certificates(self, now: datetime) -> None:
        """Once a day, and after each renewal, tell what ends within a month."""
        if self._tls is None or self._expiry_told_on == now.date():
            return
        self._expiry_told_on = now.date()
        for what in self._tls.expiring(now):
            self._links.alarm("certificate-expires", f"link {self.settings.id}: {what}")
        for connection in self._connections:
            self._check_peer(connection, now)

    def _check_peer(self, connection: Connection, now: datetime) -> None:
        until = peer_good_until(connection.transport)
        if until is not None and until - now <= EXPIRY_NOTICE:
            details = f"link {self.settings.id}: the peer's certificate ends on {until:%Y-%m-%d}"
            self._links.alarm("certificate-expires", details)

    def tls_as_json(self) -> dict[str, str] | None:
        """Until when certificates are good, for the status file; None without TLS."""
        return None if self._tls is None else self._tls.as_json()

    def connected(self, connection: Connection) -> bool:
        """Take a connection unless it is another's (W14) or there are too many (W03, W15)."""
        if self._closed:
            return False
        if self._tls is not None:
            fault = self._tls.fault_of(connection.transport)
            if fault:
                self._tls_refused(fault)
                return False
            self._check_peer(connection, datetime.now(UTC))
        if len(self._connections) >= self._limits.connections_per_link_max:
            self._links.alarm("too-many-connections", f"link {self.settings.id}")
            return False
        self._connections.append(connection)
        self._gateway.line_of[connection] = self._line
        if len(self._connections) == 1:
            self._gateway.tell(LinkUp(self.settings.id))
        return True

    def received(self, connection: Connection, frames: list[bytes]) -> None:
        """Hand frames on."""
        self._heard = True
        self._gateway.frames(connection, frames)

    def broken(self, connection: Connection, reason: str) -> None:
        """Say why a connection is closed."""
        self._links.alarm("connection-refused", f"link {self.settings.id}: {reason}")

    def disconnected(self, connection: Connection) -> None:
        """Forget a connection; with the last one the link is down."""
        del self._gateway.line_of[connection]
        if connection in self._connections:
            self._connections.remove(connection)
            if not self._connections:
                self._lost.set()
                self._gateway.tell(LinkDown(self.settings.id))

    def check_deadlines(self, now_us: int) -> None:
        """Close connections whose frame has been incomplete for too long (W02, W03)."""
        limit_us = self._limits.frame_deadline_s * 1_000_000
        for connection in list(self._connections):
            if not connection.has_partial_frame:
                connection.partial_since_us = 0
            elif connection.partial_since_us == 0:
                connection.partial_since_us = now_us
            elif now_us - connection.partial_since_us > limit_us:
                connection.refuse("a frame was not completed in time")

    def stop_listening(self) -> None:
        """Take no new connection and make none."""
        if self._server is not None:
            self._server.close()
        if self._task is not None:
            self._task.cancel()

    async def close(self) -> None:
        """Close everything of this link.

        It is down now, not when the peer has taken its last bytes: by then another link of the
        same name may stand in its place.
        """
        self._closed = True
        self.stop_listening()
        closing = list(self._connections)
        self._connections.clear()
        for connection in closing:
            connection.close()
        if closing:
            self._gateway.tell(LinkDown(self.settings.id))
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


class Links:
    """All links of a node."""

    def __init__(
        self, gateway: Gateway, limits: LimitSettings, alarm: Callable[[str, str], None]
    ) -> None:
        """No link yet."""
        self.gateway = gateway
        self.limits = limits
        self.alarm = alarm
        self._ends: dict[str, _LinkEnd] = {}
        self._seen_bytes: dict[Connection, int] = {}
        self._seen_us = 0
        self._opening = asyncio.Lock()

    async def open(self, settings: tuple[LinkSettings, ...]) -> None:
        """Open exactly these links: what is new is opened, what changed is opened anew, what
        is gone is closed. What stays keeps its connections and what is in flight on them.

        Raises OSError when one cannot be opened; the others are, and it is tried again next time.
        """
        async with self._opening:
            await self._open(settings)

    async def _open(self, settings: tuple[LinkSettings, ...]) -> None:
        failure: OSError | None = None
        wanted = {link.id: link for link in settings}
        for link_id, end in list(self._ends.items()):
            if wanted.get(end.settings.id) != end.settings:
                del self._ends[link_id]
                await end.close()
        terms = tuple(terms_of(link, self.limits) for link in settings)
        self.gateway.tell(LinksChanged(terms))
        for end in self._ends.values():
            end.renew()
        for link in settings:
            if link.id not in self._ends:
                end = self._ends[link.id] = _LinkEnd(link, self)
                try:
                    await end.open()
                except OSError as error:
                    del self._ends[link.id]
                    failure = failure or LinkError(link, error)
        for end in self._ends.values():
            end.check_certificates(datetime.now(UTC))
        if failure is not None:
            raise failure

    def unread_us(self) -> int:
        """How long what lies unread in crowded sockets waits, at the speed they are read with."""
        unread = taken = 0
        seen: dict[Connection, int] = {}
        for connection in self.gateway.crowded:
            assert isinstance(connection, Connection), "the gateway knows only ours"
            unread += connection.unread_bytes()
            seen[connection] = connection.received_bytes
            taken += seen[connection] - self._seen_bytes.get(connection, seen[connection])
        now_us = read_clocks().monotonic_us
        passed_us, self._seen_us = now_us - self._seen_us, now_us
        self._seen_bytes = seen
        return unread * passed_us // taken if taken else 0

    def check_deadlines(self) -> None:
        """See `_LinkEnd.check_deadlines`."""
        now_us, now = read_clocks().monotonic_us, datetime.now(UTC)
        for end in self._ends.values():
            end.check_deadlines(now_us)
            end.check_certificates(now)

    def stop_listening(self) -> None:
        """Take no new connections; those that stand go on."""
        for end in self._ends.values():
            end.stop_listening()

    async def close(self) -> None:
        """Close every link."""
        async with self._opening:
            for end in self._ends.values():
                await end.close()

    def as_json(self) -> list[dict[str, object]]:
        """The links for the status file."""
        standing = self.gateway.switch.links
        return [
            {
                "id": link_id,
                "participant": end.settings.participant,
                "mode": end.settings.mode,
                "port": end.settings.port,
                "connections": len(self.gateway.lines[end.settings.id].connections),
                "signed_on": standing[end.settings.id].signed_on,
                "usable": standing[end.settings.id].usable,
                "tls": end.tls_as_json(),
                "health": standing[end.settings.id].health.as_json(),
            }
            for link_id, end in self._ends.items()
        ]
