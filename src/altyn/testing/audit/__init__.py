"""The auditor of the simulated world, written apart from the switch that it audits."""

from altyn.testing.audit.auditor import Auditor
from altyn.testing.audit.failure import AuditFailure

__all__ = ["AuditFailure", "Auditor"]
