"""Network management: who signs on and off, and what that means for what an issuer was asked."""

from typing import Final

from altyn.clock import MICROSECONDS_PER_SECOND
from altyn.identifiers import ParticipantId
from altyn.switch import line_watch, standin
from altyn.switch.desk import Desk
from altyn.switch.effects import NetworkReply
from altyn.switch.events import NetworkAnswered, NetworkRequested
from altyn.switch.line_watch import ECHO_TEST, SIGN_ON
from altyn.switch.link import Link
from altyn.transaction import Outcome

SIGN_OFF: Final = "002"
CUT_OVER: Final = "201"


def line_lost(desk: Desk, participant_id: ParticipantId) -> None:
    """With the last line of an issuer, what it was asked ends and is reversed (F19)."""
    if desk.reachable(participant_id):
        return
    issuer = desk.state.issuers.get(participant_id)
    if issuer is None:
        return
    for transaction in list(issuer.pending.values()):
        standin.end_or_stand_in(desk, transaction, Outcome.ISSUER_LINK_LOST)
    issuer.advices.stop()


def take_request(desk: Desk, event: NetworkRequested) -> None:
    """A participant signs on or off, tests the line, or asks for what we do not serve."""
    link = desk.links[event.link_id]
    code = _refusal(desk, link, event)
    if code == "00" and event.code == SIGN_ON:
        if event.transmission:
            link.signed_on_s = desk.moment_of(event.transmission)
        _signed_on(desk, link)
    elif code == "00" and event.code == SIGN_OFF and link.sign_off():
        desk.record_fact(fact="signed-off", link=event.link_id)
    desk.effects.append(NetworkReply(event.origin, event.payload, code))
    if code == "00" and event.code == SIGN_ON:
        desk.send_advices(link.terms.participant_id)
    elif code == "00" and event.code == SIGN_OFF:
        line_lost(desk, link.terms.participant_id)


def take_answer(desk: Desk, event: NetworkAnswered) -> None:
    """A participant answered our echo test or our sign-on."""
    link = desk.links[event.link_id]
    line_watch.echo_answered(link, event.code, event.response_code)
    if event.code == SIGN_ON and event.response_code == "00" and link.connected:
        _signed_on(desk, link)
        desk.send_advices(link.terms.participant_id)


def _signed_on(desk: Desk, link: Link) -> None:
    if link.sign_on():
        link.health.return_early()
        desk.record_fact(fact="signed-on", link=link.terms.link_id)


def _refusal(desk: Desk, link: Link, event: NetworkRequested) -> str:
    """The response code (DE39): 00 for what may take effect."""
    if event.institution and not _owns(desk, link, event.institution):
        desk.alarm("foreign-institution", f"link {event.link_id} in a network message")
        return "58"
    if event.code in (SIGN_ON, SIGN_OFF):
        if _is_replay(desk, event):
            desk.alarm("network-message-replayed", f"link {event.link_id}, code {event.code}")
            return "12"
        if event.code == SIGN_OFF and _is_overtaken(desk, link, event):
            desk.alarm("sign-off-overtaken", f"link {event.link_id}")
            return "12"
        return "00"
    return "00" if event.code in (ECHO_TEST, CUT_OVER) else "12"


def _owns(desk: Desk, link: Link, institution: str) -> bool:
    participant = desk.state.registry.by_institution.get(institution)
    return participant is not None and participant.participant_id == link.terms.participant_id


def _is_replay(desk: Desk, event: NetworkRequested) -> bool:
    """Whether DE7 of a sign-on or sign-off is not of now: it may be an old one (F30)."""
    if event.transmission is None:
        return False
    age_s = desk.now.utc_us // MICROSECONDS_PER_SECOND - desk.moment_of(event.transmission)
    return abs(age_s) > desk.state.registry.scheme.transmission_tolerance_ahead_s


def _is_overtaken(desk: Desk, link: Link, event: NetworkRequested) -> bool:
    """Whether a sign-off was sent before the sign-on that stands.

    A connection that hung may deliver it late; taken, it would end the sign-on behind the back of
    the participant, which would wait for traffic that nobody sends (F30).
    """
    return bool(event.transmission) and desk.moment_of(event.transmission or "") < link.signed_on_s
