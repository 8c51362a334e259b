"""Contributions and raw scores: our kernels against LightGBM and SHAP, in one interleaved run.

``python benchmarks/explain.py`` prints, for three models over 100 features and several numbers of
rows, microseconds a row (least of the repeats, wall clock and processor time) and ratios of
processor time, one thread each. Peers that would take minutes answer a part of the rows; their
cost a row does not depend on it. Then the kernels' other threads, and the costs of starting.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

# Before LightGBM is there: SHAP passes it no number of threads, and idle ones would spin into the
# processor time of whoever comes next.
os.environ["OMP_NUM_THREADS"] = "1"

import lightgbm as lgb
import numpy as np

from riskml.explanation.kernel import TreeKernel

FEATURES = 100
MODELS = ((100, 15), (600, 31), (500, 63))
"""Trees and leaves; the second is about what this project's own ensembles come to."""
ROWS = (1, 32, 256, 20_000)
MOST_PEER_ROWS = 256
START = (
    "import sys, time, numpy as np; from pathlib import Path;"
    "from riskml.explanation.kernel import TreeKernel; text = Path(sys.argv[1]).read_text();"
    "start = time.perf_counter(); kernel = TreeKernel.of(text); laid = time.perf_counter();"
    "X = np.zeros((40, kernel.forest.n_features));"
    "[f(X[:n]) for f in (kernel.contributions, kernel.raw_scores) for n in (1, 40)];"
    "print(f'{laid - start:.2f} s layout, {time.perf_counter() - laid:.2f} s first calls')"
)

Work = Callable[[], object]


def make_rows(rows: int, seed: int) -> np.ndarray:
    """Return rows with missing values, counts and skewed amounts."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, FEATURES))
    X[:, :20] = rng.poisson(2, (rows, 20))
    X[:, 20:40] = rng.lognormal(3, 2, (rows, 20)).round(1)
    X[rng.random(X.shape) < 0.05] = np.nan
    return X


def train(trees: int, leaves: int, seed: int) -> lgb.Booster:
    """Return a booster of the size, grown on noise and a signal in many features."""
    X, rng = make_rows(8_000, seed), np.random.default_rng(seed)
    known = np.nan_to_num(X)
    known[:, 20:40] = np.log1p(known[:, 20:40])
    z = known @ (rng.normal(size=FEATURES) / 5) + known[:, 50] * known[:, 51]
    y = (z - np.median(z) + rng.normal(size=len(z)) > 0).astype(float)
    options = {"objective": "binary", "num_leaves": leaves, "num_threads": 1, "verbosity": -1,
               "feature_fraction": 0.3, "learning_rate": 0.05, "seed": seed}  # fmt: skip
    return lgb.train(options, lgb.Dataset(X, y), trees)


def measure(contenders: dict[str, tuple[Work, int]], repeats: int) -> dict[str, np.ndarray]:
    """Return microseconds a row (wall, processor), the least of interleaved repeats."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for name, (work, rows) in contenders.items():
        work()
        # Short work is repeated within a measurement, or the clock would be what is measured.
        start = time.perf_counter()
        work()
        again = max(1, min(100, int(0.02 / (time.perf_counter() - start))))
        contenders[name] = (lambda work=work, n=again: [work() for _ in range(n)], rows * again)
    for _ in range(repeats):
        for name, (work, rows) in contenders.items():
            wall, processor = time.perf_counter(), time.process_time()
            work()
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            taken[name].append((1e6 * wall / rows, 1e6 * processor / rows))
    return {name: np.min(times, axis=0) for name, times in taken.items()}


def show(what: str, rows: int, found: dict[str, np.ndarray]) -> None:
    """Print one comparison; the first contender is ours."""
    ours = next(iter(found.values()))
    for number, (name, (wall, processor)) in enumerate(found.items()):
        ratio = "" if not number else f"{processor / ours[1]:8.1f} x ours"
        print(
            f"  {what:8} {rows:6} rows {wall:10.2f} us wall {processor:10.2f} us cpu  {name}{ratio}"
        )


def compare(booster: lgb.Booster, X: np.ndarray, repeats: int) -> None:
    """Time explanations and scores of one model."""
    import shap

    kernel = TreeKernel.of(booster.model_to_string())
    explainer = shap.TreeExplainer(booster)
    own = shap.TreeExplainer(booster)
    own.model.model_type = "internal"  # SHAP's own code; by default it asks LightGBM
    for rows in ROWS:
        few, part = min(rows, MOST_PEER_ROWS), X[: min(rows, MOST_PEER_ROWS)]
        note = f" (on {few} rows)" if few < rows else ""
        whole = X[:rows]
        found = measure(
            {
                "kernel": (lambda whole=whole: kernel.contributions(whole, threads=1), rows),
                f"pred_contrib{note}": (
                    lambda part=part: booster.predict(part, pred_contrib=True, num_threads=1), few
                ),
                f"TreeExplainer{note}": (lambda part=part: explainer.shap_values(part), few),
                f"TreeExplainer, own code{note}": (
                    lambda part=part: own.shap_values(part, check_additivity=False), few
                ),
            },
            repeats if rows <= 32 else 2,
        )  # fmt: skip
        show("explain", rows, found)
    for rows in ROWS:
        whole = X[:rows]
        found = measure(
            {
                "kernel": (lambda whole=whole: kernel.raw_scores(whole, threads=1), rows),
                "Booster.predict": (
                    lambda whole=whole: booster.predict(whole, raw_score=True, num_threads=1), rows
                ),
            },
            repeats,
        )  # fmt: skip
        show("score", rows, found)
    cores = len(os.sched_getaffinity(0))
    found = measure({f"kernel, {cores} threads": (lambda: kernel.contributions(X), len(X))}, 2)
    show("explain", len(X), found)


def start_cost(booster: lgb.Booster) -> None:
    """Print what a new process pays, with and without machine code on disk."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "booster.txt"
        path.write_text(booster.model_to_string())
        for name in ("compiled anew", "from the cache"):
            environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
            call = [sys.executable, "-c", START, str(path)]
            answer = subprocess.run(call, env=environment, capture_output=True, check=True)
            print(f"  start, {name}: {answer.stdout.decode().strip()}")


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # SHAP and LightGBM speak of names and shapes
    X = make_rows(max(ROWS), options.seed + 1)
    for trees, leaves in MODELS:
        booster = train(trees, leaves, options.seed)
        print(f"{trees} trees of {leaves} leaves, {FEATURES} features; microseconds a row")
        compare(booster, X, options.repeats)
        start_cost(booster)


if __name__ == "__main__":
    main()
