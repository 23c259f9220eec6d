"""What is fuzzed: each reader of bytes that come from outside, and what must hold for any bytes.

A target's check is given bytes and raises for a finding: any error but the one that its reader
documents, a value that does not survive writing and reading, a number of a card's length in a text
for people (I10). Time and memory are bounded by whoever calls it.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from altyn.card import PAN_DIGITS_MIN
from altyn.journal import (
    FIXED_KIND,
    Batch,
    BatchBuilder,
    JournalDamagedError,
    structure_defect,
)
from altyn.message import (
    Codec,
    Message,
    MessageError,
    SpecificationError,
    TlvError,
    build_tlv,
    dialect_names,
    load_codec,
    parse_specification,
    parse_tlv,
    parse_track2,
)
from altyn.presentment import (
    FORMS,
    FileRefusal,
    Limits,
    Rejection,
    acknowledge,
    read_file,
    unpacked,
    write_csv_answer,
)
from altyn.runtime.configuration.problem import ConfigurationError
from altyn.runtime.configuration.whole import load_configuration
from altyn.runtime.journal.checking import content_defect
from altyn.runtime.online.control import Control
from altyn.runtime.settings import read_settings
from altyn.settlement import (
    AnswerError,
    SettlementDesk,
    Statement,
    Status,
    fact_object,
    read_answer,
    read_fact,
)
from altyn.transaction import entries
from altyn.wire import (
    FrameError,
    Framing,
    describe_fault,
    diagnose,
    explain_mismatch,
    framing,
    framing_names,
    remarks,
)
from tests.fuzz import seeds
from tests.fuzz.line import Line
from tests.message.generated import eager_codec
from tests.settlement.scheme import terms as settlement_terms

LONG_NUMBER: Final = re.compile(rf"\d{{{PAN_DIGITS_MIN},}}")
CARD_FIELDS: Final = (2, 14, 34, 35, 36, 45, 48, 52, 53, 55)
CHUNKS: Final = (1, 2, 3, 7, 64, 1 << 16)


@dataclass(frozen=True)
class Target:
    """A reader under fuzz: `examples` are inputs it accepts, `check` raises for a finding."""

    name: str
    examples: Callable[[], list[bytes]]
    check: Callable[[bytes], None]


def expect_silent(text: str, data: bytes) -> None:
    """Nothing of a card's length is told that stood in the input, in whichever writing (I10)."""
    for number in LONG_NUMBER.findall(text):
        told = number[:PAN_DIGITS_MIN]
        assert told not in data.hex(), "an error repeats a long number in BCD"
        for codepage in ("ascii", "cp500"):
            assert told.encode(codepage) not in data, "an error repeats a long number"


def check_framing(data: bytes) -> None:
    """Any cut of a stream gives the same payloads; what was taken is framed the same way again."""
    for name in framing_names():
        for tpdu in (None, bytes(5)):
            for counted in (False, True):
                made = framing(name, tpdu, counted, max_frame=2048)
                whole, fault = _taken(made, data, len(data) or 1)
                for size in CHUNKS:
                    assert _taken(made, data, size) == (whole, fault), "a cut changes the frames"
                expect_silent(fault, data)
                if tpdu is None:
                    again = b"".join(made.wrap(payload) for payload in whole)
                    assert again.lower() == data[: len(again)].lower(), "framed otherwise"


def _taken(made: Framing, data: bytes, size: int) -> tuple[list[bytes], str]:
    """The payloads of a stream that comes in chunks of a size, and the refusal that ends it."""
    payloads: list[bytes] = []
    buffer, start = bytearray(), 0
    for at in range(0, len(data), size):
        buffer += data[at : at + size]
        try:
            found, start = made.take(buffer, start, len(buffer))
        except FrameError as error:
            return [*payloads, *error.payloads], error.reason
        payloads += found
    return payloads, ""


@cache
def _codecs() -> list[tuple[Codec, Codec]]:
    """For each dialect the careful code alone, and one that makes its plans at once."""
    return [(Codec(load_codec(n).specification, 1 << 60), eager_codec(n)) for n in dialect_names()]


def check_message(data: bytes) -> None:
    """Every dialect reads or refuses; plans agree with the careful code; written is read again."""
    for careful, eager in _codecs():
        try:
            message = careful.decode(data)
        except MessageError as error:
            expect_silent(str(error), data)
            try:
                eager.decode(data)
            except MessageError as refusal:
                assert str(refusal) == str(error), "a plan refuses in other words"
                continue
            raise AssertionError("a plan reads what the careful code refuses") from error
        assert eager.decode(data) == eager.decode(data) == message, "a plan reads otherwise"
        cards = {n: value for n, value in message.fields.items() if n in CARD_FIELDS}
        expect_silent(repr(Message(message.mti, cards)), data)
        assert careful.decode(careful.encode(message)) == message, "written is not read again"
        assert eager.encode(message) == careful.encode(message), "a plan writes otherwise"


def check_switch(data: bytes) -> None:
    """Frames from a bank go the whole road; whatever they say, the switch goes on."""
    expect_silent(Line().hear(data), data)


def check_tlv(data: bytes) -> None:
    """Chip data is read or refused; what was read is written and read again."""
    try:
        objects = parse_tlv(data)
    except TlvError as error:
        expect_silent(str(error), data)
        assert error.offset is not None and 0 <= error.offset <= len(data)
        return
    assert parse_tlv(build_tlv(objects)) == objects


def check_track2(data: bytes) -> None:
    """A track is read or refused; its parts make the track again."""
    track = data.decode("latin-1")
    try:
        found = parse_track2(track)
    except MessageError as error:
        expect_silent(str(error), data)
        return
    text = f"{found.pan}={found.expiry}{found.service_code}{found.discretionary}"
    assert text == track.removesuffix("F").replace("D", "=", 1)
    expect_silent(f"{found} {found!r}", data)


def check_doctor(data: bytes) -> None:
    """The doctor has an opinion about any bytes, and tells no card data with it."""
    fits = diagnose(data)
    assert fits
    told = [f"{fit.candidate} {describe_fault(fit)}" for fit in fits]
    told += [str(found) for fit in fits[:3] if fit.message for found in remarks(fit.message)]
    half = len(data) // 2
    told += [found.text for found in explain_mismatch(data[:half], data[half:])]
    told += [found.text for found in explain_mismatch(data, seeds.reply_frame())]
    expect_silent(" ".join(told), data)


def check_settings(data: bytes) -> None:
    """A settings file of any bytes gives settings or problems."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "altyn.toml"
        path.write_bytes(data)
        reading = read_settings(path)
        assert (reading.settings is None) == bool(reading.problems)
        expect_silent(" ".join(str(problem) for problem in reading.problems), data)


def check_scheme(data: bytes) -> None:
    """A scheme file of any bytes beside sound settings gives a configuration or problems."""
    with TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "altyn.toml").write_bytes(seeds.template("altyn.toml"))
        (path / "scheme.toml").write_bytes(data)
        try:
            load_configuration(path)
        except ConfigurationError as error:
            expect_silent(" ".join(str(problem) for problem in error.problems), data)


def check_specification(data: bytes) -> None:
    """A dialect's table of any text gives a dialect or faults."""
    text = data.decode("utf-8", "replace")
    try:
        parse_specification(text, "dialect.toml")
    except SpecificationError as error:
        expect_silent(str(error), data)


def check_batch(data: bytes) -> None:
    """The bytes of a group commit: both judges of its structure agree, and entries are whole."""
    batch = seeds.unpack_batch(data)
    if not batch.kinds:
        batch = batch._replace(kinds=b"\x02")  # a batch has an entry; none is a defect by itself
    defect = structure_defect(batch, entries.RECORD_BYTES)
    content_defect(batch)
    try:
        found = list(batch.entries(entries.RECORD_BYTES))
    except JournalDamagedError as error:
        assert defect is not None, "only the reader finds the damage"
        expect_silent(str(error), data)
        return
    assert defect is None, "only the checker finds the damage"
    _expect_same_bytes(batch, [(entry.kind, entry.body) for entry in found])


def _expect_same_bytes(batch: Batch, found: list[tuple[int, bytes]]) -> None:
    builder = BatchBuilder(batch.first_sequence)
    for kind, body in found:
        builder.append(kind, body)
    again = builder.seal(bytes(32), 0)
    assert (again.kinds, again.fixed, again.variable) == batch[4:7], "read and written otherwise"
    assert all(len(body) == entries.RECORD_BYTES for kind, body in found if kind == FIXED_KIND)


async def _order(_: dict[str, Any]) -> dict[str, object]:
    return {"done": True}


@cache
def _control() -> Control:
    return Control(Path("unused.sock"), {"status": _order, "positions": _order})


def check_control(data: bytes) -> None:
    """Every line to the control channel is answered, and with nothing of what it said."""
    answer = asyncio.run(_control().answer(data))
    assert isinstance(answer["ok"], bool)
    expect_silent(str(answer), data)


def check_presentment(data: bytes, form: str) -> None:
    """A file is read or refused, the same for every cut; each record is a row or a rejection."""
    told, rows, rejections = _presented(form, data, [data])
    expect_silent(told, data)
    numbers = sorted([row["record_number"] for row in rows] + [r.record_number for r in rejections])
    assert numbers == list(range(1, len(numbers) + 1)), "a record is lost or comes twice"
    assert all(0 < row["amount"] < 10**12 for row in rows), "an amount that no field holds"
    if form != "parquet":
        for size in (1 << 12, 61):
            pieces = [data[at : at + size] for at in range(0, len(data), size)]
            again, same, as_well = _presented(form, data, pieces)
            assert again == told, "a cut changes the verdict"
            assert told.endswith("refused") or (same, as_well) == (rows, rejections)


def _presentment_target(form: str) -> Target:
    check = partial(check_presentment, form=form)
    return Target(f"presentment-{form}", partial(seeds.files, form), check)


def _presented(
    form: str, data: bytes, chunks: list[bytes]
) -> tuple[str, list[dict[str, Any]], list[Rejection]]:
    """What is told of a file, its rows and its rejections; those of a refused one count nothing."""
    rows: list[dict[str, Any]] = []
    rejections: list[Rejection] = []
    try:
        reading = read_file(form, data if form == "parquet" else chunks, "SEA")
        for piece in reading:
            rows += piece.rows.to_pylist()
            rejections += piece.rejections
    except FileRefusal as refusal:
        return f"{refusal.reason.name} refused", [], []
    assert reading.totals is not None
    answer = acknowledge(reading.manifest, reading.totals, rejections, 20261123)
    assert answer.records == len(rows) + len(rejections), "the answer counts otherwise"
    lines = b"".join(write_csv_answer(answer._replace(manifest=seeds.MANIFEST)))
    return f"{rejections!r} {lines!r}", rows, rejections


def check_settlement(data: bytes) -> None:
    """Any answer of a settlement bank is refused with a reason, or has an effect that is a fact."""
    try:
        answer = read_answer(data)
    except AnswerError as error:
        expect_silent(str(error), data)
        return
    office, _answers = seeds.settled_office()
    desk = SettlementDesk(settlement_terms(), office.journal)
    if isinstance(answer, Status):
        step = desk.received(answer, office.now_us)
    elif isinstance(answer, Statement):
        step = desk.stated(answer, office.now_us)
    else:
        step = desk.notified(answer, office.now_us)
    for fact in step.facts:
        assert read_fact(fact_object(fact)) == fact, "a fact does not survive writing and reading"


def check_unpacking(data: bytes) -> None:
    """Packed or not, what comes out is within the limits, the same for every cut."""
    limits = Limits(file_bytes_max=1 << 18, ratio_max=20, ratio_free_bytes=1 << 12)
    whole = _unpacked([data], limits)
    expect_silent(whole[1], data)
    assert len(whole[0]) <= 1 << 18, "more than the limit"
    pieces = [data[at : at + 61] for at in range(0, len(data), 61)]
    refused = _unpacked(pieces, limits)
    assert whole[1] or refused[1] or refused == whole, "a cut changes the file"


def _unpacked(chunks: list[bytes], limits: Limits) -> tuple[bytes, str]:
    given = b""
    try:
        for piece in unpacked(chunks, limits):
            given += piece
    except FileRefusal as refusal:
        return given, str(refusal)
    return given, ""


TARGETS: Final = (
    Target("framing", seeds.frames, check_framing),
    Target("message", seeds.messages, check_message),
    Target("switch", seeds.conversations, check_switch),
    Target("tlv", seeds.chip_data, check_tlv),
    Target("track2", seeds.tracks, check_track2),
    Target("doctor", seeds.frames, check_doctor),
    Target("settings", seeds.settings, check_settings),
    Target("scheme", seeds.schemes, check_scheme),
    Target("specification", seeds.specifications, check_specification),
    Target("batch", seeds.batches, check_batch),
    Target("control", seeds.orders, check_control),
    *(_presentment_target(form) for form in FORMS),
    Target("unpacking", seeds.packed_files, check_unpacking),
    Target("settlement", seeds.bank_answers, check_settlement),
)
