"""What Dask costs and what it is for: two workers here against one process, as ratios.

History: lines of `benchmarks.history`, once as they are and once with one importer on a third of
all rows; same bits, or the run fails. On one machine a cluster can only lose: what it brings is
memory and processors of other machines. Training: the shipped definition's boosters grown on all
rows here, on a sample of the rows without violation here, and on two Dask workers, judged by the
truth: of the simulated world's reference quarter, all arrivals, and of many made rows whose
probabilities are known.

Run: ``python -m benchmarks.distributed [--part history|simulated|made] [--rows 200000]``.
"""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd

from benchmarks.calibration import QUARTER, START
from benchmarks.history import measure
from benchmarks.history_data import KEYS, additive, columns_of, events_of, make_lines
from riskml.cli.console import print_table
from riskml.cluster import Cluster, connect
from riskml.config import day_end, day_start
from riskml.datasets import load_tables
from riskml.datasets.simulation import write_world
from riskml.evaluation.metrics import at_rate
from riskml.features import Feature, FeatureSet
from riskml.history import Events, compute
from riskml.history.distributed import Shuffle, compute_distributed
from riskml.history.partitions import Job, deal
from riskml.history.routing import Routing
from riskml.training.boosting import Design, grow
from riskml.training.dataset import build_training_set
from riskml.training.definition import ModelDefinition, default_definition, load_definition
from riskml.training.distributed import grow_distributed
from riskml.training.fitting import make_design
from riskml.training.rows import learnable_rows

RATE = 0.05
SHARE = 0.2
ROUNDS = 60
PARTS = 8
IMPORTER = ("importer_id",)
PARTS_OF_RUN = ("history", "simulated", "made")


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS_OF_RUN)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scale", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chosen = (given.part,) if given.part else PARTS_OF_RUN
    with connect() as cluster:
        if "history" in chosen:
            measure_history(cluster, given)
        measure_training(cluster, given, chosen)


def measure_history(cluster: Cluster, given: argparse.Namespace) -> None:
    """Print what two workers cost against one process, and how a heavy importer is shared out."""
    even = make_lines(given.rows, given.seed)
    heavy = even.assign(importer_id=even["importer_id"].where(even.index % 3 > 0, "giant"))
    frames = {"Zipf entities": even, "one importer has a third": heavy}
    wanted = additive(KEYS)
    contenders: dict[str, Callable[[], object]] = {}
    for name, frame in frames.items():
        lines = events_of(frame, "lines", "known_at")
        queries = columns_of(lines)
        here = compute(wanted, [lines], queries)
        there = compute_distributed(cluster, wanted, [lines], queries)
        if here.tobytes() != there.tobytes():
            raise SystemExit(f"{name}: two workers gave other bits")
        contenders[f"{name}, one process"] = lambda e=lines, q=queries: compute(wanted, [e], q)
        contenders[f"{name}, two workers"] = lambda e=lines, q=queries: compute_distributed(
            cluster, wanted, [e], q
        )
        print(f"{name}: {here.shape} answers, the same bits on two workers")
        shared_out(lines)
    print(f"\n{len(wanted)} statistics, {given.rows} rows, {given.repeats} repeats")
    middle = measure(contenders, given.repeats)
    for name in frames:
        ratio = middle[f"{name}, two workers"][0] / middle[f"{name}, one process"][0]
        print(f"{ratio:9.2f} x the clock time of one process: two workers here, {name}")


def shared_out(lines: Events) -> None:
    """Print the largest partition of the importer's key, with heavy entities cut and without."""
    queries = columns_of(lines)
    shuffle = Shuffle(additive((IMPORTER,)), [lines], queries, parts=PARTS, chunk=50_000)
    (job,) = [job for job in shuffle.jobs if job.key == IMPORTER]
    whole = replace(job, routing=Routing(PARTS, job.routing.heavy[:0], ()))
    even = len(lines) / PARTS
    for name, each in (("cut in time", job), ("dealt whole", whole)):
        asked, known = sizes_of(each, shuffle)
        print(
            f"{max(asked) / even:9.2f} x an even share: queries of the largest of {PARTS} or more "
            f"partitions, {max(known) / even:.2f} x events, heavy importers {name}"
        )


def sizes_of(job: Job, shuffle: Shuffle) -> tuple[list[int], list[int]]:
    """Return how many queries and events each partition of a job has."""
    dealt = list(zip(*(deal(job, chunk) for chunk in shuffle.chunks), strict=True))
    asked = [sum(len(piece.asking.rows) for piece in pieces) for pieces in dealt]
    known = [sum(len(piece.streams["lines"].rows.known) for piece in pieces) for pieces in dealt]
    return asked, known


def measure_training(cluster: Cluster, given: argparse.Namespace, chosen: tuple[str, ...]) -> None:
    """Print time and recall of the three ways to grow boosters."""
    shipped = load_definition(default_definition("declaration"))
    rows = []
    if "simulated" in chosen:
        world = simulated(shipped, given)
        rows += compared("simulated world", cluster, shipped, *world, given.repeats)
    if "made" in chosen:
        drawn = made(given.rows, given.seed)
        rows += compared("made rows", cluster, shipped, *drawn, given.repeats)
    title = f"{ROUNDS} rounds; recall at {RATE:.0%} by the truth"
    if rows:
        print_table(rows, as_json=False, title=title)


def compared(
    name: str,
    cluster: Cluster,
    definition: ModelDefinition,
    known: Design,
    later: np.ndarray,
    truth: np.ndarray,
    repeats: int,
) -> list[dict[str, object]]:
    """Return a row for each way to learn from ``known``, judged on ``later``."""
    model, fit = definition.lightgbm, definition.fit.model_copy(update={"ensemble": 2})
    part = fit.model_copy(update={"negatives": SHARE})
    grown: dict[str, Callable[[], str]] = {
        "one machine, all rows": lambda: grow(known, ROUNDS, model, fit),
        f"one machine, {SHARE:.0%} of negatives": lambda: grow(known, ROUNDS, model, part),
        "two Dask workers": lambda: grow_distributed(cluster, known, ROUNDS, model, fit),
    }
    texts: dict[str, set[str]] = {way: set() for way in grown}
    ways: dict[str, Callable[[], object]] = {
        way: lambda way=way: texts[way].add(grown[way]()) for way in grown
    }
    print(f"\n{name}: {known.X.shape} to learn from, {int(known.y.sum())} violations")
    middle = measure(ways, repeats)
    first = middle["one machine, all rows"][0]
    found = []
    for way in ways:
        (text,) = texts[way]  # every repeat gave the same bytes, or this fails
        raw = np.asarray(lgb.Booster(model_str=text).predict(later, raw_score=True))
        found.append(
            {
                "data": name,
                "way": way,
                "clock time, ratio": round(middle[way][0] / first, 2),
                "recall": round(at_rate(truth, raw, RATE).recall, 3),
                "expected over observed": round(
                    float((1 / (1 + np.exp(-raw))).sum() / truth.sum()), 2
                ),
            }
        )
    return found


def simulated(
    definition: ModelDefinition, given: argparse.Namespace
) -> tuple[Design, np.ndarray, np.ndarray]:
    """Return what inspectors knew before the quarter, and all its arrivals with the truth."""
    until, end = day_start(QUARTER[0]), day_end(QUARTER[1])

    def inside(rows: pd.DataFrame) -> np.ndarray:
        return ((rows["decision_time"] >= until) & (rows["decision_time"] < end)).to_numpy()

    with tempfile.TemporaryDirectory() as scratch:
        folder, days = Path(scratch), (QUARTER[1] - START).days + 32
        write_world(folder, start=START, days=days, scale=given.scale, seed=given.seed)
        tables = load_tables(folder, need=("manifests", "declarations", "inspections"))
        known = build_training_set(tables, "declaration", until, only_inspected=True)
        later = build_training_set(
            tables, "declaration", features=known.feature_set, keep=inside
        ).frame
        columns = ["bill_no", "container_no", "violation"]
        truth = pd.read_parquet(folder / "truth.parquet")[columns]
    later = later.merge(truth.drop_duplicates(["bill_no", "container_no"]))
    encoder, design = make_design(learnable_rows(known.frame), known.feature_set, definition)
    return design, encoder.encode(later), later["violation"].to_numpy(dtype=np.float64)


def made(rows: int, seed: int) -> tuple[Design, np.ndarray, np.ndarray]:
    """Return rows of known probability, about one in a hundred in violation, and as many later."""
    rng = np.random.default_rng(seed)
    slopes = rng.normal(size=40) * 0.35
    features = FeatureSet(
        "made",
        1,
        "declaration",
        tuple(Feature(f"x{i}", "number", "raw", "", "", "", 0, ()) for i in range(len(slopes))),
    )

    def drawn() -> tuple[np.ndarray, np.ndarray]:
        X = rng.normal(size=(rows, len(slopes)))
        odds = X @ slopes + 0.6 * np.sin(2 * X[:, 0]) * X[:, 1] - 6.8
        return X, (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.float64)

    X, y = drawn()
    return Design(X, y, np.ones(rows), features), *drawn()


if __name__ == "__main__":
    main()
