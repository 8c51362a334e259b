"""The exact nearest cases in leaf space, found in one pass over part of the leaves.

Two consignments are as similar as the share of trees that put both into the same leaf (Breiman's
proximity, *Random Forests*, 2001, section on proximities). The leaves are laid out tree by tree,
a byte each, so that counting equal leaves runs over consecutive memory. A case is dropped as soon
as it could not reach the nearest found so far even if all remaining trees agreed: that bound is
exact, so the answer is that of comparing everything.
"""

import numpy as np

from riskml.explanation.compiled import compiled, inlined

__all__ = ["BLOCK", "nearest"]

BLOCK = 32768
"""Cases counted together: their counters stay in the second cache, their columns stream."""
STRIDE = 32
"""Trees counted between two looks at the bound."""
FEW = 64
"""Of a block with no more cases than this still in the race, those alone are counted on."""


@compiled
def nearest(
    leaves: np.ndarray,
    query: np.ndarray,
    order: np.ndarray,
    end: int,
    counts: np.ndarray,
    racing: np.ndarray,
    best: np.ndarray,
    which: np.ndarray,
) -> int:
    """Find the nearest cases among the first ``end``; return how many leaves were compared.

    Parameters
    ----------
    leaves : ndarray of uint8, shape (trees, cases)
        Leaf of each case in each tree, modulo 256.
    query : ndarray of uint8, shape (trees,)
    order : ndarray of int64, shape (trees,)
        The trees in the order in which they are counted. It does not change what is found; where
        the trees whose leaf is rare come first, most cases drop out sooner.
    end : int
        Only cases before this one count.
    counts : ndarray of uint16, shape (BLOCK,)
        Scratch.
    racing : ndarray of int64, shape (FEW,)
        Scratch.
    best, which : ndarray of int64, shape (k,)
        Result: trees in common and the case, the nearest first; -1 where there is none. Of equal
        ones the last case is nearer.
    """
    trees = leaves.shape[0]
    best[:] = -1
    which[:] = -1
    compared = 0
    # The last cases first: they are the newest, and win where others are equal.
    block_end = end
    while block_end > 0:
        start = max(0, block_end - BLOCK)
        size = block_end - start
        for case in range(size):
            counts[case] = 0
        tree, few = 0, False
        while tree < trees and not few:
            stop = min(trees, tree + STRIDE)
            t = tree
            while t + 8 <= stop:
                count_eight(leaves, query, order[t : t + 8], start, block_end, counts)
                t += 8
            while t < stop:
                count_one(leaves, query, order[t], start, block_end, counts)
                t += 1
            compared += (stop - tree) * size
            tree = stop
            needed = best[-1] + 1 - (trees - tree)
            if needed > 0 and tree < trees:
                left = 0
                for case in range(size):
                    if counts[case] >= needed:
                        if left < FEW:
                            racing[left] = case
                        left += 1
                few = left <= FEW
        if few:
            left = min(left, FEW)
            for place in range(left - 1, -1, -1):
                case = racing[place]
                found = np.int64(counts[case])
                for t in order[tree:]:
                    found += np.int64(leaves[t, start + case] == query[t])
                compared += trees - tree
                enter(int(found), start + case, best, which)
        else:
            for case in range(size - 1, -1, -1):
                if counts[case] > best[-1]:
                    enter(int(counts[case]), start + case, best, which)
        block_end = start
    return compared


@inlined
def count_eight(
    leaves: np.ndarray,
    query: np.ndarray,
    trees: np.ndarray,
    start: int,
    stop: int,
    counts: np.ndarray,
) -> None:
    """Count the equal leaves of eight trees at once: the counters are read and written once."""
    a, b = leaves[trees[0], start:stop], leaves[trees[1], start:stop]
    c, d = leaves[trees[2], start:stop], leaves[trees[3], start:stop]
    e, f = leaves[trees[4], start:stop], leaves[trees[5], start:stop]
    g, h = leaves[trees[6], start:stop], leaves[trees[7], start:stop]
    of_a, of_b, of_c, of_d = query[trees[0]], query[trees[1]], query[trees[2]], query[trees[3]]
    of_e, of_f, of_g, of_h = query[trees[4]], query[trees[5]], query[trees[6]], query[trees[7]]
    for case in range(len(a)):
        # In bytes throughout, so that 32 cases go through each instruction.
        first = np.uint8(np.uint8(a[case] == of_a) + np.uint8(b[case] == of_b))
        second = np.uint8(np.uint8(c[case] == of_c) + np.uint8(d[case] == of_d))
        third = np.uint8(np.uint8(e[case] == of_e) + np.uint8(f[case] == of_f))
        fourth = np.uint8(np.uint8(g[case] == of_g) + np.uint8(h[case] == of_h))
        same = np.uint8(np.uint8(first + second) + np.uint8(third + fourth))
        counts[case] = np.uint16(counts[case] + np.uint16(same))


@inlined
def count_one(
    leaves: np.ndarray, query: np.ndarray, tree: int, start: int, stop: int, counts: np.ndarray
) -> None:
    """Count the equal leaves of one tree."""
    column, leaf = leaves[tree, start:stop], query[tree]
    for case in range(len(column)):
        counts[case] += np.uint16(column[case] == leaf)


@compiled
def enter(found: int, case: int, best: np.ndarray, which: np.ndarray) -> None:
    """Put a case among the nearest, if it belongs there; cases come from last to first."""
    if found <= best[-1]:
        return
    place = len(best) - 1
    while place > 0 and best[place - 1] < found:
        best[place] = best[place - 1]
        which[place] = which[place - 1]
        place -= 1
    best[place] = found
    which[place] = case
