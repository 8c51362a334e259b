"""The trees of a booster as LightGBM writes them, read from its text.

Only what the kernels can compute is let through: one raw score, constant leaves, and counts of
training rows that add up (cover ratios are made of them). Whatever is refused is named.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskml.errors import BundleError

__all__ = ["BoosterText", "TreeText", "read_booster"]

REMEDY = "let LightGBM itself compute its scores and contributions"
_TREE = re.compile(r"^Tree=(\d+)$", re.MULTILINE)
_END = "end of trees"


@dataclass(frozen=True)
class TreeText:
    """One tree in LightGBM's own order of nodes; k inner nodes, k + 1 leaves.

    Attributes
    ----------
    feature, left, right : ndarray of int64, shape (k,)
        Column of the split; children, a negative one being leaf ``-1 - child``.
    threshold : ndarray of float64, shape (k,)
        Of a categorical split: number of its set of categories.
    decision : ndarray of int64, shape (k,)
        Bit 0: categorical; bit 1: missing goes left; bits 2 and 3: what counts as missing (0
        nothing, 1 zero, 2 NaN).
    count : ndarray of float64, shape (k,)
        Training rows that came by.
    leaf_value, leaf_count : ndarray of float64, shape (k + 1,)
        Its value in the raw score; training rows that ended there.
    set_starts : ndarray of int64, shape (s + 1,)
        Where each set of categories begins in ``set_words``.
    set_words : ndarray of uint32
        Bit sets of the categories that go left.
    """

    feature: npt.NDArray[np.int64]
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float64]
    decision: npt.NDArray[np.int64]
    count: npt.NDArray[np.float64]
    leaf_value: npt.NDArray[np.float64]
    leaf_count: npt.NDArray[np.float64]
    set_starts: npt.NDArray[np.int64]
    set_words: npt.NDArray[np.uint32]

    def child_counts(self, children: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the training rows of children, leaves or not."""
        leaf = children < 0
        found = np.empty(len(children))
        found[leaf] = self.leaf_count[-1 - children[leaf]]
        found[~leaf] = self.count[children[~leaf]]
        return found

    def expected_value(self) -> float:
        """Return the mean leaf over the training rows, added up in LightGBM's order."""
        if not len(self.count):
            return float(self.leaf_value[0])
        total = float(self.count[0])
        terms = self.leaf_count / total * self.leaf_value
        return float(sum(terms.tolist()))


@dataclass(frozen=True)
class BoosterText:
    """A booster: its width and its trees, in the order in which they are added up."""

    n_features: int
    trees: tuple[TreeText, ...]


def read_booster(text: str) -> BoosterText:
    """Read a booster's text.

    Parameters
    ----------
    text : str
        As ``Booster.model_to_string()`` gives it.

    Raises
    ------
    BundleError
        If it holds what the kernels do not compute: several classes, averaged trees (random
        forest), linear leaves, nodes whose training rows do not add up.
    """
    body, mark, _ = text.partition(_END)
    starts = [match.start() for match in _TREE.finditer(body)]
    head = _fields(body[: starts[0]] if starts else body)
    _check_head(head, bool(mark))
    trees = []
    for start, end in zip(starts, [*starts[1:], len(body)], strict=True):
        fields = _fields(body[start:end])
        tree = _tree(fields)
        _check_tree(tree, fields)
        trees.append(tree)
    return BoosterText(int(head["max_feature_idx"]) + 1, tuple(trees))


def _fields(lines: str) -> dict[str, str]:
    return {key: value for key, _, value in _pairs(lines)}


def _pairs(lines: str) -> Iterator[tuple[str, str, str]]:
    for line in lines.splitlines():
        if line:
            yield line.partition("=")


def _check_head(head: dict[str, str], complete: bool) -> None:
    if not complete or "max_feature_idx" not in head:
        raise BundleError("the booster's text is not LightGBM's, or cut short", REMEDY)
    if head.get("num_class") != "1" or head.get("num_tree_per_iteration") != "1":
        raise BundleError("the booster has several classes", REMEDY)
    if "average_output" in head:
        raise BundleError("the booster averages its trees (random forest)", REMEDY)


def _tree(fields: dict[str, str]) -> TreeText:
    return TreeText(
        feature=_whole(fields, "split_feature"),
        left=_whole(fields, "left_child"),
        right=_whole(fields, "right_child"),
        threshold=_real(fields, "threshold"),
        decision=_whole(fields, "decision_type"),
        count=_real(fields, "internal_count"),
        leaf_value=_real(fields, "leaf_value"),
        leaf_count=_real(fields, "leaf_count"),
        set_starts=_whole(fields, "cat_boundaries"),
        set_words=_whole(fields, "cat_threshold").astype(np.uint32),
    )


def _whole(fields: dict[str, str], key: str) -> npt.NDArray[np.int64]:
    return np.array(fields.get(key, "").split(), dtype=np.int64)


def _real(fields: dict[str, str], key: str) -> npt.NDArray[np.float64]:
    return np.array(fields.get(key, "").split(), dtype=np.float64)


def _check_tree(tree: TreeText, fields: dict[str, str]) -> None:
    name = f"tree {fields['Tree']}"
    if fields.get("is_linear", "0") != "0":
        raise BundleError(f"{name} has linear leaves", REMEDY)
    inner = int(fields["num_leaves"]) - 1
    if any(len(part) != inner for part in (tree.left, tree.right, tree.threshold, tree.count)):
        raise BundleError(f"{name} is incomplete", REMEDY)
    if len(tree.leaf_value) != inner + 1:
        raise BundleError(f"{name} is incomplete", REMEDY)
    if not inner:
        return
    left, right = tree.child_counts(tree.left), tree.child_counts(tree.right)
    # An empty child has no cover ratio below it; an estimated count (training spread over
    # machines) is not the sum of its children, and then no contributions add up.
    if not (left > 0).all() or not (right > 0).all():
        raise BundleError(f"{name} has a node that no training row reached", REMEDY)
    if not np.array_equal(left + right, tree.count):
        raise BundleError(f"{name} has a node whose training rows are not its children's", REMEDY)
