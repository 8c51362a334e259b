import numpy as np
import pandas as pd
import pytest

from riskml.errors import LabelError
from riskml.training.space import Tuning
from riskml.training.tuning.objective import Objective


def rows(labels: list[float], revenue: list[float]) -> pd.DataFrame:
    ids = [f"B{row}" for row in range(len(labels))]
    return pd.DataFrame(
        {"label": labels, "revenue_recovered": revenue, "consignment_id": ids}, dtype=object
    )


def slow_share(worth: np.ndarray, raw: np.ndarray, fold: np.ndarray, rate: float) -> float:
    """Inspect the top of each slice, row by row; no ties."""
    found = 0.0
    for number in range(int(fold.max()) + 1):
        here = np.flatnonzero(fold == number)
        left = rate * len(here)
        for row in here[np.argsort(-raw[here])]:
            found += worth[row] * min(1.0, left)
            left = max(0.0, left - 1.0)
    return found / worth[fold >= 0].sum()


@pytest.mark.parametrize("kind", ["violations", "revenue"])
@pytest.mark.parametrize("seed", range(5))
def test_it_is_what_inspecting_the_top_of_every_slice_finds(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = (rng.random(200) < 0.2).astype(float)
    revenue = rng.lognormal(3, 1, 200)
    raw, fold = rng.normal(size=200), np.repeat([-1, 0, 1, 2], 50)
    measure = Objective.of(rows(list(labels), list(revenue)), Tuning(objective=kind, rate=0.13))
    worth = labels if kind == "violations" else labels * revenue
    expected = slow_share(worth, raw, fold, 0.13)
    assert measure.value(raw, fold) == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["violations", "revenue", "average_precision"])
def test_nothing_beats_the_true_order(kind: str) -> None:
    rng = np.random.default_rng(1)
    labels = (rng.random(300) < 0.2).astype(float)
    revenue = labels * rng.lognormal(3, 1, 300)
    fold = np.repeat([0, 1, 2], 100)
    measure = Objective.of(rows(list(labels), list(revenue)), Tuning(objective=kind, rate=0.1))
    best = measure.value(revenue if kind == "revenue" else labels, fold)
    for _ in range(20):
        assert measure.value(rng.normal(size=300), fold) < best
    if kind == "average_precision":
        assert best == 1.0


def test_slices_without_anything_to_find_do_not_count() -> None:
    measure = Objective.of(rows([0, 0, 1, 0], [0, 0, 5, 0]), Tuning(rate=0.5))
    raw, fold = np.array([1.0, 2.0, 4.0, 3.0]), np.array([0, 0, 1, 1])
    assert measure.value(raw, fold) == 1.0
    assert measure.value(raw, np.array([0, 0, -1, -1])) is None


def test_a_gain_over_itself_is_nothing_and_over_a_worse_order_is_positive() -> None:
    rng = np.random.default_rng(2)
    labels = (rng.random(400) < 0.2).astype(float)
    measure = Objective.of(rows(list(labels), list(labels)), Tuning(rate=0.2))
    fold, good = np.zeros(400, dtype=int), labels + rng.normal(0, 0.3, 400)
    same = measure.gain(good, good, fold)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)
    better = measure.gain(good, rng.normal(size=400), fold)
    assert better.low > 0


def test_revenue_that_was_never_recovered_cannot_be_looked_for() -> None:
    with pytest.raises(LabelError, match="no inspection recovered any revenue"):
        Objective.of(rows([0, 1], [np.nan, np.nan]), Tuning(objective="revenue"))
