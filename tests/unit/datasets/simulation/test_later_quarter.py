"""The world of 2023 against its quarter: 20,655 scans, 1,128 suspicious, 88 violations."""

import math
from datetime import date
from pathlib import Path

import pytest

from riskml.datasets.simulation import default_start, load_config
from riskml.datasets.simulation.measures import PeriodCounts, simulate_arrivals
from riskml.errors import ConfigError

FIRST, LAST = date(2023, 1, 1), date(2023, 3, 31)
SCANS, SUSPICIOUS, VIOLATIONS = 20655, 1128, 88


def quarter(seed: int, start: date) -> PeriodCounts:
    days = (LAST - start).days + 1
    arrivals = simulate_arrivals(start, days, 1.0, seed, load_config("2023q1"))
    return arrivals.between(FIRST, LAST).counts()


def assert_near(runs: list[PeriodCounts], errors: float) -> None:
    """Pooled ratios lie within so many standard errors of the published ones, theirs included."""
    scans = sum(run.scans for run in runs)
    assert scans == SCANS * len(runs)
    for seen, published in (
        (sum(run.suspicious for run in runs), SUSPICIOUS),
        (sum(run.violations for run in runs), VIOLATIONS),
    ):
        both = (seen + published) / (scans + SCANS)
        error = math.sqrt(both * (1 - both) * (1 / scans + 1 / SCANS))
        assert abs(seen / scans - published / SCANS) < errors * error


@pytest.mark.slow
def test_two_seeds_come_near_it() -> None:
    assert_near([quarter(seed, date(2022, 10, 1)) for seed in (40, 41)], 2.58)


@pytest.mark.full
def test_twenty_seeds_lie_within_sampling_error() -> None:
    assert_near([quarter(seed, date(2022, 1, 1)) for seed in range(20)], 1.96)


def test_suspicion_doubled_while_violations_held() -> None:
    then, later = load_config(), load_config("2023q1")
    assert later.reference.suspicion_rate > 2 * then.reference.suspicion_rate
    found = [sum(o.scans * o.hit_rate for o in each.offices) for each in (then, later)]
    scans = [sum(o.scans for o in each.offices) for each in (then, later)]
    assert found == pytest.approx([31, 88], abs=0.01)
    assert 0.8 < (found[1] / scans[1]) / (found[0] / scans[0]) < 1


def test_a_world_begins_two_years_before_its_quarter_is_over() -> None:
    assert default_start(load_config()) == date(2018, 10, 1)
    assert default_start(load_config("2023q1")) == date(2021, 4, 1)


def test_an_unknown_world_names_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="2023q1"):
        load_config(tmp_path / "2024q1")
