"""Links that change while traffic flows: what is gone, what stays, and what is tried again."""

import asyncio
import socket
from pathlib import Path
from typing import Any

from altyn.identifiers import LinkId, ParticipantId
from altyn.runtime.online.connection import Connection
from altyn.runtime.online.links import LinkError, Links
from altyn.runtime.settings import LimitSettings, LinkSettings
from altyn.switch import Recalled
from altyn.transaction import Request
from tests.runtime.gateway_road import Road, Wire, ran
from tests.runtime.served_switch import free_port

HILL, SEA = LinkId("hill"), LinkId("sea")


def settings_of(port: int, link: LinkId = HILL, **changes: Any) -> LinkSettings:
    """A link that listens; nobody signs on."""
    participant = ParticipantId(link.upper())
    return LinkSettings(
        id=link, participant=participant, mode="listen", port=port, sign_on="none", **changes
    )


def links_of(road: Road) -> Links:
    """No link yet."""
    return Links(
        road.gateway, LimitSettings.model_validate({}), lambda name, _: road.alarms.append(name)
    )


def connected(links: Links, link: LinkId = HILL) -> Connection:
    """A connection of a link, made by hand."""
    connection = links._ends[link]._new_connection()
    connection.connection_made(Wire())  # type: ignore[arg-type]
    return connection


def test_f38_a_link_that_changes_is_new_however_late_its_old_connections_end(
    tmp_path: Path,
) -> None:
    """The old connection has something left to send: its end takes nothing from the new one."""

    async def story(road: Road) -> None:
        links, port = links_of(road), free_port()
        await links.open((settings_of(port),))
        old = connected(links)
        assert road.switch.links[HILL].usable
        await links.open((settings_of(port, reply_timeout_ms=500),))
        assert not road.switch.links[HILL].usable
        connected(links)
        old.connection_lost(None)
        assert road.switch.links[HILL].usable
        assert links.as_json()[0]["connections"] == 1
        await links.close()

    ran(tmp_path, story)


def test_f38_what_comes_of_a_link_that_is_gone_is_dropped(tmp_path: Path) -> None:
    """A late connection, an answer of the journal, an end: the switch knows the link no more."""

    async def story(road: Road) -> None:
        links, port = links_of(road), free_port()
        await links.open((settings_of(port), settings_of(free_port(), SEA)))
        end, old = links._ends[HILL], connected(links)
        await links.open((settings_of(links._ends[SEA].settings.port, SEA),))
        late = end._new_connection()
        late.connection_made(wire := Wire())  # type: ignore[arg-type]
        assert (late.open, wire.aborted) == (False, True)
        request = object.__new__(Request)
        request.link_id = HILL
        road.gateway.tell(Recalled(request, ()))
        old.connection_lost(None)
        assert not road.faults
        assert list(road.switch.links) == [SEA]
        await links.close()

    ran(tmp_path, story)


def test_f38_a_port_that_is_taken_holds_up_no_other_and_is_tried_again(tmp_path: Path) -> None:
    """The reload tells of it; the links after it are open; the next reload opens it too."""

    async def story(road: Road) -> None:
        links = links_of(road)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            both = (settings_of(taken.getsockname()[1]), settings_of(free_port(), SEA))
            try:
                await links.open(both)
            except OSError:
                road.alarms.append("told")
        assert road.alarms == ["told"]
        assert [link["id"] for link in links.as_json()] == [SEA]
        await links.open(both)
        assert {link["id"] for link in links.as_json()} == {SEA, HILL}
        await links.close()

    ran(tmp_path, story)


def test_f38_two_reloads_at_once_end_as_the_later_one_says(tmp_path: Path) -> None:
    """The first is still closing a line that it had opened when the second begins."""

    async def story(road: Road) -> None:
        links, port = links_of(road), free_port()
        calling = settings_of(free_port()).model_copy(update={"mode": "connect"})
        await links.open((calling,))
        await asyncio.gather(
            links.open((settings_of(port, reply_timeout_ms=1),)),
            links.open((settings_of(port, reply_timeout_ms=2),)),
        )
        assert links._ends[HILL].settings.reply_timeout_ms == 2
        assert road.switch.links[HILL].terms.reply_timeout_us == 2_000
        await links.close()

    ran(tmp_path, story)


def test_a_port_that_is_taken_is_told_with_its_link(tmp_path: Path) -> None:
    """An operator of many links must know which one to look at."""

    async def story(road: Road) -> None:
        links, told = links_of(road), ""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            try:
                await links.open((settings_of(port),))
            except LinkError as error:
                told = str(error)
        assert told.startswith(f"link hill, 127.0.0.1:{port}: ")
        assert "in use" in told
        await links.close()

    ran(tmp_path, story)
