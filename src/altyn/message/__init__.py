"""ISO 8583 messages in every dialect the scheme speaks, knowing nothing of sockets."""

from altyn.message import dialect
from altyn.message.codec import Codec, load_codec, parse_codec
from altyn.message.field_set import FieldSet
from altyn.message.record import Message, MessageError, masked_value
from altyn.message.spec import (
    Specification,
    SpecificationError,
    dialect_names,
    load_specification,
    parse_specification,
)
from altyn.message.tlv import TlvError, build_tlv, parse_tlv
from altyn.message.track2 import Track2, parse_track2

__all__ = [
    "Codec",
    "FieldSet",
    "Message",
    "MessageError",
    "Specification",
    "SpecificationError",
    "TlvError",
    "Track2",
    "build_tlv",
    "dialect",
    "dialect_names",
    "load_codec",
    "load_specification",
    "masked_value",
    "parse_codec",
    "parse_specification",
    "parse_tlv",
    "parse_track2",
]
