"""One week of a world, drawn component by component, before anything is inspected."""

from dataclasses import dataclass

import numpy as np

from riskml.datasets.simulation.bills import Bills, draw_bills
from riskml.datasets.simulation.lines import Lines, draw_lines
from riskml.datasets.simulation.loads import Loads, draw_loads
from riskml.datasets.simulation.papers import Papers, draw_papers
from riskml.datasets.simulation.risk import bill_risk
from riskml.datasets.simulation.routes import Routes, draw_routes
from riskml.datasets.simulation.ways import Ways
from riskml.datasets.simulation.world import World

__all__ = ["Week", "draw_week"]


@dataclass(frozen=True)
class Week:
    """A week of arrivals: bills with routes, papers, containers, lines and their risk."""

    number: int
    bills: Bills
    routes: Routes
    papers: Papers
    loads: Loads
    lines: Lines
    risk: np.ndarray


def draw_week(world: World, number: int, ways: Ways | None = None) -> Week:
    """Draw a week; the same ways, the same week, whatever span it is simulated in.

    Without ``ways`` importers go about it as they usually do.
    """
    ways = ways or Ways.usual(world)
    bills = draw_bills(world, number, ways)
    routes = draw_routes(world, number, bills)
    papers = draw_papers(world, number, bills, routes)
    loads = draw_loads(world, number, bills, routes)
    lines = draw_lines(world, number, ways, bills, routes, papers, loads)
    return Week(
        number=number,
        bills=bills,
        routes=routes,
        papers=papers,
        loads=loads,
        lines=lines,
        risk=bill_risk(world, number, bills, routes),
    )
