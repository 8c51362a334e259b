"""The default world against the published quarter: 6,198 scans, 144 suspicious, 31 violations."""

import math
from datetime import date

import numpy as np
import pytest

from benchmarks import reference_quarter
from riskml.datasets.simulation import load_config
from riskml.datasets.simulation.measures import Arrivals, simulate_arrivals
from riskml.evaluation.intervals import wilson_interval

FIRST, LAST = date(2020, 7, 1), date(2020, 9, 30)
SCANS = {"Hai Phong": 2699, "Da Nang": 127, "Ho Chi Minh City": 1163}
PUBLISHED = reference_quarter.PUBLISHED["default"]


def quarter(seed: int) -> Arrivals:
    """Simulate fifteen months of officers' learning and the quarter, at full size."""
    start = date(2019, 4, 1)
    return simulate_arrivals(start, (LAST - start).days + 1, 1.0, seed).between(FIRST, LAST)


def ratios(arrivals: Arrivals) -> dict[str, tuple[int, int]]:
    counts = arrivals.counts()
    found = {
        "suspicious / scans": (counts.suspicious, counts.scans),
        "violations / suspicious": (counts.violations, counts.suspicious),
        "violations / scans": (counts.violations, counts.scans),
    }
    for number, office in enumerate(load_config().offices):
        of_office = arrivals.where(arrivals.office == number).counts()
        found[office.name] = (of_office.violations, of_office.scans)
    return found


@pytest.mark.slow
def test_the_quarter_alone_makes_exactly_the_published_scans() -> None:
    arrivals = simulate_arrivals(FIRST, (LAST - FIRST).days + 1, 1.0, 7)
    assert arrivals.counts().scans == 6198
    for number, office in enumerate(load_config().offices):
        scans = arrivals.where(arrivals.office == number).counts().scans
        assert scans == SCANS.get(office.name, scans)
    assert len(arrivals.day) == pytest.approx(124_000, rel=0.02)


@pytest.mark.full
def test_twenty_seeds_lie_within_sampling_error() -> None:
    runs = [ratios(quarter(seed)) for seed in range(20)]
    for name, (hits, trials) in PUBLISHED.items():
        seen = np.array([run[name] for run in runs])
        pooled, published = seen[:, 0].sum() / seen[:, 1].sum(), hits / trials
        both = (seen[:, 0].sum() + hits) / (seen[:, 1].sum() + trials)
        error = math.sqrt(both * (1 - both) * (1 / seen[:, 1].sum() + 1 / trials))
        assert abs(pooled - published) < 1.96 * error, name
        low, high = wilson_interval(int(seen[:, 0].sum()), int(seen[:, 1].sum()), 0.99)
        assert low <= published <= high, name
        intervals = [wilson_interval(int(h), int(n)) for h, n in seen]
        covered = sum(low <= published <= high for low, high in intervals)
        # 16 of 20 or fewer would come with probability 0.016 if coverage were 95 %.
        assert covered >= 17, name
    assert all(run["violations / scans"][1] == 6198 for run in runs)


@pytest.mark.slow
def test_four_seeds_come_near_it() -> None:
    runs = [ratios(quarter(seed)) for seed in range(40, 44)]
    for name in ("suspicious / scans", "violations / suspicious", "violations / scans"):
        seen = np.array([run[name] for run in runs]).sum(axis=0)
        low, high = wilson_interval(int(seen[0]), int(seen[1]), 0.999)
        hits, trials = PUBLISHED[name]
        assert low <= hits / trials <= high, name
    for run in runs:
        assert {name: run[name][1] for name in SCANS} == SCANS
