"""A booster's trees as flat arrays, in the order in which the kernels pass over them.

The nodes of a tree stand in pre-order, left before right: a pass forward meets a node before
its children, a pass backward after them, and neither needs a stack. All that does not depend on
a row is computed here, once a model; `docs/treeshap.md` derives the formulas.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from riskml.explanation.booster_text import TreeText, read_booster
from riskml.explanation.quadrature import nodes_needed, split_constants, weight_table

__all__ = ["NAN_LEFT", "NAN_RIGHT", "NODE", "SET", "TREE", "WIDTH", "Forest", "Records"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

NAN_RIGHT, NAN_LEFT, SET = 0, 1, 2
"""Kinds of splits: ``x <= threshold`` with NaN on the right or left; membership in a set."""

WIDTH = 8
"""Numbers that a kernel computes side by side: two AVX2 registers, or one of AVX-512."""

_MISSING_ZERO = 1


NODE = np.dtype(
    [
        ("threshold", np.float64),
        ("share", np.float64),
        ("cover", np.float64),
        ("left_leaf", np.float64),
        ("right_leaf", np.float64),
        ("left_inner", np.float64),
        ("right_inner", np.float64),
        ("table", np.int64),
        ("column", np.int32),
        ("feature", np.int32),
        ("kind", np.int32),
        ("set_start", np.int32),
        ("set_length", np.int32),
        ("left", np.int32),
        ("right", np.int32),
        ("above", np.int32),
        ("above_left", np.int32),
        ("slot", np.int32),
    ],
    align=True,
)
"""An inner node; positions of nodes and leaves count from the first of their tree.

``column`` of the prepared rows: a feature, or, where zero counts as missing, ``p`` plus it;
``feature`` split on; ``kind`` as above; ``threshold``; ``set_start`` and ``set_length``, the part
of `Forest.words` with the set, in words of 32 categories.

``left`` and ``right``: children, a negative one being leaf ``-1 - child``. ``left_leaf`` is the
value of a left child that is a leaf, else 0, and ``left_inner`` is 0 for a leaf, else 1: with
them a kernel takes either without a branch, which a processor would often guess wrong.

``share``: training rows that went left, of those that came by. ``above``: the nearest node above
that splits on the same feature, or -1; ``above_left``: whether this one is on its left; ``cover``:
product of the shares of all splits above on the same feature, else 1; ``table``: where in
`Forest.tables` the constants of the quadrature are.

``slot``: where a pass backward leaves what it found below: twice the depth, plus 1 for a right
child. Nothing else is there when the node above comes to read it.
"""

TREE = np.dtype(
    [
        ("first_node", np.int64),
        ("size", np.int64),
        ("first_leaf", np.int64),
        ("points", np.int64),
        ("padded", np.int64),
    ]
)
"""A tree: where its nodes begin, how many there are, where its leaves begin, how many quadrature
nodes its deepest path needs, and the same up to full lanes."""

Records = npt.NDArray[Any]
"""An array of `NODE` or `TREE`."""


@dataclass(frozen=True, eq=False)
class Forest:
    """A booster as the kernels want it.

    Attributes
    ----------
    n_features : int
        Columns of a row.
    nodes : ndarray of NODE
        Inner nodes, tree by tree.
    trees : ndarray of TREE
    leaf : ndarray of float64
        Leaf values, tree by tree.
    words : ndarray of uint32
        Bit sets of categories.
    weights, tables : ndarray of float64
        See `riskml.explanation.quadrature`.
    base_value : float
        Mean raw score over the training rows: the base of all contributions.
    """

    n_features: int
    nodes: Records
    trees: Records
    leaf: FloatArray
    words: npt.NDArray[np.uint32]
    weights: FloatArray
    tables: FloatArray
    base_value: float

    @classmethod
    def of(cls, text: str) -> "Forest":
        """Lay out a booster's text.

        Raises
        ------
        BundleError
            If it holds what the kernels do not compute; see `read_booster`.
        """
        booster = read_booster(text)
        laid = [_lay_out(tree, booster.n_features) for tree in booster.trees]
        words_before = _starts([len(tree.set_words) for tree in booster.trees])
        for (nodes, _), start in zip(laid, words_before[:-1], strict=True):
            nodes["set_start"] += start
        nodes = np.concatenate([np.empty(0, dtype=NODE), *(part for part, _ in laid)])
        trees = np.zeros(len(laid), dtype=TREE)
        trees["size"] = [len(part) for part, _ in laid]
        trees["first_node"] = _starts(trees["size"])[:-1]
        trees["first_leaf"] = _starts([len(tree.leaf_value) for tree in booster.trees])[:-1]
        trees["points"] = [nodes_needed(distinct) for _, distinct in laid]
        trees["padded"] = -(-trees["points"] // WIDTH) * WIDTH
        points = np.repeat(trees["points"], trees["size"])
        nodes["table"], tables = split_constants(points, nodes["cover"], nodes["above"] >= 0, WIDTH)
        return cls(
            n_features=booster.n_features,
            nodes=nodes,
            trees=trees,
            leaf=_joined([tree.leaf_value for tree in booster.trees], np.float64),
            words=_joined([tree.set_words for tree in booster.trees], np.uint32),
            weights=weight_table(int(trees["points"].max(initial=1)), WIDTH),
            tables=tables,
            base_value=float(sum(tree.expected_value() for tree in booster.trees)),
        )


class _Place(NamedTuple):
    """Where a node stands in pre-order, and what its path says of its feature."""

    node: int
    above: int
    above_left: bool
    cover: float
    slot: int
    distinct: int


def _lay_out(tree: TreeText, n_features: int) -> tuple[Records, int]:
    """Return a tree's nodes in pre-order, and its most distinct features on one path."""
    share = tree.child_counts(tree.left) / tree.count
    places = _walk(tree, share)
    order, above, above_left, cover, slot, distinct = _columns(places)
    decision, feature = tree.decision[order], tree.feature[order]
    categorical = (decision & 1).astype(np.bool_)
    zero_missing = (decision >> 2 & 3 == _MISSING_ZERO) & ~categorical
    nodes = np.zeros(len(order), dtype=NODE)
    nodes["column"] = feature + np.where(zero_missing, n_features, 0)
    nodes["feature"] = feature
    nodes["kind"] = _kinds(decision, tree.threshold[order])
    nodes["threshold"] = tree.threshold[order]
    nodes["set_start"], nodes["set_length"] = _sets(tree, order, categorical)
    for side, children in (("left", tree.left[order]), ("right", tree.right[order])):
        leaf = children < 0
        nodes[side] = _renumbered(children, order)
        nodes[f"{side}_inner"] = ~leaf
        nodes[f"{side}_leaf"] = np.where(leaf, tree.leaf_value[-1 - np.minimum(children, -1)], 0.0)
    nodes["share"], nodes["cover"] = share[order], cover
    nodes["above"], nodes["above_left"], nodes["slot"] = above, above_left, slot
    return nodes, int(distinct.max(initial=0))


def _columns(places: list[_Place]) -> list[np.ndarray]:
    dtypes = (np.int64, np.int64, np.bool_, np.float64, np.int64, np.int64)
    columns = zip(*places, strict=True) if places else ((),) * len(dtypes)
    return [np.array(column, dtype) for column, dtype in zip(columns, dtypes, strict=True)]


def _walk(tree: TreeText, share: FloatArray) -> list[_Place]:
    """Visit the inner nodes in pre-order."""
    places: list[_Place] = []
    feature, shares = tree.feature.tolist(), share.tolist()
    children = list(zip(tree.left.tolist(), tree.right.tolist(), strict=True))
    # A path: of each feature split on, the last such node, the side taken, the cover so far.
    start: tuple[int, int, dict[int, tuple[int, bool, float]]] = (0, 0, {})
    waiting = [start] if children else []
    while waiting:
        node, slot, path = waiting.pop()
        split, here = feature[node], len(places)
        distinct = len(path) + (split not in path)
        above, above_left, cover = path.get(split, (-1, False, 1.0))
        places.append(_Place(node, above, above_left, cover, slot, distinct))
        below = 2 * (slot // 2 + 1)
        left, right = children[node]
        if right >= 0:
            ratio = 1.0 - shares[node]
            waiting.append((right, below + 1, {**path, split: (here, False, cover * ratio)}))
        if left >= 0:  # popped first
            waiting.append((left, below, {**path, split: (here, True, cover * shares[node])}))
    return places


def _kinds(decision: IntArray, threshold: FloatArray) -> IntArray:
    """Return the kind of each split.

    Where nothing counts as missing, LightGBM reads NaN as zero; where zero counts as missing, so
    does NaN, and the prepared column has NaN for both.
    """
    default_left = (decision & 2).astype(np.bool_)
    never_missing = decision >> 2 & 3 == 0
    nan_left = np.where(never_missing, threshold >= 0.0, default_left)
    return np.where(decision & 1, SET, np.where(nan_left, NAN_LEFT, NAN_RIGHT)).astype(np.int64)


def _sets(
    tree: TreeText, order: IntArray, categorical: npt.NDArray[np.bool_]
) -> tuple[IntArray, IntArray]:
    """Return where the set of each categorical split begins in the tree's words, and its length."""
    start, length = np.zeros((2, len(order)), dtype=np.int64)
    number = tree.threshold[order][categorical].astype(np.int64)
    if len(number):
        start[categorical] = tree.set_starts[number]
        length[categorical] = tree.set_starts[number + 1] - tree.set_starts[number]
    return start, length


def _renumbered(children: IntArray, order: IntArray) -> IntArray:
    """Return children by their place in pre-order; leaves keep their negative numbers."""
    place = np.zeros(len(order) + 1, dtype=np.int64)
    place[order] = np.arange(len(order))
    return np.where(children >= 0, place[np.maximum(children, 0)], children)


def _starts(lengths: npt.ArrayLike) -> IntArray:
    return np.append(0, np.cumsum(np.asarray(lengths, dtype=np.int64)))


def _joined(parts: list[np.ndarray], dtype: type[np.generic]) -> np.ndarray:
    return np.concatenate([np.empty(0, dtype=dtype), *parts]).astype(dtype)
