"""How long the service takes from its start to ready, against an empty service of BentoML.

``python -m benchmarks.serving_start`` builds a history of ``--rows`` rows of base tables and
``--events`` events in the ledger, then starts, in turn, the empty service and ours: once from the
tables and the log, then ``--rounds`` times from the snapshot that the start before left behind,
with events that came after it. At last it kills the worker and waits until it answers again.
"""

import argparse
import json
import os
import signal
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.serving import (
    _answers,
    _memory,
    _prepare,
    _repeated,
    _start_of_nothing,
    _started,
    _world,
)
from riskml.ledger import Ledger
from serving.normal import event_of
from tests.support.service_world import ServiceWorld

_SENT_AT_ONCE = 1000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=980_000)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="riskml-start-") as name:
        folder = Path(name)
        world = _world(folder)
        home = folder / "ours"
        headers = _prepare(home, world, _repeated(world.tables, options.rows))
        _send(home, world, options.events, "a")
        first = _measured(home, headers, kill=False)
        print(f"without a snapshot: ready after {first:.1f} s", flush=True)
        empty, ours = [], []
        for turn in range(options.rounds):
            empty.append(_start_of_nothing(folder))
            _send(home, world, _SENT_AT_ONCE, f"b{turn}")
            ours.append(_measured(home, headers, kill=turn == options.rounds - 1))
        print(f"\n{_size(home):,} rows of history, medians of {options.rounds} starts in turn")
        print(f"{statistics.median(empty):6.1f} s until an empty BentoML service is ready")
        more = statistics.median(o - e for o, e in zip(ours, empty, strict=True))
        print(f"{statistics.median(ours):6.1f} s until ours is, from the snapshot: {more:+.1f} s")


def _measured(home: Path, headers: dict[str, str], *, kill: bool) -> float:
    before = len(_said(home, "ready"))
    start = time.perf_counter()
    with _started(home, headers) as (_, url):
        seconds = time.perf_counter() - start
        while len(_said(home, "ready")) == before:
            time.sleep(0.05)
        if kill:
            start = time.perf_counter()
            os.kill(_said(home, "ready")[-1]["process"], signal.SIGKILL)
            _answers(url, "/readyz", lambda: True, patience=0.1)
            print(f"a killed worker answers again after {time.perf_counter() - start:.1f} s")
            print(_memory(url))
    for event in ("snapshot_read", "snapshot_not_used", "snapshot_written"):
        for found in _said(home, event)[-1:]:
            kept = {k: found[k] for k in ("seconds", "bytes", "watermark", "reason") if k in found}
            print(f"    {event} {kept}", flush=True)
    return seconds


def _said(home: Path, event: str) -> list[dict[str, Any]]:
    """Return what the service logged of an event."""
    log = home / "service.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [json.loads(line) for line in lines if f'"event": "{event}"' in line]


def _send(home: Path, world: ServiceWorld, count: int, mark: str) -> None:
    """Put events into the ledger as a service would: the world's rows under other numbers."""
    rows = world.tables.manifests.to_dict("records")
    with Ledger.open(f"sqlite:///{home / 'ledger.db'}") as ledger:
        for first in range(0, count, _SENT_AT_ONCE):
            part = []
            for number in range(first, min(first + _SENT_AT_ONCE, count)):
                row = event_of(rows[number % len(rows)])
                times = {k: v.to_pydatetime() for k, v in row.items() if hasattr(v, "value")}
                part.append({**row, **times, "bill_no": f"{mark}-{number}"})
            ledger.append_events("manifests", part, writer="benchmark")


def _size(home: Path) -> int:
    import pyarrow.parquet as pq

    base = sum(pq.read_metadata(path).num_rows for path in (home / "data").glob("*.parquet"))
    with Ledger.open(f"sqlite:///{home / 'ledger.db'}") as ledger:
        return base + ledger.watermark()


if __name__ == "__main__":
    main()
