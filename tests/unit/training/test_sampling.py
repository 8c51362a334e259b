import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from riskml.evaluation.splits import Fold
from riskml.training.boosting import Design, grow, sampled
from riskml.training.definition import Fit, LightGBM
from riskml.training.folding import FoldWalk
from riskml.training.merging import merge_boosters, shift_booster
from riskml.training.sampling import sample_negatives
from tests.oracles.synthetic import World
from tests.unit.training.test_boosting import design_of

MODEL = LightGBM(learning_rate=0.1, extra_trees=False, feature_fraction=1.0)
EVERY = Fit(ensemble=2)
TENTH = Fit(ensemble=2, negatives=0.1)


def rare(rows: int, seed: int) -> tuple[Design, np.ndarray]:
    """Rows of known probability, about one in forty in violation."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 3))
    probability = 1 / (1 + np.exp(4.2 - X[:, 0] - 0.5 * X[:, 1]))
    y = (rng.random(rows) < probability).astype(float)
    return Design(X, y, np.ones(rows), numbers(3)), probability


def numbers(count: int):
    from riskml.features import Feature, FeatureSet

    made = (Feature(f"x{i}", "number", "raw", "", "", "", 0, ()) for i in range(count))
    return FeatureSet("numbers", 1, "declaration", tuple(made))


def logits(text: str, X: np.ndarray) -> np.ndarray:
    return np.asarray(lgb.Booster(model_str=text).predict(X, raw_score=True))


def test_every_violation_is_kept_and_the_offset_is_the_share_of_the_others() -> None:
    rng = np.random.default_rng(0)
    y, w = (rng.random(5000) < 0.1).astype(float), rng.random(5000)
    keep, offset = sample_negatives(y, w, 0.2, seed=3)
    assert keep[y == 1].all()
    assert 0.15 < keep[y == 0].mean() < 0.25
    # The law: corrected odds of the sample as a whole are the odds of the whole.
    odds = w[y == 1].sum() / w[keep & (y == 0)].sum() * np.exp(offset)
    assert odds == pytest.approx(w[y == 1].sum() / w[y == 0].sum(), rel=1e-12)


def test_a_draw_that_would_keep_nothing_keeps_everything() -> None:
    keep, offset = sample_negatives(np.array([1.0, 0.0]), np.ones(2), 1e-12, seed=1)
    assert keep.all()
    assert offset == 0.0


def test_boosters_draw_different_rows_and_one_seed_the_same() -> None:
    design, _ = rare(4000, 1)
    (one, _), (two, _), (again, _) = (sampled(design, TENTH, seed) for seed in (7, 1007, 7))
    assert np.array_equal(one.X, again.X)
    assert not np.array_equal(one.X, two.X)


def test_sampling_is_off_by_default(world: World) -> None:
    design = design_of(world)
    found, offset = sampled(design, Fit(), 7)
    assert found is design
    assert offset == 0.0


def test_corrected_probabilities_are_those_of_all_rows() -> None:
    design, _ = rare(30_000, 2)
    fresh, truth = rare(30_000, 3)
    whole, part = (logits(grow(design, 40, MODEL, fit), fresh.X) for fit in (EVERY, TENTH))
    p = {name: 1 / (1 + np.exp(-raw)) for name, raw in (("whole", whole), ("part", part))}
    assert p["part"].mean() == pytest.approx(truth.mean(), rel=0.06)
    # In every tenth of the risk, not in the large alone.
    tenth = pd.qcut(truth, 10, labels=False)
    for rank in range(5, 10):
        own = tenth == rank
        assert p["part"][own].mean() == pytest.approx(truth[own].mean(), rel=0.15)
    # Without the correction the odds would be ten times too high.
    wrong = 1 / (1 + np.exp(-(part - np.log(0.1))))
    assert wrong.mean() > 4 * truth.mean()


def test_the_shift_moves_every_score_by_the_same(world: World) -> None:
    design = design_of(world)
    text = grow(design, 8, MODEL, Fit(ensemble=3))
    moved = logits(shift_booster(text, -2.5), design.X) - logits(text, design.X)
    np.testing.assert_allclose(moved, -2.5, rtol=0, atol=1e-12)
    assert shift_booster(text, 0.0) is text
    merged = merge_boosters([shift_booster(text, 1.0), shift_booster(text, 3.0)])
    assert np.allclose(logits(merged, design.X) - logits(text, design.X), 2.0)


def test_a_fold_judges_its_rounds_by_corrected_scores() -> None:
    design, _ = rare(20_000, 4)
    later = np.arange(20_000) >= 14_000
    fit = Fit(negatives=0.1, max_rounds=30, min_rounds=1, patience=30)
    walk = FoldWalk(design, MODEL, fit)
    start, end = pd.Timestamp("2022-01-01", tz="UTC"), pd.Timestamp("2022-02-01", tz="UTC")
    assert walk.step(0, Fold(~later, later, start, end))
    scores = walk.scores()
    raw, y = scores.raw[later], design.y[later]
    loss = float(np.mean(np.logaddexp(0.0, raw) - y * raw))
    assert loss == pytest.approx(scores.curve[scores.rounds - 1], rel=1e-9)
    assert (1 / (1 + np.exp(-raw))).mean() == pytest.approx(y.mean(), rel=0.25)
