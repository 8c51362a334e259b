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

__all__ = [
    "COUNT",
    "FIRST",
    "FLAG",
    "LAST",
    "LAST_HIT",
    "MEAN",
    "OPERATIONS",
    "RATE",
    "SHARE",
    "STD",
    "SUM",
    "TREND",
    "convert",
    "deviation_of",
    "mean_of",
    "prior_of",
    "put",
    "rate_of",
    "sum_of",
    "value_of",
]

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
def prior_of(answer: Answer, query: Int, program: Program, item: Int, base: Float) -> Float:
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
def sum_of(total: Float, units: Float) -> Float:
    """Return a sum, from one in units of the last decimal."""
    return total / units


@inlined
def mean_of(total: Float, present: Float, units: Float) -> Float:
    """Return the mean of the numbers present, NaN if there is none."""
    return total / (units * present) if present > 0 else np.nan


@inlined
def deviation_of(spread: Float, present: Float, units: Float) -> Float:
    """Return the sample standard deviation, NaN if fewer than two numbers are present."""
    return math.sqrt(spread / (present * (present - 1.0))) / units if present >= 2 else np.nan


@inlined
def rate_of(flagged: Float, count: Float, strength: Float, prior: Float) -> Float:
    """Return a rate shrunk towards a prior that counts for ``strength`` events."""
    return (flagged + strength * prior) / (count + strength)


@inlined
def _moment(frames: Frames, frame: Int, word: Int, operation: Int, units: Float) -> Float:
    """Return sum, mean or sample standard deviation."""
    words, total = frames.words, frames.reals[frame, word]
    if operation == SUM:
        return sum_of(total, units)
    present = np.float64(words[frame, word])
    if operation == MEAN:
        return mean_of(total, present, units)
    spread = 0.0
    if present >= 2:
        spread = wide.spread(
            words[frame, word],
            words[frame, word + 2],
            words[frame, word + 1],
            words[frame, word + 4],
            words[frame, word + 3],
        )
    return deviation_of(spread, present, units)


@inlined
def _quotient(counts: I64, program: Program, item: Int, flagged: Float, prior: Float) -> Float:
    """Return a count, or one divided by another."""
    operation, count = program.operation[item], np.float64(counts[program.window[item]])
    if operation == FLAG:
        return flagged
    if operation == RATE:
        return rate_of(flagged, count, program.factor[item], prior)
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
        prior = prior_of(answer, query, program, item, base)
    return _quotient(frames.counts, program, item, flagged, prior)
