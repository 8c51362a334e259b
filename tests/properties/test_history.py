"""The laws of history, on random small worlds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskml.history import Events, HistoryIndex, Queries, compute
from riskml.history.snapshot import load_index, save_index
from tests.oracles.history import recompute, same
from tests.oracles.history_worlds import World, all_statistics, shuffled, worlds

STATISTICS = all_statistics()
quick = settings(max_examples=25, deadline=None)
thorough = settings(max_examples=400, deadline=None)


def difference(found: np.ndarray, expected: np.ndarray) -> str:
    bad = ~((found == expected) | (np.isnan(found) & np.isnan(expected)))
    return "\n".join(
        f"query {query}: {STATISTICS[column].name} is {found[query, column]!r}, "
        f"not {expected[query, column]!r}"
        for query, column in np.argwhere(bad)[:8]
    )


def check_definition(world: World) -> None:
    found = compute(STATISTICS, world.events, world.queries)
    expected = recompute(STATISTICS, world.events, world.queries)
    assert same(found, expected), difference(found, expected)


def check_online(world: World, data: st.DataObject) -> None:
    """Check that after any appends an index answers like a fresh one, given the same records."""
    index = HistoryIndex(STATISTICS)
    given_so_far: list[Events] = []
    waiting = [(batch, row) for batch in world.events for row in range(len(batch))]
    waiting = data.draw(st.permutations(waiting))
    while waiting:
        size = data.draw(st.integers(1, len(waiting)))
        batch, _ = waiting[0]
        taken = [row for other, row in waiting[:size] if other is batch]
        waiting = [item for item in waiting if item[0] is not batch or item[1] not in taken]
        given_so_far.append(batch.take(np.array(taken)))
        index.append(given_so_far[-1])
        if data.draw(st.booleans()):
            found = index.lookup(world.queries)
            assert same(found, compute(STATISTICS, given_so_far, world.queries))
    found = index.lookup(world.queries)
    expected = compute(STATISTICS, world.events, world.queries)
    assert same(found, expected), difference(found, expected)


def check_restored(world: World, data: st.DataObject, path: Path) -> None:
    """Check that an index that was saved and loaded at any moments is one that never stopped."""
    restored, kept = HistoryIndex(STATISTICS), HistoryIndex(STATISTICS)
    waiting = [(batch, row) for batch in world.events for row in range(len(batch))]
    waiting = data.draw(st.permutations(waiting))
    while waiting:
        batch, _ = waiting[0]
        size = data.draw(st.integers(1, len(waiting)))
        taken = [row for other, row in waiting[:size] if other is batch]
        waiting = [item for item in waiting if item[0] is not batch or item[1] not in taken]
        for index in (restored, kept):
            index.append(batch.take(np.array(taken)))
        for step in data.draw(st.lists(st.sampled_from(("look up", "save")), max_size=2)):
            if step == "save":
                save_index(restored, path)
                restored = load_index(path, STATISTICS)
            else:
                assert same(restored.lookup(world.queries), kept.lookup(world.queries))
    found = restored.lookup(world.queries)
    expected = compute(STATISTICS, world.events, world.queries)
    assert same(found, expected), difference(found, expected)
    assert restored.size == kept.size


def check_future(world: World, later: World) -> None:
    """Check that what becomes known at or after a decision changes nothing, even revisions."""
    before = compute(STATISTICS, world.events, world.queries)
    for place, time in enumerate(world.queries.decision_time):
        query = take_query(world.queries, place)
        future = [
            replace(
                batch,
                known_at=batch.known_at + time,
                revision=batch.revision + 10,  # revisions that the past does not hold yet
            )
            for batch in later.events
        ]
        after = compute(STATISTICS, [*world.events, *future], query)
        assert same(after, before[[place]]), difference(after, before[[place]])


def take_query(queries: Queries, place: int) -> Queries:
    return Queries(
        queries.decision_time[[place]],
        queries.unit[[place]],
        {name: column[[place]] for name, column in queries.keys.items()},
        {name: column[[place]] for name, column in queries.values.items()},
    )


@quick
@given(worlds())
def test_every_statistic_follows_its_definition(world: World) -> None:
    check_definition(world)


@settings(max_examples=12, deadline=None)
@given(worlds(size=16), st.data())
def test_appending_in_any_batches_gives_the_same_bits(world: World, data: st.DataObject) -> None:
    check_online(world, data)


@settings(max_examples=12, deadline=None)
@given(worlds(size=16), st.data())
def test_a_restored_index_goes_on_as_if_it_never_stopped(
    tmp_path_factory: pytest.TempPathFactory, world: World, data: st.DataObject
) -> None:
    check_restored(world, data, tmp_path_factory.mktemp("snapshot") / "index")


@quick
@given(worlds(), st.integers(0, 2**31))
def test_the_order_of_records_does_not_matter(world: World, seed: int) -> None:
    found = compute(STATISTICS, world.events, world.queries)
    other = compute(STATISTICS, shuffled(world, seed).events, world.queries)
    assert same(found, other), difference(found, other)


@settings(max_examples=10, deadline=None)
@given(worlds(size=12), worlds(size=12))
def test_what_is_known_later_changes_no_feature(world: World, later: World) -> None:
    check_future(world, later)


@pytest.mark.full
@thorough
@given(worlds(size=40, questions=10))
def test_every_statistic_follows_its_definition_at_length(world: World) -> None:
    check_definition(world)


@pytest.mark.full
@thorough
@given(worlds(size=30), st.data())
def test_appending_in_any_batches_at_length(world: World, data: st.DataObject) -> None:
    check_online(world, data)


@pytest.mark.full
@thorough
@given(worlds(size=30), st.data())
def test_a_restored_index_at_length(
    tmp_path_factory: pytest.TempPathFactory, world: World, data: st.DataObject
) -> None:
    check_restored(world, data, tmp_path_factory.mktemp("snapshot") / "index")


@pytest.mark.full
@settings(max_examples=150, deadline=None)
@given(worlds(size=20), worlds(size=20))
def test_what_is_known_later_at_length(world: World, later: World) -> None:
    check_future(world, later)
