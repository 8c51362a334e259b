"""What a model must beat: random selection, and a profile of rules an officer could write."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.features import FeatureSet

__all__ = ["RULES", "Rule", "RuleProfile", "random_scores", "rule_profile"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """Points for a consignment of which something is true.

    Attributes
    ----------
    name : str
        What the rule says.
    points : float
        Added once, however many of its features are hit.
    keys : tuple of str
        The rule looks at history features of these keys ...
    statistic : str
        ... and this statistic (``key__statistic``); without one, at the features named ``keys``.
    low, high : float
        It fires when such a feature lies in ``[low, high]``; a missing value never fires.
    """

    name: str
    points: float
    keys: tuple[str, ...]
    statistic: str = ""
    low: float = -np.inf
    high: float = np.inf

    def columns(self, names: Sequence[str]) -> list[str]:
        """Return the features that the rule looks at, possibly none."""
        tail = f"__{self.statistic}" if self.statistic else ""
        wanted = {key + tail for key in self.keys}
        return [name for name in names if name in wanted]

    def fires(self, values: FloatArray) -> npt.NDArray[np.bool_]:
        """Return where any column of ``values`` (shape (n, m)) lies in the rule's range."""
        inside = (values >= self.low) & (values <= self.high)
        return np.asarray(inside.any(axis=1), dtype=np.bool_)


_PARTIES = ("consignee_id", "importer_id", "shipper_id", "exporter_id", "declarant_id")
_NEW_PAIRS = (
    "consignee_id.shipper_id",
    "consignee_id.commodity_code",
    "importer_id.exporter_id",
    "importer_id.commodity_code",
    "importer_id.origin_country",
)

_GOODS = ("commodity_code", "commodity_code.origin_country", "chapter")
_ROUTE = ("origin_country", "departure_country", "port_of_loading")
_PEERS = ("commodity_code", "commodity_code.origin_country")

RULES = (
    Rule("a party was caught within a year", 4, _PARTIES, "days_since_last_hit", high=365),
    Rule("a party was never seen before", 2, _PARTIES, "first_seen", low=1),
    Rule("a party does something new", 1, _NEW_PAIRS, "first_seen", low=1),
    Rule("the goods were caught within 90 days", 2, _GOODS, "days_since_last_hit", high=90),
    Rule("the route was caught within 90 days", 1, _ROUTE, "days_since_last_hit", high=90),
    Rule(
        "the price is among the lowest tenth of its peers",
        2,
        _PEERS,
        "price_percentile_unit_price__365d__min",
        high=0.1,
    ),
    Rule("the container number is invalid", 1, ("invalid_container",), low=1),
)
"""The documented profile; like the profiles in use it knows no weights but whole points."""


@dataclass(frozen=True)
class RuleProfile:
    """Scores of the rule profile.

    Attributes
    ----------
    scores : ndarray of float64, shape (n,)
        Points; many ties.
    used, unused : tuple of str
        Names of the rules that found a feature to look at, and of those that did not.
    """

    scores: FloatArray
    used: tuple[str, ...]
    unused: tuple[str, ...]


def rule_profile(
    frame: pd.DataFrame, feature_set: FeatureSet, rules: Sequence[Rule] = RULES
) -> RuleProfile:
    """Score consignments by fixed rules.

    Parameters
    ----------
    frame : DataFrame
        Feature frame, n rows.
    feature_set : FeatureSet
        Its features; rules look at numbers only.
    rules : sequence of Rule
        The profile.

    Returns
    -------
    RuleProfile
    """
    numbers = [f.name for f in feature_set.features if f.kind == "number" and f.name in frame]
    scores = np.zeros(len(frame))
    used, unused = [], []
    for rule in rules:
        columns = rule.columns(numbers)
        if not columns:
            unused.append(rule.name)
            continue
        used.append(rule.name)
        scores += rule.points * rule.fires(frame[columns].to_numpy(dtype=np.float64))
    return RuleProfile(scores, tuple(used), tuple(unused))


def random_scores(size: int) -> FloatArray:
    """Return scores that say nothing: all equal, so every metric is random selection's mean."""
    return np.zeros(size)
