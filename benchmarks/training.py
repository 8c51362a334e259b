"""From a feature matrix to a bundle: what we add to LightGBM's own training time.

A matrix of numbers and a few categories is fitted whole: encoding, folds, final boosters, scores
for the calibrator, calibrator, similar cases, bundle written to disk. Of the time all of that
takes, what passes inside LightGBM (binning and growing, the very boosters that are needed) is
taken in the same run; the rest is our overhead, printed as a share of LightGBM's time.

Run: ``python -m benchmarks.training [--rows 1000000] [--columns 100] [--rounds 40]``.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from riskml.features import Feature, FeatureSet
from riskml.training.definition import Calibration, Fit, ModelDefinition
from riskml.training.fitting import fit_model

CATEGORIES = 4


def main() -> None:
    """Print the seconds inside and outside LightGBM, and their quotient."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    frame, features = matrix(given.rows, given.columns)
    definition = ModelDefinition(
        stage="declaration",
        fit=Fit(
            threads=given.threads, ensemble=2, folds=2, max_rounds=given.rounds,
            min_rounds=given.rounds,
        ),
        calibration=Calibration(blocks=2),
    )  # fmt: skip
    with inside_lightgbm() as spent, tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        fit_model(frame, features, definition).bundle.save(Path(folder) / "bundle")
        whole = time.perf_counter() - begin
    own = spent["seconds"]
    print(
        f"{given.rows:,} rows x {given.columns} columns, {spent['boosters']:.0f} boosters of "
        f"{given.rounds} rounds: {own:.1f} s inside LightGBM, {whole:.1f} s in all: overhead "
        f"{whole / own - 1:.1%}"
    )


def matrix(rows: int, columns: int) -> tuple[pd.DataFrame, FeatureSet]:
    """Return a feature frame with labels that depend on some of its columns."""
    rng = np.random.default_rng(0)
    numbers = columns - CATEGORIES
    X = rng.normal(size=(rows, numbers))
    text = {
        f"kind_{k}": pd.Series(rng.choice([f"v{v}" for v in range(50)], rows), dtype="str")
        for k in range(CATEGORIES)
    }
    odds = -5 + X[:, :5].sum(axis=1) + (text["kind_0"] == "v7") * 2.0
    label = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    frame = pd.DataFrame(X, columns=[f"number_{n}" for n in range(numbers)]).assign(**text)
    decided = pd.Timestamp("2020-01-01", tz="UTC") + pd.to_timedelta(np.arange(rows), "s")
    decided = pd.Series(decided).dt.as_unit("us")
    ids = pd.Series(np.arange(rows)).astype("str")
    frame = frame.assign(
        consignment_id=ids, bill_no=ids, container_no=ids, declaration_id=ids, stage="declaration",
        office="HPH", mode="sea", decision_time=decided, inspected=True, label=label,
        label_verified=True, suspicious=label, label_known_at=decided + pd.Timedelta(days=1),
        matured=True, propensity=1.0, channel="officer", revenue_recovered=np.nan,
        severity=np.nan,
    )  # fmt: skip
    names = [*(f"number_{n}" for n in range(numbers)), *text]
    features = tuple(
        Feature(name, "category" if name in text else "number", "raw", name, name) for name in names
    )
    return frame, FeatureSet("benchmark", 1, "declaration", features)


@contextmanager
def inside_lightgbm() -> Any:
    """Take the time that passes in LightGBM's own calls."""
    spent = {"seconds": 0.0, "boosters": 0.0}

    def timed(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            begin = time.perf_counter()
            found = call(*arguments, **options)
            spent["seconds"] += time.perf_counter() - begin
            spent["boosters"] += 1
            return found

        return run

    # Binning happens inside train, when the data set is first used.
    train = lgb.train
    lgb.train = timed(train)
    try:
        yield spent
    finally:
        lgb.train = train


if __name__ == "__main__":
    main()
