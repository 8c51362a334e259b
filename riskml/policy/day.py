"""A day as a policy meets it: today's arrivals, what is known of the past, and the house's draw."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.errors import PolicyError
from riskml.features import FeatureSet
from riskml.policy.environment import Environment
from riskml.policy.knowledge import Knowledge
from riskml.policy.learner import Model
from riskml.policy.rehearsal import Matrix
from riskml.selection.capacity import Capacity
from riskml.selection.strata import draw_strata

__all__ = ["Day", "Picks", "explore"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Picks:
    """Whom a policy inspects today.

    Attributes
    ----------
    keys : list of str
    channel : tuple of str
        ``model`` or ``exploration``, for each of ``keys``.
    propensity : ndarray of float64, shape (arrivals of the day,)
        Probability with which the design inspects each of today's arrivals.
    share : float
        Share of the capacity that explored.
    probability : ndarray of float64, shape (arrivals of the day,), or None
        Of a violation, by the policy's model, for each of today's arrivals; None without one.
    """

    keys: list[str]
    channel: tuple[str, ...]
    propensity: FloatArray
    share: float
    probability: FloatArray | None = None


@dataclass(eq=False)
class Day:
    """What a policy sees; it has no way to the truth.

    Attributes
    ----------
    today : date
    arrivals : DataFrame
        ``key, date, office, mode, decision_time`` of today's arrivals.
    model : Model or None
        As trained last on this policy's own outcomes; None while there are too few.
    share : float
        Exploration share of the house, which a policy may follow.
    seed : int
        Of all draws of this rehearsal.
    columns : FeatureSet
        Describes the columns of `features`.
    rows : ndarray of int64, shape (arrivals,)
        Places of today's arrivals among all.
    memory : dict
        What the policy wants to remember from day to day; its own, empty on the first.
    """

    today: date
    arrivals: pd.DataFrame
    model: Model | None
    share: float
    seed: int
    memory: dict[str, Any]
    columns: FeatureSet
    rows: npt.NDArray[np.int64]
    _environment: Environment
    _knowledge: Knowledge
    _capacity: Capacity
    _matrix: Matrix | None = field(default=None, init=False)

    def __len__(self) -> int:
        """Return the number of arrivals."""
        return len(self.arrivals)

    def features(self) -> Matrix:
        """Return today's features as they are known, encoded; shape (arrivals, p)."""
        if self._matrix is None:
            self._matrix = self._knowledge.features(self.rows)
        return self._matrix

    def frame(self, names: list[str]) -> pd.DataFrame:
        """Return some number features as a frame."""
        place = {name: column for column, name in enumerate(self.columns.names)}
        matrix = self.features()
        return pd.DataFrame({n: matrix[:, place[n]].astype(np.float64) for n in names})

    def outcomes(self, since: pd.Timestamp | None = None) -> pd.DataFrame:
        """Return the known outcomes of this policy's picks, perhaps only the newer ones."""
        return self._environment.outcomes(self.now, since)

    @property
    def now(self) -> pd.Timestamp:
        """The last decision of today: nothing later is known."""
        last: pd.Timestamp = self.arrivals["decision_time"].max()
        return last

    def outcome_of(self, key: str) -> pd.Series:
        """Return the known outcome of one consignment; see `Environment.outcome_of`."""
        return self._environment.outcome_of(key, self.now)

    def draw(
        self,
        values: FloatArray,
        exploration: float = 0.0,
        probability: FloatArray | None = None,
    ) -> Picks:
        """Fill each office's capacity: the highest values, and a share at random.

        Parameters
        ----------
        values : ndarray of float64, shape (arrivals,)
            Higher is picked first.
        exploration : float
            Share of the capacity drawn at random, in [0, 1].
        probability : ndarray of float64, shape (arrivals,), optional
            Of a violation, by the policy's model: logged, and nothing is drawn by it.

        Raises
        ------
        PolicyError
            If there is not one finite value for each arrival, or the share is none.
        """
        if values.shape != (len(self),) or not np.isfinite(values).all():
            raise PolicyError(
                f"{self.today}: values of shape {values.shape} for {len(self)} arrivals,"
                f" {int((~np.isfinite(values)).sum())} of them not finite",
                "give one finite number per arrival",
            )
        capacity = explore(self._capacity, exploration, self.today)
        propensity = np.zeros(len(self))
        rows: list[int] = []
        channel: list[str] = []
        nobody = pd.Series(False, index=self.arrivals.index)
        series = pd.Series(values, index=self.arrivals.index)
        for stratum in draw_strata(self.arrivals, series, nobody, capacity, self.seed):
            rows += stratum.selected.tolist()
            channel += stratum.drawn.channel
            propensity[stratum.rows] = stratum.drawn.propensity
        keys = self.arrivals["key"].to_numpy(dtype=object)[rows].tolist()
        return Picks(keys, tuple(channel), propensity, exploration, probability)


def explore(capacity: Capacity, share: float, today: date) -> Capacity:
    """Return the same capacity with another exploration share.

    Raises
    ------
    PolicyError
        If it is no share.
    """
    if not 0.0 <= share <= 1.0:
        raise PolicyError(f"{today}: exploration share {share}", "give one from 0 to 1")
    part = Fraction(share).limit_denominator(10_000)
    return Capacity(tuple(replace(quota, exploration=part) for quota in capacity.quotas))


def rows_of(arrivals: pd.DataFrame) -> Mapping[date, npt.NDArray[np.int64]]:
    """Return the rows of each day, in order."""
    found: Any = arrivals.groupby("date").indices
    return {day: found[day] for day in sorted(found)}
