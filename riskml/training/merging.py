"""Work on boosters as texts: their average as one booster, and a shift of its raw scores.

LightGBM adds trees up, so the average of N boosters is the booster of all their trees with every
leaf divided by N. A merged booster is an ordinary one: it predicts, explains and is stored like
any other.
"""

import re
from collections.abc import Callable, Sequence

from riskml.errors import BundleError

__all__ = ["merge_boosters", "shift_booster"]

_SCALED = re.compile(r"^(leaf_value|internal_value)=(.*)$", re.MULTILINE)
_SIZES = re.compile(r"^tree_sizes=.*$", re.MULTILINE)
_END = "end of trees"


def merge_boosters(texts: Sequence[str], shares: Sequence[float] | None = None) -> str:
    """Return the model text of the average of boosters, or of another sum of them.

    Parameters
    ----------
    texts : sequence of str
        Model texts (``Booster.model_to_string()``) with the same features and objective, and
        constant leaves.
    shares : sequence of float, optional
        By what each booster's raw score is multiplied before they are added up; one over their
        number by default.

    Returns
    -------
    str
        Model text; head and tail are those of the first booster.

    Raises
    ------
    BundleError
        If a text is not what this LightGBM writes.
    """
    if len(texts) == 1 and shares is None:
        return texts[0]
    parts = [1.0 / len(texts)] * len(texts) if shares is None else shares
    head, _, tail = _split(texts[0])
    trees = [
        _scaled(tree, share)
        for text, share in zip(texts, parts, strict=True)
        for tree in _split(text)[1]
    ]
    if not trees:
        return texts[0]
    renumbered = [
        re.sub(r"\ATree=\d+", f"Tree={number}", tree) for number, tree in enumerate(trees)
    ]
    return _joined(head, renumbered, tail)


def shift_booster(text: str, offset: float) -> str:
    """Return the model text of a booster whose raw scores are higher by ``offset``.

    Raises
    ------
    BundleError
        If the text is not what this LightGBM writes.
    """
    head, trees, tail = _split(text)
    if offset == 0 or not trees:
        return text
    first = _replaced(trees[0], lambda value: value + offset)
    return _joined(head, [first, *trees[1:]], tail)


def _joined(head: str, trees: Sequence[str], tail: str) -> str:
    # LightGBM reads trees in parallel by these sizes, in bytes.
    sizes = " ".join(str(len(tree.encode())) for tree in trees)
    return _SIZES.sub(f"tree_sizes={sizes}", head) + "".join(trees) + tail


def _split(text: str) -> tuple[str, list[str], str]:
    """Split a model text into head, trees (each up to the next) and tail."""
    body, mark, tail = text.partition(_END)
    if not mark or "is_linear=1" in body:
        raise BundleError("a booster's text cannot be merged", "set ensemble = 1")
    starts = [match.start() for match in re.finditer(r"^Tree=\d+$", body, re.MULTILINE)]
    if not starts:
        return body, [], mark + tail
    ends = [*starts[1:], len(body)]
    trees = [body[start:end] for start, end in zip(starts, ends, strict=True)]
    return body[: starts[0]], trees, mark + tail


def _scaled(tree: str, share: float) -> str:
    return _replaced(tree, lambda value: value * share)


def _replaced(tree: str, function: Callable[[float], float]) -> str:
    """Return a tree with other values in its leaves and nodes."""

    def replace(match: re.Match[str]) -> str:
        values = (repr(function(float(value))) for value in match[2].split())
        return f"{match[1]}={' '.join(values)}"

    return _SCALED.sub(replace, tree)
