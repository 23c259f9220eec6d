"""Watching the links: echo tests, and what a link's health makes of it.

Reached from the switch's timer twice a second for each link and whenever a test is due, at every
tick for a link that is out or on trial, and at once when a request to an issuer failed.
"""

from typing import Final

from altyn.clock import MICROSECONDS_PER_SECOND
from altyn.identifiers import LinkId
from altyn.switch.desk import Desk
from altyn.switch.effects import Disconnect, NetworkRequest
from altyn.switch.health import Condition, Sign
from altyn.switch.link import ECHOES_UNANSWERED_MAX, Link

FACTS: Final = {
    Condition.HEALTHY: "link-healthy",
    Condition.SICK: "link-sick",
    Condition.TRIAL: "link-trial",
}
"""What is recorded, and told as an alarm, when a link comes into a condition."""

SIGN_ON: Final = "001"
ECHO_TEST: Final = "301"
SIGN_ON_REPEAT_US: Final = 10 * MICROSECONDS_PER_SECOND
"""A sign-on of ours that is not answered is sent again after so long: it may have gone out over
a connection that nobody was reading any more, while the next one already stood (W01)."""


def ask(desk: Desk, link: Link, code: str) -> None:
    """Send a network management request over a link; `code` is DE70."""
    stan = desk.state.issuer(link.terms.participant_id).next_stan()
    desk.effects.append(NetworkRequest(link.terms.link_id, code, stan))


def sign_on(desk: Desk, link: Link) -> None:
    """Sign on over a link where that is ours to do, and again until it is answered."""
    link.sign_on_due_us = desk.now.monotonic_us + SIGN_ON_REPEAT_US
    ask(desk, link, SIGN_ON)


def watch(desk: Desk, link: Link) -> None:
    """Test a line that should be up, and look at its health."""
    now_us = desk.now.monotonic_us
    if 0 < link.sign_on_due_us <= now_us:
        sign_on(desk, link)
    if link.usable and link.echo_due_us <= now_us and link.echo_interval_us:
        _echo(desk, link)
    if link.asked:
        look(desk, link)
    link.watched(now_us)


def _echo(desk: Desk, link: Link) -> None:
    """One that never answers is closed (W01), and gets no requests (F31)."""
    link.echo_due_us = desk.now.monotonic_us + link.echo_interval_us
    if link.echoes_unanswered:
        link.health.count_echo(good=False)
    if link.echoes_unanswered >= ECHOES_UNANSWERED_MAX:
        desk.alarm("link-silent", f"link {link.terms.link_id}")
        if link.asked and link.health.condition is not Condition.SICK:
            _move(desk, link, Sign.FELL, f"{link.echoes_unanswered} echo tests unanswered")
        desk.effects.append(Disconnect(link.terms.link_id))
        return
    link.echoes_unanswered += 1
    ask(desk, link, ECHO_TEST)


def echo_answered(link: Link, code: str, response_code: str) -> None:
    """A network management request of ours was answered. An echo is a good sign only when it
    comes before the next test, and with 00; a refused sign-on is not asked for again."""
    if code == SIGN_ON:
        link.sign_on_due_us = 0
    if code == ECHO_TEST and link.echoes_unanswered:
        link.health.count_echo(good=link.echoes_unanswered == 1 and response_code == "00")
    link.echoes_unanswered = 0


def count_late(desk: Desk, link_id: LinkId, sent_us: int) -> None:
    """A request sent over a link was not answered in time. What went down with an earlier
    connection says nothing about the one that stands."""
    link = desk.links.get(link_id)
    if link is not None and sent_us >= link.up_since_us:
        link.health.count_late()
        look(desk, link)


def look(desk: Desk, link: Link) -> None:
    """Take a link out, put it on trial, or trust it again, as its health says."""
    sign = link.health.look(
        desk.now.monotonic_us, reachable=link.usable, echoes=link.terms.echo_interval_us > 0
    )
    if sign is not None:
        _move(desk, link, sign, "")


def _move(desk: Desk, link: Link, sign: Sign, reason: str) -> None:
    health, terms = link.health, link.terms
    window = health.window()
    health.move(sign, desk.now.monotonic_us, desk.now.utc_us, reason)
    desk.record_fact(
        fact=FACTS[health.condition],
        link=terms.link_id,
        reason=health.reason,
        sent=window.sent,
        answered=window.answered,
        slow=window.slow,
        late=window.late,
        invalid=window.invalid,
    )
    alarm = f"link {terms.link_id}: {health.reason or 'trusted again'}"
    desk.alarm(FACTS[health.condition], alarm)
    link.set_echo_interval(desk.now.monotonic_us)
    desk.rank_links(terms.participant_id)
    if desk.advice_link(terms.participant_id) is not None:
        desk.send_advices(terms.participant_id)
    elif terms.participant_id in desk.state.issuers:
        # What was under way waits with the rest, so that a trial begins with few.
        desk.state.issuers[terms.participant_id].advices.stop()
