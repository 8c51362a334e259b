"""Ways of choosing, as plain functions: each is shown a day and names its picks.

A policy is a function from a `Day` to `Picks`; `policy` puts it under a name. What it may use is
what the day offers: features and a model made of its own outcomes, and its own memory.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from riskml.errors import UsageError
from riskml.evaluation.baselines import RULES, rule_profile
from riskml.policy.adaptive import steer
from riskml.policy.day import Day, Picks

__all__ = ["POLICIES", "Policy", "choose_policies", "policy"]

FloatArray = npt.NDArray[np.float64]
Choose = Callable[[Day], Picks]

OPTIMISM = 2.0
"""Spreads of the boosters' log-odds that ``upper_confidence`` adds to their mean."""


@dataclass(frozen=True)
class Policy:
    """A way of choosing.

    Attributes
    ----------
    name : str
    choose : callable
        Names the picks of a day.
    learns : bool
        Whether it needs a model, trained again on schedule.
    about : str
        What it does, in a line.
    """

    name: str
    choose: Choose
    learns: bool
    about: str


POLICIES: dict[str, Policy] = {}
"""Every policy by name; `policy` adds to it."""


def policy(name: str, *, learns: bool = False) -> Callable[[Choose], Choose]:
    """Register a function as a policy; its first line of documentation says what it does."""

    def register(choose: Choose) -> Choose:
        about = (choose.__doc__ or "").strip().splitlines()[0]
        POLICIES[name] = Policy(name, choose, learns, about)
        return choose

    return register


def choose_policies(names: list[str]) -> list[Policy]:
    """Return policies by name.

    Raises
    ------
    UsageError
        If there is no such policy, or one is named twice.
    """
    for name in names:
        if name not in POLICIES:
            raise UsageError(f"unknown policy {name!r}", f"use some of {', '.join(POLICIES)}")
        if names.count(name) > 1:
            raise UsageError(f"policy {name} is named twice", "name each once")
    return [POLICIES[name] for name in names]


@policy("random")
def random(day: Day) -> Picks:
    """Draw everybody at random, each arrival of an office and day with the same chance."""
    return day.draw(np.zeros(len(day)), exploration=1.0)


@policy("rules")
def rules(day: Day) -> Picks:
    """Take those with most points of the documented rule profile, as officers' rules do."""
    numbers = [f.name for f in day.columns.features if f.kind == "number"]
    wanted = sorted({name for rule in RULES for name in rule.columns(numbers)})
    return day.draw(rule_profile(day.frame(wanted), day.columns).scores)


@policy("risky_profile")
def risky_profile(day: Day) -> Picks:
    """Take those whose parties, goods and routes were found in violation most often."""
    return day.draw(profile_scores(day))


@policy("model", learns=True)
def model(day: Day) -> Picks:
    """Take the most probable by the model: pure exploitation."""
    return _draw(day)


@policy("model_exploration", learns=True)
def model_exploration(day: Day) -> Picks:
    """Take the most probable by the model, and the house's share at random: the default."""
    return _draw(day, day.share)


@policy("upper_confidence", learns=True)
def upper_confidence(day: Day) -> Picks:
    """Take those that may be most probable: mean of the boosters and twice their spread."""
    if day.model is None:
        return day.draw(profile_scores(day))
    found = day.model.log_odds(day.features())
    return day.draw(found.mean(axis=1) + OPTIMISM * found.std(axis=1))


@policy("thompson", learns=True)
def thompson(day: Day) -> Picks:
    """Take the most probable by one booster drawn for the day, each grown by its own draws."""
    if day.model is None:
        return day.draw(profile_scores(day))
    found = day.model.log_odds(day.features())
    rng = np.random.default_rng([day.seed, day.today.toordinal()])
    return day.draw(found[:, rng.integers(found.shape[1])])


@policy("adaptive", learns=True)
def adaptive(day: Day) -> Picks:
    """Explore the more, the more arrivals drift and the less the model finds of late."""
    scores = _scores(day)
    picks = _draw(day, steer(day, scores))
    day.memory.setdefault("explored", {}).update(zip(picks.keys, picks.channel, strict=True))
    return picks


@policy("expected_revenue", learns=True)
def expected_revenue(day: Day) -> Picks:
    """Take the highest expected revenue, and the house's share at random."""
    if day.model is None:
        return day.draw(profile_scores(day), exploration=day.share)
    return day.draw(day.model.expected_revenue(day.features()), exploration=day.share)


def profile_scores(day: Day) -> FloatArray:
    """Return how far the hit rates of an arrival's entities lie above the rate of everything.

    The sum of the log-ratios of its entities' shrunk hit rates over the whole past: a naive Bayes
    of risky importers, goods and routes, as the risky profiles of customs services are.
    """
    names = [name for name in day.columns.names if name.endswith("__hit_rate")]
    rates = np.log(np.maximum(day.frame(names).to_numpy(), 1e-6))
    known = np.where(np.isnan(rates), np.nan, rates)
    centre = np.nan_to_num(np.nanmedian(known)) if known.size else 0.0
    return np.asarray(np.nansum(known - centre, axis=1))


def _draw(day: Day, exploration: float = 0.0) -> Picks:
    scores = _scores(day)
    probability = None if day.model is None else expit(scores)
    return day.draw(scores, exploration, probability)


def _scores(day: Day) -> FloatArray:
    """Return the model's scores; until there is one, the risky profile's."""
    return profile_scores(day) if day.model is None else day.model.score(day.features())
