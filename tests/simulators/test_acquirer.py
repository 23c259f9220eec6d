"""The simulated acquirer keeps every request open until it is answered."""

from datetime import UTC, datetime

from altyn.message import Message, load_codec
from altyn.simulators import (
    AcquirerTerms,
    Day,
    Moment,
    Play,
    SimulatedAcquirer,
    Step,
    TradeSide,
)

SIDE = TradeSide("400101", 5)
DAY = Day("7", 300, "STEPKZ")


def at(milliseconds: int) -> Moment:
    """An instant so many milliseconds after the start."""
    return Moment(datetime(2026, 11, 23, 9, 30, 15, tzinfo=UTC), milliseconds * 1000)


def answered(request: Message, code: str = "00") -> Message:
    """The answer that a switch gives to a request."""
    mti = request.mti[:2] + str(int(request.mti[2]) + 1) + "0"
    kept = {n: v for n, v in request.fields.items() if n in (3, 4, 7, 11, 32, 37, 41, 42, 49)}
    return Message(mti, {**kept, 38: "000001", 39: code})


def play_of(*steps: Step, kind: str = "purchase-dual") -> Play:
    """A play with given steps on an ordinary card of the day."""
    play = next(play for play in DAY.plays("morning") if play.kind == "purchase-dual")
    return play._replace(steps=steps, kind=kind, play_id="play")


def signed_on(terms: AcquirerTerms | None = None) -> SimulatedAcquirer:
    """An acquirer whose line is up and signed on."""
    acquirer = SimulatedAcquirer(SIDE, terms)
    (sign_on,) = acquirer.connected(at(0))
    acquirer.receive(Message("0810", {**sign_on.fields, 39: "00"}), at(1))
    assert acquirer.signed_on
    return acquirer


def test_nothing_is_sent_before_the_sign_on_is_answered() -> None:
    """An acquirer that is not signed on keeps its plays."""
    acquirer = SimulatedAcquirer(SIDE)
    acquirer.begin([play_of(Step("request", "0100", 500))], window=1)
    (sign_on,) = acquirer.connected(at(0))
    assert (sign_on.mti, sign_on.fields[32], sign_on.fields[70]) == ("0800", "400101", "001")
    assert acquirer.due(at(1)) == []


def test_every_request_of_a_day_fits_the_dialect() -> None:
    """What the script writes, the codec of the shipped dialect encodes and reads back the same."""
    codec = load_codec("altyn87")
    acquirer = signed_on()
    acquirer.begin(DAY.plays("morning"), window=1)
    seen = set()
    while requests := acquirer.due(at(2)):
        while requests:
            (request,) = requests
            assert codec.decode(codec.encode(request)) == request
            seen.add(request.mti)
            requests = acquirer.receive(answered(request), at(3))
    assert acquirer.idle
    assert seen == {"0100", "0101", "0200", "0220", "0400"}


def test_window_bounds_what_runs_side_by_side() -> None:
    """No more plays are under way than the window says."""
    acquirer = signed_on()
    acquirer.begin([play_of(Step("request", "0100", 500))] * 5, window=2)
    first = acquirer.due(at(1))
    assert len(first) == 2
    assert acquirer.due(at(1)) == []
    acquirer.receive(answered(first[0]), at(2))
    assert len(acquirer.due(at(2))) == 1


def test_completion_and_reversal_name_the_original_in_de90() -> None:
    """DE90 holds type, STAN, DE7, DE32 and DE33 of the first request, 42 digits."""
    for step in (Step("completion", amount=400), Step("reversal"), Step("reversal", amount=100)):
        acquirer = signed_on()
        acquirer.begin([play_of(Step("request", "0100", 500), step)], window=1)
        (request,) = acquirer.due(at(1))
        (second,) = acquirer.receive(answered(request), at(2))
        stan, transmission = str(request.fields[11]), str(request.fields[7])
        assert second.fields[90] == "0100" + stan + transmission + "00000400101" + "0" * 11
        assert second.fields[11] != stan
        assert second.mti == ("0220" if step.action == "completion" else "0400")
        if step.action == "reversal":
            standing = f"{step.amount:012d}" + "0" * 30 if step.amount else None
            assert second.fields.get(95) == standing


def test_f05_repeat_that_is_answered_differently_is_a_surprise() -> None:
    """The answer to a repeat must carry the same fields as the first one."""
    for code, surprises in (("00", 0), ("05", 2)):
        acquirer = signed_on()
        play = play_of(Step("request", "0100", 500), Step("repeat"))
        acquirer.begin([play], window=1)
        (request,) = acquirer.due(at(1))
        (repeat,) = acquirer.receive(answered(request), at(2))
        assert repeat == Message("0101", request.fields)
        acquirer.receive(answered(repeat, code), at(3))
        assert acquirer.idle
        assert len(acquirer.tally.surprises) == surprises


def test_declined_request_is_not_taken_back() -> None:
    """After a decline there is nothing to complete or to reverse: the play is over."""
    acquirer = signed_on()
    acquirer.begin([play_of(Step("request", "0100", 500), Step("reversal"))], window=1)
    (request,) = acquirer.due(at(1))
    assert acquirer.receive(answered(request, "51"), at(2)) == []
    assert acquirer.idle
    (surprise,) = acquirer.tally.surprises
    assert surprise.code == "51"


def test_f13_unanswered_request_is_repeated_then_reversed_until_answered() -> None:
    """A request that stays unanswered is repeated, then taken back; a reversal never gives up."""
    acquirer = signed_on(AcquirerTerms(answer_timeout_ms=1000, repeats_max=1))
    acquirer.begin([play_of(Step("request", "0100", 500))], window=1)
    sent = acquirer.due(at(0))
    for second in range(1, 6):
        assert acquirer.due(at(second * 1000 - 1)) == []
        sent += acquirer.due(at(second * 1000))
    assert [message.mti for message in sent] == ["0100", "0101", "0400", "0401", "0401", "0401"]
    assert sent[1].fields == sent[0].fields
    open_before = acquirer.unanswered
    acquirer.receive(answered(sent[2]), at(9000))
    assert (open_before, acquirer.unanswered, acquirer.idle) == (1, 0, True)
    assert [exchange.fate for exchange in acquirer.exchanges] == ["abandoned", "answered"]


def test_f21_after_a_break_what_was_unanswered_is_repeated() -> None:
    """When the line is back and signed on, open requests go out again before new ones."""
    acquirer = signed_on()
    acquirer.begin([play_of(Step("request", "0100", 500))] * 2, window=1)
    (request,) = acquirer.due(at(1))
    acquirer.disconnected()
    assert acquirer.due(at(60_000)) == []
    (sign_on,) = acquirer.connected(at(60_001))
    acquirer.receive(Message("0810", {**sign_on.fields, 39: "00"}), at(60_002))
    assert acquirer.due(at(60_003)) == [Message("0101", request.fields)]
    assert acquirer.receive(answered(request), at(60_004)) == []
    assert [message.mti for message in acquirer.due(at(60_005))] == ["0100"]


def test_late_answer_to_what_was_given_up_is_counted_and_ignored() -> None:
    """An approval after the reversal went out changes nothing (F01, from the other side)."""
    acquirer = signed_on(AcquirerTerms(answer_timeout_ms=1000, repeats_max=0))
    acquirer.begin([play_of(Step("request", "0100", 500))], window=1)
    (request,) = acquirer.due(at(0))
    (taken_back,) = acquirer.due(at(1000))
    assert taken_back.mti == "0400"
    assert acquirer.receive(answered(request), at(1001)) == []
    assert acquirer.tally.late == 1


def test_echo_and_cut_over_messages_are_answered() -> None:
    """An 0800 from the switch gets an 0810 with 00 and the same code."""
    acquirer = signed_on()
    for code in ("301", "201"):
        request = Message("0800", {7: "1123093015", 11: "000009", 33: "900001", 70: code})
        (answer,) = acquirer.receive(request, at(2))
        assert answer == Message("0810", {**request.fields, 39: "00"})


def test_t07_trace_numbers_wrap_from_999999_to_000001() -> None:
    """The STAN after 999999 is 000001, never 000000."""
    acquirer = SimulatedAcquirer(SIDE, first_stan=999_999)
    stans = [acquirer.connected(at(n))[0].fields[11] for n in range(3)]
    assert stans == ["999999", "000001", "000002"]
