import numpy as np
import pytest

from riskml.evaluation.burden import FEWEST_HONEST, burden_table, selected_shares
from riskml.evaluation.ranking import rank
from riskml.evaluation.summary import Rows


def world(
    size: int = 4000, *, tilt: float = 0.0, seed: int = 3
) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Sea and road, equally honest; ``tilt`` is added to road's scores for no reason."""
    rng = np.random.default_rng(seed)
    y = (rng.random(size) < 0.03).astype(float)
    mode = np.where(rng.random(size) < 0.3, "road", "sea").astype(object)
    score = rng.normal(0, 1, size) + 2 * y + tilt * (mode == "road")
    parties = rng.integers(0, size // 4, size)
    return Rows.of(y, groups=parties), score, mode


def test_a_group_scored_up_for_no_reason_bears_more_and_the_rest_less() -> None:
    rows, score, mode = world(tilt=1.0)
    found = {row["group"]: row for row in burden_table(rows, score, mode, resamples=100)}
    assert found["road"]["verdict"] == "more"
    assert found["sea"]["verdict"] == "less"
    assert found["road"]["ratio"]["low"] > 1.2


def test_equal_treatment_is_seldom_told_apart_from_one() -> None:
    verdicts = []
    for seed in range(30):
        rows, score, mode = world(1500, seed=seed)
        table = burden_table(rows, score, mode, rate=0.1, resamples=100)
        verdicts.append(table[0]["verdict"])
    # A 95 % interval is wrong once in twenty: five of thirty is once in a hundred runs.
    assert verdicts.count("not told apart") >= 25


def test_false_scans_and_hits_add_up_to_what_is_inspected() -> None:
    rows, score, mode = world(tilt=0.5)
    table = burden_table(rows, score, mode, rate=0.1, resamples=10)
    picked = selected_shares(rank(score), rows.weights, 0.1)
    assert picked.sum() == pytest.approx(0.1 * len(score))
    hits = float((picked * rows.labels).sum())
    assert sum(row["false_scans"] for row in table) + hits == pytest.approx(picked.sum())


def test_ties_are_inspected_in_part_each_alike() -> None:
    shares = selected_shares(rank([3.0, 1.0, 1.0, 1.0, 0.0]), np.ones(5), 0.5)
    assert shares == pytest.approx([1.0, 0.5, 0.5, 0.5, 0.0])


def test_a_resample_without_a_row_gives_it_no_share() -> None:
    shares = selected_shares(rank([3.0, 2.0, 1.0]), np.array([0.0, 2.0, 1.0]), 0.5)
    assert shares == pytest.approx([0.0, 0.75, 0.0])


def test_small_groups_are_pooled_and_missing_ones_are_one() -> None:
    rows, score, _ = world(300)
    groups = np.array([None] * 150 + ["a"] * (150 - 2 * 5) + ["b"] * 5 + ["c"] * 5, dtype=object)
    table = burden_table(rows, score, groups, resamples=10)
    assert {row["group"] for row in table} == {"(none)", "a", "(small groups)"}
    assert FEWEST_HONEST > 10


def test_one_group_compares_with_nobody() -> None:
    rows, score, _ = world(300)
    assert burden_table(rows, score, np.full(300, "sea", dtype=object)) == []
