"""History from Parquet to Parquet: the bits of a batch, in bounded memory, even after kill -9."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from riskml.errors import HistoryError
from riskml.history import Events, Queries, Statistic, compute, stream_history
from tests.oracles.history import same
from tests.oracles.history_worlds import DAY, World, all_statistics, worlds

NAMED = {s.name: s for s in all_statistics() if not s.kind.endswith("_rate") and s.kind != "share"}
ALONE = list(NAMED.values())
STATISTICS = [
    Statistic(key, kind, column=column, days=30.0)
    for key in (("a",), ("a", "b"))
    for kind, column in (("count", None), ("sum", "v"), ("std", "v"))
]
RUN = """
import resource, sys
from pathlib import Path
import pandas as pd
from riskml.history import compute, stream_history
from tests.unit.history import test_streamed as t

folder, what, room = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
t.write_lines(folder / "few.parquet", 300)
t.streamed(folder / "few.parquet", folder / "few", 100)
t.whole(folder / "few.parquet")
used = int(Path("/proc/self/status").read_text().split("VmData:")[1].split()[0]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (used + room, used + room))
try:
    t.whole(folder / "lines.parquet") if what == "whole" else t.streamed(
        folder / "lines.parquet", folder / "out", 30_000)
except MemoryError:
    sys.exit(9)
"""


def write_lines(path: Path, size: int) -> None:
    rng = np.random.default_rng(7)
    known = np.sort(rng.integers(0, 400, size)) * DAY
    frame = pd.DataFrame({"event_id": [f"e{i}" for i in range(size)], "revision": 0})
    frame["unit"] = [f"u{i}" for i in range(size)]
    for name, distinct in (("a", 5000), ("b", 40)):
        frame[name] = [f"{name}{i}" for i in rng.integers(0, distinct, size)]
    frame["v"] = np.round(rng.lognormal(8, 2, size), 2)
    frame["known_at"] = frame["decision_time"] = known
    frame.to_parquet(path, index=False)


def streamed(lines: Path, out: Path, rows: int, progress: object = None) -> np.ndarray | None:
    files = stream_history(
        STATISTICS, {"lines": lines}, lines, out, rows_at_once=rows, progress=progress
    )
    if pq.read_metadata(lines).num_rows > 50_000:  # the whole answer would not fit
        return None
    return np.hstack([pd.read_parquet(path).to_numpy() for path in files.values()])


def whole(lines: Path) -> np.ndarray:
    frame = pd.read_parquet(lines)
    texts = {name: frame[name].to_numpy(dtype=object) for name in ("a", "b")}
    values, unit = {"v": frame["v"].to_numpy()}, frame["unit"].to_numpy(dtype=object)
    identity, known = frame["event_id"].to_numpy(dtype=object), frame["known_at"].to_numpy()
    events = Events("lines", identity, frame["revision"].to_numpy(), known, unit, texts, values)
    return compute(STATISTICS, [events], Queries(known, unit, texts, {}))


def write_world(world: World, folder: Path) -> tuple[dict[str, Path], Path]:
    """Write the records that count under every key, and the queries."""
    frames: dict[str, list[pa.Table]] = {}
    for batch in world.events:
        if batch.only is None:
            columns = {"event_id": pa.array(batch.event_id, pa.string())}
            columns |= {"revision": batch.revision, "known_at": batch.known_at}
            columns |= {"unit": pa.array(batch.unit, pa.string()), **batch.values}
            columns |= {name: pa.array(c, pa.string()) for name, c in batch.keys.items()}
            frames.setdefault(batch.stream, []).append(pa.table(columns))
    for stream, tables in frames.items():
        pq.write_table(pa.concat_tables(tables), folder / stream)
    asked = world.queries
    columns = {"decision_time": asked.decision_time, "unit": pa.array(asked.unit, pa.string())}
    columns |= {name: pa.array(c, pa.string()) for name, c in asked.keys.items()}
    pq.write_table(pa.table({**columns, **asked.values}), folder / "queries")
    return {stream: folder / stream for stream in frames}, folder / "queries"


def check_world(world: World, folder: Path) -> None:
    events, queries = write_world(world, folder)
    files = stream_history(ALONE, events, queries, folder / "out", rows_at_once=7)
    tables = [pq.ParquetFile(path).read().to_pandas() for path in files.values()]
    found = pd.concat(tables, axis=1)
    whole = [batch for batch in world.events if batch.only is None]
    expected = compute(ALONE, whole, world.queries)
    for place, statistic in enumerate(ALONE):
        assert same(found[statistic.name].to_numpy(), expected[:, place]), statistic


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(size=20))
def test_any_history_in_buckets_has_the_bits_of_the_whole(tmp_path_factory, world):
    check_world(world, tmp_path_factory.mktemp("streamed"))


@pytest.mark.full
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(size=30))
def test_any_history_in_buckets_at_length(tmp_path_factory, world):
    check_world(world, tmp_path_factory.mktemp("streamed"))


def run(code: str, *arguments: object) -> int:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"}
    return subprocess.run(command, env=environment, check=False).returncode


@pytest.mark.slow
def test_memory_is_bounded_where_the_whole_does_not_fit(tmp_path):
    write_lines(tmp_path / "lines.parquet", 300_000)
    felt = run(RUN, tmp_path, "whole", 120_000_000)
    assert felt in (9, -signal.SIGABRT)  # no memory, said in Python or in C++
    (tmp_path / "few").rename(tmp_path / "few-before")
    assert run(RUN, tmp_path, "streamed", 120_000_000) == 0


KILL = """
import os, sys
from pathlib import Path
from tests.unit.history import test_streamed as t

def stop(steps, label, length):
    for number, step in enumerate(steps):
        if number == int(sys.argv[2]):
            os.kill(os.getpid(), 9)
        yield step

folder = Path(sys.argv[1])
t.streamed(folder / "lines.parquet", folder / "out", 400, stop)
"""


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_where_it_stopped(tmp_path):
    write_lines(tmp_path / "lines.parquet", 2000)
    assert run(KILL, tmp_path, 10) == -signal.SIGKILL  # in the second key, its buckets half done
    done = {
        path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.is_file()
    }
    assert tmp_path / "out" / "a.parquet" in done
    assert tmp_path / "out" / "a.b.work" / "found-00001" in done
    found = streamed(tmp_path / "lines.parquet", tmp_path / "out", 400)
    assert same(found, whole(tmp_path / "lines.parquet"))
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {"a.parquet", "a.b.parquet", "history.json"}
    kept = tmp_path / "out" / "a.parquet"
    assert kept.stat().st_mtime_ns == done[kept]


def test_what_cannot_be_streamed_is_refused_by_name(tmp_path):
    write_lines(tmp_path / "lines.parquet", 20)
    lines = tmp_path / "lines.parquet"
    rate = [Statistic(("a",), "hit_rate", days=30.0)]
    with pytest.raises(HistoryError, match="all__hit_rate__30d"):
        stream_history(rate, {"outcomes": lines}, lines, tmp_path / "out")
    with pytest.raises(HistoryError, match="column 'c' is absent"):
        stream_history([Statistic(("c",), "count")], {"lines": lines}, lines, tmp_path / "out")
    with pytest.raises(HistoryError, match="no file of stream 'outcomes'"):
        stream_history([Statistic(("a",), "known")], {"lines": lines}, lines, tmp_path / "out")
    streamed(lines, tmp_path / "out", 10)
    with pytest.raises(HistoryError, match="another question"):
        stream_history([Statistic(("a",), "count")], {"lines": lines}, lines, tmp_path / "out")
