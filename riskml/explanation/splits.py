"""Which way rows go at a split, and rows laid out for the kernels."""

from typing import Any

import numpy as np

from riskml.explanation.compiled import inlined
from riskml.explanation.forest import NAN_LEFT, SET, WIDTH, Records
from riskml.explanation.lanes import Lanes, load, splat, where_le, where_not_gt

__all__ = ["TINY", "goes_left", "lay_row", "lay_rows", "left_or_right"]

TINY = float(np.float32(1e-35))
"""LightGBM takes smaller numbers for zero (``kZeroThreshold``, a single-precision constant)."""


@inlined
def prepared(number: float) -> float:
    """Return what LightGBM makes of a number: tiny ones are zero."""
    return 0.0 if -TINY <= number <= TINY else number


@inlined
def lay_rows(
    matrix: np.ndarray, start: int, stop: int, zero_missing: bool, rows: np.ndarray
) -> None:
    """Lay out rows ``start`` to ``stop`` in blocks, columns of each block side by side.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, p)
    start, stop : int
        What exceeds ``stop`` in the last block repeats its last row.
    zero_missing : bool
        Whether p columns more are wanted, in which zero and NaN both are NaN.
    rows : ndarray of float64, shape (blocks, columns x WIDTH)
        Result.
    """
    width = matrix.shape[1]
    for block in range((stop - start + WIDTH - 1) // WIDTH):
        for lane in range(WIDTH):
            row = min(start + block * WIDTH + lane, stop - 1)
            for column in range(width):
                number = prepared(matrix[row, column])
                rows[block, column * WIDTH + lane] = number
                if zero_missing:
                    missing = np.nan if number == 0.0 else number
                    rows[block, (width + column) * WIDTH + lane] = missing


@inlined
def lay_row(matrix: np.ndarray, row: int, zero_missing: bool, numbers: np.ndarray) -> None:
    """Lay out one row; see `lay_rows`."""
    width = matrix.shape[1]
    for column in range(width):
        number = prepared(matrix[row, column])
        numbers[column] = number
        if zero_missing:
            numbers[width + column] = np.nan if number == 0.0 else number


@inlined
def in_set(number: float, words: np.ndarray, start: int, length: int) -> Any:
    """Return whether a category is in a set: truncated to an integer, never if NaN or negative."""
    if not (-1.0 < number < 32.0 * length):
        return False
    category = int(number)
    return (words[start + (category >> 5)] >> np.uint32(category & 31)) & np.uint32(1) != 0


@inlined
def goes_left(number: float, nodes: Records, node: int, words: np.ndarray) -> Any:
    """Return whether one prepared number goes left at a split."""
    kind = nodes[node].kind
    if kind == SET:
        return in_set(number, words, nodes[node].set_start, nodes[node].set_length)
    # Without a branch on the kind or the number: neither can be guessed.
    return (number <= nodes[node].threshold) | (np.isnan(number) & (kind == NAN_LEFT))


@inlined
def left_or_right(
    rows: np.ndarray,
    at: int,
    nodes: Records,
    node: int,
    words: np.ndarray,
    left: Lanes,
    right: Lanes,
    spare: np.ndarray,
) -> Any:
    """Return, in the lanes of the rows that go left at a split, ``left``, elsewhere ``right``."""
    kind = nodes[node].kind
    if kind == SET:
        for lane in range(WIDTH):
            number = rows[at + lane]
            inside = in_set(number, words, nodes[node].set_start, nodes[node].set_length)
            spare[lane] = 0.0 if inside else 1.0
        return where_le(load(spare, 0), splat(0.5), left, right)
    numbers, threshold = load(rows, at), splat(nodes[node].threshold)
    if kind == NAN_LEFT:
        return where_not_gt(numbers, threshold, left, right)
    return where_le(numbers, threshold, left, right)
