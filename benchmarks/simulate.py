"""How quickly a world is written, in how much memory, beside pyarrow writing the same tables.

Every size runs in a process of its own, so that its peak memory is its own. The whole command is
timed: making the world, fitting it, weeks, texts, Parquet. ``writing`` is the peer: pyarrow writing
one row group of the same tables, ready-made, with the same options, over and over; it is the part
that no simulation can do without. Seconds are of processor time, of all threads together, so that
rates are per core and neighbours on the machine do not count; the peer runs before and after, and
its mean stands beside.

Run: ``python -m benchmarks.simulate [--consignments 1000000 10000000] [--scale 10] [--seed 7]``.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from riskml.cli.console import print_table
from riskml.datasets.simulation import load_config, write_world
from riskml.datasets.simulation.engine import TABLE_NAMES
from riskml.datasets.simulation.writing import write_tables

START = date(2018, 10, 1)
PEER_SECONDS = 4.0


@dataclass(frozen=True)
class Made:
    """One world: consignments, processor seconds, peak memory in MiB, bytes of its files."""

    consignments: int
    seconds: float
    peak: float
    size: int


def main() -> None:
    """Print a row per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--consignments", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--scale", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--days", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=None, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.out is not None:
        made = make(given.out, given.days, given.scale, given.seed)
        sys.stdout.write(f"{made.consignments} {made.seconds} {made.peak} {made.size}\n")
        return
    with tempfile.TemporaryDirectory() as scratch:
        peer = [writing_seconds(Path(scratch), given.scale, given.seed)]
        runs = [apart(size, given.scale, given.seed) for size in given.consignments]
        peer.append(writing_seconds(Path(scratch), given.scale, given.seed))
    writing = sum(peer) / len(peer)
    rows = []
    for made in runs:
        each = made.seconds / made.consignments
        rows.append(
            {
                "consignments": f"{made.consignments:,}",
                "CPU s": f"{made.seconds:.1f}",
                "per CPU second": f"{1.0 / each:,.0f}",
                "peak MiB": f"{made.peak:,.0f}",
                "bytes each": f"{made.size / made.consignments:.0f}",
                "writing alone": f"{1.0 / writing:,.0f}",
                "times writing": f"{each / writing:.2f}",
            }
        )
    print_table(rows, as_json=False, title=f"Worlds at scale {given.scale:g}")


def days_for(consignments: int, scale: float) -> int:
    """Return about how many days bring so many consignments."""
    reference = load_config().reference
    days = (reference.last - reference.first).days + 1
    return max(1, round(consignments / (reference.arrivals * scale / days)))


def apart(consignments: int, scale: float, seed: int) -> Made:
    """Write a world in a process of its own."""
    days = days_for(consignments, scale)
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "benchmarks.simulate", "--out", scratch]
        command += ["--days", str(days), "--scale", str(scale), "--seed", str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, seconds, peak, size = done.stdout.split()
    return Made(int(count), float(seconds), float(peak), int(size))


def make(folder: Path, days: int, scale: float, seed: int) -> Made:
    """Write a world, and measure."""
    pa.set_cpu_count(1)
    rows = write_world(folder, start=START, days=days, scale=scale, seed=seed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    size = sum(path.stat().st_size for path in folder.glob("*.parquet"))
    return Made(rows["truth"], time.process_time(), peak, size)


def writing_seconds(folder: Path, scale: float, seed: int) -> float:
    """Return the processor seconds that pyarrow takes to write the tables of one consignment."""
    pa.set_cpu_count(1)
    write_world(folder, start=START, days=21, scale=scale, seed=seed)
    tables = {
        name: pq.read_table(folder / f"{name}.parquet", read_dictionary=_words(folder, name))
        for name in TABLE_NAMES
    }
    consignments, rounds = tables["truth"].num_rows, 0
    began = time.process_time()
    while time.process_time() - began < PEER_SECONDS:
        write_tables([tables], TABLE_NAMES, folder)
        rounds += 1
    return (time.process_time() - began) / rounds / consignments


def _words(folder: Path, name: str) -> list[str]:
    """Return the columns that were written as vocabularies."""
    group = pq.ParquetFile(folder / f"{name}.parquet").metadata.row_group(0)
    columns = (group.column(place) for place in range(group.num_columns))
    return [c.path_in_schema for c in columns if "RLE_DICTIONARY" in c.encodings]


if __name__ == "__main__":
    main()
