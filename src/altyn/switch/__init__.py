"""The online path: what must happen when a message comes, time passes, or a line breaks."""

from altyn.switch.delivery import order_problem
from altyn.switch.effects import (
    ADDITIONAL_ENTRY,
    FACT_ENTRY,
    ISSUER_DID_NOT_ANSWER,
    ISSUER_NOT_ASKED,
    NO_SOURCE,
    Advise,
    Alarm,
    Disconnect,
    Effect,
    Forward,
    NetworkReply,
    NetworkRequest,
    Recall,
    Record,
    Reply,
)
from altyn.switch.events import (
    AdviceOrdered,
    CutOverOrdered,
    IntakeChanged,
    LinkDown,
    LinksChanged,
    LinkUp,
    NetworkAnswered,
    NetworkRequested,
    Recalled,
    RegistryActivated,
    TimeDue,
    Unserved,
)
from altyn.switch.evidence import CardVerifier, Evidence
from altyn.switch.forwarding import STAGE_NAMES, AdviceQueue, OwedAdvice
from altyn.switch.health import Condition, Health, HealthTerms, Measured
from altyn.switch.link import Link, LinkTerms
from altyn.switch.positions import PositionLine, Positions
from altyn.switch.recovery import recall, recover, replay, save_snapshot
from altyn.switch.routing import Route
from altyn.switch.state import FINISHED_MAX, SwitchState
from altyn.switch.switch import Switch, microseconds

__all__ = [
    "ADDITIONAL_ENTRY",
    "FACT_ENTRY",
    "FINISHED_MAX",
    "ISSUER_DID_NOT_ANSWER",
    "ISSUER_NOT_ASKED",
    "NO_SOURCE",
    "STAGE_NAMES",
    "AdviceOrdered",
    "AdviceQueue",
    "Advise",
    "Alarm",
    "CardVerifier",
    "Condition",
    "CutOverOrdered",
    "Disconnect",
    "Effect",
    "Evidence",
    "Forward",
    "Health",
    "HealthTerms",
    "IntakeChanged",
    "Link",
    "LinkDown",
    "LinkTerms",
    "LinkUp",
    "LinksChanged",
    "Measured",
    "NetworkAnswered",
    "NetworkReply",
    "NetworkRequest",
    "NetworkRequested",
    "OwedAdvice",
    "PositionLine",
    "Positions",
    "Recall",
    "Recalled",
    "Record",
    "RegistryActivated",
    "Reply",
    "Route",
    "Switch",
    "SwitchState",
    "TimeDue",
    "Unserved",
    "microseconds",
    "order_problem",
    "recall",
    "recover",
    "replay",
    "save_snapshot",
]
