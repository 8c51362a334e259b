"""What each stage of an answer costs: 1,000 consignments in a request, and one by itself.

``python -m benchmarks.serving_stages`` takes a request through everything that the service does
but HTTP, stage by stage in one thread, and prints the CPU time of this thread: medians, in
microseconds a consignment. What the service does on two threads is one after the other here.
"""

import argparse
import gc
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.serving import _world
from benchmarks.serving_bodies import BODIES, consignments
from riskml.explanation.contributions import engine_of
from riskml.features.compute import feature_columns
from riskml.features.items import Item, batch_of_items
from riskml.features.plan import Past
from riskml.history import Queries
from riskml.ledger import Ledger, Principal, Submission, encode_score, new_id
from riskml.ledger import scores as ledger_scores
from serving.engine import Answerer, Caller, ServingState, _body
from serving.history import History
from serving.items import asked_of
from serving.models import Served, _served
from serving.outcomes import model_outcome
from serving.payloads import decode_item, split_items
from serving.settings import ServiceSettings
from tests.support.service_world import write_tables

STAGE = "declaration"


class Laps:
    """CPU time of this thread by stage."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = {}

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Take the time of a block."""
        start = time.thread_time()
        yield
        self.spent.setdefault(stage, []).append(time.thread_time() - start)

    def table(self, size: int) -> None:
        """Print medians for each consignment, and their sum."""
        total = 0.0
        for stage, spent in self.spent.items():
            each = 1e6 * float(np.median(spent)) / size
            total += each
            print(f"    {stage:42} {each:8.1f}")
        print(f"    {'together':42} {total:8.1f}", flush=True)


class Chain:
    """Takes requests through the stages.

    Parameters
    ----------
    folder : Path
        Holds the tables (``data``) and the model (``bundle``); the ledger is made there.
    """

    def __init__(self, folder: Path) -> None:
        self._served: Served = _served(STAGE, folder / "bundle")
        bundle = self._served.scorer.bundle
        self._history = History({STAGE: bundle.feature_set}, folder / "data")
        self._history.load()
        self._state = ServingState({STAGE: self._served}, self._history)
        self._ledger = Ledger.open(f"sqlite:///{folder / 'stages.db'}")
        self._ledger.reserve_log()
        self._principal = Principal(self._ledger.create_key("engine")[0], "engine", None)
        self._settings = ServiceSettings()

    def answer(self, body: bytes, laps: Laps) -> int:
        """Answer one request; return the bytes of the answer."""
        now = datetime.now(UTC)
        bundle, kernel = self._served.scorer.bundle, engine_of(self._served.scorer.bundle).kernel
        assert kernel is not None  # noqa: S101 - the benchmark's model is one for our kernel
        with laps.of("decode"):
            decoded = [decode_item(raw) for raw in split_items(body)]
        with laps.of("normal form"):
            asked = [asked_of(each, self._principal, now, self._settings) for each in decoded]
        columns = self._features([each.item for each in asked if each.item is not None], laps)
        with laps.of("encode features"):
            matrix = bundle.encode(columns)
        with laps.of("raw scores, calibration"):
            raw = kernel.raw_scores(matrix, threads=1)
            bundle.probabilities(raw)
        with laps.of("contributions"):
            kernel.contributions(matrix, threads=1)
        scored = self._served.scorer.score(columns)
        contributions = np.array([each.contributions for each in scored])
        with laps.of("reasons as JSON, two languages"):
            self._served.scorer.writer.write(contributions, columns, matrix)
        answerer = Answerer(self._state, Caller(self._principal, now), self._settings)
        with laps.of("records"):
            outcomes = [model_outcome(each, self._served, self._history.state) for each in scored]
            pairs = list(zip(asked, outcomes, strict=True))
            ids = [new_id() for _ in pairs]
            records = [answerer._record(i, a, o) for i, (a, o) in zip(ids, pairs, strict=True)]
        with laps.of("answer as JSON"):
            bodies = [_body(i, a, o) for i, (a, o) in zip(ids, pairs, strict=True)]
            content = msgspec.json.encode({"results": bodies})
        with laps.of("canonical JSON for the ledger"):
            rows = tuple(encode_score(record) for record in records)
        prepared = ledger_scores.prepare([Submission(rows)])
        with laps.of("hash, insert and commit (waiting left out)"), self._ledger.writing() as found:
            ledger_scores.append(found, prepared, "stages")
        return len(content)

    def _features(self, items: list[Item], laps: Laps) -> dict[str, np.ndarray]:
        stage = self._history._online._stages[STAGE]
        with laps.of("payloads to columns"):
            batch = batch_of_items(STAGE, items)
        spent = 0.0

        def lookup(queries: Queries) -> np.ndarray:
            nonlocal spent
            start = time.thread_time()
            found = stage.index.lookup(queries)
            spent = time.thread_time() - start
            return found

        past: Past = replace(stage.past, lookup=lookup)
        start = time.thread_time()
        columns = feature_columns(batch, stage.plan, past)
        whole = time.thread_time() - start
        laps.spent.setdefault("look-up in history", []).append(spent)
        laps.spent.setdefault("all other features", []).append(whole - spent)
        return columns


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="riskml-stages-") as name:
        folder = Path(name)
        world = _world(folder)
        write_tables(world.tables, folder / "data")
        chain = Chain(folder)
        many = [consignments(world, 1000, 1000 * number) for number in range(BODIES)]
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)  # as the service has it
        for title, size, bodies, rounds in (
            ("1,000 in a request", 1000, many, options.rounds),
            ("one consignment", 1, [consignments(world, 1)], 100 * options.rounds),
        ):
            for body in bodies * (1 if size > 1 else 100):
                chain.answer(body, Laps())
            laps = Laps()
            for body in bodies * rounds:
                chain.answer(body, laps)
            print(f"\n{title}: CPU microseconds a consignment")
            laps.table(size)


if __name__ == "__main__":
    main()
