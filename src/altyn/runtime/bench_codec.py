"""Time of the codec alone: a 20-field authorization request and its reply, dialect `altyn87`.

Read and written whole, and derived as a switch does it: the request as it goes on to the issuer and
the reply as it goes back, both from the request as it was received.

64 variants of each are read and written in turn, so that no answer can be remembered. A round times
one pass over the variants; rounds of every case and of both codecs follow each other, so that what
else the machine does falls on all of them alike. pyiso8583 is the witness: it is measured in the
same run when it is installed, and both codecs must have given the same bytes before. It derives
nothing, so beside what is derived it writes the whole message, put together beforehand.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter
from types import ModuleType
from typing import Any, Final, NamedTuple, TypedDict

from rich import box
from rich.table import Table

from altyn.card import check_digit
from altyn.message import Codec, FieldSet, Message, load_codec
from altyn.runtime.percentiles import percentiles

__all__ = ["BenchResult", "CaseResult", "render", "run"]

_VARIANTS: Final = 64
_DIALECT: Final = "altyn87"
_WITNESS: Final = "pyiso8583"
_US: Final = 1e6
_LINES_US: Final = {"decode 0100": 5.0, "encode 0100": 6.0}
_RATIO_LINE: Final = 5.0
_ROUNDS_MIN: Final = 20
_REPLY_ECHOES: Final = (2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49)
_FORWARDED: Final = FieldSet.all_but(5, 6, 9, 10, 15, 16, 33, 50, 51, 64, 128)
_RETURNED: Final = FieldSet.only(*_REPLY_ECHOES)


_Derived = tuple[Message, dict[int, str | bytes]]
"""A message as it was received, and what is put over it."""


class CaseResult(TypedDict):
    """Microseconds a message over all rounds, and the witness's, with the ratio of the medians."""

    message_bytes: int
    fields: int
    us: dict[str, float]
    witness_us: dict[str, float] | None
    ratio: float | None


class BenchResult(TypedDict):
    """Figures by case ("decode 0100" and so on); `witness` is None when it is not installed."""

    dialect: str
    seconds: float
    rounds: int
    messages_per_round: int
    witness: str | None
    cases: dict[str, CaseResult]


class _Case(NamedTuple):
    name: str
    messages: list[Message]
    datas: list[bytes]
    ours: Callable[[], object]
    witness: Callable[[], object] | None


def run(seconds: float) -> BenchResult:
    """Measure for about so many seconds, and for twenty rounds at least."""
    witness = import_module("iso8583") if find_spec("iso8583") else None
    codec = load_codec(_DIALECT)
    pairs = [_pair(number) for number in range(_VARIANTS)]
    cases = _cases(codec, [pair[0] for pair in pairs], witness)
    cases += _cases(codec, [pair[1] for pair in pairs], witness)
    cases += _derived_cases(codec, pairs, witness)
    times = {case.name: (array("d"), array("d")) for case in cases}
    _timed_round(cases)  # Warms the plans and the interpreter; not counted.
    started = perf_counter()
    rounds = 0
    while rounds < _ROUNDS_MIN or perf_counter() - started < seconds:
        for name, ours, theirs in _timed_round(cases):
            times[name][0].append(ours)
            if theirs is not None:
                times[name][1].append(theirs)
        rounds += 1
    return {
        "dialect": _DIALECT,
        "seconds": perf_counter() - started,
        "rounds": rounds,
        "messages_per_round": _VARIANTS,
        "witness": _WITNESS if witness else None,
        "cases": {case.name: _result(case, *times[case.name]) for case in cases},
    }


def render(result: BenchResult) -> Table:
    """The figures as a table: microseconds a message, the witness's median, how many times ours."""
    title = f"Codec {result['dialect']}, µs a message, {result['rounds']} rounds"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("case")
    for column in ("fields", "bytes", "p50", "p90", "p99", "max", "line", _WITNESS, "times"):
        table.add_column(column, justify="right")
    for name, case in result["cases"].items():
        us, theirs, ratio = case["us"], case["witness_us"], case["ratio"]
        line = _LINES_US.get(name)
        table.add_row(
            name,
            str(case["fields"]),
            str(case["message_bytes"]),
            *(f"{us[point]:.2f}" for point in ("p50", "p90", "p99", "maximum")),
            "" if line is None else f"≤ {line:g}",
            "absent" if theirs is None else f"{theirs['p50']:.2f}",
            "" if ratio is None else f"{ratio:.1f}",
        )
    table.caption = (
        f"Lines: median of the 0100, and at least {_RATIO_LINE:g} times {_WITNESS} in the same run."
    )
    table.caption_justify = "left"
    return table


def _pair(number: int) -> tuple[Message, Message]:
    """A request with 20 fields and its reply; what differs between variants keeps its length."""
    body = f"999999{number * 15_485_863 % 10**9:09d}"
    pan = body + check_digit(body)
    trace, amount = f"{number + 1:06d}", f"{(number * 7_919 + 100) % 500_000:012d}"
    cryptogram = (number * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big")
    chip = bytes.fromhex(
        f"9f2608{cryptogram.hex()}9f2701809f10120110a74003020000000000000000000000ff"
        f"9f3704{cryptogram.hex()[:8]}9f3602{number:04x}950500800480009a032511239c0100"
        f"9f0206{amount}5f2a020978820239009f1a0202509f03060000000000009f3303e0f8c8"
        "9f34034403029f3501229f1e0831323334353637388407a00000000410109f090200029f410400000001"
    )
    fields: dict[int, str | bytes] = {
        2: pan, 3: "000000", 4: amount, 7: f"1123{number * 1013 % 240_000:06d}", 11: trace,
        12: "104722", 13: "1123", 14: "2912", 18: "5411", 22: "051", 25: "00", 32: "400001",
        35: f"{pan}=2912201{number * 104_729 % 10**13:013d}", 37: f"532710{trace}",
        41: f"TERM{number:04d}", 42: f"MERCHANT{number:07d}",
        43: "EXAMPLE STORE 0001       HELSINKI     FI", 49: "978", 52: cryptogram, 55: chip,
    }  # fmt: skip
    answer = {n: fields[n] for n in _REPLY_ECHOES}
    answer |= {38: f"{number * 3_571:06d}", 39: "00", 55: b"\x91\x0a" + cryptogram + b"00"}
    return Message("0100", fields), Message("0110", answer)


def _cases(codec: Codec, messages: list[Message], witness: ModuleType | None) -> list[_Case]:
    """Reading and writing of these messages. Raises AssertionError when the codecs disagree."""
    datas = [codec.encode(message) for message in messages]
    their_decode, their_encode = _witness_work(codec, messages, datas, witness)
    mti = messages[0].mti

    def decode() -> object:
        read = codec.decode
        return [read(data) for data in datas]

    def encode() -> object:
        write = codec.encode
        return [write(message) for message in messages]

    return [
        _Case(f"decode {mti}", messages, datas, decode, their_decode),
        _Case(f"encode {mti}", messages, datas, encode, their_encode),
    ]


def _derived_cases(
    codec: Codec, pairs: list[tuple[Message, Message]], witness: ModuleType | None
) -> list[_Case]:
    """The request on its way to the issuer, and the reply on its way back."""
    datas = [codec.encode(request) for request, _ in pairs]
    for data in datas:
        codec.decode(data)  # A codec that has not met a shape before reads it with other code.
    received = [codec.decode(data) for data in datas]
    forwards: list[_Derived] = [
        (source, {7: f"1123{n:06d}", 11: f"{n + 500_000:06d}", 15: "1123", 33: "999001"})
        for n, source in enumerate(received)
    ]
    replies: list[_Derived] = [
        (source, {15: "1123", **{n: reply.fields[n] for n in (38, 39, 55)}})
        for source, (_, reply) in zip(received, pairs, strict=True)
    ]
    return [
        _derived_case(codec, "0100", _FORWARDED, forwards, witness),
        _derived_case(codec, "0110", _RETURNED, replies, witness),
    ]


def _derived_case(
    codec: Codec, mti: str, keep: FieldSet, work: list[_Derived], witness: ModuleType | None
) -> _Case:
    messages = [
        Message(mti, {n: value for n, value in source.fields.items() if n in keep} | put)
        for source, put in work
    ]

    def derive() -> list[bytes]:
        write = codec.derive
        return [write(source, mti, keep, put) for source, put in work]

    datas = derive()
    assert datas == [codec.encode(message) for message in messages], "deriving is not encoding"
    _, their_encode = _witness_work(codec, messages, datas, witness)
    return _Case(f"derive {mti}", messages, datas, derive, their_encode)


def _witness_work(
    codec: Codec, messages: list[Message], datas: list[bytes], witness: ModuleType | None
) -> tuple[Callable[[], object] | None, Callable[[], object] | None]:
    """The witness's reading and writing. Raises AssertionError when it writes other bytes."""
    if witness is None:
        return None, None
    table = _witness_table(codec)
    documents = [_document(message) for message in messages]
    for document, data in zip(documents, datas, strict=True):
        assert witness.encode(dict(document), table)[0] == data, "the codecs disagree"
    return (
        lambda: [witness.decode(data, table) for data in datas],
        lambda: [witness.encode(document, table) for document in documents],
    )


def _timed_round(cases: list[_Case]) -> list[tuple[str, float, float | None]]:
    """Microseconds a message of each case in one pass, ours and the witness's."""
    found = []
    for case in cases:
        ours = _us_a_message(case.ours)
        found.append((case.name, ours, _us_a_message(case.witness) if case.witness else None))
    return found


def _us_a_message(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return (perf_counter() - started) / _VARIANTS * _US


def _result(case: _Case, ours: Sequence[float], theirs: Sequence[float]) -> CaseResult:
    our_points = asdict(percentiles(ours)) | {"minimum": min(ours)}
    their_points = asdict(percentiles(theirs)) | {"minimum": min(theirs)} if theirs else None
    return {
        "message_bytes": len(case.datas[0]),
        "fields": len(case.messages[0].fields),
        "us": our_points,
        "witness_us": their_points,
        "ratio": their_points["p50"] / our_points["p50"] if their_points else None,
    }


def _document(message: Message) -> dict[str, str]:
    """The message in the witness's terms: bytes are hexadecimal text."""
    fields = {
        str(n): value.hex().upper() if isinstance(value, bytes) else value
        for n, value in message.fields.items()
    }
    return {"t": message.mti, **fields}


def _witness_table(codec: Codec) -> dict[str, dict[str, Any]]:
    """The dialect in the witness's terms."""
    fixed = {"len_enc": "ascii", "len_type": 0, "desc": ""}
    table: dict[str, dict[str, Any]] = {
        "h": {**fixed, "data_enc": "ascii", "max_len": 0},
        "t": {**fixed, "data_enc": "ascii", "max_len": 4},
        "p": {**fixed, "data_enc": "b", "max_len": 8},
        "1": {**fixed, "data_enc": "b", "max_len": 8},
    }
    for number, field in codec.specification.fields.items():
        table[str(number)] = {
            "data_enc": "b" if field.kind == "b" else "ascii",
            "len_enc": "ascii",
            "len_type": field.prefix_digits,
            "max_len": field.length,
            "desc": field.name,
        }
    return table
