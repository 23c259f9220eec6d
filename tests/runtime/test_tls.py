"""TLS on links, over real connections: who is let in, who is not, and what an operator is told."""

import asyncio
import contextlib
import signal
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvloop

from altyn.runtime.online.connection import Connection
from altyn.wire import framing
from tests.runtime.authority import Authority, Identity
from tests.runtime.served_switch import (
    HILL,
    HILL_CARD,
    SEA,
    ServedSwitch,
    Witness,
    answer_to,
    frame,
    free_port,
    link_table,
    serving,
)

pytestmark = pytest.mark.process

PORTS = {name: free_port() for name in ("sea", "hill", "echo")}
CALLED, MISNAMED = free_port(), free_port()


def tls_table(**keys: str) -> str:
    """The [link.tls] of the link before it."""
    named = {
        "certificate": "switch.pem",
        "key": "switch.key",
        "authorities": "authority.pem",
        "revoked": "revoked.pem",
        **keys,
    }
    lines = [f'{key} = "{value}"\n' for key, value in named.items() if value[:1] != "["]
    lines += [f"{key} = {value}\n" for key, value in named.items() if value[:1] == "["]
    return "[link.tls]\n" + "".join(lines)


@dataclass
class Protected:
    """A switch whose links speak TLS, and the identities of its world."""

    folder: Path
    authority: Authority
    switch: ServedSwitch
    sea: Identity
    hill: Identity
    revoked: Identity

    def connect(self, identity: Identity | None, link: str, **options: ssl.TLSVersion) -> Witness:
        """A bank on a new connection; nobody's name is checked but by the switch."""
        if identity is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        else:
            context = identity.context(self.folder, self.authority)
        for option, version in options.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                setattr(context, option, version)
            context.set_ciphers("DEFAULT@SECLEVEL=0")
        witness = Witness(PORTS[link], SEA if link == "sea" else HILL)
        witness.socket = context.wrap_socket(witness.socket)
        return witness

    def refusals(self) -> int:
        """How many connections were refused for their TLS."""
        count = self.switch.order("status")["alarms"].get("tls-refused", 0)
        assert isinstance(count, int)
        return count


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Protected]:
    """A switch with a link of Sea Bank by name, one of Hill Bank by fingerprint, and two on which
    it connects: to one that is who it says, and to one that is not."""
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority("Scheme authority")
    sea, hill, revoked = (
        authority.issue("sea.example"),
        authority.issue("hill.example"),
        authority.issue("sea.example"),
    )
    authority.issue("switch.example", days=10).write(folder, "switch")
    (folder / "authority.pem").write_bytes(authority.identity.pem)
    (folder / "revoked.pem").write_bytes(authority.revocations(revoked))
    options = {"sign_on": "none"}
    by_print = tls_table(peer_fingerprints=f'["{hill.fingerprint}"]')
    calls = {**options, "mode": "connect", "host": "127.0.0.1"}
    links = {
        "sea": link_table("sea", "SEATR", PORTS["sea"], **options)
        + tls_table(peer_name="sea.example"),
        "echo": link_table("echo", "SEATR", PORTS["echo"], **options, echo_interval_s=1)
        + tls_table(peer_name="sea.example"),
        "hill": link_table("hill", "HILLTR", PORTS["hill"], **options) + by_print,
        "calls": link_table("calls", "SEATR", CALLED, **calls) + tls_table(peer_name="sea.example"),
        "misnamed": link_table("misnamed", "SEATR", MISNAMED, **calls)
        + tls_table(peer_name="other.example"),
    }
    with serving(folder, links, frame_deadline_s=1) as switch:
        yield Protected(folder, authority, switch, sea, hill, revoked)


def test_w14_a_purchase_over_protected_lines(world: Protected) -> None:
    """Both banks show their certificates; the purchase is asked, approved and answered."""
    with world.connect(world.sea, "sea") as sea, world.connect(world.hill, "hill") as hill:
        assert sea.socket.version() == "TLSv1.3"  # type: ignore[attr-defined]
        sea.send(sea.request(HILL_CARD, 12_000))
        hill.send(answer_to(hill.receive(), "00"))
        assert sea.receive()["39"] == "00"


def test_w06_messages_in_one_record_and_in_many(world: Protected) -> None:
    """What is cut into records otherwise than into frames is read all the same."""
    with world.connect(world.sea, "sea") as sea:
        frames = b"".join(frame(sea.network("301")) for _ in range(3))
        sea.socket.sendall(frames)
        assert [sea.receive()["39"] for _ in range(3)] == ["00"] * 3
        for byte in frame(sea.network("301")):
            sea.socket.sendall(bytes((byte,)))
        assert sea.receive()["39"] == "00"


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("nobody", "peer did not return a certificate"),
        ("expired", "certificate has expired"),
        ("stranger", "unable to get local issuer certificate"),
        ("imposter", "certificate signature failure"),
        ("revoked", "certificate revoked"),
        ("hill", "certificate is of another name"),
        ("old", "unsupported protocol"),
        ("plain", "wrong version number"),
    ],
)
def test_w14_who_is_not_let_in(world: Protected, who: str, words: str) -> None:
    """Each is cut off before the switch hears a word, and counted with the reason."""
    identities: dict[str, Identity | None] = {
        "nobody": None,
        "expired": world.authority.issue("sea.example", days=-1),
        "stranger": Authority("Another authority").issue("sea.example"),
        "imposter": Authority("Scheme authority").issue("sea.example"),
        "revoked": world.revoked,
        "hill": world.hill,
        "old": world.sea,
    }
    before = world.refusals()
    old = ssl.TLSVersion.TLSv1_1
    options = {"minimum_version": old, "maximum_version": old} if who == "old" else {}
    try:
        if who == "plain":
            bank = Witness(PORTS["sea"], SEA)
        else:
            bank = world.connect(identities[who], "sea", **options)
    except OSError:
        pass  # told during the handshake
    else:
        with bank:
            try:
                bank.send(bank.network("301"))
                closed = bank.is_closed()
            except OSError:
                closed = True
            assert closed
    world.switch.wait_until(lambda: world.refusals() > before)
    assert words in world.switch.log.replace("_", " ")


def test_w14_another_certificate_than_was_agreed(world: Protected) -> None:
    """The authority is the right one and so is the name; the fingerprint is not."""
    before = world.refusals()
    with world.connect(world.authority.issue("hill.example"), "hill") as bank:
        try:
            closed = bank.is_closed()
        except OSError:
            closed = True
    assert closed
    world.switch.wait_until(lambda: world.refusals() > before)
    assert "another one than was agreed" in world.switch.log


def test_w14_expiry_is_told_a_month_before(world: Protected) -> None:
    """The switch's own certificate ends in ten days: alarm and status say so."""
    status = world.switch.order("status")
    assert status["alarms"]["certificate-expires"] >= 1
    assert "our certificate ends on" in world.switch.log
    until = {link["id"]: link["tls"] for link in status["links"]}
    assert set(until["sea"]) == {
        "our certificate",
        "an authority's certificate",
        "the list of revoked certificates",
    }


def test_w14_a_peers_certificate_that_ends_soon(world: Protected) -> None:
    """It is let in, and the operator is told when it comes."""
    with world.connect(world.authority.issue("sea.example", days=3), "sea") as bank:
        assert bank.ask(bank.network("301"))["39"] == "00"
    assert "the peer's certificate ends on" in world.switch.log


@contextlib.contextmanager
def called(port: int, context: ssl.SSLContext) -> Iterator[threading.Event]:
    """A bank that is called: the event tells that a call was taken; it is answered nothing."""
    greeted, listener = threading.Event(), socket.create_server(("127.0.0.1", port))

    def take() -> None:
        with contextlib.suppress(OSError):
            while not greeted.is_set():
                taken, _ = listener.accept()
                taken.settimeout(5)
                try:
                    protected = context.wrap_socket(taken, server_side=True)
                except ssl.SSLError:
                    taken.close()
                    continue
                with protected:
                    greeted.set()
                    protected.recv(1)

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    try:
        yield greeted
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def test_w14_the_switch_checks_whom_it_calls(world: Protected) -> None:
    """It shows its own certificate, and takes the peer that has the name; the other it leaves."""
    context = world.sea.context(world.folder, world.authority, serves=True)
    with called(CALLED, context) as greeted, called(MISNAMED, context):
        assert greeted.wait(20)
        refusal = "link misnamed: its certificate is refused"
        world.switch.wait_until(lambda: refusal in world.switch.log)
        links = {link["id"]: link for link in world.switch.order("status")["links"]}
    assert links["misnamed"]["connections"] == 0


def test_w14_new_certificates_are_taken_without_a_break(world: Protected) -> None:
    """After a reload new connections see the new certificate, and who was revoked meanwhile is
    refused; a connection that stands goes on."""
    with world.connect(world.sea, "sea") as standing:
        world.authority.issue("switch.example", days=300).write(world.folder, "switch")
        late = world.authority.issue("sea.example")
        with world.connect(late, "sea") as bank:
            assert bank.ask(bank.network("301"))["39"] == "00"
        revoked = world.authority.revocations(world.revoked, late)
        (world.folder / "revoked.pem").write_bytes(revoked)
        world.switch.signal(signal.SIGHUP)
        world.switch.wait_until(lambda: "reloaded" in world.switch.alarms())
        with world.connect(world.sea, "sea") as bank:
            seen = bank.socket.getpeercert(binary_form=True)  # type: ignore[attr-defined]
            expected = ssl.PEM_cert_to_DER_cert((world.folder / "switch.pem").read_text())
            assert seen == expected
        assert standing.ask(standing.network("301"))["39"] == "00"
        before = world.refusals()
        with world.connect(late, "sea") as bank:
            try:
                assert bank.is_closed()
            except ssl.SSLError as error:
                assert "REVOKED" in str(error)
        world.switch.wait_until(lambda: world.refusals() > before)


def test_w14_files_that_cannot_be_used_leave_everything_as_it_was(world: Protected) -> None:
    """A reload with a key of another certificate is refused, and told."""
    kept = (world.folder / "switch.key").read_bytes()
    (world.folder / "switch.key").write_bytes(world.sea.key_pem)
    world.switch.signal(signal.SIGHUP)
    world.switch.wait_until(lambda: "not the key of the certificate" in world.switch.log)
    with world.connect(world.sea, "sea") as bank:
        assert bank.ask(bank.network("301"))["39"] == "00"
    (world.folder / "switch.key").write_bytes(kept)


def test_w02_a_handshake_that_never_ends_is_cut_off(world: Protected) -> None:
    """Who connects and says nothing is closed within the time of a frame, and counted."""
    before = world.refusals()
    with Witness(PORTS["sea"], SEA) as silent:
        assert silent.is_closed()
    world.switch.wait_until(lambda: world.refusals() > before)


def test_w01_a_protected_peer_that_answers_no_echo_is_cut_off(world: Protected) -> None:
    """Its side of the connection stands and says nothing: after three echo tests it is closed."""
    with world.connect(world.sea, "echo") as dead:
        asked = [dead.receive()["70"] for _ in range(3)]
        assert asked == ["301"] * 3
        assert dead.is_closed()


class Echo:
    """Sends every frame back over its connection."""

    def connected(self, connection: Connection) -> bool:
        """Yes."""
        return True

    def received(self, connection: Connection, frames: list[bytes]) -> None:
        """Back with them."""
        for each in frames:
            connection.queue(each)
        connection.flush()

    def broken(self, connection: Connection, reason: str) -> None:
        """Nothing breaks."""

    def disconnected(self, connection: Connection) -> None:
        """Nothing ends."""


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_buffered_connections_work_over_tls_on_either_loop(tmp_path: Path, factory: object) -> None:
    """A hundred thousand bytes in frames go there and back, through the buffer that we keep."""
    authority = Authority("A")
    server = authority.issue("a.example").context(tmp_path, authority, serves=True)
    client = authority.issue("b.example").context(tmp_path, authority)
    payload = bytes(range(256)) * 10

    async def story() -> bytes:
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(
            lambda: Connection(Echo(), framing("binary2"), 1 << 24), "127.0.0.1", 0, ssl=server
        )
        port = listening.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
        sent = framing("binary2").wrap(payload) * 40
        writer.write(sent)
        received = await asyncio.wait_for(reader.readexactly(len(sent)), 20)
        writer.close()
        listening.close()
        assert received == sent
        return received

    with asyncio.Runner(loop_factory=factory) as runner:  # type: ignore[arg-type]
        assert len(runner.run(story())) == 40 * (len(payload) + 2)
