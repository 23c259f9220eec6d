"""Lines, network messages and time, as the switch sees them."""

import pytest

from altyn.identifiers import LinkId
from altyn.message import Message
from altyn.switch import CutOverOrdered, LinksChanged, LinkUp
from altyn.switch.state import STAN_MAX, IssuerSide
from tests.switch.bench import HILL, SEA, SECOND_US, Bench, answer_to, terms_of


def network(code: str, mti: str = "0800", **changes: str) -> Message:
    """A network management message of Hill Bank."""
    fields = {7: "0705100000", 11: "000001", 33: "400102", 70: code}
    return Message(mti, {**fields, **{int(key[1:]): value for key, value in changes.items()}})


def signing(who: str) -> Bench:
    """A bench whose link to Hill Bank is signed on by `peer` or `switch`."""
    return Bench(terms=[terms_of("SEA"), terms_of("HILL", sign_on=who)])


def code_of(bench: Bench) -> str:
    """How a purchase with Hill Bank's card is refused."""
    return str(bench.ask("sea", bench.request()).fields[39])


def test_a_peer_signs_on_first() -> None:
    """Before 001 nothing flows; after 002 nothing flows again."""
    bench = signing("peer")
    assert code_of(bench) == "91"
    assert bench.ask("hill", network("001")).fields[39] == "00"
    bench.send("sea", bench.request())
    assert bench.taken("hill").mti == "0200"
    assert bench.ask("hill", network("002")).fields[39] == "00"
    assert bench.taken("sea").fields[39] == "91"
    assert code_of(bench) == "91"


def test_f30_signing_on_twice_is_the_same_as_once() -> None:
    """A replayed 001 is answered 00, with one entry in the journal."""
    bench = signing("peer")
    assert bench.ask("hill", network("001")).fields[39] == "00"
    before = bench.storage.end().sequence
    assert bench.ask("hill", network("001")).fields[39] == "00"
    assert bench.storage.end().sequence == before


def test_a_line_that_was_down_must_sign_on_again() -> None:
    """The sign-on ends with the last connection."""
    bench = signing("peer")
    bench.ask("hill", network("001"))
    bench.drop("hill")
    bench.up("hill")
    assert code_of(bench) == "91"


def test_f05_what_is_known_is_answered_to_an_acquirer_that_has_signed_off() -> None:
    """Its approval stands: 91 now would let it take the payment for declined."""
    bench = Bench(terms=[terms_of("SEA", sign_on="peer"), terms_of("HILL")])
    bench.ask("sea", network("001", f33="400101"))
    request, approved = bench.buy()
    bench.ask("sea", network("002", f33="400101"))
    again = bench.ask("sea", request)
    assert (again.fields[39], again.fields[38]) == ("00", approved.fields[38])


def test_i2_a_request_before_its_sender_signed_on_is_refused_for_good() -> None:
    """A duplicate of it that comes after the sign-on is not approved behind the sender's back;
    a reversal that came too early is taken when it comes again."""
    bench = Bench(terms=[terms_of("SEA", sign_on="peer"), terms_of("HILL")])
    early = bench.request()
    assert bench.ask("sea", early).fields[39] == "91"
    named = f"0200000777{early.fields[7]!s}" + "0" * 22
    reversal = bench.request(mti="0400", f90=named)
    assert bench.ask("sea", reversal).fields[39] == "91"
    bench.ask("sea", network("001", f33="400101"))
    assert bench.ask("sea", early).fields[39] == "91"
    assert bench.ask("sea", reversal).fields[39] == "25"
    bench.restart()
    bench.ask("sea", network("001", f33="400101"))
    assert bench.ask("sea", early).fields[39] == "91"


@pytest.mark.parametrize(("answer", "flows"), [("00", True), ("05", False)])
def test_the_switch_signs_on(answer: str, flows: bool) -> None:
    """It sends 001 as soon as the line stands; only 00 opens it."""
    bench = signing("switch")
    asked = bench.taken("hill")
    assert (asked.mti, asked.fields[70]) == ("0800", "001")
    bench.send("hill", network("001", "0810", f39=answer, f11=str(asked.fields[11])))
    bench.send("sea", bench.request())
    assert bool(bench.inbox["hill"]) is flows


@pytest.mark.parametrize("answer", ["00", "05"])
def test_w01_a_sign_on_of_the_switch_is_repeated_until_it_is_answered(answer: str) -> None:
    """The first went out over a connection that nobody was reading: it is sent again."""
    bench = signing("switch")
    bench.taken("hill")
    bench.wait(9)
    assert not bench.inbox["hill"]
    bench.wait(1)
    asked = bench.taken("hill")
    assert (asked.mti, asked.fields[70]) == ("0800", "001")
    bench.send("hill", network("001", "0810", f39=answer, f11=str(asked.fields[11])))
    bench.wait(30)
    assert not bench.inbox["hill"]


def test_f34_a_network_message_under_another_name_is_refused() -> None:
    """DE33 of Sea Bank on Hill Bank's line: 58, and not signed on."""
    bench = signing("peer")
    assert bench.ask("hill", network("001", f33="400101")).fields[39] == "58"
    assert code_of(bench) == "91"


@pytest.mark.parametrize(("code", "answer"), [("301", "00"), ("201", "00"), ("101", "12")])
def test_network_codes(code: str, answer: str) -> None:
    """Echo and the hearing of a cut-over are acknowledged, what is not served is 12."""
    bench = Bench()
    reply = bench.ask("hill", network(code))
    assert (reply.mti, reply.fields[39], reply.fields[70]) == ("0810", answer, code)


def test_w01_a_line_that_answers_no_echo_is_closed() -> None:
    """Three echo tests unanswered, and the fourth time the line is cut."""
    terms = [terms_of("SEA"), terms_of("HILL", echo_interval_us=10 * SECOND_US)]
    bench = Bench(terms=terms)
    for _ in range(3):
        bench.wait(10)
        echo = bench.taken("hill")
        assert (echo.mti, echo.fields[70]) == ("0800", "301")
    assert not bench.disconnected
    bench.wait(10)
    assert bench.disconnected == ["hill"]
    assert "link-silent" in bench.alarms


def test_w01_a_line_that_answers_stays() -> None:
    """Any answer starts the count anew."""
    terms = [terms_of("SEA"), terms_of("HILL", echo_interval_us=10 * SECOND_US)]
    bench = Bench(terms=terms)
    for _ in range(10):
        bench.wait(10)
        echo = bench.taken("hill")
        bench.send("hill", network("301", "0810", f39="00", f11=str(echo.fields[11])))
    assert not bench.disconnected


def test_w17_a_response_as_a_request_is_dropped_and_counted() -> None:
    """0210 from an acquirer answers nothing that was asked: an alarm, and no word back."""
    bench = Bench()
    bench.send("sea", bench.request(mti="0210", f39="00"))
    assert not bench.inbox["sea"]
    assert bench.alarms == ["stray-answer"]


@pytest.mark.parametrize(("mti", "answered"), [("0300", True), ("0620", True), ("9200", False)])
def test_w17_unknown_types(mti: str, answered: bool) -> None:
    """A request of a 1987 type nobody serves is 12; another version's is dropped."""
    bench = Bench()
    bench.send("sea", bench.request(mti=mti))
    assert [reply.fields[39] for reply in bench.inbox["sea"]] == (["12"] if answered else [])
    assert "unserved" in bench.alarms


def test_f03_an_answer_with_another_time_is_not_the_answer() -> None:
    """The switch's STAN with another DE7 is an older message's: no effect."""
    bench = Bench()
    bench.send("sea", bench.request())
    seen = bench.taken("hill")
    bench.send("hill", answer_to(seen, f7="0704235959"))
    assert not bench.inbox["sea"]
    bench.send("hill", answer_to(seen, "51", f7=None))
    assert bench.taken("sea").fields[39] == "51"


def test_f19_a_second_line_keeps_what_is_in_flight() -> None:
    """One of two lines breaks: the answer comes over the other."""
    second = terms_of("HILL", link_id=LinkId("hill2"))
    bench = Bench(terms=[terms_of("SEA"), terms_of("HILL"), second])
    bench.send("sea", bench.request())
    seen = bench.taken("hill")
    bench.drop("hill")
    assert not bench.inbox["sea"]
    bench.send("hill2", answer_to(seen))
    assert bench.taken("sea").fields[39] == "00"
    bench.send("sea", bench.request())
    assert bench.taken("hill2").mti == "0200"


def test_f31_traffic_moves_to_a_line_that_comes_later() -> None:
    """A link that is new in the settings carries traffic as soon as it stands."""
    bench = Bench()
    bench.drop("hill")
    second = terms_of("HILL", link_id=LinkId("hill2"))
    bench.inbox["hill2"] = []
    bench.step(LinksChanged((*bench.terms, second)))
    assert code_of(bench) == "91"
    bench.step(LinkUp(LinkId("hill2")))
    bench.send("sea", bench.request())
    assert bench.taken("hill2").mti == "0200"


def test_t01_deadlines_run_on_the_monotonic_clock() -> None:
    """The wall clock leaps an hour ahead and back: no deadline moves."""
    bench = Bench()
    bench.send("sea", bench.request())
    bench.inbox["hill"].clear()
    hour = 3600 * SECOND_US
    for leap in (hour, -2 * hour, hour):
        bench._utc_us += leap
        bench._started_us += leap
        bench.wait(1)
        assert not bench.inbox["sea"]
    bench.wait(7)
    assert bench.taken("sea").fields[39] == "91"


def test_t07_the_switchs_own_stan_wraps_around_what_is_in_use() -> None:
    """After 999999 comes 000001, or the next one that nothing under way carries."""
    side = IssuerSide(HILL.participant_id)
    side.last_stan = STAN_MAX - 1
    assert side.next_stan() == "999999"
    assert side.next_stan() == "000001"
    bench = Bench()
    bench.send("sea", bench.request())
    first = bench.taken("hill")
    bench.state.issuers[HILL.participant_id].last_stan = STAN_MAX
    bench.send("sea", bench.request())
    second = bench.taken("hill")
    assert (first.fields[11], second.fields[11]) == ("000001", "000002")


def test_t04_a_cut_over_is_one_entry() -> None:
    """One entry closes a day and opens the next; every line that stands is told."""
    bench = Bench()
    before = bench.storage.end().sequence
    bench.step(CutOverOrdered())
    assert bench.storage.end().sequence == before + 1
    assert bench.state.business_day == 20260706
    assert [bench.taken(link).fields[70] for link in ("sea", "hill")] == ["201", "201"]
    bench.expect_replay()


def test_f20_a_reply_to_a_line_that_is_gone_is_kept() -> None:
    """Nothing is reversed on a guess; whoever comes back and repeats gets the answer."""
    bench = Bench()
    request = bench.request()
    bench.send("sea", request)
    seen = bench.taken("hill")
    bench.drop("sea")
    bench.send("hill", answer_to(seen))
    assert bench.nets() == {SEA.participant_id: 12_000, HILL.participant_id: -12_000}
    bench.up("sea")
    assert bench.ask("sea", request).fields[39] == "00"
    assert not bench.inbox["hill"]
