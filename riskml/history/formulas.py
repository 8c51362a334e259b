"""From exact integers to floats: one fixed formula for each kind of statistic.

The order of operations is part of the definition: every path (a million rows or one, local or
distributed) runs these lines, so every path has the same bits.
"""

import math

import numpy as np

from riskml.history import wide
from riskml.history.arrays import I64, Float, Int
from riskml.history.compiled import inlined
from riskml.history.sums import SUM_WORDS
from riskml.history.views import Answer, Frames, Program

__all__ = ["LAST", "LAST_HIT", "OPERATIONS", "convert", "put", "value_of"]

COUNT, SUM, MEAN, STD, FLAG, RATE, FIRST, SHARE, TREND, LAST, LAST_HIT = range(11)

OPERATIONS = {
    "count": COUNT,
    "known": COUNT,
    "findings": COUNT,
    "sum": SUM,
    "mean": MEAN,
    "mean_severity": MEAN,
    "std": STD,
    "hits": FLAG,
    "suspicious": FLAG,
    "hit_rate": RATE,
    "suspicious_rate": RATE,
    "first_seen": FIRST,
    "share": SHARE,
    "trend": TREND,
    "days_since_last": LAST,
    "days_since_last_hit": LAST_HIT,
}
"""The operation that computes each additive kind of statistic."""


@inlined
def put(answer: Answer, query: Int, target: Int, value: Float) -> None:
    """Write a result; columns beyond those asked for are the hidden ones."""
    columns = answer.asked.shape[1]
    if target < columns:
        answer.asked[query, target] = value
    else:
        answer.hidden[query, target - columns] = value


@inlined
def _get(answer: Answer, query: Int, target: Int) -> Float:
    columns = answer.asked.shape[1]
    if target < columns:
        return answer.asked[query, target]
    return answer.hidden[query, target - columns]


@inlined
def _prior(answer: Answer, query: Int, program: Program, item: Int, base: Float) -> Float:
    """Return the parent's rate; that of everything where the parent is missing."""
    if program.prior[item] < 0:
        return base
    prior = _get(answer, query, program.prior[item])
    if math.isnan(prior) and program.fallback[item] >= 0:
        return _get(answer, query, program.fallback[item])
    return prior


@inlined
def convert(frames: Frames, groups: I64) -> None:
    """Turn the sums of each window into numbers, once for all statistics of them."""
    for frame in range(len(frames.words)):
        for group in range(len(groups)):
            word = groups[group, 2]
            if groups[group, 1] >= SUM_WORDS:
                high, low = frames.words[frame, word + 2], frames.words[frame, word + 1]
                frames.reals[frame, word] = wide.real(high, low)


@inlined
def _moment(frames: Frames, frame: Int, word: Int, operation: Int, units: Float) -> Float:
    """Return sum, mean or sample standard deviation."""
    words = frames.words
    if operation == SUM:
        return frames.reals[frame, word] / units
    count = np.float64(words[frame, word])
    if operation == MEAN:
        return frames.reals[frame, word] / (units * count) if count > 0 else np.nan
    if count < 2:
        return np.nan
    high, low = words[frame, word + 2], words[frame, word + 1]
    squares_high, squares_low = words[frame, word + 4], words[frame, word + 3]
    spread = wide.spread(words[frame, word], high, low, squares_high, squares_low)
    return math.sqrt(spread / (count * (count - 1.0))) / units


@inlined
def _quotient(counts: I64, program: Program, item: Int, flagged: Float, prior: Float) -> Float:
    """Return a count, or one divided by another."""
    operation, count = program.operation[item], np.float64(counts[program.window[item]])
    if operation == FLAG:
        return flagged
    if operation == RATE:
        strength = program.factor[item]
        return (flagged + strength * prior) / (count + strength)
    if operation == FIRST:
        return 1.0 if count == 0 else 0.0
    if operation == SHARE:
        return count / prior
    if operation == TREND:
        return count / np.float64(counts[program.other[item]])
    return count


@inlined
def value_of(
    frames: Frames, program: Program, item: Int, answer: Answer, query: Int, base: Float
) -> Float:
    """Return the statistic ``item`` of a query from the sums of its windows.

    Parameters
    ----------
    frames : Frames
        Counts and sums of each window, :func:`convert` done.
    program : Program
        The statistics of the key.
    item : int
        Which of them; not a time since the last event.
    answer : Answer
        Holds the priors already.
    query : int
        The row to answer.
    base : float
        The prior of the rate of everything.
    """
    operation, frame, word = program.operation[item], program.window[item], program.word[item]
    if operation in (SUM, MEAN, STD):
        return _moment(frames, frame, word, operation, program.factor[item])
    flagged, prior = 0.0, 0.0
    if operation in (FLAG, RATE):
        flagged = np.float64(frames.words[frame, word])
    if operation in (RATE, SHARE):
        prior = _prior(answer, query, program, item, base)
    return _quotient(frames.counts, program, item, flagged, prior)
