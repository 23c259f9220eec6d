"""Sub-elements of private data (PDS): four digits of tag, three of length, the value.

    0105025SEA-20261123-1...
    tag length value

They stand in DE48 and, when they need more room, in DE62, DE123, DE124 and DE125; one never crosses
from a field into the next. Tags ascend over all of them and stand once each.
"""

import re
from collections.abc import Mapping
from typing import Final

CARRIERS: Final = (48, 62, 123, 124, 125)
FIELD_CHARACTERS_MAX: Final = 999
VALUE_CHARACTERS_MAX: Final = 992

_HEAD: Final = re.compile(r"(?a:(\d{4})(\d{3}))")


class PdsError(ValueError):
    """Private data that cannot be read; `offset` is the character where it was seen."""

    def __init__(self, reason: str, offset: int) -> None:
        """Tell the reason, not the value."""
        super().__init__(f"character {offset}: {reason}")
        self.offset = offset


def parse_pds(text: str) -> dict[str, str]:
    """The sub-elements of one field by tag. Raises PdsError."""
    found: dict[str, str] = {}
    at, size = 0, len(text)
    while at < size:
        head = _HEAD.match(text, at)
        if head is None:
            raise PdsError("a tag and a length of seven digits are expected", at)
        tag, end = head[1], at + 7 + int(head[2])
        if end > size:
            raise PdsError("the sub-element is longer than the field", at)
        if tag in found:
            raise PdsError("the tag stands twice", at)
        found[tag] = text[at + 7 : end]
        at = end
    return found


def build_pds(elements: Mapping[str, str]) -> dict[int, str]:
    """The fields that carry these sub-elements, filled in order of tags.

    Raises ValueError when they do not fit or a value is too long.
    """
    fields, room = [""], len(CARRIERS)
    for tag in sorted(elements):
        value = elements[tag]
        if len(value) > VALUE_CHARACTERS_MAX or len(tag) != 4:
            raise ValueError("a sub-element has a tag of four digits and at most 992 characters")
        piece = f"{tag}{len(value):03d}{value}"
        if len(fields[-1]) + len(piece) > FIELD_CHARACTERS_MAX:
            fields.append("")
        fields[-1] += piece
    if len(fields) > room:
        raise ValueError("the sub-elements do not fit the fields for them")
    return {number: text for number, text in zip(CARRIERS, fields, strict=False) if text}
