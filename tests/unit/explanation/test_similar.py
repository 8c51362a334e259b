"""Similar past cases: the nearest, known before, never the consignment itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskml.bundle import Bundle
from riskml.errors import BundleError
from riskml.explanation import SimilarCases, pack_cases
from riskml.explanation.leaf_scan import BLOCK, FEW, nearest
from tests.support.tiny_bundle import random_columns, small_set, tiny_bundle

ROWS = 400
START = pd.Timestamp("2026-01-01", tz="UTC")


def scan(leaves: np.ndarray, query: np.ndarray, end: int, k: int):
    best, which = np.empty(k, np.int64), np.empty(k, np.int64)
    order = np.random.default_rng(k).permutation(len(query))  # any order finds the same
    compared = nearest(
        leaves, query, order, end, np.empty(BLOCK, np.uint16), np.empty(FEW, np.int64), best, which,
    )  # fmt: skip
    return best.tolist(), which.tolist(), compared


def everything(leaves: np.ndarray, query: np.ndarray, end: int, k: int):
    """Compare all with all: the oracle."""
    common = (leaves[:, :end] == query[:, None]).sum(axis=0)
    order = sorted((-int(common[c]), -c) for c in range(end))[:k]
    filled = order + [(1, 1)] * (k - len(order))
    return [-c for c, _ in filled], [-i for _, i in filled]


@pytest.mark.slow
@settings(max_examples=150)
@given(
    cases=st.integers(0, 300),
    trees=st.integers(1, 90),
    leaves=st.integers(1, 6),
    k=st.integers(1, 8),
    seed=st.integers(0, 2**32 - 1),
    end=st.floats(0, 1),
)
def test_the_scan_finds_what_comparing_everything_finds(
    cases: int, trees: int, leaves: int, k: int, seed: int, end: float
) -> None:
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, leaves, (trees, cases)).astype(np.uint8)
    query = rng.integers(0, leaves, trees).astype(np.uint8)
    last = int(end * cases)
    best, which, _ = scan(drawn, query, last, k)
    assert (best, which) == everything(drawn, query, last, k)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_it_is_exact_over_many_blocks_and_compares_a_part_only(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cases, trees = 3 * BLOCK + 1234, 120
    place = rng.normal(size=(cases, 3))
    leaves = np.empty((trees, cases), np.uint8)
    for tree in range(trees):
        sides = place @ rng.normal(size=(3, 4)) + rng.normal(size=4) > 0
        leaves[tree] = sides @ (1 << np.arange(4))
    query = leaves[:, 77].copy()
    query[: trees // 10] = 99
    best, which, compared = scan(leaves, query, cases, 5)
    assert (best, which) == everything(leaves, query, cases, 5)
    assert compared < 0.95 * cases * trees


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    features = small_set()
    columns = random_columns(features, ROWS, 5)
    labels = (np.random.default_rng(5).random(ROWS) < 0.3).astype(float)
    made = tiny_bundle(features, columns, labels, trees=30)
    return made.with_cases(pack_cases(made, made.encode(columns), rows(labels)))


@pytest.fixture(scope="module")
def matrix(bundle: Bundle) -> np.ndarray:
    return bundle.encode(random_columns(bundle.feature_set, ROWS, 5))


def rows(labels: np.ndarray) -> pd.DataFrame:
    count = len(labels)
    decided = START + pd.to_timedelta(np.arange(count), unit="h")
    return pd.DataFrame(
        {
            "bill_no": [f"BL{n:04d}" for n in range(count)],
            "container_no": pd.array([None if n % 7 == 0 else f"C{n}" for n in range(count)]),
            "declaration_id": pd.array([None] * count, dtype="str"),
            "office": "Hải Phòng",
            "decision_time": decided,
            "label_known_at": decided + pd.Timedelta(days=2),
            "label": labels,
            "label_verified": labels == 1,
            "suspicious": np.where(np.arange(count) % 3 == 0, np.nan, labels),
            "revenue_recovered": np.where(labels == 1, 100.0, np.nan),
            "severity": np.nan,
        }
    )


LATE = datetime(2027, 1, 1, tzinfo=UTC)


def test_a_case_is_most_similar_to_itself_unless_excluded(
    bundle: Bundle, matrix: np.ndarray
) -> None:
    cases = SimilarCases(bundle)
    assert len(cases) == ROWS
    first = cases.lookup(matrix[13], LATE, k=3)[0]
    assert (first.bill_no, first.container_no, first.similarity) == ("BL0013", "C13", 1.0)
    assert first.office == "Hải Phòng"
    itself = {"bill_no": "BL0013", "container_no": "C13", "declaration_id": None}
    others = cases.lookup(matrix[13], LATE, k=5, exclude=itself)
    assert "BL0013" not in {other.bill_no for other in others}
    without = {"bill_no": "BL0014", "container_no": None, "declaration_id": None}
    assert cases.lookup(matrix[14], LATE, k=1)[0].container_no is None
    assert cases.lookup(matrix[14], LATE, k=1, exclude=without)[0].bill_no != "BL0014"


def test_only_what_was_known_strictly_before_counts(bundle: Bundle, matrix: np.ndarray) -> None:
    cases = SimilarCases(bundle)
    known = (START + pd.Timedelta(hours=13) + pd.Timedelta(days=2)).to_pydatetime()
    assert cases.lookup(matrix[13], known, k=1)[0].bill_no != "BL0013"
    found = cases.lookup(matrix[13], known + timedelta(microseconds=1), k=1)[0]
    assert found.bill_no == "BL0013"
    assert found.known_at == known
    assert cases.lookup(matrix[13], START.to_pydatetime()) == []
    for moment in (known, LATE):
        assert all(c.known_at < moment for c in cases.lookup(matrix[13], moment, k=50))


def test_the_outcome_is_told(bundle: Bundle, matrix: np.ndarray) -> None:
    found = SimilarCases(bundle).lookup(matrix[0], LATE, k=ROWS)
    assert len(found) == ROWS
    assert {case.violation for case in found} == {True, False}
    for case in found:
        assert case.verified == case.violation
        assert (case.revenue_recovered == 100.0) == case.violation
        assert case.severity is None
    assert {case.suspicious for case in found} == {True, False, None}
    similarities = [case.similarity for case in found]
    assert similarities == sorted(similarities, reverse=True)


def test_a_saved_bundle_gives_the_same_cases(bundle: Bundle, matrix: np.ndarray, tmp_path) -> None:
    bundle.save(tmp_path / "bundle")
    again = Bundle.load(tmp_path / "bundle")
    assert again.manifest.model_digest == bundle.manifest.model_digest
    assert SimilarCases(again).lookup(matrix[3], LATE) == SimilarCases(bundle).lookup(
        matrix[3], LATE
    )


def test_the_same_cases_give_the_same_bytes(bundle: Bundle, matrix: np.ndarray) -> None:
    labels = (np.random.default_rng(5).random(ROWS) < 0.3).astype(float)
    assert pack_cases(bundle, matrix, rows(labels)) == bundle.cases


def test_a_bundle_without_cases_finds_none(bundle: Bundle, matrix: np.ndarray) -> None:
    bare = replace(bundle, cases=b"")
    assert len(SimilarCases(bare)) == 0
    assert SimilarCases(bare).lookup(matrix[0], LATE) == []


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"PK" + b, lambda _: b"x"]
)
def test_a_damaged_part_is_refused(bundle: Bundle, damage) -> None:
    with pytest.raises(BundleError, match=r"cases\.npz"):
        SimilarCases(replace(bundle, cases=damage(bundle.cases)))


def test_cases_of_another_model_are_refused(bundle: Bundle) -> None:
    columns = random_columns(bundle.feature_set, ROWS, 6)
    other = tiny_bundle(bundle.feature_set, columns, np.arange(ROWS) % 2, trees=7)
    with pytest.raises(BundleError, match="another model"):
        SimilarCases(replace(other, cases=bundle.cases))
