"""Track 2 is read within its bounds and never shown."""

import pytest

from altyn.message import MessageError, Track2, parse_track2

PAN = "9999991234567890"


@pytest.mark.parametrize(
    ("track", "parts"),
    [
        (f"{PAN}=2912201", (PAN, "2912", "201", "")),
        (f"{PAN}D29122010001", (PAN, "2912", "201", "0001")),
        (f"{PAN}D29122010001F", (PAN, "2912", "201", "0001")),
        ("9999991234567=2901101", ("9999991234567", "2901", "101", "")),
        (
            "9999991234567890123=29121011234567890",
            ("9999991234567890123", "2912", "101", "1234567890"),
        ),
    ],
)
def test_parts_of_a_track(track: str, parts: tuple[str, str, str, str]) -> None:
    """Both separators, numbers of 13 to 19 digits, the chip's last half-byte."""
    assert parse_track2(track) == Track2(*parts)


def test_a_track_prints_masked() -> None:
    """Neither expiry, nor service code, nor the issuer's digits are shown."""
    track = parse_track2(f"{PAN}=29122010001")
    assert repr(track) == str(track) == "Track2(999999******7890)"


@pytest.mark.parametrize(
    ("track", "offset", "reason"),
    [
        (f"{PAN}29122010001", 0, "there is no separator"),
        (f"{PAN}^29122010001", 0, "there is no separator"),
        ("999999123456=2912201", 0, "the card number is not 13 to 19 digits"),
        ("99999912345678901234=2912201", 0, "the card number is not 13 to 19 digits"),
        ("99999912345٦٧890=2912201", 0, "the card number is not 13 to 19 digits"),
        (f"{PAN}=291220", 17, "after the separator, seven digits or more"),
        (f"{PAN}=2912=01", 17, "after the separator, seven digits or more"),
        (f"{PAN}=2913201", 19, "the month of expiry is not 01 to 12"),
        (f"{PAN}=2900201", 19, "the month of expiry is not 01 to 12"),
        (f"{PAN}=291220100000000000000", 0, "track 2 is longer than 37 characters"),
        ("", 0, "there is no separator"),
    ],
)
def test_w12_a_track_out_of_shape_is_refused(track: str, offset: int, reason: str) -> None:
    """Wrong separator, wrong lengths, no such month: with the place and without the digits."""
    with pytest.raises(MessageError) as caught:
        parse_track2(track)
    assert (caught.value.field, caught.value.offset) == (35, offset)
    assert caught.value.reason.startswith(reason)
    assert not track or track not in str(caught.value)
