"""Finding a place in a sorted run of numbers, given a guess."""

from riskml.history.arrays import I64, Int
from riskml.history.compiled import inlined

__all__ = ["seek"]


@inlined
def seek(known: I64, start: Int, length: Int, hint: Int, time: Int) -> Int:
    """Return how many places of a segment are known before ``time``, strictly.

    ``hint`` is a guess, such as the last answer: the search gallops from it, so that queries
    in order of time cost next to nothing, and any others a binary search.
    """
    if hint > 0 and known[start + hint - 1] >= time:
        low, high = 0, hint - 1
    else:
        low, high, step = hint, hint, 1
        while high < length and known[start + high] < time:
            low = high + 1
            high = low + step
            step *= 2
        high = min(high, length)
    while low < high:
        middle = (low + high) // 2
        if known[start + middle] < time:
            low = middle + 1
        else:
            high = middle
    return low
