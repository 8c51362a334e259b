"""However history is cut into partitions, every answer has the bits of one process."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskml.history import Statistic, compute
from riskml.history.decomposed import Assembly, decompose
from riskml.history.distributed import Shuffle
from riskml.history.partitions import answer, deal
from tests.oracles.history_worlds import World, all_statistics, worlds

STATISTICS = all_statistics()
quick = settings(max_examples=25, deadline=None)
thorough = settings(max_examples=600, deadline=None)

some = st.lists(st.sampled_from(STATISTICS), min_size=1, max_size=6)
"""Few at once: with all of them every key looks at the whole past of every stream."""


def compute_in_parts(
    statistics: list[Statistic], world: World, parts: int, chunk: int
) -> np.ndarray:
    """Compute what a cluster computes, in this process, one partition after the other."""
    found = decompose(statistics)
    shuffle = Shuffle(found.parts, world.events, world.queries, parts=parts, chunk=chunk)
    assembly = Assembly(found, np.empty((len(world.queries), len(statistics))))
    for job in shuffle.jobs:
        dealt = [deal(job, piece) for piece in shuffle.chunks]
        for pieces in zip(*dealt, strict=True):
            rows, values = answer(job, pieces)
            assembly.take(rows, job.columns, values)
    return assembly.finish(0.01)


def check(statistics: list[Statistic], world: World, parts: int, chunk: int) -> None:
    expected = compute(statistics, world.events, world.queries)
    found = compute_in_parts(statistics, world, parts, chunk)
    wrong = np.argwhere(found.view(np.int64) != expected.view(np.int64))
    assert not len(wrong), [(statistics[c].name, found[r, c], expected[r, c]) for r, c in wrong[:5]]


@quick
@given(worlds(), some, st.integers(1, 7), st.integers(2, 30))
def test_partitions_answer_like_one_process(
    world: World, statistics: list[Statistic], parts: int, chunk: int
) -> None:
    check(statistics, world, parts, chunk)


@pytest.mark.full
@thorough
@given(worlds(size=60, questions=20), some, st.integers(1, 9), st.integers(2, 80))
def test_many_partitions_answer_like_one_process(
    world: World, statistics: list[Statistic], parts: int, chunk: int
) -> None:
    check(statistics, world, parts, chunk)


@pytest.mark.full
@settings(max_examples=100, deadline=None)
@given(worlds(), st.integers(1, 7), st.integers(2, 30))
def test_all_statistics_together_answer_like_one_process(
    world: World, parts: int, chunk: int
) -> None:
    check(STATISTICS, world, parts, chunk)
