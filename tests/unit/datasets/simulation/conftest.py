"""A small world that the tests of this folder share."""

from datetime import date

import pytest

from riskml.datasets.simulation import SimulatedWorld, load_config, simulate
from riskml.datasets.simulation.calibration import fit_levels
from riskml.datasets.simulation.engine import Lived, Span, live
from riskml.datasets.simulation.measures import Arrivals, simulate_arrivals
from riskml.datasets.simulation.week import Week, draw_week
from riskml.datasets.simulation.world import World, build_world

SPAN = Span(date(2020, 3, 1), 92, 0.05, 3)


@pytest.fixture(scope="session")
def small() -> SimulatedWorld:
    return simulate(start=SPAN.start, days=SPAN.days, scale=SPAN.scale, seed=SPAN.seed)


@pytest.fixture(scope="session")
def world() -> World:
    return build_world(load_config(), SPAN.scale, SPAN.seed)


@pytest.fixture(scope="session")
def weeks(world: World) -> list[Lived]:
    return list(live(world, fit_levels(world), SPAN))


@pytest.fixture(scope="session")
def many() -> list[Week]:
    """Draw some weeks of the full-size world, enough of each scheme to measure its signs."""
    world = build_world(load_config(), 1.0, SPAN.seed)
    return [draw_week(world, number) for number in range(2600, 2608)]


@pytest.fixture(scope="session")
def year() -> Arrivals:
    """Simulate a year of arrivals at a moderate scale, without texts."""
    return simulate_arrivals(date(2019, 10, 1), 366, 0.2, 5)
