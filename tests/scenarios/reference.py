"""The page that says which test shows which failure scenario.

`python -m tests.scenarios.reference` writes docs/reference/scenarios.md anew: run it after adding
a test that is named by a scenario's identifier.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "reference" / "scenarios.md"
_IDENTIFIERS: Final = re.compile(r"test_((?:[fwtdmc]\d\d_)+)")

_HEAD: Final = """\
# Failure scenarios and their tests

Made by `python -m tests.scenarios.reference` from the names of the tests; a test compares. A
scenario keeps its identifier for ever. One without a test says why there is none yet.
"""

GROUPS: Final[dict[str, str]] = {
    "F": """Message flow
        01 an issuer answers after its time
        02 an issuer answers twice
        03 an answer names no request of ours
        04 an answer with another amount, card or number
        05 a repeat of what is finished
        06 a repeat of what is in flight
        07 the same key with other content
        08 a repeat that is seen first
        09 a reversal before its original
        10 a reversal of nothing
        11 a reversal repeated
        12 a second reversal of the same
        13 a reversal lost on the way to the switch
        14 a reversal lost on the way to the issuer
        15 a reversal after clearing
        16 partial reversals
        17 partial reversals that race
        18 a reversal across the cut-over
        19 the issuer's line breaks
        20 the acquirer's line breaks before the reply
        21 an acquirer reconnects and repeats
        22 the switch dies before the reply
        23 the switch dies right after the reply
        24 an issuer refuses an advice about what was decided for it
        25 advices pile up for hours
        26 an advice that is refused for ever
        27 two requests race for the last of a stand-in limit
        28 stand-in for a card that must not pay
        29 an issuer returns after stand-in
        30 sign-on replayed
        31 echo tests go unanswered
        32 a key changes under way
        33 a wrong message authentication code
        34 a message under another's name
        35 a card of nobody
        36 prefixes that overlap
        37 a participant is suspended
        38 the configuration changes under way
        39 fees change at midnight
        40 a completion without its original
        41 a completion late or too large
        42 an inquiry, or a verification of nothing
        43 an approval in part
        44 a refund above or without its purchase
        45 one card at two acquirers in a second""",
    "W": """Wire and parser
        01 a half-open connection
        02 a frame that stops half-way
        03 a byte at a time
        04 a wrong length
        05 a frame too long
        06 many messages in a segment, one in many
        07 a bitmap of garbage
        08 lengths that are not ASCII digits
        09 bytes behind the last field
        10 characters of another alphabet
        11 broken chip data
        12 track 2 that contradicts
        13 card numbers that are none
        14 a wrong certificate
        15 a storm of connections
        16 a peer that does not read
        17 wrong and unknown message types
        18 a type outside a participant's profile""",
    "T": """Time
        01 the clock is stepped
        02 a peer's clock is wrong
        03 in flight at midnight
        04 cut-over under traffic
        05 an hour that comes twice or never
        06 leap day, and a date without a year
        07 a trace number comes again
        08 a reference comes again
        09 a day without business
        10 the last moment of an expiry month
        11 years of two digits""",
    "D": """Durability
        01 the disk is full
        02 a flush fails
        03 the last record is torn
        04 a record in the middle is damaged
        05 the process is killed
        06 the power fails
        07 an old journal is put back
        08 the database fails over
        09 two nodes believe to be the one
        10 a slow standby
        11 a backup is restored
        12 a format changes
        13 memory or descriptors run out
        14 the log's disk is full
        15 pages come back damaged from swap
        16 a store that does not flush""",
    "M": """Money and settlement
        01 currencies with none, two, three decimals
        02 what rounding leaves
        03 a net of zero, or below
        04 a settlement run started twice
        05 a crash between order and its record
        06 the settlement bank refuses
        07 the bank's answer late, twice, unknown
        08 a statement that does not match
        09 a rate changes under way
        10 a rate missing or absurd
        11 rates quoted the other way
        12 two requests race for the last of a cap
        13 a cap lowered below what is owed
        14 a participant cannot pay
        15 amounts that outgrow their field
        16 a closed cycle is corrected
        17 control sums of a file""",
    "C": """Clearing
        01 a file twice under one identifier
        02 a file's content under a new identifier
        03 a file cut off
        04 a bad record among good ones
        05 totals that do not agree
        06 a file for a closed business day
        07 a presentment without authorization
        08 an authorization without presentment
        09 a presentment in parts
        10 a presentment above its authorization
        11 a presentment after a full reversal
        12 a presentment in another currency
        13 a late presentment
        14 amounts of zero and below, wrong signs
        15 characters, line ends and lengths that are none
        16 bombs, nested archives and paths in them
        17 a file that comes while the cycle closes
        18 files of one acquirer in parallel
        19 a crash while a file is booked""",
}

NOT_YET: Final = {
    "keys and codes on the wire are not built": "F32 F33",
    "told in operations, no test can show it": "D15",
}


def titles() -> dict[str, str]:
    """What each scenario is about, by identifier."""
    found = {}
    for letter, text in GROUPS.items():
        for line in text.splitlines()[1:]:
            number, _, title = line.strip().partition(" ")
            found[letter + number] = title
    return found


def scenario_tests() -> dict[str, dict[str, list[str]]]:
    """For each scenario the names of its tests, by file."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        file = path.relative_to(ROOT / "tests").as_posix()
        for name in _test_names(path):
            named = _IDENTIFIERS.match(name)
            for identifier in named.group(1).strip("_").upper().split("_") if named else ():
                found.setdefault(identifier, {}).setdefault(file, []).append(name)
    return found


def _test_names(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def reasons() -> dict[str, str]:
    """Why a scenario has no test, by identifier."""
    return {each: reason for reason, them in NOT_YET.items() for each in them.split()}


def page() -> str:
    """The whole page."""
    tests, why_not, title_of = scenario_tests(), reasons(), titles()
    parts = [_HEAD]
    for letter, text in GROUPS.items():
        parts += ["", f"## {text.splitlines()[0]}", "", "| | Scenario | Tests |", "|---|---|---|"]
        for identifier, title in title_of.items():
            if identifier[0] == letter:
                shown = _shown(tests.get(identifier, {})) or f"none: {why_not[identifier]}"
                parts.append(f"| {identifier} | {title} | {shown} |")
    return "\n".join(parts) + "\n"


def _shown(by_file: dict[str, list[str]]) -> str:
    return "<br>".join(
        f"{file}: " + ", ".join(f"`{name.removeprefix('test_')}`" for name in names)
        for file, names in by_file.items()
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
