"""Rates with intervals, and which offices they can tell apart.

A league table of offices by hit rate is mostly noise where violations are a handful. Here an
office stands above another only where the interval of the difference excludes zero and an exact
test agrees, over all pairs at once; what follows for the ranks is a range for each office.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, sqrt

from scipy.stats import hypergeom

from riskml.evaluation.intervals import wilson_interval
from riskml.reports.content import Missing, RankRange, Rate

__all__ = ["CONFIDENCE", "Ranking", "difference_interval", "exact_p_value", "rank", "rate"]

CONFIDENCE = 0.95
"""Coverage of every interval in a report; of all pairs together where offices are compared."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What can be said about the order of several rates.

    Attributes
    ----------
    ranges : tuple of RankRange or Missing
        In the order of the rates; missing where a rate is.
    above : tuple of (int, int)
        Pairs (higher, lower), as positions, that the data tell apart.
    """

    ranges: tuple[RankRange | Missing, ...]
    above: tuple[tuple[int, int], ...]


def rate(
    successes: int | None, trials: int | None, confidence: float = CONFIDENCE
) -> Rate | Missing:
    """Return a proportion with its Wilson interval, or why there is none.

    Unknown counts make an unknown rate, zero trials make none at all. The Wilson interval has a
    useful upper bound for zero successes: a quarter without a violation is not a proof that
    there was nothing to find.

    Examples
    --------
    >>> rate(0, 0), rate(None, 5)
    (<Missing.NOT_APPLICABLE: 'not_applicable'>, <Missing.UNKNOWN: 'unknown'>)
    >>> print(f"{rate(0, 1000).high:.2%}")
    0.38%
    """
    if trials == 0:
        return Missing.NOT_APPLICABLE
    if successes is None or trials is None:
        return Missing.UNKNOWN
    low, high = wilson_interval(successes, trials, confidence)
    return Rate(successes, trials, low, high)


def difference_interval(
    first: Rate, second: Rate, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the interval of the difference of two independent proportions, first less second.

    Parameters
    ----------
    first, second : Rate
        Counts of two groups with no member in common.
    confidence : float
        Coverage.

    Returns
    -------
    tuple of float
        Lower and upper bound, in [-1, 1].

    Notes
    -----
    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10: the Wilson bounds of the two
    proportions, joined by squaring. Near nominal for small counts, where the normal
    approximation fails.

    Examples
    --------
    >>> low, high = difference_interval(Rate(56, 70, 0, 1), Rate(48, 80, 0, 1))
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    low_1, high_1 = wilson_interval(first.successes, first.trials, confidence)
    low_2, high_2 = wilson_interval(second.successes, second.trials, confidence)
    difference = first.value - second.value
    down = sqrt((first.value - low_1) ** 2 + (high_2 - second.value) ** 2)
    up = sqrt((high_1 - first.value) ** 2 + (second.value - low_2) ** 2)
    return max(-1.0, difference - down), min(1.0, difference + up)


def exact_p_value(first: Rate, second: Rate) -> float:
    """Return how surprising the difference of two proportions is if there is none.

    Returns
    -------
    float
        Twice the smaller tail of Fisher's exact test, at most 1: what an interval with equal
        tails corresponds to.

    Examples
    --------
    >>> round(exact_p_value(Rate(3, 127, 0, 1), Rate(5, 1163, 0, 1)), 3)
    0.072
    """
    together = first.successes + second.successes
    chance = (first.trials + second.trials, together, first.trials)
    tail = min(hypergeom.cdf(first.successes, *chance), hypergeom.sf(first.successes - 1, *chance))
    return min(1.0, 2 * float(tail))


def rank(rates: Sequence[Rate | Missing], confidence: float = CONFIDENCE) -> Ranking:
    """Return the range of ranks of each rate, valid for all of them together.

    Notes
    -----
    Each of the ``k (k - 1) / 2`` differences gets an interval at a confidence raised so that
    all hold together (Bonferroni). With a handful of successes the tails of that interval are
    too thin (it would part 3 of 127 from 5 of 1,163), so an exact test at the same level must
    agree. An office is surely below those that surely exceed it and
    surely above those it surely exceeds: the ranks in between are a joint confidence set
    (Mogstad, Romano, Shaikh and Wilhelm 2024, Review of Economic Studies 91, 476-518).

    Examples
    --------
    >>> far, near = rate(90, 100), rate(5, 100)
    >>> rank([near, far]).ranges
    (RankRange(best=2, worst=2), RankRange(best=1, worst=1))
    >>> rank([near, rate(6, 100)]).ranges
    (RankRange(best=1, worst=2), RankRange(best=1, worst=2))
    """
    known = [(i, item) for i, item in enumerate(rates) if isinstance(item, Rate)]
    joint = 1 - (1 - confidence) / max(1, comb(len(known), 2))
    above: list[tuple[int, int]] = []
    for (i, first), (j, second) in combinations(known, 2):
        low, high = difference_interval(first, second, joint)
        if low <= 0 <= high or exact_p_value(first, second) > 1 - joint:
            continue
        above.append((i, j) if low > 0 else (j, i))
    ranges = tuple(
        _range(i, above, len(known)) if isinstance(item, Rate) else item
        for i, item in enumerate(rates)
    )
    return Ranking(ranges, tuple(above))


def _range(position: int, above: Sequence[tuple[int, int]], count: int) -> RankRange:
    better = sum(lower == position for _, lower in above)
    worse = sum(higher == position for higher, _ in above)
    return RankRange(1 + better, count - worse)
