"""What a simulated world amounts to: a period's counts, and how well a ranking finds violations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from riskml.datasets.simulation.calendar import day_number
from riskml.datasets.simulation.calibration import fit_levels
from riskml.datasets.simulation.configuration import load_config
from riskml.datasets.simulation.engine import Span, live
from riskml.datasets.simulation.parameters import WorldConfig
from riskml.datasets.simulation.world import build_world

__all__ = ["Arrivals", "PeriodCounts", "count_period", "recall_at", "simulate_arrivals"]


@dataclass(frozen=True)
class PeriodCounts:
    """Counts of a period, as the reference quarter was published.

    Attributes
    ----------
    scans, suspicious : int
        Scans, and suspicious images among them.
    violations : int
        Violations found among the suspicious.
    clear_opened, clear_violations : int
        Clear ones opened all the same, and violations found among those; reported apart.
    """

    scans: int
    suspicious: int
    violations: int
    clear_opened: int
    clear_violations: int


@dataclass(frozen=True)
class Arrivals:
    """The arrivals of a world without their texts; arrays of shape (n,).

    Attributes
    ----------
    day : ndarray of int64, day number of the daily list
    office : ndarray of int64, number of the office in the parameters
    probability : ndarray of float64, true probability of a violation
    violation : ndarray of bool
    propensity : ndarray of float64, inclusion probability under the legacy policy
    selected, suspicious, opened, found : ndarray of bool
    """

    day: np.ndarray
    office: np.ndarray
    probability: np.ndarray
    violation: np.ndarray
    propensity: np.ndarray
    selected: np.ndarray
    suspicious: np.ndarray
    opened: np.ndarray
    found: np.ndarray

    def between(self, first: date, last: date) -> "Arrivals":
        """Return the arrivals listed between two days, both included."""
        inside = (self.day >= day_number(first)) & (self.day <= day_number(last))
        return self.where(inside)

    def where(self, keep: np.ndarray) -> "Arrivals":
        """Return the arrivals where a boolean mask is true."""
        return Arrivals(**{name: values[keep] for name, values in vars(self).items()})

    def counts(self) -> PeriodCounts:
        """Count scans and what came of them."""
        clear = self.opened & ~self.suspicious
        return PeriodCounts(
            scans=int(self.selected.sum()),
            suspicious=int(self.suspicious.sum()),
            violations=int((self.found & self.suspicious).sum()),
            clear_opened=int(clear.sum()),
            clear_violations=int((self.found & clear).sum()),
        )


def simulate_arrivals(
    start: date, days: int, scale: float, seed: int, config: WorldConfig | None = None
) -> Arrivals:
    """Simulate arrivals and inspections only: no text, no files, several times quicker."""
    world = build_world(config or load_config(), scale, seed)
    levels, parts = fit_levels(world), []
    for lived in live(world, levels, Span(start, days, scale, seed)):
        bill, done = lived.week.loads.bill, lived.inspections
        marks = np.zeros((3, len(bill)), dtype=bool)
        marks[:, done.load] = done.suspicious, done.opened, done.found
        part = Arrivals(
            day=lived.week.bills.day[bill],
            office=lived.week.bills.office[bill],
            probability=lived.outcomes.probability,
            violation=lived.outcomes.violation,
            propensity=lived.draw.probability,
            selected=lived.draw.selected,
            suspicious=marks[0],
            opened=marks[1],
            found=marks[2],
        )
        parts.append(part.where(lived.keep))
    names = vars(parts[0])
    return Arrivals(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})


def count_period(inspections: pd.DataFrame, first: date, last: date, zone: str) -> PeriodCounts:
    """Count the scans made between two local business days, both included.

    Parameters
    ----------
    inspections : DataFrame
        In normal form.
    first, last : date
        Business days.
    zone : str
        IANA name of the time zone of the business day.
    """
    local = inspections["scanned_at"].dt.tz_convert(zone).dt.date
    rows = inspections[(local >= first) & (local <= last)]
    suspicious = rows["scan_finding"] == "suspicious"
    violation = rows["result"] == "violation"
    opened = rows["result"].notna()
    return PeriodCounts(
        scans=len(rows),
        suspicious=int(suspicious.sum()),
        violations=int((violation & suspicious).sum()),
        clear_opened=int((opened & ~suspicious).sum()),
        clear_violations=int((violation & ~suspicious).sum()),
    )


def recall_at(
    score: np.ndarray, probability: np.ndarray, rates: Sequence[float]
) -> tuple[float, ...]:
    """Return the share of expected violations among the highest scores, at inspection rates.

    Parameters
    ----------
    score : ndarray of float64, shape (n,)
        Ranking; ties keep their order.
    probability : ndarray of float64, shape (n,)
        True probability (or 0 and 1 for realised violations).
    rates : sequence of float
        Shares of arrivals inspected.
    """
    order = np.argsort(-score, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(probability[order])])
    return tuple(float(total[round(rate * len(score))] / total[-1]) for rate in rates)
