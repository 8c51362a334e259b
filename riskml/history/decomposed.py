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

__all__ = ["Decomposed", "decompose"]

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
    sources : (statistics of the plan, 2) int64 array
        The parts that give each statistic: itself alone, or a count and the flagged among it,
        -1 where there is no second.
    """

    plan: Plan
    parts: tuple[Statistic, ...]
    sources: I64

    def put_together(self, parts: F64, base: float, out: F64) -> F64:
        """Return the statistics asked for.

        Parameters
        ----------
        parts : (m, parts) float64 array
        base : float
            The prior of the rate of everything.
        out : (m, asked) float64 array
            Where to write them.
        """
        hidden = len(self.plan.statistics) - out.shape[1]
        answer = Answer(out, np.empty((len(out), hidden)))
        for target, (source, _) in enumerate(self.sources.tolist()):
            if not _needs_others(self.plan.statistics[target]):
                column = target - out.shape[1]
                (out[:, target] if column < 0 else answer.hidden[:, column])[:] = parts[:, source]
        for step in self.plan.steps:  # every prior before it is needed
            program = _dependent(step.program)
            counts, flags = np.ascontiguousarray(self.sources[program.target].T)
            _combine(parts, counts, flags, program, new_frames(1, 1), base, answer)
        return out


def decompose(statistics: Sequence[Statistic]) -> Decomposed:
    """Take statistics apart."""
    plan = make_plan(statistics)
    places: dict[Statistic, int] = {}
    sources = np.full((len(plan.statistics), 2), -1, np.int64)
    for row, statistic in enumerate(plan.statistics):
        for column, part in enumerate(_parts_of(statistic)):
            sources[row, column] = places.setdefault(part, len(places))
    return Decomposed(plan, tuple(places), sources)


def _needs_others(statistic: Statistic) -> bool:
    return statistic.kind == "share" or KINDS[statistic.kind].rate


def _parts_of(statistic: Statistic) -> list[Statistic]:
    if not _needs_others(statistic):
        return [statistic]
    key = place_of(statistic)[1]
    if statistic.kind == "share":
        return [replace(statistic, key=key, kind="count", column=None)]
    kinds = _COUNT_AND_FLAG[KINDS[statistic.kind].reads]
    return [Statistic(key, kind, days=statistic.days, stream=statistic.source) for kind in kinds]


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
def _combine(
    parts: F64,
    counts: I64,
    flags: I64,
    program: Program,
    frames: Frames,
    base: Float,
    answer: Answer,
) -> None:
    for query in range(len(parts)):
        for item in range(len(program.target)):
            count, value = parts[query, counts[item]], np.nan
            if not math.isnan(count):
                frames.counts[0] = np.int64(count)
                if flags[item] >= 0:
                    frames.words[0, 0] = np.uint64(parts[query, flags[item]])
                value = value_of(frames, program, item, answer, query, base)
            put(answer, query, program.target[item], value)
