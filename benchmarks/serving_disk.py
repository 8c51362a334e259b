"""What durability costs: a write that the disk has confirmed, alone and as a commit of the ledger.

``python -m benchmarks.serving_disk`` writes in turn to a file that grows and to one that has its
length already, and commits one score in turn to a ledger whose log grows and to one whose log is
reserved, as the service does it. A commit cannot be quicker than the disk confirms; ratios are to
the bare write to the file of full length.
"""

import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from riskml.ledger import Ledger, ScoreRecord, new_id

ROUNDS = 300
CONTENT = bytes(20_000)
"""About what a commit of one explained score adds to the log."""
LENGTH = 1 << 25


def main() -> None:
    """Print a line for each way of writing."""
    with tempfile.TemporaryDirectory(prefix="riskml-disk-") as name:
        folder = Path(name)
        ledgers = [Ledger.open(f"sqlite:///{folder / each}.db") for each in ("grows", "full")]
        ledgers[1].reserve_log()
        ways = {
            "a write, the file has its length": _file(folder / "full", LENGTH),
            "a write, the file grows": _file(folder / "grows", 0),
            "one score, the log is reserved": lambda: _commit(ledgers[1]),
            "one score, the log grows": lambda: _commit(ledgers[0]),
        }
        wall: dict[str, list[float]] = {way: [] for way in ways}
        processor: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(ROUNDS):
            for way, write in ways.items():
                start, used = time.perf_counter(), time.process_time()
                write()
                wall[way].append(time.perf_counter() - start)
                processor[way].append(time.process_time() - used)
        for ledger in ledgers:
            ledger.close()
    base = float(np.median(next(iter(wall.values()))))
    for way, spent in wall.items():
        p50, p99 = np.median(spent), np.quantile(spent, 0.99)
        used = float(np.median(processor[way]))
        print(
            f"{way:34} p50 {p50 / base:5.2f} x   p99 {p99 / base:6.2f} x   "
            f"({1e3 * p50:.2f}, {1e3 * p99:.2f} ms; processor {1e3 * used:.2f} ms)"
        )


def _file(path: Path, length: int) -> Callable[[], None]:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR)
    os.write(descriptor, bytes(length))
    os.fsync(descriptor)
    os.lseek(descriptor, 0, os.SEEK_SET)

    def write() -> None:
        os.write(descriptor, CONTENT)
        os.fdatasync(descriptor)

    return write


def _commit(ledger: Ledger) -> None:
    now = datetime.now(UTC)
    record = ScoreRecord(
        score_id=new_id(),
        stage="declaration",
        bill_no="B1",
        decision_time=now,
        scored_at=now,
        model_digest="a" * 64,
        model_name="model",
        model_version="1",
        feature_set_digest="b" * 64,
        history_watermark=0,
        features=bytes(1200),
        contributions=bytes(1200),
        base_value=0.0,
        raw_score=0.0,
        probability=0.5,
        reasons=["r" * 5000],
        request={"content": "c" * 1800},
    )
    ledger.append_scores([record], writer="benchmark")


if __name__ == "__main__":
    main()
