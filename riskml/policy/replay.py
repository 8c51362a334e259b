"""The replay: day by day, under the capacity of each office, with outcomes for picks alone."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.history import Progress
from riskml.policy.day import Day, Picks, rows_of
from riskml.policy.environment import Environment
from riskml.policy.knowledge import Earned, Knowledge
from riskml.policy.learner import Learner, Model, fit
from riskml.policy.policies import Policy
from riskml.policy.rehearsal import Rehearsal
from riskml.selection.capacity import DEFAULT_EXPLORATION, Capacity

__all__ = ["Replay", "Setup", "open_environment", "replay"]

SEEN_AS = {"finds": "violation", "revenue": "revenue", "delay": "delay"}


@dataclass(frozen=True)
class Setup:
    """What a replay is run under, the same for every policy.

    Attributes
    ----------
    capacity : Capacity
    learner : Learner
    share : float
        Exploration share of the house.
    seed : int
        Of draws and models.
    """

    capacity: Capacity
    learner: Learner
    share: float = float(DEFAULT_EXPLORATION)
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Replay:
    """What a policy did.

    Attributes
    ----------
    policy : str
    picks : DataFrame
        One row per inspected arrival: ``row`` (its place among the arrivals), ``key, date,
        channel, propensity``.
    days : DataFrame
        One row per day: ``date, arrivals, picks, share, examples, violations_known, trained``.
    propensity : ndarray of float64, shape (number of arrivals,)
        With which the design inspected each rehearsed arrival; NaN outside the rehearsal.
    probability : ndarray of float64, shape (number of arrivals,)
        Of a violation, by the policy's model of the day; NaN where it had none.
    """

    policy: str
    picks: pd.DataFrame
    days: pd.DataFrame
    propensity: npt.NDArray[np.float64]
    probability: npt.NDArray[np.float64]


def open_environment(rehearsal: Rehearsal, capacity: Capacity) -> Environment:
    """Return the environment in which each policy is rehearsed, on its own."""
    sealed = rehearsal.envelope
    truth = pd.DataFrame({"key": sealed["key"]})
    for inside, name in SEEN_AS.items():
        truth[name] = sealed[inside]
    truth = truth.assign(suspicious=sealed["suspicious"], scan_delay=sealed["scan_delay"])
    before = rehearsal.arrivals["key"].iloc[rehearsal.before].tolist()
    return Environment(rehearsal.arrivals, truth, capacity, before)


def replay(
    rehearsal: Rehearsal,
    policy: Policy,
    setup: Setup,
    *,
    knowledge: Callable[[Rehearsal], Knowledge] = Earned,
    progress: Progress | None = None,
) -> Replay:
    """Rehearse a policy over the days of a rehearsal.

    Each day the policy is shown the arrivals and names its picks; the environment refuses those
    that overspend. What became known of earlier picks by the last decision of the day enters the
    history, which shows each arrival what was known before its own decision. Models are trained
    before the first decision of every so many days, on what was known then.

    Parameters
    ----------
    rehearsal : Rehearsal
    policy : Policy
    setup : Setup
    knowledge : callable
        Makes what the policy knows; a reference knows everything.
    progress : callable, optional
        Wraps the days.

    Raises
    ------
    PolicyError
        If the policy overspends a capacity, peeks, or picks what did not arrive today.
    """
    environment = open_environment(rehearsal, setup.capacity)
    known = knowledge(rehearsal)
    run = _Run(rehearsal, policy, setup, environment, known)
    days: Any = rehearsal.days
    if progress is not None:
        days = progress(days, policy.name, len(rehearsal.days))
    for day in days:
        run.live(day)
    return run.done()


class _Run:
    """One policy on its way through the days."""

    def __init__(
        self,
        rehearsal: Rehearsal,
        policy: Policy,
        setup: Setup,
        environment: Environment,
        known: Knowledge,
    ) -> None:
        self._rehearsal, self._policy, self._setup = rehearsal, policy, setup
        self._environment, self._known = environment, known
        self._rows = rows_of(rehearsal.arrivals)
        # Each policy draws lots of its own: what one explores tells nothing of whom another does.
        self._lots = zlib.crc32(f"{setup.seed} {policy.name}".encode())
        self._since: pd.Timestamp | None = None
        self._model: Model | None = None
        self._trained: date | None = None
        self._memory: dict[str, Any] = {}
        self._days: list[dict[str, Any]] = []
        self._picks: list[pd.DataFrame] = []
        self._propensity = np.full(len(rehearsal), np.nan)
        self._probability = np.full(len(rehearsal), np.nan)
        self._examples = (0, 0)

    def live(self, today: date) -> None:
        """Live through a day."""
        arrivals, rows = self._environment.arrive(today), self._rows[today]
        now = arrivals["decision_time"].max()
        self._known.learn(
            self._environment.outcomes(now, self._since),
            self._environment.findings(now, self._since),
        )
        if self._since is None and self._policy.learns:
            self._known.remember(self._rehearsal.before)
            self._known.pass_by(self._rehearsal.passed)
        self._since = now
        trained = self._train(today, arrivals["decision_time"].min())
        day = Day(
            today, arrivals, self._model, self._setup.share, self._lots, self._memory,
            self._rehearsal.features, rows, self._environment, self._known, self._setup.capacity,
        )  # fmt: skip
        picks = self._policy.choose(day)
        self._environment.pick(picks.keys)
        place = pd.Index(arrivals["key"]).get_indexer(pd.Index(picks.keys, dtype=object))
        chosen = rows[place]
        if self._policy.learns:
            X, left = day.features(), np.delete(np.arange(len(rows)), place)
            self._known.remember(chosen, X[place])
            self._known.pass_by(rows[left], X[left])
        self._log(today, arrivals, rows, chosen, picks, trained)

    def _train(self, today: date, now: pd.Timestamp) -> bool:
        if not self._policy.learns:
            return False
        due = self._trained is None or (today - self._trained).days >= self._setup.learner.every
        if not due and self._model is not None:
            return False
        examples = self._known.examples(now)
        self._examples = (len(examples), examples.violations)
        seed = self._setup.seed + today.toordinal()
        features = self._rehearsal.features
        found = fit(examples, features, self._setup.learner, seed)
        if found is None:
            return False
        self._model, self._trained = found, today
        return True

    def _log(
        self,
        today: date,
        arrivals: pd.DataFrame,
        rows: npt.NDArray[np.int64],
        chosen: npt.NDArray[np.int64],
        picks: Picks,
        trained: bool,
    ) -> None:
        self._propensity[rows] = picks.propensity
        if picks.probability is not None:
            self._probability[rows] = picks.probability
        self._picks.append(
            pd.DataFrame(
                {
                    "row": chosen,
                    "key": pd.Series(picks.keys, dtype="str"),
                    "date": today,
                    "channel": pd.Series(picks.channel, dtype="str"),
                    "propensity": self._propensity[chosen],
                }
            )
        )
        self._days.append(
            {
                "date": today,
                "arrivals": len(arrivals),
                "picks": len(chosen),
                "share": picks.share,
                "examples": self._examples[0],
                "violations_known": self._examples[1],
                "trained": trained,
            }
        )

    def done(self) -> Replay:
        """Return what was done."""
        picks = pd.concat(self._picks, ignore_index=True)
        days = pd.DataFrame(self._days)
        return Replay(self._policy.name, picks, days, self._propensity, self._probability)
