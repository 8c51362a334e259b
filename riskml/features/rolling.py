"""Lines to consignments, compiled: one arriving container must not pay for numpy's generality."""

import numpy as np

from riskml.features.compiled import compiled

__all__ = ["HOW", "reduce_lines"]

HOW = {"max": 0, "min": 1, "sum": 2, "mean": 3}
"""The ways of :func:`reduce_lines`."""


@compiled
def reduce_lines(values: np.ndarray, starts: np.ndarray, how: int, found: np.ndarray) -> None:
    """Reduce the lines of each consignment, column by column, leaving missing values out.

    Lines are added one after the other, so that a sum has the same bits in any batch.

    Parameters
    ----------
    values : ndarray of float64, shape (n_lines, k)
    starts : ndarray of int64, shape (n,)
        First line of each consignment; every consignment has one.
    how : int
        See :data:`HOW`.
    found : ndarray of float64, shape (n, k)
        Result; NaN for a consignment without any value.
    """
    for owner in range(len(starts)):
        first = starts[owner]
        end = starts[owner + 1] if owner + 1 < len(starts) else len(values)
        for column in range(values.shape[1]):
            best = values[first, column]
            if how <= 1:
                for line in range(first + 1, end):
                    value = values[line, column]
                    beaten = value > best if how == 0 else value < best
                    if beaten or np.isnan(best):
                        best = value
                found[owner, column] = best
                continue
            count = 0
            total = 0.0
            for line in range(first, end):
                value = values[line, column]
                missing = np.isnan(value)
                count += 0 if missing else 1
                part = 0.0 if missing else value
                # The first is taken as it is: adding it to zero would lose the sign of a zero.
                total = part if line == first else total + part
            if count == 0:
                found[owner, column] = np.nan
            else:
                found[owner, column] = total / count if how == 3 else total
