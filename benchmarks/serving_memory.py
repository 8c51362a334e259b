"""One answer as history grows: time of look-up, score and reasons, and what a process holds.

``python -m benchmarks.serving_memory --events 1000000 10000000`` fills the live index with copies
of the benchmark's world, each with parties and containers of its own, and answers single
consignments from it in this process: all that the service does but JSON and the ledger. Ratios
are to the first size.
"""

import argparse
import gc
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.serving import TREES
from riskml.features.catalogue import definitions_of
from riskml.features.compute import feature_columns, stage_events
from riskml.features.items import Item, batch_of_items
from riskml.features.plan import FeaturePlan, Past
from riskml.history import Events, HistoryIndex
from riskml.scoring import Scorer
from riskml.scoring.replay import normal_values
from tests.support.service_world import ServiceWorld, draw_tables, items_of, train

_OWN = ("importer_id", "exporter_id", "declarant_id", "container_no")
"""Columns whose values each copy has for itself; goods, places and offices are everybody's."""
_ASKED = 400


def main() -> None:
    """Print one line for each size of history."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="*", default=[1_000_000, 10_000_000])
    options = parser.parse_args()
    tables = draw_tables(1000, 7)
    world = ServiceWorld(tables, {"declaration": train(tables, "declaration", TREES)})
    scorer = Scorer.of(world.bundles["declaration"], msgspec.json.encode)
    plan = FeaturePlan.of(definitions_of(scorer.bundle.feature_set))
    lines = tables.require("declarations")
    groups, described = plan.groups("declaration", lines), plan.descriptions("declarations", lines)
    events = stage_events(tables, "declaration", plan.statistics, groups=groups)
    items = [_item(each) for each in items_of(world.rollup("declaration"), range(_ASKED))]
    first = None
    for size in options.events:
        index, before = HistoryIndex(plan.statistics), _resident()
        start = time.perf_counter()
        index.extend(_copies(events, size))
        built = time.perf_counter() - start
        gc.collect()
        spent = _answers(items, plan, Past(index.lookup, described, groups), scorer)
        p50, p99 = np.median(spent), np.quantile(spent, 0.99)
        first = first or p50
        print(
            f"{size:>11,} events: p50 {p50 / first:.2f} x ({1e3 * p50:.2f} ms), p99 "
            f"{1e3 * p99:.2f} ms; the index adds {(_resident() - before) / 2**20:.0f} MiB to this "
            f"process, filled in {built:.0f} s",
            flush=True,
        )


def _copies(events: list[Events], size: int) -> Iterator[Events]:
    """Yield copies of events until there are so many, each under names of its own."""
    left = size
    for copy in count():
        for each in events:
            if left <= 0:
                return
            part = each if left >= len(each) else each.take(np.arange(len(each)) < left)
            left -= len(part)
            yield _renamed(part, f"-{copy}") if copy else part


def _renamed(events: Events, ending: str) -> Events:
    def renamed(column: np.ndarray) -> np.ndarray:
        return np.array([None if v is None else v + ending for v in column.tolist()], dtype=object)

    keys = {n: renamed(c) if n in _OWN else c for n, c in events.keys.items()}
    return replace(events, event_id=renamed(events.event_id), unit=renamed(events.unit), keys=keys)


def _item(sent: dict[str, object]) -> Item:
    manifest, lines = sent.get("manifest"), sent["declaration_lines"]
    when = normal_values("manifests", {"submitted_at": sent["decision_time"]})["submitted_at"]
    return Item(
        None if manifest is None else normal_values("manifests", manifest),  # type: ignore[arg-type]
        [normal_values("declarations", line) for line in lines],  # type: ignore[attr-defined]
        when,
    )


def _answers(items: list[Item], plan: FeaturePlan, past: Past, scorer: Scorer) -> list[float]:
    """Return seconds for each consignment; the first round warms up."""
    spent: list[float] = []
    for turn in range(2):
        for item in items:
            start = time.perf_counter()
            batch = batch_of_items("declaration", [item])
            scorer.score(feature_columns(batch, plan, past))
            if turn:
                spent.append(time.perf_counter() - start)
    return spent


def _resident() -> int:
    """Return the bytes of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


if __name__ == "__main__":
    main()
