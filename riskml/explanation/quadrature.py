"""Gauss-Legendre quadrature on [0, 1]: how many nodes are exact, and what a split needs at each.

All that does not depend on a row is computed here, once a model; `docs/treeshap.md` derives it.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["nodes_and_weights", "nodes_needed", "split_constants", "weight_table"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def nodes_needed(distinct: int) -> int:
    """Return how many nodes integrate a path's polynomials exactly.

    Parameters
    ----------
    distinct : int
        Distinct features on the path. The integrand of a contribution is a product over all but
        one of them, each factor linear: its degree is at most ``distinct - 1``.

    Returns
    -------
    int
        ``ceil(distinct / 2)``, at least 1: n nodes are exact up to degree ``2 n - 1``.
    """
    return max(1, (distinct + 1) // 2)


@lru_cache(maxsize=128)
def nodes_and_weights(count: int) -> tuple[FloatArray, FloatArray]:
    """Return the nodes, all strictly between 0 and 1, and weights that sum to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1.0) / 2.0, weights / 2.0


def weight_table(most: int, width: int) -> FloatArray:
    """Return a table whose row n holds the weights of n nodes, then zeros up to full lanes."""
    found = np.zeros((most + 1, -(-most // width) * width))
    for count in range(1, most + 1):
        found[count, :count] = nodes_and_weights(count)[1]
    return found


def split_constants(
    points: IntArray, cover: FloatArray, repeated: npt.NDArray[np.bool_], width: int
) -> tuple[IntArray, FloatArray]:
    """Compute the constants of splits.

    Parameters
    ----------
    points : ndarray of int64, shape (k,)
        Quadrature nodes of each split's tree.
    cover : ndarray of float64, shape (k,)
        Cover r of the splits above on the same feature.
    repeated : ndarray of bool, shape (k,)
        Whether there are such; all others share a table, with r = 1.
    width : int
        Tables are padded to a multiple of it.

    Returns
    -------
    starts : ndarray of int64, shape (k,)
        Where the constants of a split begin: at each node y the share *present*,
        ``y / (r + (1 - r) y)``, then the *slope*, ``r / (r + (1 - r) y)**2``.
    constants : ndarray of float64
    """
    starts = np.zeros(len(points), dtype=np.int64)
    parts, size = [np.empty(0)], 0
    for count in np.unique(points).tolist():
        own = np.flatnonzero((points == count) & repeated)
        rows = _constants(np.append(1.0, cover[own]), nodes_and_weights(count)[0], width)
        starts[points == count] = size
        starts[own] = size + rows.shape[1] * np.arange(1, len(rows))
        parts.append(rows.ravel())
        size += rows.size
    return starts, np.concatenate(parts)


def _constants(cover: FloatArray, nodes: FloatArray, width: int) -> FloatArray:
    y = np.append(nodes, np.full(-len(nodes) % width, 0.5))  # the weight of the rest is zero
    r = cover[:, None]
    mixed = r + (1.0 - r) * y
    return np.hstack([y / mixed, r / mixed**2])
