"""What the switch posted becomes items: who pays, what a reversal takes, and what fees stand on."""

from pathlib import Path

from tests.clearing.cycle import authorization, clear, entry, only


def test_a_purchase_is_an_item_of_its_posting(tmp_path: Path) -> None:
    """The issuer owes the acquirer what was posted."""
    item = only(clear(tmp_path, transactions=[entry()])["items"])
    assert (item["item_id"], item["outcome"]) == ("J10", "SINGLE_MESSAGE")
    assert (item["debtor"], item["creditor"], item["settlement_amount"]) == ("BORI", "ALMA", 10_000)
    assert (item["leg"], item["rate_rule"], item["base_before"]) == ("domestic", None, 0)


def test_a_refund_goes_the_other_way_and_names_its_purchase(tmp_path: Path) -> None:
    """A credit is owed by the acquirer."""
    refund = entry(sequence=20, flags="repeat credit", refers_to=10, processing_code="200000")
    item = only(clear(tmp_path, transactions=[refund])["items"])
    assert (item["debtor"], item["creditor"]) == ("ALMA", "BORI")
    assert (item["credit"], item["original_item"]) == (True, "J10")


def test_two_reversals_in_parts_take_what_each_took(tmp_path: Path) -> None:
    """Amounts follow what stood before each; bases follow one another without a gap."""
    taken = {"kind": "reversal", "outcome": "accepted", "refers_to": 10, "category": "9999"}
    day = [
        entry(),
        entry(sequence=11, posted_change=-4_000, remaining=6_000, **taken),
        entry(sequence=12, posted_change=-6_000, remaining=0, **taken),
    ]
    cleared = clear(tmp_path, transactions=day)
    first, second = cleared["items"][1:]
    assert [each["amount"] for each in (first, second)] == [4_000, 6_000]
    assert [each["category"] for each in (first, second)] == ["5411", "5411"]
    assert (first["base_before"], first["base_after"]) == (10_000, 6_000)
    assert (second["base_before"], second["base_after"]) == (6_000, 0)
    assert [fee["amount"] for fee in cleared["fees"]] == [100, 60, -100, -60]
    assert (first["debtor"], first["creditor"]) == ("ALMA", "BORI")


def test_a_reversal_finds_its_original_in_an_earlier_cycle(tmp_path: Path) -> None:
    """It is priced as the original was (F39), with what earlier cycles left of it."""
    taken = {"kind": "reversal", "outcome": "accepted", "refers_to": 10}
    partial = entry(sequence=11, posted_change=-4_000, remaining=6_000, **taken)
    earlier = clear(tmp_path, transactions=[entry(category="5999"), partial])["items"]
    rest = entry(sequence=12, posted_change=-6_000, remaining=0, **taken)
    item = only(clear(tmp_path, transactions=[rest], items_before=earlier)["items"])
    assert (item["amount"], item["category"], item["base_before"]) == (6_000, "5999", 6_000)


def test_a_reversal_of_an_unknown_original_gives_no_fee_back(tmp_path: Path) -> None:
    """Nothing is guessed about what was charged."""
    lone = entry(
        kind="reversal", outcome="accepted", refers_to=3, posted_change=-10_000, remaining=0
    )
    cleared = clear(tmp_path, transactions=[lone])
    assert only(cleared["items"])["amount"] == 10_000
    assert cleared["fees"] == []


def test_a_completion_uses_its_authorization_up(tmp_path: Path) -> None:
    """Its item is the switch's posting, and no presentment may follow."""
    completion = entry(sequence=12, kind="financial_advice", outcome="accepted", refers_to=11)
    cleared = clear(tmp_path, transactions=[authorization(sequence=11), completion])
    assert only(cleared["items"])["authorization"] == 11
    assert only(cleared["authorizations"])["state"] == "completed"


def test_what_the_switch_tells_an_issuer_is_no_authorization(tmp_path: Path) -> None:
    """An advice of stand-in tells of an authorization that has its own entry."""
    told = authorization(
        kind="authorization_advice", flags="by_switch forwarded", outcome="accepted", refers_to=9
    )
    stood_in = authorization(sequence=9, outcome="stood_in_busy")
    declined = authorization(sequence=8, outcome="declined_by_issuer")
    inquiry = authorization(sequence=7, flags="no_money")
    cleared = clear(tmp_path, transactions=[inquiry, declined, stood_in, told])
    assert only(cleared["authorizations"])["authorization"] == 9
    assert only(cleared["authorizations"])["state"] == "open"


def test_a_cycle_without_anything_gives_empty_tables(tmp_path: Path) -> None:
    """A day of rest is cleared, too."""
    assert all(rows == [] for rows in clear(tmp_path).values())
