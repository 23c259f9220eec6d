"""One item's whole story: what came, what it was matched to, what it cost, when it was final."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow.compute as pc
import pyarrow.parquet as pq

from altyn.card import mask, unseal
from altyn.clearing import FeeRule, price_item, rule_of
from altyn.clock import utc_datetime
from altyn.money import currency_of
from altyn.runtime.backoffice.cycle import ClosedCycle, closed_cycles
from altyn.runtime.backoffice.cycle_clearing import cleared_cycle
from altyn.runtime.backoffice.cycle_closing import RULES_VERSION
from altyn.runtime.backoffice.file_fact import file_entries
from altyn.runtime.backoffice.journal import BackOfficeJournal
from altyn.runtime.backoffice.office import Office
from altyn.runtime.journal.columns import read_transactions
from altyn.runtime.journal.selection import Selection
from altyn.settlement import Answered, fact_object

__all__ = ["REFERENCE_DIGITS", "item_story"]

Row = dict[str, Any]
REFERENCE_DIGITS: Final = 23
CANDIDATES_MAX: Final = 20


def item_story(office: Office, identifier: str) -> Row | None:
    """The story of an item id, an acquirer's reference of 23 digits, or a journal sequence.

    The newest cycle that has it counts; None when no cleared cycle has. Card numbers are masked.
    """
    with office.reading() as journal:
        for cycle in reversed(closed_cycles(journal)):
            if cleared_cycle(journal, cycle.cycle) is None:
                continue
            folder = office.folders.cycle(cycle.cycle)
            found = _find(folder, identifier)
            if found is not None:
                return _story(office, journal, cycle, folder, *found)
    return None


def _find(folder: Path, identifier: str) -> tuple[str, Row] | None:
    """The row, and whether it is of `items` or of `rejected`."""
    for name, column, value in _places(identifier):
        rows = _rows(folder / f"{name}.parquet", column, value)
        if rows:
            return name, rows[-1]
    return None


def _places(identifier: str) -> Iterator[tuple[str, str, str | int]]:
    """Where to look, by the form of what was given."""
    if identifier.isdecimal() and len(identifier) == REFERENCE_DIGITS:
        yield "items", "acquirer_reference", identifier
        yield "rejected", "acquirer_reference", identifier
    elif identifier.isdecimal() and len(identifier) < len(str(2**63)):
        yield "items", "item_id", f"J{int(identifier)}"
        yield "items", "authorization", int(identifier)
    else:
        yield "items", "item_id", identifier


def _rows(path: Path, column: str, value: object) -> list[Row]:
    """The rows of a table with this value, read group by group."""
    rows: list[Row] = pq.read_table(path, filters=pc.field(column) == value).to_pylist()
    return rows


def _story(
    office: Office,
    journal: BackOfficeJournal,
    cycle: ClosedCycle,
    folder: Path,
    kind: str,
    row: Row,
) -> Row:
    item = kind == "items"
    story: Row = {
        "cycle": cycle.cycle,
        "accepted": item,
        "item": _shown(row),
        "file": _file(journal, row),
        "messages": _messages(office, row),
        "authorization": None,
        "candidates": [],
        "terms": _rule(journal, cycle, "terms_id", row.get("terms_id")),
        "fees": _fees(journal, cycle, folder, row) if item else [],
        "pricing": _pricing(journal, cycle, row) if item else [],
        "settlement": _settlement(journal, cycle, row) if item else [],
    }
    authorization = row.get("authorization")
    if authorization is not None:
        matched = _rows(folder / "authorizations.parquet", "authorization", authorization)
        story["authorization"] = _shown(matched[0]) if matched else None
    if item:
        others = _rows(folder / "authorizations.parquet", "pan", row["pan"])
        story["candidates"] = [
            _shown(each)
            for each in others
            if each["authorization"] != authorization
            and each["acquirer_participant"] == row["acquirer_participant"]
        ][:CANDIDATES_MAX]
    return story


def _shown(row: Mapping[str, Any]) -> Row:
    """A row for people: the card masked, days and instants as texts, nothing that is absent."""
    return {name: _value(name, value) for name, value in row.items() if value not in (None, "")}


def _value(name: str, value: Any) -> Any:
    if name == "pan" and isinstance(value, bytes):
        return mask(unseal(value))
    return value.isoformat() if isinstance(value, date | datetime) else value


def _file(journal: BackOfficeJournal, row: Row) -> Row | None:
    """The file that brought it."""
    if not row.get("file_id"):
        return None
    wanted = row["acquirer_participant"], row["file_id"]
    for entry in file_entries(journal):
        manifest = entry.acknowledgement.manifest
        if entry.is_taken and (manifest.acquirer, manifest.file_id) == wanted:
            return {
                "file_id": manifest.file_id,
                "sequence": manifest.sequence,
                "record_number": row["record_number"],
                "form": entry.form,
                "taken_at": _instant(entry.written_us),
                "booked_day": entry.acknowledgement.booked_day,
            }
    return None


def _messages(office: Office, row: Row) -> list[Row]:
    """The journal's entries about it: its own, its authorization's, and what refers to them."""
    item_id = str(row.get("item_id", ""))
    own = int(item_id[1:]) if item_id[:1] == "J" else 0
    roots = {each for each in (own, row.get("authorization") or 0) if each}
    found: dict[int, Row] = {}
    with office.switch_journal() as storage:
        for root in sorted(roots):
            for sequence in (root, *storage.references_to(root)):
                selection = Selection(
                    all_stages=True, after_sequence=sequence - 1, last_sequence=sequence
                )
                for batch in read_transactions(storage, selection):
                    for each in batch.to_pylist():
                        found[each["sequence"]] = _shown(each)
    return [found[sequence] for sequence in sorted(found)]


def _rule(journal: BackOfficeJournal, cycle: ClosedCycle, name: str, value: Any) -> Row | None:
    """A rule of the cycle's version by its identifier."""
    noted = journal.find(RULES_VERSION, cycle.rules_version)
    if noted is None or value is None:
        return None
    facts: list[Row] = noted.content["facts"]
    return next((fact for fact in facts if fact.get(name) == value), None)


def _fees(journal: BackOfficeJournal, cycle: ClosedCycle, folder: Path, row: Row) -> list[Row]:
    """Each share of each fee, with the rule that priced it."""
    return [
        {**_shown(fee), "rule": _rule(journal, cycle, "rule_id", fee["rule_id"])}
        for fee in _rows(folder / "fees.parquet", "item_id", row["item_id"])
    ]


def _pricing(journal: BackOfficeJournal, cycle: ClosedCycle, row: Row) -> list[Row]:
    """Of each fee the rule that holds, and why each other one does not: the first dimension of the
    item that is not the rule's, or `rank` where a more specific one holds."""
    noted = journal.find(RULES_VERSION, cycle.rules_version)
    facts = noted.content["facts"] if noted else []
    rules = [rule for rule in map(rule_of, facts) if isinstance(rule, FeeRule)]
    return [
        {
            "fee": each.fee,
            "base": each.base,
            "rule_id": each.rule.rule_id if each.rule else None,
            "amount": each.amount,
            "passed": {other.rule.rule_id: other.dimension for other in each.passed},
        }
        for each in price_item(rules, row)
    ]


def _settlement(journal: BackOfficeJournal, cycle: ClosedCycle, row: Row) -> list[Row]:
    """What became of the run that settles it; the last of them says whether it is final."""
    run = f"{cycle.cycle}/{currency_of(row['settlement_currency']).alpha}"
    steps = []
    for fact in journal.settlement_facts():
        if getattr(fact, "run", "") == run:
            step: Row = {"fact": fact_object(fact)["fact"], "at": _instant(fact.at_us)}
            if isinstance(fact, Answered):
                step["settled"] = fact.settled
                step["final_at"] = _instant(fact.final_us) if fact.settled else None
            steps.append(step)
    postings = [
        {"posting": each.key, "reason": each.reason}
        for each in journal.postings()
        if each.key.startswith(f"{run}/")
    ]
    return steps + postings


def _instant(utc_us: int) -> str:
    return utc_datetime(utc_us).isoformat().replace("+00:00", "Z")
