"""Simulated worlds on all cores, and what people see of them."""

from altyn.runtime.simulation.page import figures_table, finding_page, swarm_table
from altyn.runtime.simulation.swarm import Swarm, SwarmFigures

__all__ = ["Swarm", "SwarmFigures", "figures_table", "finding_page", "swarm_table"]
