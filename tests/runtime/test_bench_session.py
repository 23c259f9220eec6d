"""The acquirer of a load run: what counts as an answer, and from when latency counts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.message import Message, load_codec
from altyn.runtime.load.frame_layout import DIALECT, frame_of
from altyn.runtime.load.issuer_answers import IssuerAnswers
from altyn.runtime.load.load_session import AcquirerLine, LoadSession
from altyn.runtime.load.loop_watch import LoopWatch
from altyn.runtime.percentiles import percentiles

CODEC = load_codec(DIALECT)


def started() -> tuple[LoadSession, AcquirerLine]:
    """A session that measures from the beginning, and a line of it."""
    session = LoadSession(CODEC)
    session.tell_time("1231", "235959")
    session.open_window(0.0)
    return session, AcquirerLine(7)


def reply_to(request: bytes) -> Message:
    """The issuer's reply to one request frame, to be changed by a test."""
    return CODEC.decode(IssuerAnswers(CODEC).answer(request)[0][2:])


def split(frames: bytes) -> list[Message]:
    """The messages of frames that follow each other."""
    messages = []
    while frames:
        length = int.from_bytes(frames[:2], "big")
        messages.append(CODEC.decode(frames[2 : 2 + length]))
        frames = frames[2 + length :]
    return messages


def test_requests_differ_where_they_must() -> None:
    """Trace and reference numbers count up; time and terminal are those of now and of the line."""
    session, line = started()
    messages = split(session.requests(line, [1.0, 2.0, 3.0]))
    assert [m.fields[11] for m in messages] == ["000001", "000002", "000003"]
    assert [m.fields[37] for m in messages] == [f"{n:012d}" for n in (1, 2, 3)]
    assert {m.fields[41] for m in messages} == {"LOAD0007"}
    assert {(m.fields[7], m.fields[12], m.fields[13]) for m in messages} == {
        ("1231235959", "235959", "1231")
    }
    assert len({m.fields[2] for m in messages}) == 3


def test_trace_numbers_go_on_over_all_lines_and_wrap_without_zero() -> None:
    """A trace number is the acquirer's, not the line's; 000000 names no request."""
    session = LoadSession(CODEC, first_reference=999_998)
    lines = (AcquirerLine(0), AcquirerLine(1))
    stans = [split(session.requests(line, [0.0]))[0].fields[11] for line in (*lines, lines[0])]
    assert stans == ["999999", "000001", "000002"]


@given(st.integers(1, 30), st.lists(st.integers(0, 5000), max_size=4))
def test_replies_may_come_in_pieces(count: int, cuts: list[int]) -> None:
    """However the replies are cut, each answers its request once, at the moment it was whole."""
    session, line = started()
    replies, _ = IssuerAnswers(CODEC).answer(session.requests(line, [1.0] * count))
    places = sorted({min(cut, len(replies)) for cut in cuts} | {0, len(replies)})
    answered = sum(session.receive(line, replies[a:b], 3.0) for a, b in pairwise(places))
    assert answered == count
    assert session.latencies.tolist() == [2.0] * count
    assert session.codes == {b"00": count}
    assert not line.pending and not line.rest


def test_replies_in_another_order_find_their_requests() -> None:
    """An issuer may answer the second request first; each latency is its own."""
    session, line = started()
    requests = [session.requests(line, [due]) for due in (1.0, 2.0)]
    replies = b"".join(frame_of(CODEC, reply_to(request)) for request in reversed(requests))
    assert session.receive(line, replies, 5.0) == 2
    assert session.latencies.tolist() == [3.0, 4.0]


def test_f02_second_answer_counts_as_unmatched() -> None:
    """The first answer counts; the second answers nothing."""
    session, line = started()
    reply = frame_of(CODEC, reply_to(session.requests(line, [0.0])))
    assert session.receive(line, reply + reply, 1.0) == 1
    assert (session.unmatched, session.codes[b"00"]) == (1, 1)


def test_f03_answer_for_an_unknown_stan_is_unmatched() -> None:
    """An answer to a request that was never made is counted and answers nothing."""
    session, line = started()
    reply = reply_to(session.requests(line, [0.0]))
    reply.fields[11] = "654321"
    assert session.receive(line, frame_of(CODEC, reply), 1.0) == 0
    assert (session.unmatched, len(line.pending)) == (1, 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (2, "9999990000000004"),
        (4, "000000000001"),
        (7, "0101000000"),
        (37, "999999999999"),
        (41, "LOAD0008"),
        (49, "840"),
    ],
)
def test_f04_answer_with_a_changed_echo_is_no_approval(field: int, value: str) -> None:
    """Every echoed field is compared, on the first reply of a shape and on those after it."""
    session, line = started()
    for place in (1, 2):
        reply = reply_to(session.requests(line, [0.0]))
        reply.fields[field] = value
        session.receive(line, frame_of(CODEC, reply), 1.0)
        assert (session.mismatched, session.codes.total()) == (place, 0)


def test_fields_that_the_switch_adds_are_read_over() -> None:
    """Amounts, dates and rates between the echoed fields do not hide them."""
    session, line = started()
    reply = reply_to(session.requests(line, [0.0]))
    reply.fields |= {5: "0" * 12, 9: "61000000", 15: "1231", 33: "900001", 50: "978"}
    assert session.receive(line, frame_of(CODEC, reply), 1.0) == 1
    assert (session.codes, session.mismatched) == ({b"00": 1}, 0)


@pytest.mark.parametrize("field", [7, 11, 32, 37, 39])
def test_answer_without_its_identity_is_malformed(field: int) -> None:
    """A reply that leaves out what identifies a transaction is not counted as an answer."""
    session, line = started()
    reply = reply_to(session.requests(line, [0.0]))
    del reply.fields[field]
    assert session.receive(line, frame_of(CODEC, reply), 1.0) == 0
    assert (session.malformed, len(line.pending)) == (1, 1)


def test_declines_are_counted_by_their_code() -> None:
    """A decline is an answer, but no approval."""
    session, line = started()
    for code in ("51", "91", "51"):
        reply = reply_to(session.requests(line, [0.0]))
        reply.fields[39] = code
        session.receive(line, frame_of(CODEC, reply), 1.0)
    assert session.codes == {b"51": 2, b"91": 1}


def test_network_message_of_the_switch_is_answered() -> None:
    """An echo test on an acquirer's line gets its 0810, and is no reply to anything."""
    session, line = started()
    echo = Message("0800", {7: "0101000000", 11: "000009", 70: "301"})
    assert session.receive(line, frame_of(CODEC, echo), 1.0) == 0
    answer = CODEC.decode(b"".join(line.answers)[2:])
    assert answer == Message("0810", {**echo.fields, 39: "00"})


def test_window_leaves_out_what_was_due_before_it() -> None:
    """Replies to the warm-up's requests count as answers but not as measurements."""
    session, line = started()
    session.open_window(2.0)
    data = session.requests(line, [1.0, 2.0])
    session.receive(line, IssuerAnswers(CODEC).answer(data)[0], 4.0)
    session.close_window()
    data = session.requests(line, [5.0])
    session.receive(line, IssuerAnswers(CODEC).answer(data)[0], 6.0)
    assert session.latencies.tolist() == [2.0]
    assert (session.codes[b"00"], session.codes_outside[b"00"], session.sent) == (1, 2, 3)


def test_requests_that_waited_too_long_are_given_up() -> None:
    """What is given up is counted once; an answer that comes after that is unmatched (F01)."""
    session, line = started()
    old, new = (session.requests(line, [due]) for due in (1.0, 9.0))
    assert session.give_up(line, due_before=5.0) == 1
    assert session.give_up(line, due_before=5.0) == 0
    replies = b"".join(IssuerAnswers(CODEC).answer(data)[0] for data in (old, new))
    assert session.receive(line, replies, 10.0) == 1
    assert (session.timed_out, session.unmatched, session.latencies.tolist()) == (1, 1, [1.0])


def test_stall_shows_in_every_request_that_was_due_meanwhile() -> None:
    """An issuer that stands still for 300 ms at 1,000/s delays 300 requests, not one.

    Counted from when they were sent, a generator that waits for an answer would have seen one slow
    request in ten seconds, and a p99.9 without a stall.
    """
    session, line = started()
    answers, held = IssuerAnswers(CODEC), list[bytes]()
    for number in range(1, 10_001):
        due = number / 1000
        held.append(answers.answer(session.requests(line, [due]))[0])
        if not 5.0 <= due < 5.3:
            session.receive(line, b"".join(held), due)
            held.clear()
    found = percentiles(session.latencies)
    assert found.count == 10_000
    assert found.p50 == 0.0
    assert found.p99 == pytest.approx(0.200, abs=1e-6)
    assert found.p99_9 == pytest.approx(0.290, abs=1e-6)
    assert found.maximum == pytest.approx(0.300, abs=1e-6)


def test_pause_of_the_generator_gives_nothing_up_unread() -> None:
    """After standing still for 20 s the watch trusts only what it saw before, once."""
    watch = LoopWatch(0.0)
    for moment in (0.5, 1.0, 21.0):
        watch.turn(moment)
    assert watch.inspect(1.0) == 0.0
    assert watch.inspect(21.0) == 1.0
    assert watch.inspect(22.0) == 21.0
    assert watch.longest_pause == 20.0
    watch.forget()
    watch.turn(21.05)
    assert watch.longest_pause == pytest.approx(0.05)
