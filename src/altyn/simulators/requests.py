"""The requests an acquirer writes: purchase and its kin, completion, reversal.

Fields of ISO 8583:1987. Chip data, PIN blocks and tracks go along where the entry mode has them,
so that a run shows that they reach the issuer and are kept nowhere.
"""

from datetime import timedelta
from typing import Final, NamedTuple

from altyn.message import Message
from altyn.money import currency_of
from altyn.simulators.network import Moment, field_text, original_data, transmission_time
from altyn.simulators.script import Play, Step

__all__ = ["TradeSide", "completion", "purchase", "reversal"]

CHIP: Final = "05"
CONTACTLESS: Final = "07"
MAGNETIC_STRIPE: Final = "02"
PREAUTHORIZED_REQUEST: Final = "06"
"""DE25 of a request that a completion will follow."""

# Tags of EMV Book 3: 9F26 cryptogram, 9F36 counter, 95 verification results. The values
# stand for what a chip would compute: the switch must carry them, not understand them.
_CHIP_DATA: Final = bytes.fromhex("9F26080123456789ABCDEF9F3602001C95050000008000")
_PIN_BLOCK: Final = bytes.fromhex("8F2C9A41D0E6B357")

_KEPT_BY_REVERSAL: Final[tuple[int, ...]] = (
    2,
    3,
    4,
    12,
    13,
    14,
    18,
    22,
    25,
    32,
    37,
    41,
    42,
    43,
    49,
)


class TradeSide(NamedTuple):
    """An acquirer's name on the line: DE32 and the offset of its local time from UTC."""

    institution_id: str
    utc_offset_hours: int


def purchase(side: TradeSide, play: Play, step: Step, stan: str, moment: Moment) -> Message:
    """The first request of a play: purchase, cash, refund, inquiry or pre-authorization."""
    local = moment.utc + timedelta(hours=side.utc_offset_hours)
    card, merchant = play.card, play.merchant
    fields: dict[int, str | bytes] = {
        2: card.pan[:],
        3: play.processing_code,
        4: f"{step.amount:012d}",
        7: transmission_time(moment),
        11: stan,
        12: local.strftime("%H%M%S"),
        13: local.strftime("%m%d"),
        14: card.expiry(moment.utc),
        18: merchant.category,
        22: play.entry_mode,
        25: PREAUTHORIZED_REQUEST if play.kind == "pre-authorization" else "00",
        32: side.institution_id,
        # Retrieval reference: last digit of the year, day of the year, hour, STAN.
        37: f"{moment.utc:%Y}"[-1] + f"{moment.utc:%j%H}" + stan,
        41: merchant.terminal_id,
        42: merchant.merchant_id,
        43: merchant.location,
        49: currency_of(merchant.currency).numeric,
    }
    mode = play.entry_mode[:2]
    if mode in (CHIP, CONTACTLESS):
        fields[55] = _CHIP_DATA
    if mode == MAGNETIC_STRIPE:
        fields[35] = card.track_2(moment.utc)
    if play.entry_mode[2] == "1" and mode != MAGNETIC_STRIPE:
        fields[52] = _PIN_BLOCK
    return Message(step.mti, fields)


def completion(
    side: TradeSide, step: Step, original: Message, stan: str, moment: Moment
) -> Message:
    """A 0220 that completes a pre-authorization over the final amount; DE90 names it."""
    kept = {n: original.fields[n] for n in _KEPT_BY_REVERSAL if n in original.fields}
    local = moment.utc + timedelta(hours=side.utc_offset_hours)
    return Message(
        "0220",
        {
            **kept,
            4: f"{step.amount:012d}",
            7: transmission_time(moment),
            11: stan,
            12: local.strftime("%H%M%S"),
            13: local.strftime("%m%d"),
            25: "00",
            90: original_data(original),
        },
    )


def reversal(
    step: Step, original: Message, answer: Message | None, stan: str, moment: Moment
) -> Message:
    """A 0400 for a request, whole or (DE95, first 12 of 42 digits) but for what stands."""
    fields: dict[int, str | bytes] = {
        **{n: original.fields[n] for n in _KEPT_BY_REVERSAL if n in original.fields},
        7: transmission_time(moment),
        11: stan,
        90: original_data(original),
    }
    approval = field_text(answer, 38) if answer is not None else ""
    if approval:
        fields[38] = approval
    if step.amount:
        fields[95] = f"{step.amount:012d}".ljust(42, "0")
    return Message("0400", fields)
