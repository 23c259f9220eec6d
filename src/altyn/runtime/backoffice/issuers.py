"""Whose cards are in a column: a look-up for each prefix that occurs, not for each record."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from altyn.card import PAN_DIGITS_MIN, STORED_PAN_BYTES, unseal
from altyn.registry import PREFIX_DIGITS_MAX, BinRange, Registry

__all__ = ["CardHolders", "card_holders"]

_PREFIX_BYTES: Final = PREFIX_DIGITS_MAX // 2
_LENGTHS: Final = 2 * STORED_PAN_BYTES - PAN_DIGITS_MIN + 1
_NO_DIGIT: Final = 15


class CardHolders(NamedTuple):
    """Columns of the issuer and the product of each card, null where it belongs to nobody."""

    issuer_participant: pa.Array
    product: pa.Array


def card_holders(pans: pa.Array, registry: Registry) -> CardHolders:
    """The issuers of stored card numbers (`card.seal`: digits in half-bytes, then F).

    A card belongs to the range of its longest prefix, and to nobody when its length is not one of
    that range, as the switch decides (F35, F36).
    """
    rows = len(pans)
    start = pans.offset * STORED_PAN_BYTES
    stored = np.frombuffer(pans.buffers()[1], np.uint8)[start : start + rows * STORED_PAN_BYTES]
    stored = stored.reshape(rows, STORED_PAN_BYTES)
    prefixes = np.ascontiguousarray(stored[:, :_PREFIX_BYTES]).view(">u4").ravel()
    keys = prefixes.astype(np.uint64) * np.uint64(_LENGTHS) + _digits_behind(stored)
    distinct, places = np.unique(keys, return_inverse=True)
    found = [_range_of(int(key), registry) for key in distinct]
    issuers = pa.array([each and str(each.participant_id) for each in found], pa.string())
    products = pa.array([each and each.product for each in found], pa.string())
    chosen = pa.array(places.ravel())
    return CardHolders(issuers.take(chosen), products.take(chosen))


def _digits_behind(stored: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """How many digits each number has above the least."""
    count = np.zeros(len(stored), np.uint64)
    for place in range(PAN_DIGITS_MIN, 2 * STORED_PAN_BYTES):
        pair = stored[:, place // 2]
        half = pair & 15 if place % 2 else pair >> 4
        count += half != _NO_DIGIT
    return count


def _range_of(key: int, registry: Registry) -> BinRange | None:
    prefix, behind = divmod(key, _LENGTHS)
    found = registry.bins.find(unseal(prefix.to_bytes(_PREFIX_BYTES, "big")))
    if found is None or PAN_DIGITS_MIN + behind not in found.pan_lengths:
        return None
    return found
