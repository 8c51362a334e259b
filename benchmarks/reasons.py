"""Reasons with evidence, against the contributions they rest on and a plain pandas formatter.

``python benchmarks/reasons.py`` prints CPU time of all three over the same consignments in one
interleaved run, as ratios; seconds are context only.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from riskml.explanation import ReasonBook, explain, reasons_of
from riskml.features.catalogue import feature_set
from tests.support.tiny_bundle import random_columns, tiny_bundle

ROUNDS = 5


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    rows = parser.parse_args().rows
    features = feature_set("declaration")
    columns = random_columns(features, rows, 7)
    labels = (np.random.default_rng(7).random(rows) < 0.2).astype(float)
    bundle = tiny_bundle(features, columns, labels, trees=300)
    encoded = bundle.encode(columns)
    contributions = explain(bundle, encoded).contributions
    book = ReasonBook.of(features)
    contenders: dict[str, Callable[[], object]] = {
        "reasons with evidence, two languages": lambda: reasons_of(book, contributions, columns),
        "contributions (riskml kernel)": lambda: explain(bundle, encoded),
        "top features by pandas, one language": lambda: _plainly(contributions, columns),
    }
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS + 1):  # the first round warms up
        for name, work in contenders.items():
            start = time.process_time()
            work()
            spent[name].append(time.process_time() - start)
    medians = {name: float(np.median(times[1:])) for name, times in spent.items()}
    own = medians["reasons with evidence, two languages"]
    print(f"{rows} consignments, {len(features.names)} features, median of {ROUNDS}")
    for name, seconds in medians.items():
        print(f"{name:40} {seconds / own:8.2f} x  ({seconds:.3f} s)")


def _plainly(contributions: np.ndarray, columns: dict[str, np.ndarray]) -> list[str]:
    """Name the six strongest features of each row, as a notebook would."""
    frame = pd.DataFrame(contributions, columns=list(columns))
    values = pd.DataFrame(columns)
    texts = []
    for position, (_, row) in enumerate(frame.iterrows()):
        top = row.abs().nlargest(6).index
        texts.append("; ".join(f"{name} = {values[name].iloc[position]}" for name in top))
    return texts


if __name__ == "__main__":
    main()
