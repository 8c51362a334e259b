"""Contributions of many rows: tree by tree, eight rows side by side.

The formulas are those of `docs/treeshap.md`: a pass forward carries down each path the product
P of its factors at every quadrature node, a pass backward brings up the value G below, and where
they meet, a split gives its feature ``g * sum(P * slope * (G_left - G_right))``.
"""

import numpy as np

from riskml.explanation.compiled import compiled, inlined
from riskml.explanation.forest import WIDTH, Records
from riskml.explanation.lanes import load, muladd, splat, store, where_le
from riskml.explanation.splits import lay_rows, left_or_right

__all__ = ["explain_rows"]


@compiled
def explain_rows(
    matrix: np.ndarray,
    start: int,
    stop: int,
    zero_missing: bool,
    nodes: Records,
    trees: Records,
    words: np.ndarray,
    weights: np.ndarray,
    tables: np.ndarray,
    rows: np.ndarray,
    sums: np.ndarray,
    gains: np.ndarray,
    down: np.ndarray,
    up: np.ndarray,
    found: np.ndarray,
) -> None:
    """Write the contributions of rows ``start`` to ``stop``.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, p)
    start, stop : int
        At most as many rows as ``rows`` has blocks for.
    zero_missing : bool
        See `lay_rows`.
    nodes, trees, words, weights, tables : ndarray
        See `Forest`.
    rows : ndarray of float64, shape (blocks, columns x WIDTH)
        Scratch; likewise all that follow but the last.
    sums : ndarray of float64, shape (blocks, p x WIDTH)
    gains : ndarray of float64, shape (most nodes of a tree + 1) x WIDTH
    down, up : ndarray of float64
        For every node and one more, and for every slot, lanes for each quadrature node; finite.
    found : ndarray of float64, shape (n, >= p)
        Result.
    """
    lay_rows(matrix, start, stop, zero_missing, rows)
    blocks = (stop - start + WIDTH - 1) // WIDTH
    sums[:blocks] = 0.0
    for number in range(len(trees)):
        first, size = trees[number].first_node, trees[number].size
        points, padded = trees[number].points, trees[number].padded
        for block in range(blocks if size else 0):
            decide(rows[block], first, size, nodes, words, gains)
            for point in range(points):
                store(down, point * WIDTH, splat(weights[points, point]))
            forward(first, size, nodes, tables, points, gains, down)
            backward(first, size, nodes, tables, points, padded, gains, down, up, sums[block])
    for row in range(start, stop):
        block, lane = (row - start) // WIDTH, (row - start) % WIDTH
        for feature in range(matrix.shape[1]):
            found[row, feature] = sums[block, feature * WIDTH + lane]


@inlined
def decide(
    rows: np.ndarray,
    first: int,
    size: int,
    nodes: Records,
    words: np.ndarray,
    gains: np.ndarray,
) -> None:
    """Find each node's g: 1 or 0 (left or not) less its share; 0 once the feature has strayed.

    Shares lie strictly between 0 and 1, so the sign of the g above tells which way was taken.
    """
    none = splat(0.0)
    for place in range(size):
        node = first + place
        share = nodes[node].share
        gain = left_or_right(
            rows, nodes[node].column * WIDTH, nodes, node, words,
            splat(1.0 - share), splat(-share), gains[size * WIDTH :],
        )  # fmt: skip
        if nodes[node].above >= 0:
            above = load(gains, nodes[node].above * WIDTH)
            if nodes[node].above_left:
                gain = where_le(above, none, none, gain)
            else:
                gain = where_le(none, above, none, gain)
        store(gains, place * WIDTH, gain)


@inlined
def forward(
    first: int,
    size: int,
    nodes: Records,
    tables: np.ndarray,
    points: int,
    gains: np.ndarray,
    down: np.ndarray,
) -> None:
    """Bring P from each node to the children that split again; its two parts add up to it."""
    stride = points * WIDTH
    for place in range(size):
        node = first + place
        left, right = nodes[node].left, nodes[node].right
        gain, share, table = (
            load(gains, place * WIDTH),
            splat(nodes[node].share),
            nodes[node].table,
        )
        # A leaf has no products: what would be its own goes where nobody looks.
        here = place * stride
        to_left = (left if left >= 0 else size) * stride
        to_right = (right if right >= 0 else size) * stride
        for point in range(points):
            at = point * WIDTH
            product = load(down, here + at)
            part = product * muladd(gain, splat(tables[table + point]), share)
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
    stride = points * WIDTH
    for place in range(size - 1, -1, -1):
        node = first + place
        slot = nodes[node].slot
        gain, share, table = (
            load(gains, place * WIDTH),
            splat(nodes[node].share),
            nodes[node].table,
        )
        slope, here, out = table + padded, place * stride, slot * stride
        from_left = 2 * (slot // 2 + 1) * stride
        from_right = from_left + stride
        due = splat(0.0)
        left_leaf, left_inner = splat(nodes[node].left_leaf), splat(nodes[node].left_inner)
        right_leaf, right_inner = splat(nodes[node].right_leaf), splat(nodes[node].right_inner)
        for point in range(points):
            at = point * WIDTH
            low = muladd(load(up, from_right + at), right_inner, right_leaf)
            high = muladd(load(up, from_left + at), left_inner, left_leaf)
            gap = high - low
            part = muladd(gain, splat(tables[table + point]), share)
            store(up, out + at, muladd(part, gap, low))
            weight = splat(tables[slope + point])
            due = muladd(load(down, here + at) * gap, weight, due)
        at = nodes[node].feature * WIDTH
        store(sums, at, muladd(gain, due, load(sums, at)))
