from datetime import date

import numpy as np
import pytest

from riskml.datasets.simulation import SimulatedWorld
from riskml.datasets.simulation.engine import Lived
from riskml.datasets.simulation.inspection import delay_parameters, inspect
from riskml.datasets.simulation.measures import PeriodCounts, count_period, recall_at
from riskml.datasets.simulation.sampling import Draw
from riskml.datasets.simulation.world import World

DAY = 86_400_000_000


def everything_selected(lived: Lived) -> Draw:
    size = len(lived.week.loads)
    return Draw(np.ones(size), np.zeros(size), np.ones(size, dtype=bool))


def test_the_delay_has_the_measured_quantiles(world: World, weeks: list[Lived]) -> None:
    location, spread = delay_parameters(world)
    assert np.exp(location) == pytest.approx(2.5)
    assert np.exp(location + 1.2815516 * spread) == pytest.approx(28.0)
    # Two measured quantiles fix the lognormal; the third must follow of itself.
    assert np.exp(location + 2.3263479 * spread) == pytest.approx(205.0, rel=0.03)
    delays = []
    for lived in weeks:
        must = np.zeros(len(lived.week.loads), dtype=bool)
        draw = everything_selected(lived)
        done = inspect(world, lived.week, draw, must, lived.outcomes, 0.5)
        delays.append((done.closed_at - done.scanned_at)[done.opened] / DAY)
    drawn = np.concatenate(delays)
    assert len(drawn) > 2000
    measured = np.log(np.quantile(drawn, [0.5, 0.9, 0.99]))
    np.testing.assert_allclose(measured, np.log([2.5, 28.0, 205.0]), atol=0.25)


def test_scanners_miss_and_mistake(world: World, weeks: list[Lived]) -> None:
    violation, suspicious = [], []
    for lived in weeks:
        must = np.zeros(len(lived.week.loads), dtype=bool)
        done = inspect(world, lived.week, everything_selected(lived), must, lived.outcomes, 0.02)
        violation.append(lived.outcomes.violation)
        suspicious.append(done.suspicious)
    guilty, seen = np.concatenate(violation), np.concatenate(suspicious)
    assert 0.75 < seen[guilty].mean() <= 1.0
    assert 0.015 < seen[~guilty].mean() < 0.03


def test_counts_of_a_period_are_those_of_the_table(small: SimulatedWorld) -> None:
    rows = small.inspections
    counts = count_period(rows, date(2020, 3, 1), date(2020, 5, 31), "Asia/Ho_Chi_Minh")
    assert counts == PeriodCounts(
        scans=len(rows),
        suspicious=int((rows["scan_finding"] == "suspicious").sum()),
        violations=int(
            ((rows["result"] == "violation") & (rows["scan_finding"] == "suspicious")).sum()
        ),
        clear_opened=int((rows["opened_at"].notna() & (rows["scan_finding"] == "clear")).sum()),
        clear_violations=int(
            ((rows["result"] == "violation") & (rows["scan_finding"] == "clear")).sum()
        ),
    )
    march = count_period(rows, date(2020, 3, 1), date(2020, 3, 31), "Asia/Ho_Chi_Minh")
    assert 0 < march.scans < counts.scans


def test_recall_counts_the_best_first() -> None:
    score, probability = np.array([1.0, 4.0, 3.0, 2.0]), np.array([0.1, 0.4, 0.2, 0.3])
    assert recall_at(score, probability, (0.25, 0.5, 1.0)) == pytest.approx((0.4, 0.6, 1.0))
