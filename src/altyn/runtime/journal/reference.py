"""The page of every kind of entry, made from the layout that packs and reads them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import pyarrow as pa

from altyn.runtime.journal.columns import WORDS, schema
from altyn.switch import ADDITIONAL_ENTRY, FACT_ENTRY, STOP_LIST_ENTRY
from altyn.transaction import TRANSACTION_ENTRY, Flag, entries

__all__ = ["FACTS", "FactKind", "entries_page"]


class FactKind(NamedTuple):
    """A kind of fact, the keys it has beside `fact`, and what it says."""

    name: str
    keys: str
    meaning: str


FACTS: Final = (
    FactKind(
        "registry", "version, facts", "a registry version takes force; always the first entry"
    ),
    FactKind("opened", "opened", "the first business day of the journal"),
    FactKind("cut-over", "closed, opened", "a business day ends and the next begins (T04)"),
    FactKind("switch-started", "ended_in_flight", "the switch recovered and began to serve (F22)"),
    FactKind("link-up", "link", "a link's first connection stands"),
    FactKind("link-down", "link", "a link's last connection is gone"),
    FactKind(
        "link-sick",
        "link, reason, sent, answered, slow, late, invalid",
        "a link to an issuer gets no more requests; what was measured in the last half minute",
    ),
    FactKind(
        "link-trial",
        "link, reason, sent, answered, slow, late, invalid",
        "it has rested and gets a few",
    ),
    FactKind(
        "link-healthy",
        "link, reason, sent, answered, slow, late, invalid",
        "it is trusted again",
    ),
    FactKind("overloaded", "", "more requests come than can be served: some are refused unread"),
    FactKind("overload-over", "", "none was for five seconds"),
    FactKind(
        "shed",
        "link, business_day, moment, requests",
        "requests that were refused unread (96): the key and the terminal of each; `moment` is "
        "when they were transmitted, seconds since 1970",
    ),
    FactKind("signed-on", "link", "a participant signed on"),
    FactKind("signed-off", "link", "a participant signed off"),
    FactKind(
        "delivered",
        "participant, advice, response_code",
        "an issuer acknowledged the advice of the entry `advice`",
    ),
    FactKind(
        "advice-failed",
        "participant, advice, response_code",
        "an issuer could not take an advice, or left it unanswered (F26)",
    ),
    FactKind(
        "dead-letter",
        "participant, advice, response_code",
        "the same for the last time: the advice waits for an operator",
    ),
    FactKind(
        "advice-retried", "participant, advice, actor", "an operator has a dead letter sent again"
    ),
    FactKind(
        "advice-closed",
        "participant, advice, actor, reason",
        "an operator ends an advice that nobody will take",
    ),
    FactKind(
        "marked",
        "key, terminal",
        "a reversal came before its original, which is refused when it comes (F09)",
    ),
    FactKind(
        "stray-answer",
        "issuer, stan, response_code",
        "an answer came late, twice or unasked, and had no effect (F01 to F03)",
    ),
    FactKind(
        "unserved", "link, message_type", "a message of a type that the scheme does not speak"
    ),
)
"""Every fact the switch writes; a test holds the table against its source."""

_OPENING: Final = """\
# Entries: what the journal holds

Made by `altyn journal layout` from the layout that packs and reads them; a test compares. How a
journal is checked and read is told in [The journal](../guides/journal.md).

The journal is a chain of group commits, each with its entries in three runs: `kinds`, one byte for
each entry; `fixed`, the bodies of kind 1, one after the other; `variable`, the other bodies, each
behind its length in 4 bytes, little-endian. The hash of a group commit is SHA-256 over the hash
before it, then first sequence number (8 bytes), number of entries (4), UTC microseconds of writing
(8), lowest and highest span (8 and 8, signed), lengths of `fixed` and `variable` (4 and 4), all
little-endian, and the three runs. Before the first stands the SHA-256 of
`altyn journal, format 1, <scheme>, <record bytes>`.
"""


def entries_page() -> str:
    """The text of docs/reference/entries.md."""
    return "\n".join((_OPENING, _kinds(), _columns(), _flags(), _facts()))


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines: list[tuple[str, ...]] = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _kinds() -> str:
    rows = [
        (str(TRANSACTION_ENTRY), "transaction", f"a record of {entries.RECORD_BYTES} bytes, below"),
        (str(FACT_ENTRY), "fact", "a JSON object with the key `fact`, below"),
        (
            str(ADDITIONAL_ENTRY),
            "additional",
            "what the issuer added to the answer of the entry before, as its dialect packs it",
        ),
        (
            str(STOP_LIST_ENTRY),
            "stop-list",
            "a change of an issuer's stop list; see `src/altyn/switch/stop_list.py`",
        ),
    ]
    return "## Kinds\n\n" + _table(("Kind", "Name", "Body"), rows)


def _columns() -> str:
    exported = [field for field in schema() if field.name != "sequence"]
    rows = [
        (
            f"`{column.name}`",
            str(column.offset),
            f"{column.width} text" if column.code == "s" else f"{column.width} `{column.code}`",
            column.meaning,
            (f"`{field.name}`, " if field.name != column.name else "") + _type_name(field),
        )
        for column, field in zip(entries.COLUMNS, exported, strict=True)
    ]
    head = ("Column", "Offset", "Bytes", "Says", "In exports")
    return (
        "## Transaction records\n\nIntegers are little-endian (codes of Python's `struct`); texts "
        "are ASCII, filled with blanks;\nmoney is minor units. Exports add `sequence`, int64, in "
        "front, cut the blanks, write our own codes as\nwords, and mask `pan` and `expiry` unless "
        "asked not to.\n\n" + _table(head, rows)
    )


def _type_name(field: pa.Field) -> str:
    """The type of an exported column; a dictionary is a text that repeats."""
    if field.name in WORDS:
        return "word"
    is_text = pa.types.is_dictionary(field.type) or pa.types.is_string(field.type)
    return "text" if is_text else str(field.type)


def _flags() -> str:
    bits = [(name, bit) for name, bit in vars(Flag).items() if isinstance(bit, int)]
    rows = [(str(bit), f"`{name.lower()}`") for name, bit in bits]
    return "## Flags\n\n" + _table(("Bit", "In exports"), rows)


def _facts() -> str:
    rows = [(f"`{fact.name}`", fact.keys, fact.meaning) for fact in FACTS]
    return "## Facts\n\n" + _table(("Fact", "Keys", "Says"), rows)
