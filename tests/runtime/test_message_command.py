"""`altyn message`: what people see of messages, and what they never see unasked."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from altyn.message import Message, dialect_names, load_codec
from altyn.message.field import Value
from altyn.runtime.cli import main
from altyn.wire import framing

PAN = "9999991234567893"
TRACK = f"{PAN}=29122010000000000000"
FIELDS: dict[int, Value] = {
    2: PAN,
    3: "000000",
    4: "000000012500",
    7: "1123104722",
    11: "000042",
    14: "2912",
    35: TRACK,
    41: "[bold]42",
    49: "978",
    52: bytes.fromhex("0123456789abcdef"),
    55: bytes.fromhex("9f3602001c5a0412345678"),
}
MESSAGE = Message("0100", FIELDS)
CODEC = load_codec("altyn87")
RAW = CODEC.encode(MESSAGE)
SECRETS = (PAN, TRACK, "2912201", "0123456789abcdef", "12345678", "1234567")


def run(*arguments: str, feed: bytes | str | None = None) -> Result:
    """The command as typed."""
    return CliRunner().invoke(main, ["message", *arguments], input=feed)


def check_shows_no_card_data(result: Result) -> None:
    """Nothing secret on standard output or error."""
    for secret in SECRETS:
        assert secret not in result.output


def test_decode_shows_every_field_and_masks_card_data() -> None:
    """Number, name, form and value; six and four digits of the card; tags of the chip by length."""
    result = run("decode", RAW.hex())
    assert result.exit_code == 0
    for text in ("0100", "999999******7893", "Amount, transaction", "000000012500", "n ..19"):
        assert text in result.output
    assert "[bold]42" in result.output
    assert "tag 9F36" in result.output
    check_shows_no_card_data(result)


def test_decode_shows_card_data_when_asked() -> None:
    """The only way to see it is to ask for it by name."""
    result = run("decode", RAW.hex(), "--show-card-data")
    for text in (PAN, TRACK, "0123456789abcdef", "12345678"):
        assert text in result.output


@pytest.mark.parametrize("feed", [RAW, RAW.hex(), RAW.hex(" ").upper() + "\n"])
def test_decode_reads_standard_input(feed: bytes | str) -> None:
    """Raw bytes, hexadecimal, and hexadecimal as other tools print it."""
    result = run("decode", "-", feed=feed)
    assert result.exit_code == 0
    assert "999999******7893" in result.output


def test_decode_reads_frames_from_a_file(tmp_path: Path) -> None:
    """Every frame of a capture is shown, and faults are counted from the first byte of the file."""
    made = framing("ascii4", bytes(5), length_includes_header=True)
    options = ("--framing", "ascii4", "--tpdu", "6000010002", "--length-includes-header")
    capture = tmp_path / "capture.bin"
    capture.write_bytes(made.wrap(RAW) * 2)
    result = run("decode", str(capture), *options)
    assert result.output.count("999999******7893") == 2
    result = run("decode", str(capture), *options, "--format", "json")
    assert [message["mti"] for message in json.loads(result.output)] == ["0100", "0100"]
    capture.write_bytes(made.wrap(RAW) + made.wrap(RAW[:-1]))
    result = run("decode", str(capture), *options)
    place = len(made.wrap(RAW)) + 9 + len(RAW) - 11
    assert result.exit_code == 1
    assert f"error: field 55, byte {place}: the message ends inside the field" in result.output
    capture.write_bytes(made.wrap(RAW)[:-1])
    assert "byte 0: the last frame is not whole" in run("decode", str(capture), *options).output
    capture.write_bytes(b"x" + made.wrap(RAW))
    assert "frame at byte 0: the length header" in run("decode", str(capture), *options).output


def test_raw_bytes_that_look_like_hexadecimal_need_a_word() -> None:
    """A message of hexadecimal characters only is ambiguous: --binary decides."""
    raw = load_codec("altyn87-hex").encode(Message("0800", {11: "000042"}))
    result = run("decode", "-", "--dialect", "altyn87-hex", "--binary", feed=raw)
    assert result.exit_code == 0
    assert run("decode", "-", "--dialect", "altyn87-hex", feed=raw).exit_code == 1


@pytest.mark.parametrize("dialect", dialect_names())
def test_json_goes_round(dialect: str) -> None:
    """What decode writes, encode reads: the same bytes in every dialect."""
    raw = load_codec(dialect).encode(MESSAGE)
    shown = run("decode", raw.hex(), "--dialect", dialect, "--format", "json", "--show-card-data")
    table = json.loads(shown.output)
    assert table["fields"]["52"] == "hex:0123456789abcdef"
    assert (table["dialect"], table["mti"], table["fields"]["4"]) == (
        dialect,
        "0100",
        "000000012500",
    )
    written = run("encode", "-", feed=shown.output)
    assert written.output == raw.hex() + "\n"


def test_masked_json_says_so_and_is_not_written_back() -> None:
    """Stars are no card number: encode refuses before it looks at a field."""
    shown = run("decode", RAW.hex(), "--format", "json")
    assert json.loads(shown.output)["masked"] is True
    check_shows_no_card_data(shown)
    result = run("encode", "-", feed=shown.output)
    assert result.exit_code == 1
    assert "card data is masked in this JSON; decode it with --show-card-data" in result.output


def test_encode_writes_files_and_frames(tmp_path: Path) -> None:
    """Raw bytes to a file, several messages as frames, to standard output too."""
    echo = {"mti": "0800", "fields": {"11": "000042"}}
    source, target = tmp_path / "echo.json", tmp_path / "echo.bin"
    source.write_text(json.dumps([echo, echo]), encoding="utf-8")
    framed = framing("binary2").wrap(CODEC.encode(Message("0800", {11: "000042"}))) * 2
    result = run("encode", str(source), "--framing", "binary2", "--binary", str(target))
    assert (result.exit_code, result.output) == (0, "")
    assert target.read_bytes() == framed
    result = run("encode", str(source), "--framing", "binary2", "--binary", "-")
    assert result.stdout_bytes == framed
    result = run("encode", str(source))
    assert result.exit_code == 2
    assert "cannot be told apart without --framing" in result.output
    result = run("encode", str(source), "--framing", "binary2", "--binary", str(tmp_path / "a/b"))
    assert result.exit_code == 1
    assert "cannot write this file" in result.output


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("{", "INPUT, line 1, column 2: this is not JSON"),
        (b"\xff\xfe{", "this is not"),
        ("[]", "INPUT: the list holds no message"),
        ("[" * 9999, "this JSON is no message"),
        ("9876" * 2000, "this JSON is no message"),
        ('{"mti": "0100", "fields": {"3": "987601", "3": "987602"}}', "a key is given twice"),
        ("[1]", "a message is an object with mti and an object of fields"),
        ({"mti": "0100"}, "a message is an object with mti and an object of fields"),
        ({"mti": 100, "fields": {}}, "INPUT: mti must be a text"),
        ({"mti": "0100", "fields": {}, "x": 1}, "there is a key that a message does not have"),
        ({"mti": "0100", "fields": {"04": "1"}}, "a field's name is not a number"),
        ({"mti": "0100", "fields": {"4": 12500}}, "field 4: the value must be a text"),
        ({"mti": "0100", "fields": {"4": "9876"}}, "field 4: the value must be 12 long and is 4"),
        ({"mti": "0100", "fields": {"52": "98769876"}}, "field 52: this field holds bytes"),
        ({"mti": "0100", "fields": {"52": "hex:9876 987"}}, "field 52: this field holds bytes"),
        ({"mti": "0100", "fields": {"65": "9876"}}, "field 65: this dialect has no such field"),
        ({"mti": "9876543", "fields": {}}, "message type: the message type is not four digits"),
        ({"dialect": "x", "mti": "0100", "fields": {}}, "no such dialect, and no such file"),
    ],
)
def test_encode_refuses_with_the_place_and_without_the_value(table: Any, text: str) -> None:
    """Not JSON, wrong shapes, values that do not fit: where and what to do."""
    feed = table if isinstance(table, str | bytes) else json.dumps(table)
    result = run("encode", "-", feed=feed)
    assert result.exit_code == 1
    assert text in result.output
    assert "9876" not in result.output


def test_decode_refuses_with_field_and_byte_and_shows_what_was_read() -> None:
    """The fields before the fault come first, then one line that says where and what to do."""
    result = run("decode", RAW.replace(b"[bold]42", b"[bold]\x072").hex())
    assert result.exit_code == 1
    assert "read before the fault" in result.output
    place = RAW.index(b"[bold]")
    assert f"error: field 41, byte {place}: the value has characters other than" in result.output
    assert "see `altyn message doctor`" in result.output
    check_shows_no_card_data(result)


def test_what_was_typed_is_not_repeated() -> None:
    """A message with a digit too many is neither hexadecimal nor a file, and is not echoed."""
    for typed in (RAW.hex() + "0", "no such file", "\x00"):
        result = run("decode", typed)
        assert result.exit_code == 1
        assert "neither hexadecimal digits in pairs nor a file" in result.output
        assert typed not in result.output.replace("\n", "")
    assert "there is nothing to read" in run("decode", "-", feed=b"").output
    too_long = run("decode", "-", feed=bytes((1 << 20) + 1))
    assert "the input is too long" in too_long.output
    assert "INPUT: this is no file that can be read" in run("encode", "no such file").output


def test_own_dialects_are_read_from_a_file(tmp_path: Path) -> None:
    """A path in place of a name; faults of the table are told with field and key."""
    table = tmp_path / "mine.toml"
    table.write_text(
        'title = "mine"\nstandard = "ISO 8583:1987"\nextends = "altyn87"\n'
        "[fields]\n48 = { length = 2 }\n",
        encoding="utf-8",
    )
    raw = CODEC.encode(Message("0100", {48: "abc"}))
    assert run("decode", raw.hex()).exit_code == 0
    assert "maximum of 2" in run("decode", raw.hex(), "--dialect", str(table)).output
    table.write_text(table.read_text(encoding="utf-8") + "49 = { size = 3 }\n", encoding="utf-8")
    result = run("decode", raw.hex(), "--dialect", str(table))
    assert result.exit_code == 1
    assert "field 49: key 'size' is unknown; mend the dialect's table" in result.output
    table.write_bytes(b'title = "\xff"\n')
    result = run("decode", raw.hex(), "--dialect", str(table))
    assert "--dialect: this file is not UTF-8 text; save the dialect's table" in result.output


@pytest.mark.parametrize(
    "options",
    [
        ("--tpdu", "6000010002"),
        ("--length-includes-header",),
        ("--framing", "binary2", "--tpdu", "60"),
        ("--framing", "binary2", "--tpdu", "xx"),
        ("--framing", "binary3"),
    ],
)
def test_options_that_make_no_sense_are_usage_errors(options: tuple[str, ...]) -> None:
    """Exit code 2, before anything is read."""
    assert run("decode", RAW.hex(), *options).exit_code == 2


def test_doctor_names_framing_and_dialect(tmp_path: Path) -> None:
    """The guess that fits stands alone; the others are counted and shown when asked for."""
    framed = framing("bcd2").wrap(load_codec("altyn87-ebcdic").encode(MESSAGE))
    result = run("doctor", framed.hex())
    assert result.exit_code == 0
    assert "bcd2" in result.output and "altyn87-ebcdic" in result.output
    assert "--all shows them" in result.output
    check_shows_no_card_data(result)
    every = run("doctor", framed.hex(), "--all")
    assert every.output.count("altyn93") > 4
    check_shows_no_card_data(every)
    target = tmp_path / "guesses.json"
    run("doctor", framed.hex(), "--json", str(target))
    found = json.loads(target.read_text(encoding="utf-8"))
    assert found["sound"] is True
    assert found["guesses"][0]["framing"] == "bcd2"
    assert json.loads(run("doctor", framed.hex(), "--json", "-").output) == found


def test_doctor_says_that_nothing_fits() -> None:
    """Garbage leaves with exit code 1 and the best guesses."""
    result = run("doctor", RAW[:-3].hex(), "--dialect", "altyn87")
    assert result.exit_code == 1
    assert "field 55, byte" in result.output
    assert "No guess fits from the first byte to the last." in result.output
    check_shows_no_card_data(result)


def test_doctor_compares_request_and_reply() -> None:
    """A reply that matches is said to; one that does not is explained, field by field."""
    fields = {n: FIELDS[n] for n in (2, 3, 4, 7, 11, 41, 49)} | {39: "00"}
    good = CODEC.encode(Message("0110", dict(fields)))
    result = run("doctor", RAW.hex(), good.hex())
    assert result.exit_code == 0
    assert "The reply matches the request." in result.output
    fields[11] = "000043"
    bad = CODEC.encode(Message("0210", fields))
    result = run("doctor", RAW.hex(), framing("binary2").wrap(bad).hex())
    assert result.exit_code == 1
    for text in (
        "the request has no frame and the reply binary2",
        "message type: 0100 is answered by 0110, not by 0210",
        "field 11: the trace number differs from character 6 on",
    ):
        assert text in result.output
    check_shows_no_card_data(result)


def test_remarks_are_shown_below_the_table() -> None:
    """A sound message may still hold a card number whose check digit is wrong."""
    fields: dict[int, Value] = {2: "9999991234567890", 55: b"\x9f\x36\x05"}
    result = run("decode", CODEC.encode(Message("0100", fields)).hex())
    assert result.exit_code == 0
    assert "field 2: the card number's check digit is wrong" in result.output
    assert "field 55: chip data, byte 3: the length reaches past the end" in result.output


@pytest.mark.parametrize("name", ["decode", "encode", "doctor"])
def test_help_has_examples_and_exit_codes(name: str) -> None:
    """Help is worth reading: something to copy, and what the exit code means."""
    result = run(name, "--help")
    assert f"altyn message {name} " in result.output
    assert "Exit code: 0" in result.output
