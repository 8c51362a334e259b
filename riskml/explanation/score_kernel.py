"""Raw scores: leaves added up in the order of the trees, as LightGBM does, to the same bits."""

import numpy as np

from riskml.explanation.compiled import compiled, inlined
from riskml.explanation.forest import WIDTH, Records
from riskml.explanation.lanes import load, splat, store
from riskml.explanation.splits import goes_left, lay_row, lay_rows, left_or_right

__all__ = ["score_few", "score_rows"]


@compiled
def score_few(
    matrix: np.ndarray,
    zero_missing: bool,
    nodes: Records,
    trees: Records,
    words: np.ndarray,
    leaf: np.ndarray,
    numbers: np.ndarray,
    found: np.ndarray,
) -> None:
    """Write the raw scores of a few rows: each goes down every tree to its leaf.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, p)
    zero_missing : bool
        See `lay_rows`.
    nodes, trees, words, leaf : ndarray
        See `Forest`.
    numbers : ndarray of float64, shape (n, columns)
        Scratch.
    found : ndarray of float64, shape (n,)
        Result.
    """
    for row in range(len(matrix)):
        lay_row(matrix, row, zero_missing, numbers[row])
    found[:] = 0.0
    for tree in range(len(trees)):
        first, root = trees[tree].first_node, (0 if trees[tree].size else -1)
        for row in range(len(matrix)):
            place = root
            while place >= 0:
                node = first + place
                left = goes_left(numbers[row, nodes[node].column], nodes, node, words)
                place = nodes[node].left if left else nodes[node].right
            found[row] += leaf[trees[tree].first_leaf - 1 - place]


@compiled
def score_rows(
    matrix: np.ndarray,
    start: int,
    stop: int,
    zero_missing: bool,
    nodes: Records,
    trees: Records,
    words: np.ndarray,
    leaf: np.ndarray,
    rows: np.ndarray,
    up: np.ndarray,
    spare: np.ndarray,
    found: np.ndarray,
) -> None:
    """Write the raw scores of rows ``start`` to ``stop``: every split chooses, from the leaves up.

    Without a branch that depends on a row, this takes less time than going down, though it looks
    at every split.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, p)
    start, stop : int
        At most as many rows as ``rows`` has blocks for.
    zero_missing : bool
        See `lay_rows`.
    nodes, trees, words, leaf : ndarray
        See `Forest`.
    rows : ndarray of float64, shape (blocks, columns x WIDTH)
        Scratch, as the next two.
    up : ndarray of float64, shape slots x blocks x WIDTH
    spare : ndarray of float64, shape (WIDTH,)
    found : ndarray of float64, shape (n,)
        Result.
    """
    lay_rows(matrix, start, stop, zero_missing, rows)
    blocks = (stop - start + WIDTH - 1) // WIDTH
    found[start:stop] = 0.0
    for tree in range(len(trees)):
        first, size = trees[tree].first_node, trees[tree].size
        for block in range(blocks if size == 0 else 0):
            store(up, block * WIDTH, splat(leaf[trees[tree].first_leaf]))
        for place in range(size - 1, -1, -1):
            choose(rows, blocks, first + place, nodes, words, up, spare)
        for row in range(start, stop):
            found[row] += up[row - start]


@inlined
def choose(
    rows: np.ndarray,
    blocks: int,
    node: int,
    nodes: Records,
    words: np.ndarray,
    up: np.ndarray,
    spare: np.ndarray,
) -> None:
    """Bring up, at one split and for all blocks, the leaf of the side that each row takes."""
    left, right, slot = nodes[node].left, nodes[node].right, nodes[node].slot
    at, stride = nodes[node].column * WIDTH, blocks * WIDTH
    from_left = 2 * (slot // 2 + 1) * stride
    low = splat(nodes[node].left_leaf)
    high = splat(nodes[node].right_leaf)
    for block in range(blocks):
        if left >= 0:
            low = load(up, from_left + block * WIDTH)
        if right >= 0:
            high = load(up, from_left + stride + block * WIDTH)
        chosen = left_or_right(rows[block], at, nodes, node, words, low, high, spare)
        store(up, slot * stride + block * WIDTH, chosen)
