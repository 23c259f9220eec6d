"""The scheme file: tables become registry facts, and the rules between them."""

import json
import re
from pathlib import Path

import pytest

from altyn.identifiers import ParticipantId
from altyn.money import Rate, Rounding
from altyn.registry import Registry, value_of
from altyn.runtime.configuration.document import read_document
from altyn.runtime.scheme_file import ConfigurationError, Problem, load_scheme, parse_scheme

ROOT = Path(__file__).parents[2]

SCHEME = """
[scheme]
id = "TEST"
name = "Test scheme"
institution_id = "900001"
timezone = "UTC"
cut_over_time = "23:00"
cross_border_currency = "USD"
unmatched_reversal_code = "25"
rounding = "half-even"
"""
STEP = """
[[participant]]
id = "STEPKZ"
name = "Step Bank"
country = "KZ"
currency = "KZT"
roles = ["issuer", "acquirer"]
institution_ids = ["400101", "400102"]
[participant.net_debit_caps]
KZT = 500000000000
"""
SHOP = """
[[participant]]
id = "SHOPKZ"
name = "Shop Bank"
country = "KZ"
currency = "USD"
roles = ["acquirer"]
institution_ids = ["400103"]
state = "suspended"
"""
BIN = """
[[bin]]
prefix = "990001"
participant = "STEPKZ"
product = "CLASSIC"
currency = "KZT"
pan_lengths = [16, 19]
"""
RATE = """
[[rate]]
id = "R-2026-1"
base = "USD"
quote = "KZT"
value = "512.34"
effective = "2026-01-01T05:00:00+05:00"
"""
WHOLE = SCHEME + STEP + SHOP + BIN + RATE


def refusals(text: str) -> list[Problem]:
    """The problems of a scheme file with this text."""
    with pytest.raises(ConfigurationError) as caught:
        parse_scheme(text)
    return caught.value.problems


def refusal(text: str) -> Problem:
    """The only problem of a scheme file with this text."""
    problems = refusals(text)
    assert len(problems) == 1, problems
    return problems[0]


def test_whole_file_becomes_a_registry() -> None:
    """Every key arrives in the registry under the registry's own name."""
    registry = Registry(parse_scheme(WHOLE))
    assert registry.scheme.scheme_id == "TEST"
    assert registry.scheme.rounding is Rounding.HALF_EVEN
    step = registry.by_institution["400102"]
    assert (step.participant_id, step.country, step.currency) == ("STEPKZ", "KZ", "KZT")
    assert step.roles == {"issuer", "acquirer"}
    assert step.net_debit_caps == {"KZT": 500_000_000_000}
    assert registry.by_institution["400103"].state == "suspended"
    found = registry.bins.find("9900010000000000")
    assert found is not None
    assert (found.participant_id, found.product) == ("STEPKZ", "CLASSIC")
    assert found.pan_lengths == frozenset({16, 19})


def test_facts_survive_json() -> None:
    """The journal keeps facts as JSON; they come back as the same registry version."""
    facts = parse_scheme(WHOLE)
    again = json.loads(json.dumps(facts))
    assert [value_of(fact) for fact in again] == [value_of(fact) for fact in facts]
    assert Registry(again).version == Registry(facts).version


def test_rate_is_exact_and_its_instant_is_utc() -> None:
    """A rate is digits and a scale, its instant microseconds since 1970 in UTC."""
    rate = value_of(parse_scheme(WHOLE)[-1])
    assert rate == Rate("R-2026-1", "USD", "KZT", 51234, 2, 1_767_225_600_000_000)


def test_unquoted_toml_instant_is_taken_too() -> None:
    """TOML has instants of its own; both ways of writing mean the same."""
    unquoted = WHOLE.replace('"2026-01-01T05:00:00+05:00"', "2026-01-01T00:00:00Z")
    assert parse_scheme(unquoted) == parse_scheme(WHOLE)


def test_m15_caps_of_any_size_stay_exact() -> None:
    """A cap above 64 bits is an integer like any other."""
    facts = parse_scheme(WHOLE.replace("500000000000", "1" + "0" * 30))
    assert Registry(facts).by_institution["400101"].net_debit_caps["KZT"] == 10**30


@pytest.mark.parametrize(
    ("right", "wrong", "key"),
    [
        ('id = "TEST"', 'id = "test"', "scheme.id"),
        ('"900001"', '"900001234567"', "scheme.institution_id"),
        ('"900001"', '"٩٠٠٠٠١"', "scheme.institution_id"),
        ('"UTC"', '"Asia/Nowhere"', "scheme.timezone"),
        ('"UTC"', '"../etc/passwd"', "scheme.timezone"),
        ('"23:00"', '"24:00"', "scheme.cut_over_time"),
        ('= "25"', '= "05"', "scheme.unmatched_reversal_code"),
        ('"half-even"', '"down"', "scheme.rounding"),
        ('"Step Bank"', '"Step\\nBank"', "participant[1].name"),
        ('"Step Bank"', '"Step\\u0000Bank"', "participant[1].name"),
        ('country = "KZ"', 'country = "KX"', "participant[1].country"),
        ('country = "KZ"', 'country = "kz"', "participant[1].country"),
        ('["issuer", "acquirer"]', '["issuer", "bank"]', "participant[1].roles[2]"),
        ('["issuer", "acquirer"]', '["issuer", "issuer"]', "participant[1].roles"),
        ('"400102"]', '"40 102"]', "participant[1].institution_ids[2]"),
        ('"suspended"', '"closed"', "participant[2].state"),
        ("500000000000", "0", "participant[1].net_debit_caps.KZT"),
        ("500000000000", "5.5", "participant[1].net_debit_caps.KZT"),
        ("500000000000", '"5"', "participant[1].net_debit_caps.KZT"),
        ("KZT = 5", "KZX = 5", "participant[1].net_debit_caps.KZX"),
        ("KZT = 5", "EUR = 5", "participant[1].net_debit_caps.EUR"),
        ('"990001"', '"99001"', "bin[1].prefix"),
        ('"990001"', '"990001234"', "bin[1].prefix"),
        ('"990001"', '"99000x"', "bin[1].prefix"),
        ("[16, 19]", "[16, 20]", "bin[1].pan_lengths[2]"),
        ("[16, 19]", "[12]", "bin[1].pan_lengths[1]"),
        ("[16, 19]", "[]", "bin[1].pan_lengths"),
        ('"R-2026-1"', '"R-2026-012"', "rate[1].id"),
        ('"512.34"', "512.34", "rate[1].value"),
        ('"512.34"', '"5e2"', "rate[1].value"),
        ('"512.34"', '"0.00"', "rate[1].value"),
        ("T05:00:00+05:00", "T05:00:00", "rate[1].effective"),
        ("2026-01-01T", "2026-02-30T", "rate[1].effective"),
    ],
)
def test_value_out_of_form_is_refused_at_its_key(right: str, wrong: str, key: str) -> None:
    """Each key takes its own form; the refusal names the key and its line."""
    text = WHOLE.replace(right, wrong, 1)
    problem = refusal(text)
    assert problem.key == key
    assert problem.line is not None
    assert wrong.rpartition("=")[2].strip() in text.split("\n")[problem.line - 1]


@pytest.mark.parametrize("code", ["KZX", "398", "XAU", "kzt", ""])
def test_m01_currency_that_iso_4217_does_not_have_is_refused(code: str) -> None:
    """A currency is an alphabetic ISO 4217 code with a minor unit: gold has none."""
    problems = refusals(WHOLE.replace('currency = "KZT"', f'currency = "{code}"', 1))
    assert problems[0].key == "participant[1].currency"


def test_missing_and_unknown_keys_are_refused() -> None:
    """A key that is not there, and one that should not be, are told together."""
    problems = refusals(WHOLE.replace('country = "KZ"', 'contry = "KZ"', 1))
    assert sorted((problem.key, problem.do) for problem in problems) == [
        ("participant[1].contry", "did you mean country?"),
        ("participant[1].country", "add it; `altyn check --keys` tells its form"),
    ]


def test_f36_the_same_prefix_twice_is_refused() -> None:
    """A longer prefix inside a shorter one is well; the same one twice is ambiguous."""
    problem = refusal(WHOLE + BIN)
    assert (problem.key, problem.reason) == ("bin[2].prefix", "bin[1] already has this BIN prefix")
    longer = BIN.replace('"990001"', '"99000188"')
    assert len(Registry(parse_scheme(WHOLE + longer)).bins) == 2


def test_repeated_ids_are_refused() -> None:
    """Participants, institutions and rates are each stated once."""
    text = WHOLE.replace("SHOPKZ", "STEPKZ").replace('"400103"', '"400101"') + RATE
    keys = [problem.key for problem in refusals(text)]
    assert keys == [
        "participant[2].id",
        "participant[2].institution_ids",
        "rate[2].id",
        "rate[2].effective",
    ]


def test_bin_of_nobody_or_of_no_issuer_is_refused() -> None:
    """A card belongs to a participant that issues cards."""
    problem = refusal(WHOLE.replace('participant = "STEPKZ"', 'participant = "NOBODY"'))
    assert (problem.key, problem.reason) == ("bin[1].participant", "there is no such participant")
    problem = refusal(WHOLE.replace('participant = "STEPKZ"', 'participant = "SHOPKZ"'))
    assert (problem.key, problem.reason) == ("bin[1].participant", "this participant is no issuer")


def test_needed_rate_must_be_there_in_either_direction() -> None:
    """Every currency in use leads to the cross-border currency, directly or inversely."""
    problems = refusals(SCHEME + STEP + SHOP + BIN)
    assert [problem.key for problem in problems] == ["participant[1].currency", "bin[1].currency"]
    assert problems[0].do == "add a [[rate]] with base USD and quote KZT"
    inverse = RATE.replace('"USD"', '"X"').replace('"KZT"', '"USD"').replace('"X"', '"KZT"')
    assert parse_scheme(SCHEME + STEP + SHOP + BIN + inverse.replace("512.34", "0.0019"))


def test_rate_that_no_message_can_carry_is_refused() -> None:
    """DE9 and DE10 hold seven digits and at most nine decimals, in both directions."""
    assert refusal(WHOLE.replace("512.34", "10000000")).key == "rate[1].value"
    assert refusal(WHOLE.replace("512.34", "0.00000001")).key == "rate[1].value"


def test_rates_too_far_apart_for_a_message_are_refused() -> None:
    """Between two currencies, through the middle, the rate must fit as well."""
    dear = RATE.replace("R-2026-1", "KWD").replace("KZT", "KWD").replace("512.34", "0.00006")
    assert refusal(WHOLE + dear.replace("0.00006", "0.00005")).key == "rate[1].value"
    assert parse_scheme(WHOLE + dear)


def test_faults_of_one_table_do_not_hide_or_repeat_those_of_another() -> None:
    """Every fault is told in one run, and none twice."""
    text = WHOLE.replace('"512.34"', "512.34").replace('"Step Bank"', "4").replace("UTC", "UTX")
    keys = [problem.key for problem in refusals(text + BIN)]
    assert keys == ["scheme.timezone", "participant[1].name", "rate[1].value", "bin[2].prefix"]


def test_tables_of_the_wrong_shape_are_refused() -> None:
    """A value where a table stands, or one table where several stand, is told as such."""
    problems = refusals("scheme = 4\nparticipant = 5\nbin = [1]\n")
    assert [(problem.line, problem.key) for problem in problems] == [
        (1, "scheme"),
        (2, "participant"),
        (3, "bin[1]"),
    ]


def test_lines_are_right_behind_values_of_several_lines() -> None:
    """Lists and texts over several lines, brackets and signs inside texts, move no line number."""
    text = WHOLE.replace('["400101", "400102"]', '[\n  "400101", # ]\n  "400102",\n]')
    text = text.replace('"Step Bank"', '"""Step [[bin]]\\\n  id = 3"""').replace("TEST", "T]ST")
    text = text.replace('"CLASSIC"', "'classic'")
    problems = refusals(text)
    lines = text.split("\n")
    assert [lines[(problem.line or 0) - 1] for problem in problems] == [
        'id = "T]ST"',
        "product = 'classic'",
    ]


@pytest.mark.parametrize("path", sorted((ROOT / "src").rglob("*.toml")), ids=lambda path: path.stem)
def test_every_line_number_points_at_its_key(path: Path) -> None:
    """In every TOML file we ship, each key is found on the line that is told for it."""
    document = read_document(path)
    rows = path.read_text(encoding="utf-8").split("\n")
    assert len(document.lines) >= sum(re.match(r"[\w-]+ = |\[", row) is not None for row in rows)
    for place, line in document.lines.items():
        names = [part for part in place if isinstance(part, str)]
        assert re.search(rf"\b{re.escape(names[-1])}\b", rows[line - 1].partition("#")[0]), place


def test_values_are_never_repeated() -> None:
    """A card number in the wrong place is not told back."""
    number = "5454545454545454"
    text = "\n".join(
        f'{line.split(" =")[0]} = "{number}"' if " =" in line else line
        for line in WHOLE.splitlines()
    )
    problems = refusals(text)
    assert len(problems) > 20
    assert number not in " ".join(str(problem) for problem in problems)


def test_file_names_itself_in_problems(tmp_path: Path) -> None:
    """A problem begins with the file it is about."""
    path = tmp_path / "scheme.toml"
    path.write_text(WHOLE)
    assert load_scheme(path) == parse_scheme(WHOLE)
    path.write_text(WHOLE + BIN)
    with pytest.raises(ConfigurationError) as caught:
        load_scheme(path)
    assert caught.value.problems[0].file == str(path)
    assert str(caught.value).startswith(f"{path}, line ")


STAND_IN = """
[[stand_in]]
id = "STEP-1"
participant = "STEPKZ"
product = "CLASSIC"
processing_codes = ["00", "01"]
effective = "2026-01-01T00:00:00Z"
until = "2027-01-01T00:00:00Z"
currency = "KZT"
amount_max = 5000000
categories_refused = ["7995"]
entry_modes_allowed = ["05", "07"]
unverified = "allow"
refusal_code = "05"
[[stand_in.window]]
length_s = 86400
per = "card"
amount_max = 10000000
count_max = 5
[[stand_in.window]]
length_s = 86400
per = "issuer"
amount_max = 900000000
count_max = 10000
"""


def test_stand_in_terms_become_a_fact() -> None:
    """Every key arrives, instants as microseconds, windows in the file's order."""
    registry = Registry(parse_scheme(WHOLE + STAND_IN))
    terms = registry.stand_in.find(
        ParticipantId("STEPKZ"), "CLASSIC", "01", "KZT", 1_767_225_600_000_000
    )
    assert terms is not None
    assert (terms.terms_id, terms.amount_max, terms.until_us) == (
        "STEP-1",
        5_000_000,
        1_798_761_600_000_000,
    )
    assert [(window.per, window.count_max) for window in terms.windows] == [
        ("card", 5),
        ("issuer", 10_000),
    ]
    assert (terms.unverified, terms.refusal_code, terms.expiry_required) == ("allow", "05", True)
    assert terms.categories_refused == ("7995",)
    assert terms.entry_modes_allowed == ("05", "07")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"STEP-1"', '"STEP 1"', "stand_in[1].id"),
        (
            'participant = "STEPKZ"\nproduct = "CLASSIC"\np',
            'participant = "STEPKZ"\nproduct = "GOLD"\np',
            "stand_in[1].participant",
        ),
        (
            'participant = "STEPKZ"\nproduct = "CLASSIC"\np',
            'participant = "SHOPKZ"\nproduct = ""\np',
            "stand_in[1].participant",
        ),
        ('"00", "01"', '"00", "00"', "stand_in[1].processing_codes"),
        ('"00", "01"', '"00", "30"', "stand_in[1].processing_codes[2]"),
        ('"2027-01-01T00:00:00Z"', '"2025-01-01T00:00:00Z"', "stand_in[1].until"),
        ('"2027-01-01T00:00:00Z"', '"soon"', "stand_in[1].until"),
        ('currency = "KZT"\namount_max', 'currency = "USD"\namount_max', "stand_in[1].participant"),
        ("amount_max = 5000000", "amount_max = -1", "stand_in[1].amount_max"),
        ('"7995"', '"799"', "stand_in[1].categories_refused[1]"),
        ('"05", "07"', '"051"', "stand_in[1].entry_modes_allowed[1]"),
        ('"allow"', '"ask"', "stand_in[1].unverified"),
        ('refusal_code = "05"', 'refusal_code = "00"', "stand_in[1].refusal_code"),
        ('per = "issuer"', 'per = "card"', "stand_in[1].window"),
        ("count_max = 5", "count_max = 5.0", "stand_in[1].window[1].count_max"),
    ],
)
def test_a_stand_in_that_cannot_be_meant_is_refused(old: str, new: str, key: str) -> None:
    """At its key, with a remedy, and with nothing else told."""
    text = WHOLE + STAND_IN
    assert old in text
    problem = refusal(text.replace(old, new))
    assert problem.key == key
    assert problem.do


def test_contending_stand_in_terms_are_refused_with_both_named() -> None:
    """Nobody could say which of the two holds."""
    problem = refusal(WHOLE + STAND_IN + STAND_IN.replace("STEP-1", "STEP-2"))
    assert problem.key == "stand_in[2].id"
    assert "STEP-1" in problem.reason and "STEP-2" in problem.reason
    ended = STAND_IN.replace("STEP-1", "STEP-2").replace("2026-", "2027-", 1)
    later = ended.replace("until = ", "# until = ")
    assert len(parse_scheme(WHOLE + STAND_IN + later)) == len(parse_scheme(WHOLE)) + 2
