"""Which groups of contributions a row names, and by which features: the choice behind reasons."""

import numpy as np

from riskml.explanation.compiled import compiled

__all__ = ["choose"]


@compiled
def choose(
    sums: np.ndarray,
    contributions: np.ndarray,
    starts: np.ndarray,
    members: np.ndarray,
    raising: int,
    order: np.ndarray,
    groups: np.ndarray,
    tops: np.ndarray,
) -> None:
    """Name the strongest groups of each row, and the features that moved each of them most.

    Parameters
    ----------
    sums : (n, g) float64 array
        Contributions of each group, added up.
    contributions : (n, p) float64 array
        Log-odds.
    starts : (g + 1,) int64 array
        Where the features of each group begin in ``members``; then their number.
    members : (p,) int64 array
        Positions of the features, group after group, ascending within each.
    raising : int
        Most groups that raise the risk; the rest of the places is for those that lower it.
    order : (g,) int64 array
        Scratch.
    groups : (n, places) int64 array
        Where to write the groups, the strongest first; -1 behind the last one.
    tops : (n, places, most) int64 array
        Where to write the features of each, the strongest first; -1 behind the last one. Only
        evidence in the group's own direction counts: it is what the sentence is about.
    """
    places, most = tops.shape[1], tops.shape[2]
    for row in range(len(sums)):
        groups[row] = -1
        tops[row] = -1
        for group in range(sums.shape[1]):  # by falling strength; of two equal ones the first
            place = group
            strength = abs(sums[row, group])
            while place > 0 and abs(sums[row, order[place - 1]]) < strength:
                order[place] = order[place - 1]
                place -= 1
            order[place] = group
        raised, lowered, found = 0, 0, 0
        for number in range(sums.shape[1]):
            group = order[number]
            total = sums[row, group]
            if total > 0 and raised < raising:
                raised += 1
            elif total < 0 and lowered < places - raising:
                lowered += 1
            else:
                continue
            groups[row, found] = group
            # Not by the sign of a product: that of two tiny numbers is zero.
            sign = 1.0 if total > 0 else -1.0
            for at in range(starts[group], starts[group + 1]):
                feature = members[at]
                own = sign * contributions[row, feature]
                if not own > 0:
                    continue
                place = most
                while place > 0 and (
                    tops[row, found, place - 1] < 0
                    or sign * contributions[row, tops[row, found, place - 1]] < own
                ):
                    if place < most:
                        tops[row, found, place] = tops[row, found, place - 1]
                    place -= 1
                if place < most:
                    tops[row, found, place] = feature
            found += 1
