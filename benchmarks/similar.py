"""Similar cases among a million, against comparing everything with numpy.

``python benchmarks/similar.py`` prints the wall time of one lookup as a ratio, the share of the
leaves that was compared, and the bytes a case takes; milliseconds are context only. The leaves are
those of random splits of a few latent directions, so that some cases are truly alike.
"""

import argparse
import time

import numpy as np

from riskml.explanation.leaf_scan import BLOCK, FEW, nearest

NEIGHBOURS = 5
ROUNDS = 40


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--trees", type=int, default=300)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    leaves = _leaves(rng, given.cases, given.trees)
    counts, racing = np.empty(BLOCK, np.uint16), np.empty(FEW, np.int64)
    spent: dict[str, list[float]] = {"riskml": [], "numpy, everything": []}
    shares = []
    for turn in range(ROUNDS + 1):  # the first round warms up
        query = leaves[:, rng.integers(given.cases)].copy()
        query[: given.trees // 20] = rng.integers(0, 32, given.trees // 20)
        best, which = np.empty(NEIGHBOURS, np.int64), np.empty(NEIGHBOURS, np.int64)
        start = time.perf_counter()
        compared = nearest(leaves, query, given.cases, counts, racing, best, which)
        spent["riskml"].append(time.perf_counter() - start)
        shares.append(compared / leaves.size)
        if turn % 8 == 0:
            start = time.perf_counter()
            common = np.zeros(given.cases, np.uint16)
            for tree in range(given.trees):
                common += leaves[tree] == query[tree]
            expected = np.sort(common[np.argpartition(common, -NEIGHBOURS)[-NEIGHBOURS:]])[::-1]
            spent["numpy, everything"].append(time.perf_counter() - start)
            if best.tolist() != expected.tolist():
                raise SystemExit("the scan did not find the nearest")
    own = np.array(spent["riskml"][1:])
    other = np.array(spent["numpy, everything"][1:])
    print(f"{given.cases:,} cases, {given.trees} trees, {NEIGHBOURS} nearest")
    print(f"numpy, everything / riskml, medians: {np.median(other) / np.median(own):.1f} x")
    print(f"p50 {1e3 * np.median(own):.1f} ms, p99 {1e3 * np.quantile(own, 0.99):.1f} ms")
    print(f"leaves compared: {100 * np.mean(shares):.0f} %; {given.trees} bytes of leaves a case")


def _leaves(rng: np.random.Generator, cases: int, trees: int) -> np.ndarray:
    place = rng.normal(size=(cases, 4)).astype(np.float32)
    leaves = np.empty((trees, cases), np.uint8)
    for tree in range(trees):
        directions = rng.normal(size=(4, 5)).astype(np.float32)
        sides = place @ directions + 0.7 * rng.normal(size=5) > 0
        leaves[tree] = sides @ (1 << np.arange(5))
    return leaves


if __name__ == "__main__":
    main()
