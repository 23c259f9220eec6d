"""Registry facts: the form in which the registry is written into the journal.

A fact is a JSON object with the key `fact` naming its kind; the rest are its values. The
configuration file makes facts today and the API will make the same ones; the registry
knows no other way in. Each kind: see the table `_READERS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from altyn.identifiers import ParticipantId
from altyn.money import Rate, Rounding
from altyn.registry.participant import BinRange, Participant, Profile, Scheme
from altyn.registry.stand_in import StandInTerms, Window

Fact = dict[str, Any]
Value = Scheme | Participant | BinRange | Rate | StandInTerms


def fact_of(value: Value) -> Fact:
    """The fact that states a value; `value_of` is the inverse."""
    if isinstance(value, Scheme):
        return {"fact": "scheme", **asdict(value), "rounding": value.rounding.value}
    if isinstance(value, Participant):
        profile = None if value.profile is None else _listed(asdict(value.profile))
        made = {"roles": sorted(value.roles), "profile": profile}
        return {"fact": "participant", **asdict(value), **made}
    if isinstance(value, BinRange):
        return {"fact": "bin", **asdict(value), "pan_lengths": sorted(value.pan_lengths)}
    if isinstance(value, StandInTerms):
        return {"fact": "stand-in", **_listed(asdict(value))}
    return {"fact": "rate", **value._asdict()}


def value_of(fact: Mapping[str, Any]) -> Value:
    """The value a fact states; raises LookupError for a kind that is not known."""
    values = {key: value for key, value in fact.items() if key != "fact"}
    reader = _READERS.get(str(fact["fact"]))
    if reader is None:
        raise LookupError(f"there is no registry fact of the kind {fact['fact']!r}")
    return reader(values)


def _scheme(values: dict[str, Any]) -> Scheme:
    return Scheme(**{**values, "rounding": Rounding(values["rounding"])})


def _participant(values: dict[str, Any]) -> Participant:
    profile = values.get("profile")
    return Participant(
        **{
            **values,
            "participant_id": ParticipantId(values["participant_id"]),
            "roles": frozenset(values["roles"]),
            "institution_ids": tuple(values["institution_ids"]),
            "profile": profile and Profile(**{key: tuple(profile[key]) for key in profile}),
        }
    )


def _bin(values: dict[str, Any]) -> BinRange:
    return BinRange(**{**values, "pan_lengths": frozenset(values["pan_lengths"])})


def _listed(values: dict[str, Any]) -> dict[str, Any]:
    """Values as JSON gives them back: a tuple is a list."""
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
    }


def _stand_in(values: dict[str, Any]) -> StandInTerms:
    tuples = {key: tuple(value) for key, value in values.items() if isinstance(value, list | tuple)}
    windows = tuple(Window(**window) for window in values["windows"])
    participant_id = ParticipantId(values["participant_id"])
    return StandInTerms(
        **{**values, **tuples, "windows": windows, "participant_id": participant_id}
    )


def _rate(values: dict[str, Any]) -> Rate:
    return Rate(**values)


_READERS: dict[str, Callable[[dict[str, Any]], Value]] = {
    "scheme": _scheme,
    "participant": _participant,
    "bin": _bin,
    "rate": _rate,
    "stand-in": _stand_in,
}
