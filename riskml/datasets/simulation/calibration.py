"""Fitting a world to the published figures before it runs.

Some weeks around the reference period are drawn without inspecting anything. On them the expected
number of scans, violations found and suspicious images under the legacy policy can be computed,
and each office's level of risk and the rate of false alarms are solved for so that the expected
figures are the published ones. The weeks depend on the seed and the scale alone, never on the
span simulated.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from riskml.datasets.simulation.calendar import day_number, week_of, week_start
from riskml.datasets.simulation.inspection import delay_parameters, false_alarms
from riskml.datasets.simulation.policy import mandatory, sees_party
from riskml.datasets.simulation.risk import detection, probability
from riskml.datasets.simulation.sampling import inclusion
from riskml.datasets.simulation.selection import plan_week, weights
from riskml.datasets.simulation.week import Week, draw_week
from riskml.datasets.simulation.world import World

__all__ = ["Levels", "fit_levels"]

_SAMPLE = 120_000
_MOST_WEEKS = 39
_STEPS = 36
_PASSES = 4
_LONGEST = 5000.0
_BIN = 0.005


@dataclass(frozen=True)
class Levels:
    """What was fitted.

    Attributes
    ----------
    office : ndarray of float64, shape (n_offices,)
        Logarithm of each office's level of risk.
    alarm_rate : float
        Chance of a false alarm on an ordinary container without a violation.
    """

    office: np.ndarray
    alarm_rate: float


@dataclass(frozen=True)
class _Pilot:
    """Containers of the pilot weeks: what fitting needs to know of them."""

    office: np.ndarray
    importer: np.ndarray
    risk: np.ndarray
    detection: np.ndarray
    proneness: np.ndarray
    exposure: np.ndarray
    weeks: list[Week]


def fit_levels(world: World) -> Levels:
    """Fit office levels and the false-alarm rate to the reference figures.

    The pilot weeks are those of importers who have learned nothing from catches yet. Whoever moves
    away from a catch looks for what pays as well, so that the fit holds under the default
    ``[adaptation]`` too (``benchmarks/reference_quarter.py`` shows it).
    """
    pilot = _draw_pilot(world)
    known = np.zeros(len(pilot.risk))
    for _ in range(_PASSES):
        pi = _inclusion(world, pilot, known)
        office = _solve(world, pilot, pi)
        found = pi * pilot.detection * probability(world, office[pilot.office], pilot.risk)
        known = _known_offenders(world, pilot, found, known)
    return Levels(office, _alarm_rate(world, pilot, pi, office))


def pilot_weeks(world: World) -> list[int]:
    """Return the weeks to draw: of the reference period, at small scales of the time before too."""
    reference = world.config.reference
    last = week_of(day_number(reference.last))
    first = week_of(day_number(reference.first))
    days = (reference.last - reference.first).days + 1
    weekly = reference.arrivals * world.scale * 7 / days
    wanted = int(np.clip(np.ceil(_SAMPLE / weekly), 5, _MOST_WEEKS))
    period = last - first + 1
    if wanted < period:
        result: list[int] = np.unique(
            np.round(np.linspace(first, last, wanted)).astype(int)
        ).tolist()
        return result
    return list(range(max(last - wanted + 1, week_of(world.calendar.first) + 1), last + 1))


def _draw_pilot(world: World) -> _Pilot:
    weeks = [draw_week(world, number) for number in pilot_weeks(world)]

    def collect(values: list[np.ndarray]) -> np.ndarray:
        spread = [v[week.loads.bill] for v, week in zip(values, weeks, strict=True)]
        return np.concatenate(spread)

    return _Pilot(
        office=collect([week.bills.office for week in weeks]),
        importer=collect([week.bills.importer for week in weeks]),
        risk=collect([week.risk for week in weeks]),
        detection=collect([detection(world, week.bills) for week in weeks]),
        proneness=collect([false_alarms(world, week) for week in weeks]),
        exposure=collect([_exposure(world, week.bills.age) for week in weeks]),
        weeks=weeks,
    )


def _inclusion(world: World, pilot: _Pilot, known: np.ndarray) -> np.ndarray:
    """Return the inclusion probability of each container, given how likely offences are known."""
    policy, parts, done = world.config.policy, [], 0
    for week in pilot.weeks:
        monday = week_start(week.number)
        spent = world.calendar.capacity_before(monday)
        plan, _ = plan_week(world, week, spent, monday, monday + 6)
        start = done + week.loads.start[:-1]
        sure = known[start] * sees_party(week)
        done += len(week.loads)
        weight = weights(world, week, sure)[week.loads.bill]
        must = mandatory(world, week)[week.loads.bill]
        parts.append(inclusion(plan, weight, must, policy.exploration, policy.mandatory_most)[0])
    return np.concatenate(parts)


def _solve(world: World, pilot: _Pilot, pi: np.ndarray) -> np.ndarray:
    """Return the levels at which each office finds its share of violations, by bisection.

    Containers of an office are gathered into narrow bins of risk first, each with its mean risk:
    within a bin the probability is as good as linear.
    """
    offices = len(world.config.offices)
    scans = np.bincount(pilot.office, weights=pi, minlength=offices)
    target = scans * np.array([office.hit_rate for office in world.config.offices])
    lowest = pilot.risk.min()
    n_bins = int((pilot.risk.max() - lowest) / _BIN) + 1
    place = pilot.office * n_bins + ((pilot.risk - lowest) / _BIN).astype(np.int64)
    seen = pi * pilot.detection
    weight = np.bincount(place, weights=seen, minlength=offices * n_bins)
    total = np.bincount(place, weights=seen * pilot.risk, minlength=offices * n_bins)
    full = np.flatnonzero(weight > 0.0)
    office, weight, risk = full // n_bins, weight[full], total[full] / weight[full]
    low, high = np.full(offices, -25.0), np.full(offices, 10.0)
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        p = probability(world, middle[office], risk)
        found = np.bincount(office, weights=weight * p, minlength=offices)
        low, high = np.where(found < target, middle, low), np.where(found < target, high, middle)
    result: np.ndarray = (low + high) / 2.0
    return result


def _known_offenders(
    world: World, pilot: _Pilot, found: np.ndarray, known: np.ndarray
) -> np.ndarray:
    """Return how likely each pilot container's importer has a known offence, by renewal.

    An identity becomes known at its first offence, so the rate that counts is that of an unknown
    one; what is found on its bills until now is closed after the verification delay.
    """
    gain = np.exp(world.config.policy.sharpness * world.config.policy.known_offender) - 1.0
    at_first = found / (1.0 + gain * known)
    total = np.bincount(pilot.importer, weights=at_first, minlength=len(world.importers))
    per_day = total[pilot.importer] / (7.0 * len(pilot.weeks))
    result: np.ndarray = -np.expm1(-per_day * pilot.exposure)
    return result


def _exposure(world: World, age: np.ndarray) -> np.ndarray:
    """Return the days of an identity's life from which offences would be closed by now."""
    location, spread = delay_parameters(world)
    grid = np.arange(0.0, _LONGEST, 5.0)
    closed = ndtr((np.log(np.maximum(grid, 1e-3)) - location) / spread)
    result: np.ndarray = np.interp(age, grid, np.cumsum(closed) * 5.0)
    return result


def _alarm_rate(world: World, pilot: _Pilot, pi: np.ndarray, office: np.ndarray) -> float:
    """Return the rate at which suspicious images are as frequent as published."""
    p = probability(world, office[pilot.office], pilot.risk)
    opening = world.config.inspection.opened_suspicious * world.config.inspection.examination
    true_alarms = float((pi * p * pilot.detection).sum()) / opening
    wanted = world.config.reference.suspicion_rate * float(pi.sum()) - true_alarms
    rate = wanted / float((pi * (1.0 - p) * pilot.proneness).sum())
    return float(np.clip(rate, 0.0, 0.5))
