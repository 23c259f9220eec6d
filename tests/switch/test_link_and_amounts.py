"""What a link carries, and what a completion tells the issuer in its own currencies."""

from altyn.identifiers import LinkId
from altyn.money import Rate
from altyn.switch import LinkDown
from tests.switch.bench import Bench, bank, bin_range, card_number, registry_of, scheme, terms_of


def test_an_issuer_is_never_asked_over_its_acquiring_line() -> None:
    """With the issuing line down the answer is 91 at once, though the acquiring line stands."""
    acquiring = terms_of("HILL", link_id=LinkId("hill-acquiring"), carries="acquiring")
    issuing = terms_of("HILL", link_id=LinkId("hill"), carries="issuing")
    bench = Bench(terms=(terms_of("SEA"), acquiring, issuing))
    bench.buy()
    bench.step(LinkDown(LinkId("hill")))
    reply = bench.ask("sea", bench.request())
    assert reply.fields[39] == "91"
    assert bench.inbox["hill-acquiring"] == []


def test_a_completion_tells_settlement_and_billing_amounts() -> None:
    """100.00 TRY at 40.00 is 2.50 USD and 1,250.00 KZT; a completion of 64.00 TRY is 64 % of it."""
    registry = registry_of(
        scheme(),
        bank("SEA", "400101"),
        bank("HILL", "400102", "KZ", "KZT"),
        bin_range("990002", "HILL", "KZT"),
        Rate("R-TRY", "USD", "TRY", 40, 0, 0),
        Rate("R-KZT", "USD", "KZT", 500, 0, 0),
    )
    bench = Bench(registry)
    card = card_number("990002", 7)
    hold, _ = bench.buy(card=card, amount=10_000, mti="0100")
    assert bench.ask("sea", bench.about(hold, "0220", f4="000000006400")).fields[39] == "00"
    advice = bench.inbox["hill"].pop().fields
    assert (advice[4], advice[49]) == ("000000006400", "949")
    assert (advice[5], advice[50]) == ("000000000160", "840")
    assert (advice[6], advice[51]) == ("000000080000", "398")
