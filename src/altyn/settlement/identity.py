"""Identifiers that follow from what they name, so that whoever makes them again makes the same.

A crash may lose the record of an instruction, or two nodes may start one run. Both then send the
same identifiers, and the bank takes the second for what it is (M04, M05). An identifier is the
beginning of SHA-256 over the parts, each ended by a zero byte, behind the word 'altyn-settlement':

    message id    M and 31 of the hash's hexadecimal digits, upper case (Max35Text)
    transfer id   T and 31 digits, likewise
    UETR          the first 16 bytes with the version and variant of a UUIDv4 (RFC 9562), as
                  ISO 20022 asks for; they are not random, and need not be: only unique
"""

from hashlib import sha256
from uuid import UUID


def _digest(*parts: str) -> bytes:
    text = b"".join(part.encode() + b"\0" for part in ("altyn-settlement", *parts))
    return sha256(text).digest()


def message_id(*parts: str) -> str:
    """The identifier of a message about these things: 32 characters."""
    return f"M{_digest('message', *parts).hex()[:31].upper()}"


def transfer_id(*parts: str) -> str:
    """The identifier of one transfer: 32 characters."""
    return f"T{_digest('transfer', *parts).hex()[:31].upper()}"


def uetr(transfer: str) -> str:
    """The unique end-to-end transaction reference of a transfer."""
    return str(UUID(bytes=_digest("uetr", transfer)[:16], version=4))
