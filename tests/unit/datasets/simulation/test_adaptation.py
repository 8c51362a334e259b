"""Fraudsters move away from what gets caught, and nobody does where adaptation is off."""

from datetime import date

import numpy as np
import pytest

from riskml.datasets.simulation import WorldConfig, build_config, load_config
from riskml.datasets.simulation.adaptation import Learning
from riskml.datasets.simulation.calibration import fit_levels
from riskml.datasets.simulation.catches import Catches
from riskml.datasets.simulation.engine import Lived, Span, live
from riskml.datasets.simulation.parties import BAD
from riskml.datasets.simulation.week import draw_week
from riskml.datasets.simulation.world import World, build_world

OFF = {"goods": 0.0, "source": 0.0, "shipper": 0.0, "scheme": 0.0, "pressure": 0.0}
FULL = {"goods": 1.0, "source": 1.0, "shipper": 1.0, "scheme": 1.0, "pressure": 1.0}
SPAN = Span(date(2019, 10, 1), 270, 0.2, 3)
LATE = 150
"""Days before the end of the span from which on conduct is looked at."""


def lived(config: WorldConfig, span: Span = SPAN) -> tuple[World, list[Lived]]:
    world = build_world(config, span.scale, span.seed)
    return world, list(live(world, fit_levels(world), span))


def repeated(world: World, weeks: list[Lived]) -> float:
    """Return the share of caught fraudsters' later bills with the goods and source caught."""
    caught = {}
    for week in weeks:
        done = week.inspections
        bill = week.week.loads.bill[done.load[done.found]]
        bills = week.week.bills
        for closed, one in zip(done.closed_at[done.found], bill, strict=True):
            actor = int(bills.importer[one])
            if world.importers.character[actor] == BAD:
                caught.setdefault(actor, (closed, bills.commodity[one], bills.origin[one]))
    same = []
    for week in weeks:
        bills, listed = week.week.bills, week.week.routes.listed_at
        for actor, (closed, commodity, origin) in caught.items():
            later = (bills.importer == actor) & (listed > closed + 7 * 86_400_000_000)
            same += ((bills.commodity == commodity) & (bills.origin == origin))[later].tolist()
    assert len(same) > 100
    return float(np.mean(same))


@pytest.mark.slow
def test_what_was_caught_is_repeated_less_the_more_one_adapts() -> None:
    off, default, full = (
        repeated(*lived(build_config({"adaptation": changes}))) for changes in (OFF, {}, FULL)
    )
    # Not at all, by the documented shares, and wholly but for other trades alike.
    assert full < 0.3 * off
    assert full < default < 0.85 * off


def test_with_adaptation_off_the_world_is_as_if_nobody_was_caught() -> None:
    span = Span(date(2020, 3, 1), 60, 0.05, 3)
    world, weeks = lived(build_config({"adaptation": OFF}), span)
    for week in weeks:
        fresh = draw_week(world, week.week.number)
        np.testing.assert_array_equal(week.week.bills.commodity, fresh.bills.commodity)
        np.testing.assert_array_equal(week.week.bills.scheme, fresh.bills.scheme)
        np.testing.assert_array_equal(week.week.risk, fresh.risk)


def caught(world: World, size: int, kind: int) -> Catches:
    """Return one catch of each of some fraudsters, with its first trade."""
    importers = world.importers
    actor = np.flatnonzero(importers.character == BAD)[:size]
    return Catches(
        closed_at=18_300 * 86_400_000_000 + np.arange(len(actor)),
        importer=actor,
        generation=np.zeros(len(actor), dtype=np.int64),
        commodity=importers.commodity[actor, 0],
        origin=importers.origin[actor, 0],
        kind=np.full(len(actor), kind),
    )


def test_a_catch_moves_only_who_was_caught() -> None:
    world = build_world(build_config({"adaptation": FULL}), 0.3, 3)
    learning, catches = Learning.blank(world), caught(world, 30, 3)
    learning.learn(world, catches)
    ways, before = learning.ways, world.importers
    others = np.setdiff1d(np.arange(len(before)), catches.importer)
    for name in ("scheme", "commodity", "origin", "shipper"):
        now, was = getattr(ways, name), getattr(before, name)
        np.testing.assert_array_equal(now[others], was[others])
    assert (ways.scheme[catches.importer] != 3).all()
    # The one caught; further trades only where they were the same.
    moved = (ways.commodity != before.commodity)[catches.importer]
    assert moved[:, 0].mean() > 0.9
    assert moved[:, 1:].mean() < 0.2
    assert (world.shippers.country[ways.shipper] == ways.origin)[catches.importer, 0].all()


def test_the_shares_are_those_of_the_parameters() -> None:
    changes = {**OFF, "scheme": 0.3, "shipper": 0.6}
    world = build_world(build_config({"adaptation": changes}), 1.0, 3)
    learning, catches = Learning.blank(world), caught(world, 10_000, 2)
    learning.learn(world, catches)
    own = catches.importer
    assert len(own) > 60
    again = world.importers.scheme[own] == 2
    left = (learning.ways.scheme[own] != 2)[again]
    assert left.mean() == pytest.approx(0.3, abs=0.25)
    new = (learning.ways.shipper != world.importers.shipper)[own, 0]
    assert new.mean() == pytest.approx(0.6, abs=0.15)
    np.testing.assert_array_equal(learning.ways.commodity, world.importers.commodity)


def test_a_scheme_caught_much_loses_ground_and_regains_it() -> None:
    world = build_world(load_config(), 1.0, 3)
    learning = Learning.blank(world)
    practice = np.repeat(np.arange(1, 6), 100)
    none = caught(world, 0, 1)
    for _ in range(10):
        learning.observe(practice)
        learning.learn(world, caught(world, 5, 4))
    low = learning.ways.appeal[3]
    assert low < 0.7 < 1.0 < learning.ways.appeal[0]
    for _ in range(200):
        learning.observe(practice)
        learning.learn(world, none)
    assert learning.ways.appeal == pytest.approx(np.ones(5), abs=0.05)


def test_popular_schemes_are_drawn_less_once_they_have_lost_appeal(world: World) -> None:
    learning = Learning.blank(world)
    before = draw_week(world, 2600, learning.ways).bills.scheme
    learning.ways.appeal[0] = 0.05
    after = draw_week(world, 2600, learning.ways).bills.scheme
    np.testing.assert_array_equal(before > 0, after > 0)
    assert (after == 1).sum() < 0.8 * (before == 1).sum()
