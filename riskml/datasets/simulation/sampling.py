"""Drawing the daily lists: exact capacity, and an exact, logged inclusion probability for all.

Every arrival has an inclusion probability: a uniform floor (exploration) plus a part proportional
to its weight; mandatory ones have probability 1 as long as capacity allows. On each office's
arrivals, day by day and in random order within the day, a systematic sample with these
probabilities is drawn from one random start (Madow 1949): each arrival is selected with exactly
its probability, and the number selected over any span is the capacity of the span, rounded.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Draw", "Plan", "draw_lists", "inclusion"]

_ROUNDS = 50


@dataclass(frozen=True)
class Plan:
    """The groups (an office's day) among which a week's capacity is spent.

    Attributes
    ----------
    group : ndarray of int64, shape (n,)
        Group of each arrival; groups are numbered day by day within offices, or -1 for arrivals
        that are not to be drawn.
    spent : ndarray of float64, shape (n_groups,)
        Capacity the office has spent before the group, since the reference period began.
    capacity : ndarray of float64, shape (n_groups,)
        Capacity that the group spends.
    """

    group: np.ndarray
    spent: np.ndarray
    capacity: np.ndarray


@dataclass(frozen=True)
class Draw:
    """What was drawn; arrays of shape (n,).

    Attributes
    ----------
    probability : float64, inclusion probability, above 0 wherever there is capacity
    explored : float64, share of it that is owed to exploration
    selected : bool
    """

    probability: np.ndarray
    explored: np.ndarray
    selected: np.ndarray


def inclusion(
    plan: Plan,
    weight: np.ndarray,
    must: np.ndarray,
    exploration: float,
    mandatory_most: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return inclusion probabilities and the share of them owed to exploration.

    Parameters
    ----------
    plan : Plan
    weight : ndarray of float64, shape (n,)
        Positive.
    must : ndarray of bool, shape (n,)
        Mandatory arrivals.
    exploration : float
        Share of the capacity left by the mandatory ones that is spread evenly.
    mandatory_most : float
        Most of a group's capacity that mandatory ones may take.

    Returns
    -------
    probability, explored : ndarray of float64, shape (n,)
        The probabilities of a group add up to its capacity.
    """
    inside = plan.group >= 0
    group, size = np.maximum(plan.group, 0), len(plan.capacity)

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(group[inside], weights=values[inside], minlength=size)

    forced = must & inside
    wanted = total(forced.astype(float))
    certain = np.minimum(1.0, mandatory_most * plan.capacity / np.maximum(wanted, 1e-9))
    probability = np.where(forced, certain[group], 0.0)
    free = inside & ~must
    count = total(free.astype(float))
    rest = np.where(count > 0, plan.capacity - total(probability), 0.0)
    even = np.minimum(1.0, exploration * rest / np.maximum(count, 1.0))
    floor = np.where(free, even[group], 0.0)
    lean = np.where(free, weight, 0.0)
    probability += floor + _spread(rest - even * count, lean, floor, group, size)
    explored = np.divide(floor, probability, out=np.zeros_like(floor), where=probability > 0)
    return probability, explored


def draw_lists(
    plan: Plan, probability: np.ndarray, start: np.ndarray, order: np.ndarray
) -> np.ndarray:
    """Draw a systematic sample.

    Parameters
    ----------
    plan : Plan
    probability : ndarray of float64, shape (n,)
        From :func:`inclusion`.
    start : ndarray of float64, shape (n_groups,)
        Random start of each group's office, uniform in [0, 1), the same for all its groups.
    order : ndarray of float64, shape (n,)
        Random order within a group, from 0 to below 1.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    inside = np.flatnonzero(plan.group >= 0)
    chosen = np.zeros(len(plan.group), dtype=bool)
    if not len(inside):
        return chosen
    # One sort: groups are whole numbers, and the order within them lies below 1.
    sequence = inside[np.argsort(plan.group[inside] + order[inside])]
    group = plan.group[sequence]
    first = np.concatenate([[True], group[1:] != group[:-1]])
    last = np.concatenate([first[1:], [True]])
    running = np.cumsum(probability[sequence])
    before_group = np.repeat(
        (running - probability[sequence])[first],
        np.diff(np.append(np.flatnonzero(first), len(group))),
    )
    base = plan.spent + start
    after = base[group] + (running - before_group)
    # The end of a day is the start of the next to the last bit, or a scan would be lost or won.
    after = np.where(last, (plan.spent + plan.capacity + start)[group], after)
    before = np.where(first, base[group], np.concatenate([[0.0], after[:-1]]))
    chosen[sequence] = np.floor(after) > np.floor(before)
    return chosen


def _spread(
    amount: np.ndarray, weight: np.ndarray, taken: np.ndarray, group: np.ndarray, size: int
) -> np.ndarray:
    """Spread amounts over groups by weight, no unit above 1 with what it has taken already."""
    share = np.zeros_like(weight)
    open_ = weight > 0
    for _ in range(_ROUNDS):
        left = amount - np.bincount(group, weights=share, minlength=size)
        total = np.bincount(group, weights=np.where(open_, weight, 0.0), minlength=size)
        factor = np.divide(left, total, out=np.zeros(size), where=(total > 0) & (left > 1e-12))
        proposal = share + np.where(open_, weight * factor[group], 0.0)
        over = open_ & (proposal + taken > 1.0)
        share = np.where(over, 1.0 - taken, proposal)
        if not over.any():
            break
        open_ &= ~over
    return share
