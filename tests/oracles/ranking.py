"""Inspect from the top, spelled out: every order of the ties, one row after the other."""

from itertools import permutations, product
from math import floor


def caught_by_hand(amounts: list[float], scores: list[float], capacity: float) -> float:
    """Average, over every order of tied rows, what the first ``capacity`` rows hold."""
    blocks = [
        [row for row, score in enumerate(scores) if score == level]
        for level in sorted(set(scores), reverse=True)
    ]
    totals = []
    for orders in product(*(list(permutations(block)) for block in blocks)):
        order = [row for block in orders for row in block]
        whole = floor(capacity)
        total = sum(amounts[row] for row in order[:whole])
        if whole < len(order):
            total += (capacity - whole) * amounts[order[whole]]
        totals.append(total)
    return sum(totals) / len(totals)


def auc_by_hand(labels: list[float], scores: list[float]) -> float:
    """Share of (violation, no violation) pairs in the right order, a tie counting one half."""
    pairs = [
        1.0 if a > b else 0.5 if a == b else 0.0
        for a, y in zip(scores, labels, strict=True)
        if y == 1
        for b, z in zip(scores, labels, strict=True)
        if z == 0
    ]
    return sum(pairs) / len(pairs)
