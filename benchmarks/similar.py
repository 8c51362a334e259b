"""Similar cases among a million, against comparing everything with numpy.

``python benchmarks/similar.py`` trains a model, packs its cases as training does, and times
`SimilarCases.lookup` from the encoded row to the cases with their outcome. It prints the wall time
as a ratio and the bytes a case takes; milliseconds are context only.
"""

import argparse
import time
from datetime import UTC, datetime

import lightgbm as lgb
import numpy as np
import pandas as pd

from riskml.bundle import Encoder
from riskml.explanation import SimilarCases, pack_cases
from riskml.features.catalogue import feature_set
from tests.support.tiny_bundle import assemble

NEIGHBOURS = 5
ROUNDS = 200
PEER_EVERY = 20
LEAVES = 31
LATENT = 6
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--trees", type=int, default=300)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    features = feature_set("declaration")
    matrix = _matrix(rng, given.cases, len(features.names))
    # The encoder keeps codes of categories; here all features are numbers, and it is not used.
    encoder = Encoder.fit({f.name: np.array([None, 1.0], object) for f in features.features},
                          features)  # fmt: skip
    booster = _booster(rng, matrix[:50_000], features.names, given.trees)
    bundle = assemble(features, encoder, booster)
    bundle = bundle.with_cases(pack_cases(bundle, matrix, _rows(given.cases)))
    print(f"{given.cases:,} cases in {len(bundle.cases) / given.cases:.0f} bytes each on disk")
    similar = SimilarCases(bundle)
    leaves = similar.leaves
    spent: dict[str, list[float]] = {"riskml": [], "numpy, everything": []}
    for turn in range(ROUNDS + 1):  # the first round warms up
        row = matrix[rng.integers(given.cases)] + rng.normal(0, 0.05, matrix.shape[1])
        start = time.perf_counter()
        found = similar.lookup(row, NOW, k=NEIGHBOURS)
        spent["riskml"].append(time.perf_counter() - start)
        if turn % PEER_EVERY == 0:
            query = bundle.booster.predict(row.reshape(1, -1), pred_leaf=True)[0].astype(np.uint8)
            start = time.perf_counter()
            common = np.zeros(given.cases, np.uint16)
            for tree in range(given.trees):
                common += leaves[tree] == query[tree]
            expected = np.sort(common[np.argpartition(common, -NEIGHBOURS)[-NEIGHBOURS:]])[::-1]
            spent["numpy, everything"].append(time.perf_counter() - start)
            if [round(case.similarity * given.trees) for case in found] != expected.tolist():
                raise SystemExit("the scan did not find the nearest")
    own = np.array(spent["riskml"][1:])
    other = np.array(spent["numpy, everything"][1:])
    print(f"{given.cases:,} cases, {given.trees} trees, {NEIGHBOURS} nearest")
    print(f"numpy, everything / riskml, medians: {np.median(other) / np.median(own):.1f} x")
    print(f"p50 {1e3 * np.median(own):.1f} ms, p99 {1e3 * np.quantile(own, 0.99):.1f} ms")
    print(f"{given.trees} bytes of leaves a case in memory")


def _matrix(rng: np.random.Generator, cases: int, width: int) -> np.ndarray:
    """Return features that hang together, as those of one consignment do."""
    latent = rng.normal(size=(cases, LATENT)).astype(np.float32)
    mix = rng.normal(size=(LATENT, width)).astype(np.float32)
    noise = rng.normal(size=(cases, width)).astype(np.float32)
    return (latent @ mix + 0.5 * noise).astype(np.float64)


def _booster(
    rng: np.random.Generator, matrix: np.ndarray, names: tuple[str, ...], trees: int
) -> str:
    odds = matrix[:, :8].sum(axis=1) / 4 + matrix[:, 8] * matrix[:, 9] / 8 - 2
    labels = (rng.random(len(matrix)) < 1 / (1 + np.exp(-odds))).astype(float)
    parameters = {"objective": "binary", "num_leaves": LEAVES, "learning_rate": 0.05,
                  "feature_fraction": 0.5, "seed": 1, "verbosity": -1}  # fmt: skip
    data = lgb.Dataset(matrix, labels, feature_name=list(names))
    return lgb.train(parameters, data, num_boost_round=trees).model_to_string()


def _rows(cases: int) -> pd.DataFrame:
    times = pd.date_range("2026-01-01", periods=cases, freq="min", tz="UTC")
    numbers = pd.Series(np.arange(cases).astype("U8"), dtype="str")
    return pd.DataFrame(
        {
            "bill_no": "B" + numbers,
            "container_no": "C" + numbers,
            "declaration_id": "D" + numbers,
            "office": "HPH",
            "decision_time": times,
            "label_known_at": times + pd.Timedelta(days=2),
            "label_verified": True,
            "label": (np.arange(cases) % 50 == 0).astype(float),
        }
    )


if __name__ == "__main__":
    main()
