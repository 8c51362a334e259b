"""History of more rows than fit in memory: time, disk, and the peak of memory.

``python -m benchmarks.history_stream --rows 20000000 --keys 2`` writes lines to Parquet, streams
seven additive statistics in four windows of each key from there and back to Parquet, shows how far
it is, and prints what it took. Killed and called again, it goes on where it stopped.
"""

import argparse
import resource
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.history_data import CARDINALITY, DAY, KEYS, additive, make_lines
from riskml.history import stream_history

_PIECE = 500_000


def write_lines(path: Path, rows: int, seed: int) -> None:
    """Write three years of lines in order of time, a piece at a time."""
    part, writer, pieces = path.with_suffix(".part"), None, max(1, rows // _PIECE)
    for piece in range(pieces):
        size = rows // pieces + (piece < rows % pieces)
        frame = make_lines(size, seed + piece)
        known = (frame["known_at"].to_numpy() + piece * 3 * 365 * DAY) // pieces
        first = piece * (rows // pieces + 1)
        ids = pa.array([f"c{number}" for number in range(first, first + size)])
        columns = {"event_id": ids, "unit": ids, "revision": np.zeros(size, np.int64)}
        columns |= {"known_at": known, "decision_time": known}
        columns |= {name: pa.array(frame[name]) for name in CARDINALITY}
        columns |= {name: frame[name].to_numpy() for name in ("value", "mass", "hit")}
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(part, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    part.replace(path)


def shown(steps: Iterable[object], label: str, length: int) -> Iterator[object]:
    """Print every twentieth part of the way."""
    start = time.perf_counter()
    for number, step in enumerate(steps, start=1):
        if number * 20 // length > (number - 1) * 20 // length:
            used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            taken = time.perf_counter() - start
            print(f"{label} {number / length:4.0%} {taken:7.0f} s {used:5.2f} GiB", flush=True)
        yield step


def main() -> None:
    """Stream what was asked for and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--keys", type=int, default=1, choices=range(1, 9))
    parser.add_argument("--rows-at-once", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path(".riskml/history-stream"))
    parser.add_argument("--keep", action="store_true", help="leave the folder")
    options = parser.parse_args()
    folder, keys = options.folder / f"{options.rows}-{options.keys}", KEYS[-options.keys :]
    lines = folder / "lines.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    if not lines.exists():
        write_lines(lines, options.rows, options.seed)
    start, used = time.perf_counter(), time.process_time()
    files = stream_history(
        additive(keys),
        {"lines": lines},
        lines,
        folder / "out",
        progress=shown,
        rows_at_once=options.rows_at_once,
    )
    wall, processor = time.perf_counter() - start, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    size = sum(path.stat().st_size for path in files.values()) / 2**30
    print(f"{options.rows} rows, {len(keys)} keys, 28 statistics each")
    print(f"{wall:9.0f} s wall {processor:9.0f} s processor, goes on where it stopped if killed")
    print(f"{peak:9.2f} GiB of memory at the peak (limit 8), {size:.2f} GiB of Parquet written")
    if not options.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
