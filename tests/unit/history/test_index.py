"""The index: what it ignores, what it reports, and several threads."""

import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskml.errors import HistoryError
from riskml.history import HistoryIndex, Statistic, compute
from tests.oracles.history import same
from tests.oracles.history_rows import events, queries

COUNT = Statistic(("importer",), "count")


def lines(first: int, last: int):
    rows = ({"id": f"L{n}", "day": n, "importer": "A"} for n in range(first, last))
    return events("lines", *rows)


def test_repeated_events_are_ignored():
    index = HistoryIndex([COUNT])
    for _ in range(3):
        index.append(lines(0, 5))
    assert index.size == 5
    assert index.lookup(queries({"day": 9, "importer": "A"}))[0, 0] == 5.0


def test_a_history_loaded_at_once_is_the_same_as_one_appended():
    ask = queries({"day": 700, "importer": "A"})
    whole, grown = HistoryIndex([COUNT]), HistoryIndex([COUNT])
    batches = [lines(600, 1200), events("weather", {"day": 1}), lines(0, 640), lines(100, 200)]
    whole.extend(batches)
    for batch in batches:
        grown.append(batch)
    assert whole.size == grown.size == 1200
    assert whole.lookup(ask)[0, 0] == grown.lookup(ask)[0, 0] == 700.0


def test_a_refused_batch_leaves_those_before_it():
    index = HistoryIndex([COUNT])
    bad = events("lines", {"id": "L9", "day": 1, "importer": 5})
    with pytest.raises(HistoryError):
        index.extend([lines(0, 3), bad, lines(3, 5)])
    assert index.lookup(queries({"day": 9, "importer": "A"}))[0, 0] == 3.0


def test_streams_that_no_statistic_reads_are_ignored():
    index = HistoryIndex([COUNT])
    index.append(events("weather", {"day": 1, "sun": 1.0}))
    assert index.size == 0


def test_a_statistic_may_read_a_stream_of_any_name():
    storms = Statistic(("port",), "count", days=30, stream="storms")
    found = compute(
        [storms], [events("storms", {"day": 1, "port": "HP"})], queries({"day": 2, "port": "HP"})
    )
    assert found[0, 0] == 1.0


def test_memory_grows_with_events():
    index = HistoryIndex([COUNT])
    query = queries({"day": 9, "importer": "A"})
    index.append(lines(0, 5))
    index.lookup(query)
    before = index.memory_bytes
    index.append(lines(5, 5000))
    index.lookup(query)
    assert index.memory_bytes > before + 4000 * 8


def test_hidden_priors_are_not_answered():
    rate = Statistic(("importer",), "hit_rate", parent=("goods",))
    found = compute([rate, COUNT], [], queries({"day": 1, "importer": "A", "goods": None}))
    assert found.shape == (1, 2)


def test_a_statistic_asked_for_twice_is_answered_twice():
    found = compute([COUNT, COUNT], [lines(0, 3)], queries({"day": 2, "importer": "A"}))
    assert found.tolist() == [[2.0, 2.0]]


def test_progress_sees_every_pass():
    seen = []

    def progress(items, label, total):
        seen.append((label, total))
        for item in items:
            seen.append(item)
            yield item

    statistics = [COUNT, Statistic((), "count"), Statistic((), "distinct", column="importer")]
    query = queries({"day": 2, "importer": "A"})
    found = compute(statistics, [lines(0, 3)], query, progress=progress)
    assert seen[0] == ("History", 3)
    assert len(seen) == 4
    assert same(found, compute(statistics, [lines(0, 3)], query))


def test_a_reader_beside_a_writer_sees_whole_batches():
    index = HistoryIndex([COUNT])
    query = queries({"day": 10_000, "importer": "A"})
    counts: list[float] = []

    def read() -> None:
        while not counts or counts[-1] < 400:
            counts.append(float(index.lookup(query)[0, 0]))

    reader = threading.Thread(target=read)
    reader.start()
    for first in range(0, 400, 20):
        index.append(lines(first, first + 20))
    reader.join(timeout=60)
    assert not reader.is_alive()
    assert counts == sorted(counts)
    assert all(count % 20 == 0 for count in counts)


def test_segments_that_became_wasteful_are_rebuilt():
    """An entity that grows one by one leaves its old places behind; the answer stays right."""
    index = HistoryIndex([COUNT])
    index.append(lines(0, 4000))
    query = queries({"day": 1_000_000, "importer": "A"}, {"day": 1_000_000, "importer": "B7"})
    index.lookup(query)
    for first in range(0, 3000, 500):
        rows = (
            {"id": f"M{n}", "day": n, "importer": f"B{n % 97}"} for n in range(first, first + 500)
        )
        index.append(events("lines", *rows))
    expected = sum(n % 97 == 7 for n in range(3000))
    assert index.lookup(query)[:, 0].tolist() == [4000.0, float(expected)]


def test_two_tables_that_need_one_another_for_their_priors():
    """Each key's rate is shrunk towards the other's: the tables are visited in turns."""
    outcomes = events(
        "outcomes",
        {"day": 1, "importer": "A", "office": "HP", "hit": 1.0},
        {"day": 1, "importer": "B", "office": "HP", "hit": 0.0},
    )
    there = Statistic(("importer",), "hit_rate", parent=("office",))
    back = Statistic(("office",), "hit_rate", parent=("importer",))
    found = compute([there, back], [outcomes], queries({"day": 2, "importer": "A", "office": "HP"}))
    everything = (1 + 20 * 0.01) / 22
    office, importer = (1 + 20 * everything) / 22, (1 + 20 * everything) / 21
    assert found[0].tolist() == [(1 + 20 * office) / 21, (1 + 20 * importer) / 22]
    assert np.isfinite(found).all()


def test_several_threads_give_the_same_bits():
    outcomes = events(
        "outcomes",
        *({"day": n, "importer": f"I{n % 7}", "office": f"O{n % 3}", "hit": float(n % 5 == 0)}
          for n in range(200)),
    )  # fmt: skip
    statistics = [
        Statistic(key, "hit_rate", days=days, parent=("office",))
        for key in (("importer",), ("importer", "office"))
        for days in (7, 90)
    ]
    asked = queries(
        *({"day": n + 0.5, "importer": f"I{n % 9}", "office": "O1"} for n in range(100))
    )
    one = compute(statistics, [outcomes], asked)
    room = np.full_like(one, np.nan)
    two = compute(statistics, [outcomes], asked, threads=2, out=room)
    assert two is room
    assert same(one, two)


def test_room_that_does_not_fit_is_refused():
    asked = queries({"day": 2, "importer": "A"})
    with pytest.raises(HistoryError, match=r"shape \(2, 1\).*shape \(1, 1\)"):
        compute([COUNT], [lines(0, 3)], asked, out=np.zeros((2, 1)))


@pytest.mark.slow
def test_a_large_batch_between_readers_is_seen_in_slices_that_only_grow():
    index = HistoryIndex([COUNT, Statistic(("importer",), "distinct", column="importer")])
    query = queries({"day": 100_000, "importer": "A"})
    index.append(lines(0, 6000))
    counts: list[float] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            counts.append(float(index.lookup(query)[0, 0]))

    reader = threading.Thread(target=read)
    reader.start()
    index.append(lines(6000, 11_000))
    done.set()
    reader.join(timeout=60)
    assert counts == sorted(counts)
    assert index.lookup(query)[0].tolist() == [11_000.0, 1.0]


def test_a_column_may_be_categorical():
    days = pd.Categorical(["A", None, "B", "A"])
    batch = events("lines", *({"day": n, "importer": "x"} for n in range(4)))
    found = compute(
        [COUNT], [replace(batch, keys={"importer": days})], queries({"day": 9, "importer": "A"})
    )
    assert found[0, 0] == 2.0


def test_times_far_beyond_any_calendar_keep_their_order():
    rows = ({"id": f"L{n}", "day": 60_000 + n * 1e-6, "importer": "A"} for n in range(5))
    query = queries({"day": 60_000 + 2.5e-6, "importer": "A"})
    index = HistoryIndex([COUNT])
    index.append(events("lines", *rows))
    assert index.lookup(query)[0, 0] == 3.0


def test_a_segment_of_many_marks_takes_late_events_and_corrections():
    statistics = [
        Statistic(("importer",), kind, column="value", days=days)
        for kind in ("sum", "std")
        for days in (3, 50, None)
    ] + [Statistic(("importer",), "days_since_last_hit")]
    rng = np.random.default_rng(5)
    day = rng.permutation(400)
    rows = [
        {"id": f"L{n % 300}", "revision": n // 300, "day": float(day[n]), "importer": f"I{n % 2}",
         "value": float(n), "hit": float(n % 50 == 0)}
        for n in range(400)
    ]  # fmt: skip
    index, history = HistoryIndex(statistics), []
    asked = queries(*({"day": d, "importer": f"I{d % 2}"} for d in range(5, 420, 7)))
    for stream in ("lines", "outcomes"):
        for first in range(0, 400, 23):
            history.append(events(stream, *rows[first : first + 23]))
            index.append(history[-1])
            assert same(index.lookup(asked), compute(statistics, history, asked))
