"""Statistics that need another key's answer, taken apart into ones that do not.

A rate is shrunk towards its parent's rate and a share is divided by another key's count, so one
partition of one key cannot answer them. Their integers it can: how many outcomes were known, how
many of them hit. Once the integers of all keys lie side by side, row by row, the one formula
turns them into numbers, so that rates have the same bits as where one process sees everything.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from riskml.history.additive import new_frames
from riskml.history.arrays import F64, I64, Float
from riskml.history.compiled import compiled
from riskml.history.formulas import OPERATIONS, put, value_of
from riskml.history.plan import Plan, make_plan, place_of
from riskml.history.statistics import KINDS, Statistic
from riskml.history.views import Answer, Frames, Program

__all__ = ["Assembly", "Decomposed", "decompose"]

_COUNT_AND_FLAG = {"hit": ("known", "hits"), "suspicious": ("findings", "suspicious")}
"""By the column a rate reads, what counts its rows and what counts those that are flagged."""


@dataclass(frozen=True)
class Decomposed:
    """Statistics, and the parts they are put together from.

    Attributes
    ----------
    plan : Plan
        Of the statistics asked for.
    parts : tuple of Statistic
        None of them needs another key.
    targets : (parts,) int64 array
        The statistic of the plan that each part is, -1 if it is none.
    sources : (statistics of the plan, 2) int64 array
        For a rate its count and the flagged among it, for a share its count alone; -1 elsewhere.
    """

    plan: Plan
    parts: tuple[Statistic, ...]
    targets: I64
    sources: I64


class Assembly:
    """Statistics of many queries, put together from answers to their parts as these come.

    Parameters
    ----------
    decomposed : Decomposed
    out : (m, asked) float64 array
        Where to write; NaN until an answer comes, since a missing key has none.
    """

    def __init__(self, decomposed: Decomposed, out: F64) -> None:
        self._decomposed = decomposed
        self._kept, self._sources = _numbered(decomposed.sources, len(decomposed.parts))
        size, hidden = len(out), len(decomposed.plan.statistics) - out.shape[1]
        self._answer = Answer(out, np.empty((size, hidden)))
        self._ingredients = np.empty((size, int(self._kept.max(initial=-1)) + 1))
        for room in (*self._answer, self._ingredients):
            room.fill(np.nan)

    def take(self, rows: I64, parts: I64, values: F64) -> None:
        """Take the answers to some parts (k of them) of some queries, (m, k)."""
        targets, kept = self._decomposed.targets[parts], self._kept[parts]
        _place(np.array(rows), np.array(values), targets, kept, self._answer, self._ingredients)

    def finish(self, base: float) -> F64:
        """Work out rates and shares; ``base`` is the prior of the rate of everything."""
        for step in self._decomposed.plan.steps:  # every prior before it is needed
            program = _dependent(step.program)
            counts, flags = np.ascontiguousarray(self._sources[program.target].T)
            frames = new_frames(1, 1)
            _combine(self._ingredients, counts, flags, program, frames, base, self._answer)
        return self._answer.asked


def _numbered(sources: I64, parts: int) -> tuple[I64, I64]:
    """Return a number for each part that others are made from, and the sources in these."""
    needed = np.unique(sources[sources >= 0])
    kept = np.full(parts + 1, -1, np.int64)  # the last entry is that of -1
    kept[needed] = np.arange(len(needed))
    return kept[:-1], kept[sources]


def decompose(statistics: Sequence[Statistic]) -> Decomposed:
    """Take statistics apart."""
    plan = make_plan(statistics)
    parts: list[Statistic] = []
    targets: list[int] = []
    needed: dict[Statistic, int] = {}
    sources = np.full((len(plan.statistics), 2), -1, np.int64)
    for row, statistic in enumerate(plan.statistics):
        for column, part in enumerate(_parts_of(statistic)):
            itself = part == statistic
            if itself or part not in needed:
                needed[part] = len(parts)
                parts.append(part)
                targets.append(row if itself else -1)
            if not itself:
                sources[row, column] = needed[part]
    return Decomposed(plan, tuple(parts), np.array(targets, dtype=np.int64), sources)


def _needs_others(statistic: Statistic) -> bool:
    return statistic.kind == "share" or KINDS[statistic.kind].rate


def _parts_of(statistic: Statistic) -> list[Statistic]:
    if not _needs_others(statistic):
        return [statistic]
    key = place_of(statistic)[1]
    if statistic.kind == "share":
        return [replace(statistic, key=key, kind="count", column=None)]
    kinds = _COUNT_AND_FLAG[KINDS[statistic.kind].reads]
    days, stream, lodged = statistic.days, statistic.source, statistic.lodged
    return [Statistic(key, kind, days=days, stream=stream, lodged=lodged) for kind in kinds]


def _dependent(program: Program) -> Program:
    """Return the lines of a program that need others, each reading the one window there is."""
    operations = (OPERATIONS["hit_rate"], OPERATIONS["suspicious_rate"], OPERATIONS["share"])
    keep = np.isin(program.operation, operations)
    lines = {
        name: np.ascontiguousarray(getattr(program, name)[keep])
        for name in ("operation", "target", "prior", "fallback", "factor")
    }
    only = np.zeros(int(keep.sum()), np.int64)
    return program._replace(**lines, window=only, other=only, word=only)


@compiled
def _place(
    rows: I64, values: F64, targets: I64, kept: I64, answer: Answer, ingredients: F64
) -> None:
    for place in range(len(rows)):
        for part in range(len(targets)):
            value = values[place, part]
            if targets[part] >= 0:
                put(answer, rows[place], targets[part], value)
            if kept[part] >= 0:
                ingredients[rows[place], kept[part]] = value


@compiled
def _combine(
    ingredients: F64,
    counts: I64,
    flags: I64,
    program: Program,
    frames: Frames,
    base: Float,
    answer: Answer,
) -> None:
    for query in range(len(ingredients)):
        for item in range(len(program.target)):
            count, value = ingredients[query, counts[item]], np.nan
            if not math.isnan(count):
                frames.counts[0] = np.int64(count)
                if flags[item] >= 0:
                    frames.words[0, 0] = np.uint64(ingredients[query, flags[item]])
                value = value_of(frames, program, item, answer, query, base)
            put(answer, query, program.target[item], value)
