"""From the list to the result: scanner, reader, opening, and how long it all takes.

The propensity logged is the whole inclusion probability, whatever the channel: inverse
propensities are right over *all* selected rows. The channel says which part of it a row is owed
to: within an office's day every arrival (mandatory ones apart) has the same chance of being picked
as ``exploration``, so those rows are, unweighted, a fair sample of the office's day.
"""

from dataclasses import dataclass

import numpy as np

from riskml.datasets.simulation.bills import LCL
from riskml.datasets.simulation.calendar import MICROSECONDS_PER_DAY
from riskml.datasets.simulation.risk import Outcomes
from riskml.datasets.simulation.sampling import Draw
from riskml.datasets.simulation.week import Week
from riskml.datasets.simulation.world import World

__all__ = ["CHANNELS", "NO_TIME", "Inspections", "delay_parameters", "false_alarms", "inspect"]

CHANNELS = ("mandatory", "officer", "exploration")
MANDATORY, OFFICER, EXPLORATION = range(3)
NO_TIME = np.iinfo(np.int64).min
_HOUR = MICROSECONDS_PER_DAY // 24
_MINUTE = _HOUR // 60
_P90 = 1.2815515655446004


@dataclass(frozen=True)
class Inspections:
    """Inspections of a week, arrays of shape (n_selected,); times in microseconds of UTC.

    Attributes
    ----------
    load : int64, number of the container
    channel, scanner : int64
    propensity : float64
    selected_at, scanned_at, reviewed_at, opened_at, closed_at : int64, ``NO_TIME`` where not
    suspicious, opened, found : bool
    severity, revenue : float64, of what was found
    """

    load: np.ndarray
    channel: np.ndarray
    scanner: np.ndarray
    propensity: np.ndarray
    selected_at: np.ndarray
    scanned_at: np.ndarray
    reviewed_at: np.ndarray
    opened_at: np.ndarray
    closed_at: np.ndarray
    suspicious: np.ndarray
    opened: np.ndarray
    found: np.ndarray
    severity: np.ndarray
    revenue: np.ndarray

    def __len__(self) -> int:
        """Return the number of inspections."""
        return len(self.load)


def delay_parameters(world: World) -> tuple[float, float]:
    """Return location and scale of the lognormal delay, in log days.

    Its median and 90th percentile are the measured ones; the 99th percentile then follows:
    2.5 and 28 days give 202, measured were 205.
    """
    inspection = world.config.inspection
    location = float(np.log(inspection.delay_median_days))
    return location, (float(np.log(inspection.delay_p90_days)) - location) / _P90


def false_alarms(world: World, week: Week) -> np.ndarray:
    """Return how prone each bill is to a false alarm, relative to ordinary ones."""
    groupage = world.config.inspection.false_alarm_groupage
    return np.where(week.bills.cargo == LCL, groupage, 1.0)


def inspect(
    world: World, week: Week, draw: Draw, must: np.ndarray, outcomes: Outcomes, alarm_rate: float
) -> Inspections:
    """Inspect the selected containers of a week.

    Parameters
    ----------
    world, week, draw, must, outcomes
        The week, what was drawn of it, and what is true.
    alarm_rate : float
        Chance of a false alarm on an ordinary container without a violation.
    """
    rng = world.streams.of("inspections", week.number)
    load = np.flatnonzero(draw.selected)
    size, bill = len(load), week.loads.bill[load]
    explores = rng.random(size) < draw.explored[load]
    channel = np.where(explores, EXPLORATION, OFFICER)
    channel = np.where(must[load], MANDATORY, channel)
    suspicious = _findings(world, week, rng, outcomes, load, alarm_rate)
    inspection = world.config.inspection
    chance = np.where(suspicious, inspection.opened_suspicious, inspection.opened_clear)
    opened = rng.random(size) < chance
    found = opened & outcomes.violation[load] & (rng.random(size) < inspection.examination)
    listed = week.routes.listed_at[bill]
    selected_at, scanned_at = _list_and_scan(rng, listed)
    reviewed_at, opened_at, closed_at = _verification(world, rng, scanned_at, suspicious, opened)
    scanners = np.array([office.scanners for office in world.config.offices])
    return Inspections(
        load=load,
        channel=channel,
        scanner=(rng.random(size) * scanners[week.bills.office[bill]]).astype(np.int64),
        propensity=draw.probability[load],
        selected_at=selected_at,
        scanned_at=scanned_at,
        reviewed_at=reviewed_at,
        opened_at=opened_at,
        closed_at=closed_at,
        suspicious=suspicious,
        opened=opened,
        found=found,
        severity=_severity(world, rng, outcomes.kind[load], found),
        revenue=np.where(found, np.round(outcomes.revenue[load] * _recovered(rng, size), 2), 0.0),
    )


def _findings(
    world: World,
    week: Week,
    rng: np.random.Generator,
    outcomes: Outcomes,
    load: np.ndarray,
    alarm_rate: float,
) -> np.ndarray:
    """Read the images: violations by the sensitivity to their type, the others by mistake."""
    sensitivity = np.array([0.0, *(kind.sensitivity for kind in world.config.schemes.kinds)])
    mistaken = alarm_rate * false_alarms(world, week)[week.loads.bill[load]]
    chance = np.where(outcomes.violation[load], sensitivity[outcomes.kind[load]], mistaken)
    suspicious: np.ndarray = rng.random(len(load)) < chance
    return suspicious


def _list_and_scan(rng: np.random.Generator, listed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Select within 80 minutes of the daily list, scan 2 to 13 hours after it: the same day."""
    size = len(listed)
    selected = listed + (80 * rng.random(size)).astype(np.int64) * _MINUTE
    scanned = listed + (120 + 660 * rng.random(size)).astype(np.int64) * _MINUTE
    return selected, scanned


def _verification(
    world: World,
    rng: np.random.Generator,
    scanned_at: np.ndarray,
    suspicious: np.ndarray,
    opened: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return review, opening and closing; a suspicious one that is never opened stays open."""
    size, inspection = len(scanned_at), world.config.inspection
    location, spread = delay_parameters(world)
    verified = 24.0 * np.exp(location + spread * rng.standard_normal(size))
    cleared = inspection.clear_median_hours * np.exp(
        inspection.clear_spread * rng.standard_normal(size)
    )
    hours = np.where(opened, verified, cleared)
    delay = np.maximum((hours * 60).astype(np.int64), 3) * _MINUTE
    review = np.minimum((5 + 40 * rng.random(size)).astype(np.int64) * _MINUTE, delay // 3)
    opening = review + np.minimum(
        ((1 + 23 * rng.random(size)) * 60).astype(np.int64) * _MINUTE, delay // 3
    )
    closed = scanned_at + np.where(opened, delay, np.maximum(delay, review))
    never = suspicious & ~opened
    return (
        scanned_at + review,
        np.where(opened, scanned_at + opening, NO_TIME),
        np.where(never, NO_TIME, closed),
    )


def _severity(
    world: World, rng: np.random.Generator, kind: np.ndarray, found: np.ndarray
) -> np.ndarray:
    mean = np.array([0.0, *(scheme.severity for scheme in world.config.schemes.kinds)])[kind]
    severity = np.clip(np.round(mean + 0.7 * rng.standard_normal(len(kind))), 1.0, 5.0)
    return np.where(found, severity, 0.0)


def _recovered(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return the share of the revenue at stake that is recovered."""
    share: np.ndarray = 0.6 + 0.4 * rng.random(size)
    return share
