"""Between messages and the scheme's own words: the only file that knows what a field means.

Reading turns a Message into a Request, a Response or a Network; writing makes the replies,
the forwarded requests and the advices. Field meanings: ISO 8583:1987, table of data
elements. Card data that must not be kept (track, PIN block, verification value) stays in
`payload`, which lives no longer than the transaction is in flight.
"""

from datetime import date
from operator import itemgetter
from typing import Final, NamedTuple, cast

from altyn.card import PAN_DIGITS_MAX, Pan
from altyn.clock import BusinessDay, business_day
from altyn.message.field import Value
from altyn.message.field_set import FieldSet
from altyn.message.record import Message
from altyn.message.tlv import TlvError, build_tlv, parse_tlv
from altyn.transaction import Kind, Original, Request, Response, entries

REQUEST_TYPES: Final = {
    "0100": (Kind.AUTHORIZATION, False),
    "0101": (Kind.AUTHORIZATION, True),
    "0120": (Kind.AUTHORIZATION_ADVICE, False),
    "0121": (Kind.AUTHORIZATION_ADVICE, True),
    "0200": (Kind.FINANCIAL, False),
    "0201": (Kind.FINANCIAL, True),
    "0220": (Kind.FINANCIAL_ADVICE, False),
    "0221": (Kind.FINANCIAL_ADVICE, True),
    "0400": (Kind.REVERSAL, False),
    "0401": (Kind.REVERSAL, True),
    "0420": (Kind.REVERSAL_ADVICE, False),
    "0421": (Kind.REVERSAL_ADVICE, True),
}
RESPONSE_TYPES: Final = {
    "0110": Kind.AUTHORIZATION,
    "0130": Kind.AUTHORIZATION_ADVICE,
    "0210": Kind.FINANCIAL,
    "0230": Kind.FINANCIAL_ADVICE,
    "0410": Kind.REVERSAL,
    "0430": Kind.REVERSAL_ADVICE,
}
_ADVICE_TYPES: Final = {
    Kind.AUTHORIZATION_ADVICE: ("0120", "0121"),
    Kind.FINANCIAL_ADVICE: ("0220", "0221"),
    Kind.REVERSAL: ("0420", "0421"),
    Kind.REVERSAL_ADVICE: ("0420", "0421"),
}

_REQUIRED: Final = (3, 4, 7, 11, 32, 49)
_REQUIRED_OF_INQUIRY: Final = (3, 7, 11, 32)
_REPLY_TYPES: Final = {mti: f"{mti[:2]}{int(mti[2]) + 1}0" for mti in REQUEST_TYPES} | {
    "0302": "0312",
    "0303": "0312",
}
_INQUIRY_PREFIXES: Final = ("30", "31", "70")
_ECHOED: Final = FieldSet.only(2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49, 90)
_ADDITIONAL: Final = (44, 54, 55, 62, 63)
"""What an answer may add. Not DE48: requests carry verification values in it, issuers echo it, and
what is kept here is written to the journal."""
_CHIP_DATA_FOR_CARD: Final = frozenset((b"\x71", b"\x72", b"\x89", b"\x8a", b"\x91"))
"""Tags that an issuer sends to a card: scripts, codes, authentication data (EMV 4.4 Book 3, section
10.9 and 10.10). Others can only be echoes, and tag 57 is a whole track 2."""
_FORWARDED: Final = FieldSet.all_but(5, 6, 9, 10, 15, 16, 33, 50, 51, 64, 128)
_DISPENSABLE: Final = frozenset((15, 38, *_ADDITIONAL))
"""What a message can do without: not the code of an answer, nor an amount or its rate."""
_NETWORK: Final = (7, 11, 32, 33, 70)
_FILE_UPDATE_TYPES: Final = frozenset({"0302", "0303"})
_FILE_UPDATE: Final = (2, 7, 11, 32, 33, 73, 91, 101)

_NEW_REQUESTS: Final = {"0100": Kind.AUTHORIZATION, "0200": Kind.FINANCIAL}

_FIELD_OF_TEXT: Final = {
    "processing_code": 3,
    "stan": 11,
    "transmission": 7,
    "rrn": 37,
    "terminal": 41,
    "merchant": 42,
    "merchant_name": 43,
    "category": 18,
    "entry_mode": 22,
    "condition": 25,
    "expiry": 14,
    "currency": 49,
    "local_time": 12,
    "local_date": 13,
    "acquirer": 32,
}
_TEXT_FIELDS: Final = tuple(_FIELD_OF_TEXT[text.name] for text in entries.REQUEST_TEXTS)
_ALL_TEXTS: Final = itemgetter(*_TEXT_FIELDS)
_TEXTS_WIDTH: Final = sum(text.width for text in entries.REQUEST_TEXTS)
_ACQUIRER_PLACE: Final = len(_TEXT_FIELDS) - 1
_ACQUIRER_WIDTH: Final = entries.REQUEST_TEXTS[_ACQUIRER_PLACE].width

_Texts = dict[int, str]
"""The fields read here are texts in every dialect; the binary ones are 52, 55, 64, 96, 128."""


class Network(NamedTuple):
    """A network management message (08xx). `code` is DE70; `answer` is DE39 of a reply;
    `transmission` is DE7, empty where it is not there."""

    code: str
    stan: str
    institution: str
    answer: str | None
    payload: Message
    transmission: str


class Claim(NamedTuple):
    """What names a new request, read without looking at the rest of it."""

    kind: Kind
    acquirer: str
    stan: str
    transmission: str
    terminal: str


class FileUpdate(NamedTuple):
    """A file update request (0302, repeat 0303). `action` is DE91, `file` DE101.

    code: DE120, first two characters: what the card is to be answered; until: the last day (DE73),
    YYYYMMDD, 0 for none, None for one that is no day; texts are empty where a field is missing.
    """

    action: str
    file: str
    pan: Pan
    code: str
    until: BusinessDay | None
    stan: str
    transmission: str
    payload: Message


class Unsupported(NamedTuple):
    """A well-formed message of a type the scheme does not speak; `wants_reply` by its type."""

    wants_reply: bool
    payload: Message


Read = Request | Response | Network | FileUpdate | Unsupported


def read(message: Message, link_id: str, origin: object, defect: str | None = None) -> Read:
    """What a message says. `origin` is handed back with the reply.

    A request that lacks what every request must have comes back with its `defect` named;
    `defect` is given by the caller when the message was only partly readable. An answer that was
    is one without a response code: what was read of it may not be what was said.
    """
    mti = message.mti
    found = REQUEST_TYPES.get(mti)
    if found is not None:
        return _read_request(message, found[0], found[1], link_id, origin, defect)
    kind = RESPONSE_TYPES.get(mti)
    if kind is not None:
        return _read_response(message, kind, link_id, defect)
    if mti[:2] == "08":
        return _read_network(message)
    if mti in _FILE_UPDATE_TYPES:
        return _read_file_update(message)
    # An even third digit asks for an answer; a 1987 message begins with 0.
    return Unsupported(mti[0] == "0" and mti[2] in "02", message)


def wants_reply(event: Read) -> bool:
    """Whether the sender of a message that is neither request nor response waits for an answer."""
    if isinstance(event, Network):
        return event.answer is None
    return isinstance(event, Unsupported) and event.wants_reply


def read_claim(message: Message) -> Claim | None:
    """What names a new request (0100, 0200); None for another message, or one without a name."""
    kind = _NEW_REQUESTS.get(message.mti)
    if kind is None:
        return None
    fields = cast("_Texts", message.fields)
    try:
        acquirer = fields[32].strip().lstrip("0")
        return Claim(kind, acquirer, fields[11], fields[7], fields[41])
    except KeyError:
        return None


def _read_request(
    message: Message, kind: Kind, repeat: bool, link_id: str, origin: object, defect: str | None
) -> Request:
    fields = cast("_Texts", message.fields)
    try:
        values = _ALL_TEXTS(fields)
        complete = 4 in fields
    except KeyError:
        values = _texts_with_gaps(fields)
        complete = False
    acquirer = values[_ACQUIRER_PLACE].strip().lstrip("0")
    texts = "".join(values[:_ACQUIRER_PLACE]) + acquirer.ljust(_ACQUIRER_WIDTH)
    if len(texts) != _TEXTS_WIDTH:
        texts = _fitted(values)
    processing_code, stan, transmission, rrn, terminal = values[:5]
    expiry = values[10]
    get = fields.get
    pan = get(2, "")
    track2 = get(35)
    if defect is None:
        defect = None if complete else _find_missing(fields)
        if defect is None:
            defect = _find_contradiction(fields, pan, track2, kind)
    if not pan and track2 is not None:
        pan = _card_in_track(track2)[:PAN_DIGITS_MAX]
    if track2 is not None and 14 not in fields:
        expiry = track2[len(pan) + 1 : len(pan) + 5]
    replacement = get(95)
    return Request(
        kind,
        repeat,
        Pan(pan),
        processing_code,
        int(get(4, "0")),
        values[11],
        stan,
        transmission,
        acquirer,
        rrn,
        terminal,
        values[7],
        expiry,
        texts,
        _read_original(fields[90], acquirer) if 90 in fields else None,
        int(replacement[:12]) if replacement and kind >= Kind.REVERSAL and not defect else None,
        defect,
        message,
        link_id,
        origin,
    )


def _fitted(values: tuple[str, ...]) -> str:
    """The texts of a dialect whose fields have other widths than the record's."""
    return "".join(
        value.ljust(text.width)[: text.width]
        for value, text in zip(values, entries.REQUEST_TEXTS, strict=True)
    )


def _texts_with_gaps(fields: _Texts) -> tuple[str, ...]:
    """The texts of a record, blank where a field is not there."""
    return tuple(
        fields.get(number, " " * text.width)
        for number, text in zip(_TEXT_FIELDS, entries.REQUEST_TEXTS, strict=True)
    )


def _find_missing(fields: _Texts) -> str | None:
    """The first field that every request must have and this one lacks."""
    inquiry = fields.get(3, "")[:2] in _INQUIRY_PREFIXES
    for number in _REQUIRED_OF_INQUIRY if inquiry else _REQUIRED:
        if number not in fields:
            return f"field {number} is missing"
    return None


def _find_contradiction(fields: _Texts, pan: str, track2: str | None, kind: Kind) -> str | None:
    """Whether the card is named, and once; and for a reversal, its original (W12)."""
    if track2 is not None:
        card = _card_in_track(track2)
        if not 0 < len(card) <= PAN_DIGITS_MAX or card == track2:
            return "field 35 has no card number before a separator"
        if pan and card != pan:
            return "field 35 names another card than field 2"
    elif not pan:
        return "field 2 is missing"
    if kind >= Kind.REVERSAL:
        if 90 not in fields:
            return "field 90 is missing"
        if fields[90][:4] not in REQUEST_TYPES:
            return "field 90 names no request"
        if 95 in fields and not fields[95][:12].isdecimal():
            return "field 95 does not begin with an amount"
    return None


def _card_in_track(track2: str) -> str:
    """What stands before the separator of track 2; all of it when there is none."""
    return track2.partition("=")[0].partition("D")[0]


def _read_original(data: str, acquirer: str) -> Original | None:
    """DE90 is n42: MTI 4, STAN 6, transmission 10, acquirer 11, forwarder 11.

    Many fill the acquirer with zeros; it is then the one that sends the message.
    """
    found = REQUEST_TYPES.get(data[:4])
    if found is None:
        return None
    return Original(found[0], data[4:10], data[10:20], data[20:31].lstrip("0") or acquirer)


def _read_response(message: Message, kind: Kind, link_id: str, defect: str | None) -> Response:
    get = cast("_Texts", message.fields).get
    amount = get(4)
    return Response(
        kind,
        get(11, ""),
        get(7, ""),
        get(39, "") if defect is None else "",
        get(38, "      "),
        None if amount is None else int(amount),
        get(2),
        pack_additional(message.fields),
        link_id,
    )


def _read_file_update(message: Message) -> FileUpdate:
    get = cast("_Texts", message.fields).get
    day = get(73, "")
    return FileUpdate(
        get(91, ""),
        get(101, "").rstrip(),
        Pan(get(2, "")),
        get(120, "")[:2],
        _day_of(day) if day.strip("0") else 0,
        get(11, ""),
        get(7, ""),
        message,
    )


def _day_of(text: str) -> BusinessDay | None:
    """The day of a YYMMDD of this century, None when there is no such day."""
    try:
        return business_day(date(2000 + int(text[:2]), int(text[2:4]), int(text[4:6])))
    except ValueError:
        return None


def _read_network(message: Message) -> Network | Unsupported:
    get = cast("_Texts", message.fields).get
    is_request = message.mti[2] in "02"
    if message.mti not in ("0800", "0801", "0820", "0810", "0830"):
        return Unsupported(is_request, message)
    institution = (get(33) or get(32) or "").lstrip("0")
    answer = None if is_request else get(39, "")
    return Network(get(70, ""), get(11, ""), institution, answer, message, get(7, ""))


def pack_additional(fields: dict[int, Value]) -> bytes:
    """An answer's further data as kept with the transaction: number, length (2), value.

    Of DE55 what is meant for the card is taken; nothing of it when it is not BER-TLV.
    """
    parts = b""
    for number in _ADDITIONAL:
        if number in fields:
            value = fields[number]
            data = _chip_data_for_card(value) if isinstance(value, bytes) else value.encode("ascii")
            if not data:
                continue
            parts += bytes((number, len(data) >> 8, len(data) & 255)) + data
    return parts


def _chip_data_for_card(data: bytes) -> bytes:
    try:
        objects = parse_tlv(data)
    except TlvError:
        return b""
    return build_tlv([each for each in objects if each[0] in _CHIP_DATA_FOR_CARD])


def unpack_additional(packed: bytes) -> dict[int, Value]:
    """The fields of `pack_additional`; DE55 is bytes, the rest text."""
    fields: dict[int, Value] = {}
    place = 0
    while place < len(packed):
        number = packed[place]
        end = place + 3 + (packed[place + 1] << 8 | packed[place + 2])
        data = packed[place + 3 : end]
        fields[number] = data if number == 55 else data.decode("ascii")
        place = end
    return fields


class Derived(NamedTuple):
    """A message that repeats fields of another one: arguments for `Codec.derive`."""

    source: Message
    message_type: str
    keep: FieldSet
    put: dict[int, Value]


def write_reply(
    request: Message,
    response_code: str,
    authorization_code: str = "",
    additional: bytes = b"",
    settlement_date: str = "",
    source: str = "",
) -> Derived:
    """The reply to a request: its key fields again, DE39, and what the issuer added.

    settlement_date is MMDD (DE15), left out when empty; a blank authorization code too. source is
    DE44, position 1: empty for the issuer, else see altyn.switch.effects.
    """
    put: dict[int, Value] = {}
    if settlement_date:
        put[15] = settlement_date
    if authorization_code and authorization_code != "      ":
        put[38] = authorization_code
    put[39] = response_code
    if additional:
        put.update(unpack_additional(additional))
    if source:
        put[44] = source
    return Derived(request, reply_type(request.mti), _ECHOED, put)


def reply_type(mti: str) -> str:
    """The message type that answers one: the function digit goes up, a repeat's mark goes."""
    return _REPLY_TYPES.get(mti) or f"{mti[:2]}{int(mti[2]) + 1}0"


def without(message: Derived, field: int | None) -> Derived | None:
    """The message without a field that its receiver's dialect cannot write, None where the message
    would say something else then."""
    if field not in _DISPENSABLE or field not in message.put:
        return None
    put = {number: value for number, value in message.put.items() if number != field}
    return message._replace(put=put)


class Money(NamedTuple):
    """An amount for DE5 or DE6: minor units, numeric currency code, rate as DE9/DE10 have it.

    The rate is empty where it was told with an earlier message.
    """

    amount: int
    currency: str
    rate: str


def write_forward(
    request: Message,
    pan: str,
    stan: str,
    transmission: str,
    settlement_date: str,
    scheme_institution: str,
    settlement: Money | None,
    billing: Money | None,
) -> Derived:
    """The request as it goes to the issuer: the switch's own STAN and transmission time.

    The retrieval reference (DE37) is the acquirer's and stays; fields the scheme does not
    know the meaning of pass through unseen.
    """
    put: dict[int, Value] = {7: transmission, 11: stan, 15: settlement_date, 33: scheme_institution}
    if pan:
        put[2] = pan[:]
    if settlement is not None:
        put[5] = f"{settlement.amount:012d}"
        put[9] = settlement.rate
        put[50] = settlement.currency
    if billing is not None:
        put[6] = f"{billing.amount:012d}"
        put[10] = billing.rate
        put[51] = billing.currency
    if settlement is not None or billing is not None:
        put[16] = transmission[:4]
    mti = request.mti
    return Derived(request, mti if mti[3] == "0" else mti[:3] + "0", _FORWARDED, put)


class Advice(NamedTuple):
    """What an advice to an issuer says; texts are blank where nothing is known."""

    kind: Kind
    repeat: bool
    pan: Pan
    processing_code: str
    amount: int
    currency: str
    stan: str
    transmission: str
    local_time: str
    local_date: str
    expiry: str
    category: str
    entry_mode: str
    condition: str
    rrn: str
    authorization_code: str
    response_code: str
    source: str
    terminal: str
    merchant: str
    merchant_name: str
    acquirer: str
    scheme_institution: str
    settlement_date: str
    original: str
    remaining: int | None
    settlement: Money | None
    billing: Money | None


def write_advice(advice: Advice) -> Message:
    """An advice (0120, 0220, 0420) or its repeat, made from what the journal keeps.

    `original` is MTI, STAN and transmission as the issuer knows them; `remaining` is the
    amount that stands after a partial reversal (DE95), None when nothing does.
    """
    texts = {
        3: advice.processing_code,
        7: advice.transmission,
        11: advice.stan,
        12: advice.local_time,
        13: advice.local_date,
        14: advice.expiry,
        15: advice.settlement_date,
        18: advice.category,
        22: advice.entry_mode,
        25: advice.condition,
        32: advice.acquirer,
        33: advice.scheme_institution,
        37: advice.rrn,
        38: advice.authorization_code,
        39: advice.response_code,
        44: advice.source,
        41: advice.terminal,
        42: advice.merchant,
        43: advice.merchant_name,
        49: advice.currency,
    }
    fields: dict[int, Value] = {2: advice.pan[:], 4: f"{advice.amount:012d}"}
    fields.update({number: text for number, text in texts.items() if text.strip()})
    if advice.original.strip():
        acquirer = advice.acquirer.rjust(11, "0")
        institution = advice.scheme_institution.rjust(11, "0")
        fields[90] = advice.original + acquirer + institution
    if advice.settlement is not None:
        fields[5] = f"{advice.settlement.amount:012d}"
        fields[50] = advice.settlement.currency
    if advice.billing is not None:
        fields[6] = f"{advice.billing.amount:012d}"
        fields[51] = advice.billing.currency
    if advice.remaining is not None:
        fields[95] = f"{advice.remaining:012d}".ljust(42, "0")
    return Message(_ADVICE_TYPES[advice.kind][advice.repeat], fields)


_PROOFS: Final = (35, 45, 48, 52, 55)
"""Where a request carries what only the issuer, or who holds its keys, can check: tracks with their
verification values, a verification value of a card that is not present, a PIN, chip data."""


def carries_proof(request: Message) -> bool:
    """Whether a request carries a verification value, a PIN or a chip cryptogram."""
    return any(number in request.fields for number in _PROOFS)


def write_network(code: str, stan: str, transmission: str, institution: str) -> Message:
    """A network management request of the switch (0800)."""
    return Message("0800", {7: transmission, 11: stan, 33: institution, 70: code})


def write_network_reply(request: Message, response_code: str) -> Message:
    """The answer to a network management request or a file update, or to a message type that
    nobody serves."""
    echoed = _FILE_UPDATE if request.mti in _FILE_UPDATE_TYPES else _NETWORK
    fields: dict[int, Value] = {n: request.fields[n] for n in echoed if n in request.fields}
    fields[39] = response_code
    return Message(reply_type(request.mti), fields)
