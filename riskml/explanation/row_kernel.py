"""Contributions of one row: eight quadrature nodes side by side; else as in `block_kernel`.

Every number is computed by the same operations in the same order as there: the same bits.
"""

from typing import Any

import numpy as np

from riskml.explanation.compiled import compiled, inlined
from riskml.explanation.forest import WIDTH, Records
from riskml.explanation.lanes import load, muladd, muladd_one, splat, store
from riskml.explanation.splits import goes_left, lay_row

__all__ = ["explain_row"]


@compiled
def explain_row(
    matrix: np.ndarray,
    row: int,
    zero_missing: bool,
    nodes: Records,
    trees: Records,
    words: np.ndarray,
    weights: np.ndarray,
    tables: np.ndarray,
    numbers: np.ndarray,
    sums: np.ndarray,
    gains: np.ndarray,
    down: np.ndarray,
    up: np.ndarray,
    found: np.ndarray,
) -> None:
    """Write the contributions of one row; the parameters are those of `explain_rows`.

    ``numbers`` has shape (columns,), ``sums`` shape (p,), ``gains`` one number a node.
    """
    lay_row(matrix, row, zero_missing, numbers)
    sums[:] = 0.0
    for number in range(len(trees)):
        first, size = trees[number].first_node, trees[number].size
        points, padded = trees[number].points, trees[number].padded
        if size == 0:
            continue
        for at in range(0, padded, WIDTH):
            store(down, at, load(weights, points * weights.shape[1] + at))
        forward(numbers, first, size, nodes, words, tables, padded, gains, down)
        backward(first, size, nodes, tables, points, padded, gains, down, up, sums)
    for feature in range(matrix.shape[1]):
        found[row, feature] = sums[feature]


@inlined
def gain_of(
    numbers: np.ndarray, nodes: Records, node: int, words: np.ndarray, gains: np.ndarray
) -> Any:
    """Return a node's g, as `block_kernel.decide` does."""
    if nodes[node].above >= 0:
        above = gains[nodes[node].above]
        if (above <= 0.0) if nodes[node].above_left else (above >= 0.0):
            return 0.0
    share = nodes[node].share
    left = goes_left(numbers[nodes[node].column], nodes, node, words)
    return int(left) - share


@inlined
def forward(
    numbers: np.ndarray,
    first: int,
    size: int,
    nodes: Records,
    words: np.ndarray,
    tables: np.ndarray,
    padded: int,
    gains: np.ndarray,
    down: np.ndarray,
) -> None:
    """Find each node's g, and bring P to the children that split again."""
    for place in range(size):
        node = first + place
        gain = gain_of(numbers, nodes, node, words, gains)
        gains[place] = gain
        left, right = nodes[node].left, nodes[node].right
        gains_, share, table = splat(gain), splat(nodes[node].share), nodes[node].table
        # A leaf has no products: what would be its own goes where nobody looks.
        here = place * padded
        to_left = (left if left >= 0 else size) * padded
        to_right = (right if right >= 0 else size) * padded
        for at in range(0, padded, WIDTH):
            product = load(down, here + at)
            part = product * muladd(gains_, load(tables, table + at), share)
            store(down, to_left + at, part)
            store(down, to_right + at, product - part)


@inlined
def backward(
    first: int,
    size: int,
    nodes: Records,
    tables: np.ndarray,
    points: int,
    padded: int,
    gains: np.ndarray,
    down: np.ndarray,
    up: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Bring G up from the leaves, and give every feature its due on the way."""
    for place in range(size - 1, -1, -1):
        node = first + place
        slot = nodes[node].slot
        gain, share, table = splat(gains[place]), splat(nodes[node].share), nodes[node].table
        slope, here, out = table + padded, place * padded, slot * padded
        from_left = 2 * (slot // 2 + 1) * padded
        from_right = from_left + padded
        left_leaf, left_inner = splat(nodes[node].left_leaf), splat(nodes[node].left_inner)
        right_leaf, right_inner = splat(nodes[node].right_leaf), splat(nodes[node].right_inner)
        for at in range(0, padded, WIDTH):
            low = muladd(load(up, from_right + at), right_inner, right_leaf)
            high = muladd(load(up, from_left + at), left_inner, left_leaf)
            gap = high - low
            part = muladd(gain, load(tables, table + at), share)
            store(up, out + at, muladd(part, gap, low))
            store(down, here + at, load(down, here + at) * gap)
        # One after the other, as block_kernel adds them up.
        due = 0.0
        for point in range(points):
            due = muladd_one(down[here + point], tables[slope + point], due)
        feature = nodes[node].feature
        sums[feature] = muladd_one(gains[place], due, sums[feature])
