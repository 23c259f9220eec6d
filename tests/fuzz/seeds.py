"""Valid inputs of every target, from which fuzzing sets out."""

import gzip
import struct
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from altyn.journal import NO_SPAN, Batch, BatchBuilder
from altyn.message import Message, dialect, dialect_names, load_codec
from altyn.message.field import Value
from altyn.transaction import TRANSACTION_ENTRY, entries
from altyn.wire import framing, framing_names
from tests.presentment import samples
from tests.settlement.scheme import RUN, Office, settlement_bank
from tests.switch.bench import CODEC, HILL_CARD, Bench, answer_to

MANIFEST: Final = samples.MANIFEST
CHIP_DATA: Final = bytes.fromhex(
    "9f2608aabbccddeeff00119f2701809f100706010a03a000009f3704112233449f3602001c"
    "950500000000009a032607059c01009f02060000000120005f2a02094982023900"
)
TRACK: Final = f"{HILL_CARD}=29122010000000000000"


@cache
def shop_messages() -> list[Message]:
    """One of each kind of message, as a bank sends them."""
    bench = Bench()
    sale = bench.request()
    chip: dict[int, Value] = {35: TRACK, 52: bytes(8), 55: CHIP_DATA}
    return [
        sale,
        Message("0100", {**bench.request(mti="0100").fields, **chip}),
        bench.request(mti="0120", f39="00"),
        bench.about(sale),
        bench.about(sale, "0420", standing=5_000),
        bench.about(sale, "0220"),
        answer_to(sale, f55=None),
        dialect.write_network("001", "000001", bench.transmission, "400101"),
        dialect.write_network("301", "000002", bench.transmission, "400101"),
        Message("0810", {7: bench.transmission, 11: "000003", 39: "00", 70: "301"}),
    ]


@cache
def messages() -> list[bytes]:
    """The shop's messages in every dialect that has their fields."""
    found = []
    for name in dialect_names():
        codec = load_codec(name)
        known = codec.specification.fields
        for message in shop_messages():
            fields = {n: value for n, value in message.fields.items() if n in known}
            if name != "altyn93":  # there the same numbers have other forms
                found.append(codec.encode(Message(message.mti, fields)))
    plain: dict[int, Value] = {2: HILL_CARD, 3: "000000", 11: "000001"}
    return [*found, load_codec("altyn93").encode(Message("1100", plain))]


@cache
def frames() -> list[bytes]:
    """A few messages under every framing, alone and together."""
    found = []
    for name in framing_names():
        for tpdu in (None, bytes.fromhex("6000010002")):
            made = framing(name, tpdu)
            found += [made.wrap(message) for message in messages()[:3]]
            found.append(b"".join(made.wrap(message) for message in messages()[:4]))
    return found


def reply_frame() -> bytes:
    """A reply to hold requests against."""
    return framing("binary2").wrap(CODEC.encode(answer_to(shop_messages()[0])))


@cache
def conversations() -> list[bytes]:
    """Messages to a switch, each behind a byte for the link and a header of two bytes."""
    wrapped = [framing("binary2").wrap(CODEC.encode(message)) for message in shop_messages()]
    alone = [bytes((link,)) + frame for frame in wrapped for link in (0, 1)]
    together = b"".join(b"\x00" + frame for frame in wrapped)
    repeated = b"".join(b"\x00" + frame for frame in (wrapped[0], wrapped[3], wrapped[0]))
    return [*alone, together, repeated]


def chip_data() -> list[bytes]:
    """Chip data as terminals and issuers send it."""
    script = bytes.fromhex("720f9f180400000001860684240000080091080102030405060708")
    return [CHIP_DATA, script, b"\x00\x00" + CHIP_DATA + b"\x00", bytes.fromhex("5a0081810100")]


def tracks() -> list[bytes]:
    """Tracks with either separator."""
    return [TRACK.encode(), TRACK.replace("=", "D").encode() + b"F", b"9900021234567=2912201"]


def template(name: str) -> bytes:
    """A file that `altyn init` writes."""
    templates = resources.files("altyn.runtime.configuration").joinpath("templates")
    return templates.joinpath(name).read_bytes()


def settings() -> list[bytes]:
    """Settings: the template, and little."""
    little = b'[[link]]\nid = "sea"\nparticipant = "SEA"\nmode = "listen"\nport = 8101\n'
    return [little, template("altyn.toml")]


def schemes() -> list[bytes]:
    """The template's scheme."""
    return [template("scheme.toml")]


def specifications() -> list[bytes]:
    """The shipped dialects."""
    folder = resources.files("altyn.message").joinpath("specs")
    return [folder.joinpath(f"{name}.toml").read_bytes() for name in dialect_names()]


def orders() -> list[bytes]:
    """Lines to the control channel."""
    return [b'{"order": "status"}\n', b'{"order": "positions", "more": [1, {"a": null}]}\n']


_RUNS: Final = struct.Struct("<HH")


def files(form: str) -> list[bytes]:
    """Presentment files: of a few records, and of none."""
    named = samples.sale(3, merchant_name='A "B", C')
    rows = [samples.sale(1), samples.refund(2), named]
    return [samples.written(form, rows), samples.written(form, [])]


@cache
def settled_office() -> tuple[Office, tuple[bytes, ...]]:
    """An office with an order at the bank, and the bank's answers to it, not yet heard."""
    office = Office(settlement_bank())
    office.prepare()
    step = office.desk.instruct(RUN, office.tick())
    office.record(step)
    answers = office.bank.receive(step.sends[0].content, office.tick())
    answers += office.bank.notifications(office.tick())
    return office, (*answers, office.bank.statement("KZT", office.tick()))


def bank_answers() -> list[bytes]:
    """A status, a notification and a statement."""
    return list(settled_office()[1])


def packed_files() -> list[bytes]:
    """The same in each packing."""
    content = files("csv")[0]
    archive = BytesIO()
    with ZipFile(archive, "w", ZIP_DEFLATED) as written:
        written.writestr(ZipInfo("day.csv"), content)
    return [content, gzip.compress(content, mtime=0), archive.getvalue()]


@cache
def batches() -> list[bytes]:
    """Group commits of one and of several entries, packed by `pack_batch`."""
    several = BatchBuilder(1)
    several.append(2, b'{"fact": "opened"}')
    several.append(TRANSACTION_ENTRY, bytes(entries.RECORD_BYTES))
    several.append(3, b"")
    alone = BatchBuilder(7)
    alone.append(TRANSACTION_ENTRY, bytes(number % 256 for number in range(entries.RECORD_BYTES)))
    return [pack_batch(each.seal(bytes(32), 0)) for each in (several, alone)]


def pack_batch(batch: Batch) -> bytes:
    """The runs of a batch behind the lengths of the first two."""
    lengths = _RUNS.pack(len(batch.kinds), len(batch.fixed))
    return lengths + batch.kinds + batch.fixed + batch.variable


def unpack_batch(data: bytes) -> Batch:
    """Any bytes as the runs of a batch."""
    lengths = data[: _RUNS.size].ljust(_RUNS.size, b"\0")
    kinds, fixed = _RUNS.unpack(lengths)
    runs = data[_RUNS.size :]
    rest = runs[kinds : kinds + fixed], runs[kinds + fixed :]
    return Batch(1, 0, NO_SPAN, NO_SPAN, runs[:kinds], *rest, (), b"")
